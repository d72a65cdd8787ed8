"""Three ways to judge the rows of a landed feed, in turns in one Spark session.

    python -m benchmarks.validation WAREHOUSE COMPILED OUT TURNS

Each begins with the landed rows, types them as this project does, and judges them by the same
rules. The rule of unique keys is left out of what is compared: it asks which rows of a key break no
other rule, and dqx's `is_unique` blames all of them. This project judges by it all the same.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import create_autospec

from databricks.labs.dqx import check_funcs
from databricks.labs.dqx.engine import DQEngine
from databricks.labs.dqx.rule import DQRowRule
from databricks.sdk import WorkspaceClient
from pyspark.sql import DataFrame, SparkSession

from benchmarks.project import PREFIX, Rule, model_sql, rules, typed_rows
from benchmarks.spark import spark, with_codes

_FEED = "orders"
_TYPED, _JUDGED, _VALID, _ERRORS = (
    f"{PREFIX}_ops.contender_{name}" for name in ("typed", "judged", "valid", "errors")
)
Failures = dict[str, int]
_LACKS = {
    "this project": "",
    "databricks-labs-dqx": "unique keys; a split in which each row is on one side: rows with"
    " warnings are on both; the landed row as JSON, and whether a later batch mended it",
    "a test for each rule": "unique keys; a split; which rows failed which rules",
}


class Validation:
    """The feed in a warehouse that holds it as the current batch, and its rules."""

    def __init__(self, session: SparkSession, compiled: Path) -> None:
        """Read the rules, with the codes that the warehouse's seeds know."""
        self._session = session
        self._models = [
            model_sql(name, compiled).replace(f"{PREFIX}_staging.base_{_FEED}", _JUDGED)
            for name in (f"base_{_FEED}", f"stg_{_FEED}", f"{_FEED}_errors")
        ]
        self._typed = typed_rows(_FEED, compiled)
        self._rules = [with_codes(session, rule) for rule in rules(_FEED, compiled)]

    def one_pass(self) -> Failures:
        """This project: its models that judge all rules in one pass, and split the rows."""
        for sql, table in zip(self._models, (_JUDGED, _VALID, _ERRORS), strict=True):
            _write(self._session.sql(sql), table)
        return self._counted(f"select explode(failed_rules) as rule from {_JUDGED}")

    def dqx(self) -> Failures:
        """dqx: a check for each rule, and its own split into good rows and bad ones."""
        # It asks a workspace which version of Databricks it has, and nothing else.
        engine = DQEngine(create_autospec(WorkspaceClient), self._session)
        checks = [
            DQRowRule(
                name=rule.id,
                criticality="error" if rule.quarantines else "warn",
                check_func=check_funcs.sql_expression,
                check_func_kwargs={"expression": rule.condition, "negate": True, "msg": rule.id},
            )
            for rule in self._rules
        ]
        # Split from a table, lest the rows be judged twice.
        _write(engine.apply_checks(self._session.sql(self._typed), checks), _JUDGED)
        judged = self._session.table(_JUDGED)
        _write(engine.get_valid(judged), _VALID)
        _write(engine.get_invalid(judged), _ERRORS)
        found = "concat(coalesce(_errors, array()), coalesce(_warnings, array()))"
        broken = f"select explode({found}) as result from {_JUDGED}"
        return self._counted(f"select result.name as rule from ({broken})")

    def tests(self) -> Failures:
        """Tests as dbt and dbt_expectations run them: a statement for each, which counts."""
        _write(self._session.sql(self._typed), _TYPED)
        return {rule.id: self._test(rule) for rule in self._rules}

    def _test(self, rule: Rule) -> int:
        (counted,) = self._session.sql(f"""
            select count(*) as failures, count(*) <> 0 as should_warn, count(*) <> 0 as should_error
            from (select * from {_TYPED} where {rule.condition}) as dbt_internal_test
        """).collect()
        return int(counted.failures)

    def _counted(self, broken: str) -> Failures:
        counts = self._session.sql(f"select rule, count(*) from ({broken}) group by rule")
        found = {str(rule): int(count) for rule, count in counts.collect()}
        return {rule.id: found.get(rule.id, 0) for rule in self._rules}


def compare(warehouse: Path, compiled: Path, out: Path, turns: int) -> None:
    """Let the three take turns, after one that warms Spark up and does not count.

    Args:
        warehouse: Of this project, whose current batch is judged.
        compiled: Target folder of dbt, of the build of that batch.
        out: File to write: rows, rules and, by contender, the seconds of each turn, as JSON.
        turns: How many turns count.

    Raises:
        ValueError: The contenders do not find the same.
    """
    with spark(warehouse) as session:
        validation = Validation(session, compiled)
        judges: list[Callable[[], Failures]] = [
            validation.one_pass,
            validation.dqx,
            validation.tests,
        ]
        contenders = dict(zip(_LACKS, judges, strict=True))
        seconds: dict[str, list[float]] = {name: [] for name in contenders}
        for _ in range(turns + 1):
            found = {}
            for name, contender in contenders.items():
                begun = time.perf_counter()
                found[name] = contender()
                seconds[name].append(time.perf_counter() - begun)
            if len({tuple(failures.items()) for failures in found.values()}) > 1:
                raise ValueError(f"The contenders find different rows: {found}")
        rows = session.table(_TYPED).count()
    measured = {
        "rows": rows,
        "rules": len(found["this project"]),
        "failures": sum(found["this project"].values()),
        "lacks": _LACKS,
        "seconds": {name: turned[1:] for name, turned in seconds.items()},
    }
    out.write_text(json.dumps(measured), encoding="utf-8")


def _write(rows: DataFrame, table: str) -> None:
    rows.write.format("delta").mode("overwrite").option("overwriteSchema", "true").saveAsTable(
        table
    )


if __name__ == "__main__":
    compare(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]))
