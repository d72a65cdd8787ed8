"""What the report page tells: typed facts, read from the tables by `query`.

Amounts are USD. No field holds personal data: quarantined rows are file names and row numbers.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from ingest.batches.processing_log import OpenTrigger


@dataclass(frozen=True)
class File:
    """A file of the batch.

    Attributes:
        feed: Its feed.
        name: Its name.
        rows: Data rows in it.
        load_type: `incremental` or `full`.
        warning: What was odd about it; None when nothing was.
    """

    feed: str
    name: str
    rows: int
    load_type: str
    warning: str | None = None


@dataclass(frozen=True)
class Flow:
    """A feed's rows on their way from the file to valid or quarantined."""

    feed: str
    file_rows: int
    landed_rows: int
    valid_rows: int
    quarantined_rows: int


@dataclass(frozen=True)
class Batch:
    """An applied batch and how its validation went.

    Attributes:
        batch_id: The trigger_id of its trigger.
        batch_date: Business date.
        score: 0 to 100.
        status: `PASS` or `FAIL`.
        flows: Its feeds.
    """

    batch_id: str
    batch_date: date
    score: float
    status: str
    flows: tuple[Flow, ...]

    @property
    def rows(self) -> int:
        """Rows in its files."""
        return sum(flow.file_rows for flow in self.flows)

    @property
    def valid_rows(self) -> int:
        """Rows found valid."""
        return sum(flow.valid_rows for flow in self.flows)

    @property
    def quarantined_rows(self) -> int:
        """Rows in quarantine."""
        return sum(flow.quarantined_rows for flow in self.flows)


@dataclass(frozen=True)
class Steps:
    """When the batch landed and was built (UTC), and how long that took in seconds.

    None is what the log does not say.
    """

    landed_at: datetime | None = None
    landing_seconds: float | None = None
    built_at: datetime | None = None
    build_seconds: float | None = None


@dataclass(frozen=True)
class Place:
    """Where a row stands: file, and row number with 1 for the first data row."""

    source_file: str
    row_number: int


@dataclass(frozen=True)
class Outcome:
    """What a rule came to in one batch of the trend."""

    batch_date: date
    checked: int
    failed: int

    @property
    def share(self) -> float:
        """Failed of checked, 0 to 1; 0 when nothing was checked."""
        return self.failed / self.checked if self.checked else 0.0


@dataclass(frozen=True)
class Rule:
    """A rule and its result in the batch.

    Attributes:
        rule_id: Name of the dbt test that declares it.
        feed: Feed whose rows it counts.
        category: Such as `format` or `referential`.
        severity: `HIGH`, `MEDIUM` or `LOW`, as declared.
        description: What it demands.
        status: `PASS`, `WARN` or `FAIL`.
        checked: Rows checked.
        failed: Rows that broke it.
        is_row_level: Whether it looks at each row by itself.
        trend: Its outcomes, this batch's last.
        examples: The first rows that broke it, in the order of the files.
    """

    rule_id: str
    feed: str
    category: str
    severity: str
    description: str
    status: str
    checked: int
    failed: int
    is_row_level: bool
    trend: tuple[Outcome, ...] = ()
    examples: tuple[Place, ...] = ()


@dataclass(frozen=True)
class TargetChange:
    """What the batch did to a feed's SCD2 target.

    Attributes:
        feed: The feed.
        new_keys: Keys that it brought for the first time.
        changed_keys: Keys that got another version.
        reopened_keys: Keys that were closed, and came back.
        closed_keys: Keys that it closed without another version.
        current_keys: Keys with a current version after it.
        columns: How many of the changed keys changed in which column, most first.
    """

    feed: str
    new_keys: int
    changed_keys: int
    reopened_keys: int
    closed_keys: int
    current_keys: int
    columns: tuple[tuple[str, int], ...] = ()

    @property
    def opened(self) -> int:
        """Versions that it opened."""
        return self.new_keys + self.changed_keys + self.reopened_keys

    @property
    def closed(self) -> int:
        """Versions that it closed."""
        return self.changed_keys + self.closed_keys


