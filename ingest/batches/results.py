"""Results of the rules and of the metrics, as the dbt build has recorded them."""

from dataclasses import dataclass
from datetime import date

from pyspark.sql import SparkSession

from ingest.catalog import sql_text


@dataclass(frozen=True)
class FailedRule:
    """A rule that rows of a batch broke."""

    batch_id: str
    batch_date: date
    rule_id: str
    feed: str
    severity: str
    failed_records: int
    checked_records: int
    status: str
    description: str


def failed_rules(
    session: SparkSession, table: str, batch_id: str | None = None
) -> list[FailedRule]:
    """A batch's failed rules, worst first.

    Args:
        session: Where the table is.
        table: Qualified name of `validation_results`.
        batch_id: Which batch; None means the newest that is validated.
    """
    chosen = "true" if batch_id is None else f"batch_id = {sql_text(batch_id)}"
    rows = session.sql(
        "select batch_id, results.batch_date, rule_id, feed, severity, failed_records,"
        f" checked_records, status, description from {table} as results inner join"
        f" (select max(batch_date) as batch_date from {table} where {chosen}) as newest"
        f" on results.batch_date = newest.batch_date where status <> 'PASS' and {chosen}"
        " order by case severity when 'HIGH' then 1 when 'MEDIUM' then 2 else 3 end, rule_id"
    ).collect()
    return [FailedRule(*row) for row in rows]


@dataclass(frozen=True)
class Anomaly:
    """A metric of a batch that is odd beside the batches before it.

    Attributes:
        batch_id: The batch.
        batch_date: Its business date.
        feed: Feed measured.
        metric: What was measured.
        value: Its value in this batch.
        expected: Its median in the batches before.
        score: Distance from there, in spreads.
        direction: `high` or `low`.
        advice: What it usually comes from, and what to look at.
    """

    batch_id: str
    batch_date: date
    feed: str
    metric: str
    value: float
    expected: float
    score: float
    direction: str
    advice: str

    def __str__(self) -> str:
        """The anomaly as a clause, such as `orders rows 12 is low, expected 240`."""
        return (
            f"{self.feed} {self.metric} {plain(self.value)} is {self.direction},"
            f" expected {plain(self.expected)}"
        )


def plain(number: float) -> str:
    """A number with two decimals, or without any when it is whole."""
    return f"{number:.2f}".removesuffix(".00")


def anomalies(session: SparkSession, table: str, day: date | None = None) -> list[Anomaly]:
    """Anomalies of a batch, or of all batches by date; the worst first.

    Args:
        session: Where the table is.
        table: Qualified name of `metric_anomalies`.
        day: batch_date of the batch; None means all.
    """
    of_day = f" and batch_date = date '{day}'" if day else ""
    rows = session.sql(
        "select batch_id, batch_date, feed, metric, value, expected, score, direction, advice"
        f" from {table} where is_anomaly{of_day}"
        " order by batch_date, abs(score) desc, feed, metric"
    ).collect()
    return [Anomaly(*row) for row in rows]
