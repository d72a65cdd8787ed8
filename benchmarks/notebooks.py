"""The contender from notebooks: Spark and Delta, step by step, as people write them there.

    python -m benchmarks.notebooks FEEDS COMPILED OUT

It goes as the notebooks went: each feed is read and counted, each rule is a filter and a count, the
targets are merged by hand, the marts are written anew. How values are typed, what a rule demands
and what a mart selects is this project's own SQL, so the tables are the same, which
`benchmarks.same` compares. One Spark does it all, configured as this project's; what is used more
than once is cached. What it does not do: late, corrected, full or withdrawn batches, a batch that
is there whole or not at all, columns beyond the contract, malformed rows beyond Spark's notion,
tests of its own tables.
"""

import sys
from functools import reduce
from pathlib import Path
from typing import Any

from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from benchmarks.project import (
    PREFIX,
    Rule,
    column_names,
    compiled_sql,
    first_batch,
    nodes_in_order,
    rules,
    typed_rows,
)
from benchmarks.spark import MALFORMED, read_csv, spark, with_codes
from ingest.config import PROJECT_DIR
from ingest.contract import Feed, load_contract

_BATCH = "notebooks"
_Row = tuple[str, str, int, int]


def build(session: SparkSession, feeds: Path, compiled: Path) -> None:
    """Make every table of the first batch.

    Args:
        session: With the project's schemas, which are empty.
        feeds: Feed root.
        compiled: Target folder of dbt, after a first build on `local`.
    """
    contract = load_contract(PROJECT_DIR).feeds
    log, results = _stage_load(session, feeds, contract), []
    for node in nodes_in_order(compiled):
        name, kind = node["name"], node["resource_type"]
        if kind == "seed":
            _load_seed(session, node)
        elif kind == "snapshot":
            log.append(_merge(session, contract[node["config"]["meta"]["feed"]]))
        elif name.startswith("base_"):
            results += _validate(session, name.removeprefix("base_"), compiled)
        elif not name.endswith("_errors"):
            _write(session.sql(compiled_sql(node, compiled)), f"{node['schema']}.{name}")
    names = "step string, feed string, total_records long, valid_records long"
    _append(session.createDataFrame(log, names), "processing_log")
    names = "feed string, rule_id string, checked_records long, failed_records long"
    _append(session.createDataFrame(results, names), "validation_results")


def _stage_load(session: SparkSession, feeds: Path, contract: dict[str, Feed]) -> list[_Row]:
    day, files = first_batch(feeds)
    log, landed = [], []
    for name, file in files.items():
        rows = read_csv(session, contract[name], file)
        brought = set(rows.columns)
        columns = [
            # A field of white space has no value.
            f"case when trim({column}) <> '' then {column} end as {column}"
            if column in brought
            else f"cast(null as string) as {column}"
            for column in (column.name for column in contract[name].columns)
        ]
        table = f"{PREFIX}_landing.{name}"
        _write(
            rows.select(
                *map(F.expr, columns),
                F.lit(None).cast("map<string, string>").alias("_extra"),
                MALFORMED,
                F.lit(_BATCH).alias("_batch_id"),
                F.lit(day).cast("date").alias("_batch_date"),
                F.lit(file.name).alias("_source_file"),
                F.lit(file.name).alias("_file_sha256"),
                F.monotonically_increasing_id().alias("_row_number"),
                F.current_timestamp().alias("_landed_at"),
            ),
            table,
        )
        total = session.table(table).count()
        malformed = session.table(table).where(f"{MALFORMED} is not null").count()
        log.append(("stage_load", name, total, total - malformed))
        header = " ".join(column_names(contract[name], file))
        landed.append((1, _BATCH, name, file.name, header, "incremental"))
    names = "landing_number int, batch_id string, feed string, file_sha256 string, header string"
    _write(
        session.createDataFrame(landed, f"{names}, load_type string"),
        f"{PREFIX}_landing.landed_files",
    )
    batch = f"select '{_BATCH}' as batch_id, date '{day}' as batch_date, 1 as landing_number"
    _write(session.sql(batch), f"{PREFIX}_ops.current_batch")
    return log