@dataclass(frozen=True)
class Totals:
    """The shop's figures after a batch: a row of `analytics_summary`."""

    report_date: date
    total_orders: int
    total_revenue: float
    avg_order_value: float | None
    unique_customers: int
    unique_products: int
    total_profit: float
    profit_margin_pct: float | None
    avg_estimated_clv: float | None
    revenue_per_customer: float | None
    orders_per_customer: float | None


@dataclass(frozen=True)
class Day:
    """A day's orders that count as revenue."""

    order_date: date
    orders: int
    revenue: float


@dataclass(frozen=True)
class Share:
    """A part of the revenue: a category, a season or a segment.

    Attributes:
        name: Its name.
        revenue: Its revenue.
        count: What was counted of it: orders, or customers of a segment.
        average: Mean revenue of what was counted; None over nothing.
    """

    name: str
    revenue: float
    count: int
    average: float | None


@dataclass(frozen=True)
class Product:
    """A product and what it sold."""

    product_id: str
    name: str
    category: str
    orders: int
    revenue: float
    margin_pct: float | None
    performance: str
    sales_status: str


@dataclass(frozen=True)
class Shop:
    """The marts, as of the newest applied batch.

    Attributes:
        as_of: Its batch_date.
        days: The last days, oldest first, those without orders included.
        categories: Revenue by category, most first.
        seasons: Revenue by season, oldest first.
        segments: Revenue by customer segment, most first.
        performance: Products by performance category, best first: (name, how many).
        products: Those with the most revenue.
        products_count: How many products there are.
    """

    as_of: date
    days: tuple[Day, ...] = ()
    categories: tuple[Share, ...] = ()
    seasons: tuple[Share, ...] = ()
    segments: tuple[Share, ...] = ()
    performance: tuple[tuple[str, int], ...] = ()
    products: tuple[Product, ...] = ()
    products_count: int = 0


@dataclass(frozen=True)
class Measured:
    """A metric in one batch, and the band where it was expected; None while it cannot be judged."""

    batch_date: date
    value: float
    expected: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True)
class OddMetric:
    """A metric that is an anomaly of the batch.

    Attributes:
        feed: Its feed.
        metric: Its name.
        direction: `high` or `low`.
        value: Its value in the batch.
        expected: Its median in the batches before.
        score: Distance from there, in spreads.
        advice: What it usually comes from, and what to look at.
        curve: Its values over the history, oldest first.
    """

    feed: str
    metric: str
    direction: str
    value: float
    expected: float
    score: float
    advice: str
    curve: tuple[Measured, ...]


@dataclass(frozen=True)
class Page:
    """All that one page tells.

    Attributes:
        batch: The batch that it is about.
        history: Applied batches up to this one, oldest first, this one included.
        files: Its files, in the order of the feeds.
        steps: When it was landed and built.
        rules: All rules: by severity, failed ones first.
        targets: What it opened and closed.
        totals: The shop's figures after the batches of the history, oldest first.
        shop: The marts.
        triggers: Triggers that wait or were rejected, newest first.
        anomalies: What is odd in the batch, the worst first.
    """

    batch: Batch
    history: tuple[Batch, ...]
    files: tuple[File, ...] = ()
    steps: Steps = field(default_factory=Steps)
    rules: tuple[Rule, ...] = ()
    targets: tuple[TargetChange, ...] = ()
    totals: tuple[Totals, ...] = ()
    shop: Shop | None = None
    triggers: tuple[OpenTrigger, ...] = ()
    anomalies: tuple[OddMetric, ...] = ()

    @property
    def previous(self) -> Batch | None:
        """The batch before; None for the first one."""
        return self.history[-2] if len(self.history) > 1 else None
