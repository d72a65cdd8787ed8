"""Judging metrics: the macros on a small table of metrics, at the boundaries of the promise."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import SettingsFor
from reference.compare import differences
from reference.metrics import metric_anomalies
from support.macros import call_macro

from ingest.batches.results import anomalies
from ingest.catalog import append_rows
from ingest.config import Settings
from ingest.engines.local import LocalEngine

START = date(2025, 1, 1)
Row = dict[str, Any]


class Metrics:
    """The tables of metrics of one schema, and the macros on them."""

    def __init__(self, settings: Settings) -> None:
        self.spark = LocalEngine(settings).connect()
        self.settings = settings
        self.logged: list[tuple[Any, ...]] = []
        self.days = 0

    def measure(self, values: dict[tuple[str, str], Sequence[float | None]]) -> None:
        """One batch after another with values by feed and metric."""
        days = max(map(len, values.values()))
        rows = [
            (f"b{n}", START + timedelta(days=n), *metric, series[n])
            for metric, series in values.items()
            for n in range(len(series))
        ]
        append_rows(self.spark, self.settings.table("ops", "batch_metrics"), rows)
        self.days = days

    def judge(self, number: int) -> dict[tuple[str, str], Row]:
        """Judge a batch, counted from 0; gives its rows by feed and metric."""
        batch = {"batch_id": f"b{number}", "batch_date": START + timedelta(days=number)}
        call_macro("record_anomalies", batch, **self._context())
        found = self.spark.table(self.settings.table("ops", "metric_anomalies"))
        rows = [row.asDict() for row in found.collect()]
        return {
            (row["feed"], row["metric"]): row
            for row in rows
            if row["batch_date"] == batch["batch_date"]
        }

    def expected(self, number: int) -> list[Row]:
        """Rows of the batch as the reference has them."""
        table = self.spark.table(self.settings.table("ops", "batch_metrics"))
        by_day: dict[date, list[Row]] = {}
        for row in table.collect():
            by_day.setdefault(row.batch_date, []).append(row.asDict())
        history = [by_day[day] for day in sorted(by_day)]
        return metric_anomalies(history[: number + 1])

    def _context(self) -> dict[str, Any]:
        """What the macros find in dbt."""
        variables = {"anomaly_min_batches": 7, "anomaly_threshold": 5}
        names = (
            "replace_metrics",
            "replace_rows",
            "judged_metrics",
            "median_of_sorted",
            "metric_advice",
        )
        context: dict[str, Any] = {
            "pipeline_relation": self.settings.table,
            "var": variables.__getitem__,
            "run_query": lambda sql: SimpleNamespace(rows=self.spark.sql(sql).collect()),
            "append_to_log": lambda *row: self.logged.append(row),
            "sql_text": lambda text: call_macro("sql_text", text),
            "feeds": lambda: ["orders"],
            "contract": lambda: {"orders": _source(metrics=OWN)},
            "project_name": "ecomm_pipeline",
            "graph": SimpleNamespace(
                sources={"source.ecomm_pipeline.ops.batch_metrics": _source(advice=GENERAL)}
            ),
        }
        for name in names:
            context[name] = _called(name, context)
        return context


OWN = {"revenue_usd": {"value": "sum(x)", "advice": "Look at 'amounts'.\n"}}
GENERAL = {"missing_feed": "Ask the sender.", "rows": "The file.", "null_pct": "The header."}


def _source(**meta: Any) -> SimpleNamespace:
    return SimpleNamespace(config=SimpleNamespace(meta=meta))


def _called(name: str, context: dict[str, Any]) -> Any:
    return lambda *arguments: call_macro(name, *arguments, **context)


@pytest.fixture
def metrics(
    settings_for: SettingsFor, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Metrics]:
    yield Metrics(settings_for(tmp_path, request.node.name))


def test_boundaries(metrics: Metrics) -> None:
    """Each metric with seven values before, if not said otherwise."""
    same = [100.0] * 7
    metrics.measure(
        {
            # MAD 0: a spread of half of the square root, 5, so that 25 away is no anomaly yet.
            ("orders", "rows"): [*same, 125.0],
            ("orders", "valid_rows"): [*same, 125.1],
            ("orders", "new_keys"): [*same, 74.9],
            # At least 1.
            ("orders", "closed_keys"): [*([0.0] * 7), 5.0],
            # At least 2 percent of what is expected.
            ("orders", "revenue_usd"): [*([-10.0] * 7), -11.5],
            ("orders", "avg_order_value_usd"): [*([0.0] * 7), 0.05],
            # Two rows of 125: 1.6; of 1000 less than the least, 0.5.
            ("orders", "quarantined_pct"): [*([0.0] * 7), 8.0],
            ("orders", "null_pct:created_usd"): [*([0.0] * 7), 8.1],
            ("shipping", "rows"): [*([1000.0] * 7), 1000.0],
            ("shipping", "null_pct:carrier"): [*([0.0] * 7), 2.6],
            # An even number of values, MAD 2: 1, 1, 3, 3, 5, 5, 7, 7.
            ("customers", "rows"): [1.0, 1.0, 3.0, 3.0, 5.0, 5.0, 7.0],
            ("customers", "on_time_pct"): [None, *same[:6], 0.0],
            ("inventory", "rows"): [None, *([50.0] * 7)],
            ("inventory", "total_stock"): [*same, None],
            ("products", "rows"): [50.0] * 7 + [None],
        }
    )

    found = metrics.judge(7)

    assert {key: (row["score"], row["direction"]) for key, row in found.items()} == {
        ("orders", "rows"): (5.0, None),
        ("orders", "valid_rows"): (pytest.approx(5.02), "high"),
        ("orders", "new_keys"): (pytest.approx(-5.02), "low"),
        ("orders", "closed_keys"): (5.0, None),
        ("orders", "revenue_usd"): (pytest.approx(-7.5), "low"),
        ("orders", "avg_order_value_usd"): (pytest.approx(5.0), None),
        ("orders", "quarantined_pct"): (5.0, None),
        ("orders", "null_pct:created_usd"): (pytest.approx(5.0625), "high"),
        ("shipping", "rows"): (0.0, None),
        ("shipping", "null_pct:carrier"): (pytest.approx(5.2), "high"),
        # Missing for the first time; inventory had been missing before, and has come.
        ("products", "rows"): (pytest.approx(-50 / (50**0.5 / 2)), "low"),
    }
    assert found["products", "rows"]["value"] == 0.0
    assert found["products", "rows"]["advice"] == "Ask the sender."
    assert found["orders", "revenue_usd"]["advice"] == "Look at 'amounts'."
    assert found["shipping", "null_pct:carrier"]["advice"] == "The header."
    assert found["orders", "rows"]["advice"] is None
    assert not differences(
        {"ops.metric_anomalies": metrics.expected(7)},
        {"ops.metric_anomalies": [*found.values()]},
    )
    # Told in the log, and read for people, the worst first.
    ((step, status, batch, message),) = metrics.logged
    assert (step, status, batch["batch_id"]) == ("anomalies", "WARNING", "b7")
    assert "products rows 0.0 is low, expected 50.0; shipping null_pct:carrier 2.6 is" in message
    table = metrics.settings.table("ops", "metric_anomalies")
    told = anomalies(metrics.spark, table, START + timedelta(days=7))
    assert str(told[0]) == "products rows 0 is low, expected 50"
    assert all(abs(one.score) >= abs(two.score) for one, two in pairwise(told))
    assert len(told) == 6
    assert anomalies(metrics.spark, table, START) == []


def test_too_few_batches(metrics: Metrics) -> None:
    metrics.measure({("orders", "rows"): [10.0] * 6 + [1000.0], ("shipping", "rows"): [5.0] * 6})

    assert metrics.judge(6) == {}
    assert metrics.logged == []


def test_feed_that_was_missing_before_is_not_missed(metrics: Metrics) -> None:
    metrics.measure(
        {
            ("orders", "rows"): [None] + [10.0] * 8 + [None],
            ("shipping", "rows"): [0.0] * 9 + [None],
        }
    )

    found = metrics.judge(9)

    # Of header only files nothing else was to be expected, but they came.
    assert [*found] == [("shipping", "rows")]
    assert found["shipping", "rows"]["direction"] == "low"
    assert found["shipping", "rows"]["score"] == 0.0


def test_random_histories_equal_the_reference(metrics: Metrics) -> None:
    """More batches than are looked back on; a batch that is judged again replaces its rows."""
    rng = Random(13)
    names = ("rows", "quarantined_pct", "new_keys", "revenue_usd", "null_pct:carrier")
    metrics.measure(
        {
            (feed, name): [
                None if rng.random() < 0.2 else round(rng.lognormvariate(3, 1), 3)
                for _ in range(40)
            ]
            for feed in ("orders", "shipping")
            for name in names
        }
    )

    for number in (8, 39, 39):
        found = metrics.judge(number)
        wanted = metrics.expected(number)
        assert len(wanted) > 3
        assert not differences(
            {"ops.metric_anomalies": wanted}, {"ops.metric_anomalies": [*found.values()]}
        )

    # What can be judged no longer leaves the table.
    metrics.spark.sql(
        f"update {metrics.settings.table('ops', 'batch_metrics')} set value = cast(null as double)"
        f" where batch_id = 'b39'"
    )
    assert metrics.judge(39) == {}
    assert len(metrics.judge(8)) > 3