def _validate(session: SparkSession, feed: str, compiled: Path) -> list[_Row]:
    """Count what breaks each rule; keep it out where the rule says so, and the rest as valid."""
    declared = [with_codes(session, rule) for rule in rules(feed, compiled)]
    typed = session.sql(typed_rows(feed, compiled)).cache()
    total = typed.count()
    results, errors = [], []
    for rule in declared:
        broken = typed.where(rule.condition)
        results.append((feed, rule.id, total, broken.count()))
        if rule.quarantines:
            errors.append(_errors(broken, rule.id))
    good = " and ".join(_passed(rule) for rule in declared if rule.quarantines)
    latest = Window.partitionBy("record_key").orderBy(
        F.col("created_timestamp").desc_nulls_last(), F.col("_row_number").desc()
    )
    ranked = typed.where(good).withColumn("_key_rank", F.row_number().over(latest)).cache()
    repeated = ranked.where("_key_rank > 1")
    results.append((feed, f"{feed}_key_unique", total, repeated.count()))
    errors.append(_errors(repeated, f"{feed}_key_unique"))
    valid = ranked.where("_key_rank = 1").withColumn("is_quarantined", F.lit(False))
    _write(valid, f"{PREFIX}_staging.base_{feed}")
    _write(reduce(DataFrame.unionByName, errors), f"{PREFIX}_staging.{feed}_errors", "append")
    ranked.unpersist()
    typed.unpersist()
    return results


def _passed(rule: Rule) -> str:
    return f"not coalesce({rule.condition}, false)"


def _errors(rows: DataFrame, rule: str) -> DataFrame:
    row = F.to_json(F.struct(*(name for name in rows.columns if name != "_key_rank")))
    return rows.select(
        "record_key", row.alias("raw_record"), F.lit(rule).alias("rule_id"), "_batch_date"
    )


def _merge(session: SparkSession, feed: Feed) -> _Row:
    """Close the versions that the batch has changed, and open theirs and those of new keys."""
    staged, target = f"{PREFIX}_staging.stg_{feed.name}", f"{PREFIX}_targets.{feed.name}_target"
    columns = session.table(staged).columns
    session.sql(
        f"create table if not exists {target} using delta as select *,"
        f" _batch_date as effective_date, cast(null as date) as expiry_date from {staged} limit 0"
    )
    tracked = [column.name for column in feed.columns if column.tracked]
    changed = " or ".join(f"not (known.{name} <=> new.{name})" for name in tracked)
    session.sql(f"""
        merge into {target} as known
        using (
            select record_key as merge_key, * from {staged}
            union all
            -- A changed key comes a second time, to be matched by nothing and so inserted.
            select null as merge_key, new.* from {staged} as new
            inner join {target} as known
                on new.record_key = known.record_key and known.expiry_date is null
            where {changed}
        ) as new
        on known.record_key = new.merge_key and known.expiry_date is null
        when matched and ({changed}) then update set expiry_date = new._batch_date
        when not matched then insert ({", ".join(columns)}, effective_date, expiry_date)
            values ({", ".join(f"new.{name}" for name in columns)}, new._batch_date, null)
    """)
    known = session.table(target)
    return "merge", feed.name, known.count(), known.where("expiry_date is null").count()


def _load_seed(session: SparkSession, node: dict[str, Any]) -> None:
    types = ", ".join(f"{name} {kind}" for name, kind in node["config"]["column_types"].items())
    file = PROJECT_DIR / node["original_file_path"]
    rows = session.read.csv(str(file), schema=types, header=True)
    _write(rows, f"{node['schema']}.{node['name']}")


def _append(rows: DataFrame, table: str) -> None:
    _write(rows.withColumn("at", F.current_timestamp()), f"{PREFIX}_ops.{table}", "append")


def _write(rows: DataFrame, table: str, mode: str = "overwrite") -> None:
    rows.write.format("delta").mode(mode).saveAsTable(table)


if __name__ == "__main__":
    with spark(Path(sys.argv[3])) as the_session:
        build(the_session, Path(sys.argv[1]), Path(sys.argv[2]))
