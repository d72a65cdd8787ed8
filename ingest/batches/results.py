"""Results of the rules, as the dbt build has recorded them."""

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
