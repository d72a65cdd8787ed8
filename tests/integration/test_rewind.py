"""Undoing batches: what the macros that rewind do to small tables, without a dbt build around them.

`test_withdraw.py` and `test_pipeline.py` look at whole histories; this looks at one statement each.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import SettingsFor
from support.macros import call_macro

from ingest.batches.ledger import Ledger
from ingest.catalog import append_rows
from ingest.config import Settings
from ingest.engines.local import LocalEngine

DAYS = {n: date(2025, 1, n) for n in (15, 16, 17, 20)}
NOW = datetime(2025, 2, 1, tzinfo=UTC)
# What dbt's graph has: the nodes that keep batches, and all that a batch goes through.
BUILT = ("current_batch", "stg_orders", "analytics_summary")


def node(name: str, suffix: str, kind: str, materialized: str, **meta: str) -> SimpleNamespace:
    return SimpleNamespace(
        name=name,
        suffix=suffix,
        resource_type=kind,
        package_name="ecomm_pipeline",
        config=SimpleNamespace(materialized=materialized, meta=SimpleNamespace(**meta)),
    )


def refuse(message: str) -> None:
    raise RuntimeError(message)


RESULTS = ("ops.batch_reconciliation", "ops.batch_metrics", "ops.metric_anomalies")
ERRORS = {"dated_by": "_batch_date", "closed_by": "resolved_by_batch_id"}
GRAPH = {
    "orders_target": node("orders_target", "targets", "snapshot", "snapshot"),
    "orders_errors": node("orders_errors", "staging", "model", "incremental", **ERRORS),
    # Not built yet.
    "analytics_summary": node(
        "analytics_summary", "marts", "model", "incremental", dated_by="report_date"
    ),
    "stg_orders": node("stg_orders", "staging", "model", "table"),
}


class Tables:
    """Tables of batches of the 15th, 16th and 17th that are applied, the last of them just now.

    The order has a version of each day, and each batch has an error that the next one resolved.
    """

    def __init__(self, settings: Settings) -> None:
        self.spark = LocalEngine(settings).connect()
        self.logged: list[tuple[Any, ...]] = []
        self.ledger = Ledger(self.spark, settings)
        self._schema = settings.schema_name
        for number, n in enumerate((15, 16, 17), start=1):
            self.land(number, n)
            for table in RESULTS:
                self._append(table, landing_number=number, batch_date=DAYS[n], feed="orders")
        self._create(
            "targets.orders_target",
            "select * from values (date '2025-01-15', date '2025-01-16'),"
            " (date '2025-01-16', date '2025-01-17'), (date '2025-01-17', cast(null as date))"
            " as versions (effective_date, expiry_date)",
        )
        self._create(
            "staging.orders_errors",
            "select * from values (date '2025-01-15', 'b16'), (date '2025-01-16', 'b17'),"
            " (date '2025-01-17', cast(null as string))"
            " as errors (_batch_date, resolved_by_batch_id)",
        )
        self._create("ops.current_batch", call_macro("next_batch", **self._context()))

    def land(self, number: int, n: int, batch_id: str | None = None) -> None:
        """A landing of a day."""
        self._append(
            "landing.landed_files",
            landing_number=number,
            batch_id=batch_id or f"b{n}",
            batch_date=DAYS[n],
            feed="orders",
            landed_at=NOW,
        )

    def withdraw(self, number: int, n: int, batch_id: str | None = None) -> None:
        """Take a landing back."""
        self._append(
            "ops.withdrawals",
            landing_number=number,
            batch_id=batch_id or f"b{n}",
            batch_date=DAYS[n],
            withdrawn_at=NOW,
            is_undone=False,
        )

    def call(self, macro: str, *arguments: Any) -> None:
        call_macro(macro, *arguments, **self._context())

    def rows(self, table: str, *columns: str) -> list[tuple[Any, ...]]:
        found = self.spark.table(f"{self._schema}_{table}").select(*columns).collect()
        return sorted((tuple(row) for row in found), key=str)

    def next_numbers(self) -> list[int]:
        """Landing that dbt applies next, if any."""
        found = self.spark.sql(call_macro("next_batch", **self._context())).collect()
        return [row.landing_number for row in found]

    def pending(self) -> list[int]:
        """Landings that a run would apply."""
        return [landing.number for landing in self.ledger.read().pending()]

    def _context(self) -> dict[str, Any]:
        """What the macros find in dbt."""

        def relation(suffix: str, name: str) -> str:
            return f"{self._schema}_{suffix}.{name}"

        return {
            "execute": True,
            "flags": SimpleNamespace(WHICH="build"),
            "this": relation("ops", "current_batch"),
            "pipeline_relation": relation,
            "source": relation,
            "load_relation": lambda name: name if self.spark.catalog.tableExists(name) else None,
            "run_query": lambda sql: SimpleNamespace(rows=self.spark.sql(sql).collect()),
            "log": lambda *_, **__: "",
            "append_to_log": lambda *row: self.logged.append(row),
            "exceptions": SimpleNamespace(raise_compiler_error=refuse),
            "project_name": "ecomm_pipeline",
            "graph": SimpleNamespace(nodes=GRAPH),
            "node_relation": lambda node: relation(node.suffix, node.name),
            "nodes_to_build": lambda: list(BUILT),
            "sql_text": lambda text: call_macro("sql_text", text),
            "failed_nodes": lambda results: call_macro(
                "failed_nodes",
                results,
                failure_reason=lambda result: call_macro(
                    "failure_reason", result, modules=SimpleNamespace(re=re)
                ),
            ),
            "next_batch": lambda: call_macro("next_batch", **self._context()),
            "undone_ids": lambda since: call_macro("undone_ids", since, **self._context()),
            "undo_batches": lambda since: call_macro("undo_batches", since, **self._context()),
        }

    def _create(self, table: str, select: str) -> None:
        suffix = table.partition(".")[0]
        self.spark.sql(f"create schema if not exists {self._schema}_{suffix}")
        self.spark.sql(f"create or replace table {self._schema}_{table} using delta as {select}")

    def _append(self, table: str, **values: Any) -> None:
        name = f"{self._schema}_{table}"
        row = [values.get(column) for column in self.spark.table(name).columns]
        append_rows(self.spark, name, [row])


@pytest.fixture
def stack(settings_for: SettingsFor, tmp_path: Path, request: pytest.FixtureRequest) -> Tables:
    # Test names differ, hence so do these schemas.
    return Tables(settings_for(tmp_path, request.node.name))


def assert_undone_since(stack: Tables, n: int) -> None:
    """Fail unless the tables hold what the batches before a day have done, and nothing else."""
    before = [day for day in (15, 16, 17) if day < n]
    versions = [(DAYS[day], DAYS[day + 1] if day + 1 < n else None) for day in before]
    errors = [(DAYS[day], f"b{day + 1}" if day + 1 < n else None) for day in before]

    assert stack.rows("targets.orders_target", "effective_date", "expiry_date") == versions
    assert stack.rows("staging.orders_errors", "_batch_date", "resolved_by_batch_id") == errors
    for table in RESULTS:
        assert stack.rows(table, "batch_date") == [(DAYS[day],) for day in before]


def test_batch_after_the_last_one_undoes_nothing(stack: Tables) -> None:
    stack.call("rewind")
    assert_undone_since(stack, 18)
    stack.land(4, 20)

    stack.call("rewind")

    assert_undone_since(stack, 18)
    assert stack.next_numbers() == [4]
    assert stack.logged == []


def test_batch_that_takes_the_place_of_another(stack: Tables) -> None:
    stack.land(4, 17)

    stack.call("rewind")

    assert_undone_since(stack, 17)
    assert stack.next_numbers() == [4]


def test_withdrawn_in_the_middle(stack: Tables) -> None:
    stack.withdraw(2, 16)
    assert stack.pending() == [3]

    stack.call("rewind")

    assert_undone_since(stack, 16)
    assert stack.next_numbers() == [3]
    assert stack.rows("ops.withdrawals", "is_undone") == [(True,)]
    assert [(row[0], row[2]["batch_id"]) for row in stack.logged] == [
        ("withdraw", "b16"),
        ("replay", "b17"),
    ]
    stack.call("rewind")
    assert len(stack.logged) == 2, "what is undone is not undone again"


def test_withdrawn_newest(stack: Tables) -> None:
    """The one before is built again, to bring the marts back to it."""
    stack.withdraw(3, 17)
    assert stack.pending() == [2]

    stack.call("rewind")

    assert_undone_since(stack, 16)
    assert stack.next_numbers() == [2]


def results(names: Iterable[str], status: str = "success") -> list[SimpleNamespace]:
    return [
        SimpleNamespace(
            status=status,
            node=SimpleNamespace(name=name, unique_id=name, original_file_path=f"{name}.sql"),
        )
        for name in names
    ]


def test_all_withdrawn(stack: Tables) -> None:
    """It is undone once a build has emptied every table: until then it is to be done again."""
    for number, n in enumerate((15, 16, 17), start=1):
        stack.withdraw(number, n)

    stack.call("rewind")

    assert_undone_since(stack, 15)
    assert stack.next_numbers() == stack.pending() == []
    assert stack.rows("ops.withdrawals", "is_undone") == [(False,)] * 3
    for built in (
        results(BUILT[:-1]),
        results(BUILT[1:]),
        [*results(BUILT), *results(["rows_balance"], "fail")],
        [*results(["current_batch"]), *results(["stg_orders"], "error")],
    ):
        stack.call("record_empty_run", built)
        assert stack.rows("ops.withdrawals", "is_undone") == [(False,)] * 3
    stack.call("record_empty_run", results(BUILT))
    assert stack.rows("ops.withdrawals", "is_undone") == [(True,)] * 3


def test_id_that_was_withdrawn_from_a_later_date(stack: Tables) -> None:
    """It stands for the earlier batch: what that has resolved stays so."""
    stack.land(4, 20, batch_id="b16")
    stack.withdraw(4, 20, batch_id="b16")

    stack.call("undo_batches", "date '2025-01-20'")

    assert_undone_since(stack, 18)


def test_table_that_says_of_no_row_whose_it_is(
    stack: Tables, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is undone then: to leave its rows would keep what a late batch changes."""
    monkeypatch.setitem(GRAPH, "totals", node("totals", "marts", "model", "incremental"))

    with pytest.raises(RuntimeError, match="totals is incremental") as refused:
        stack.call("undo_batches", "date '2025-01-16'")

    assert "meta: {dated_by: batch_date}" in str(refused.value)
