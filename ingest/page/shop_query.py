"""Reads what the report page tells of the shop: the marts, as of the newest applied batch."""

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

from pyspark.sql import Row, SparkSession

from ingest.config import Settings
from ingest.page.facts import Day, Product, Share, Shop

_DAYS = 90
_PRODUCTS = 10
_PERFORMANCE = ("Star", "High Performer", "Medium Performer", "Low Performer")
_SEASONS = ("Winter", "Spring", "Summer", "Fall")


def read_shop(session: SparkSession, settings: Settings, as_of: date) -> Shop:
    """What the marts hold.

    Args:
        session: Where the tables are.
        settings: Names the schemas.
        as_of: batch_date of the newest applied batch.
    """
    reader = _Marts(session, settings)
    performance = reader.performance()
    return Shop(
        as_of=as_of,
        days=reader.days(as_of),
        categories=reader.categories(),
        seasons=reader.seasons(),
        segments=reader.segments(),
        performance=tuple((name, performance.get(name, 0)) for name in _PERFORMANCE),
        products=reader.products(),
        products_count=sum(performance.values()),
    )


def plain_number(value: Any) -> Any:
    """A decimal as a float, which charts and formats take; whole numbers and NULL stay."""
    return value if value is None or isinstance(value, int) else float(value)


class _Marts:
    """A query for each of the marts."""

    def __init__(self, session: SparkSession, settings: Settings) -> None:
        self._session = session
        self._settings = settings

    def days(self, as_of: date) -> tuple[Day, ...]:
        """The last days up to that of the last order, those without orders included."""
        rows = self._rows(
            "order_date, count(*) as orders, sum(order_amount_usd) as revenue",
            "orders_enriched",
            f"where counts_as_revenue and order_date > date_sub(date '{as_of}', {_DAYS})"
            " group by order_date",
        )
        if not rows:
            return ()
        found = {
            row.order_date: Day(row.order_date, row.orders, float(row.revenue)) for row in rows
        }
        first, last = min(found), max(found)
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return tuple(found.get(day, Day(day, 0, 0.0)) for day in days)

    def categories(self) -> tuple[Share, ...]:
        """Revenue by category, most first."""
        rows = self._rows(
            "category as name, category_revenue as revenue, orders_count as counted,"
            " avg_order_value as average",
            "category_analysis",
        )
        return _most_first(map(_share, rows))

    def segments(self) -> tuple[Share, ...]:
        """Revenue by customer segment, most first."""
        rows = self._rows(
            "customer_segment as name, segment_revenue as revenue, customers_count as counted,"
            " avg_customer_value as average",
            "segment_analysis",
        )
        return _most_first(map(_share, rows))

    def seasons(self) -> tuple[Share, ...]:
        """Revenue by season, oldest first."""
        rows = self._rows(
            "concat(season_year, ' ', season) as name, seasonal_revenue as revenue,"
            " orders_count as counted, avg_order_value as average, season_year, season",
            "seasonal_analysis",
        )
        rows.sort(key=lambda row: (row.season_year, _SEASONS.index(row.season)))
        return tuple(map(_share, rows))

    def performance(self) -> dict[str, int]:
        """How many products there are of each performance category."""
        rows = self._rows(
            "performance_category, count(*) as products",
            "product_analytics",
            "group by performance_category",
        )
        return {row.performance_category: row.products for row in rows}

    def products(self) -> tuple[Product, ...]:
        """The products with the most revenue."""
        rows = self._rows(
            "*", "product_analytics", f"order by total_revenue desc, product_id limit {_PRODUCTS}"
        )
        return tuple(
            Product(
                product_id=row.product_id,
                # A product's name and category may be blank.
                name=row.product_name or row.product_id,
                category=row.category or "Unknown",
                orders=row.total_orders,
                revenue=float(row.total_revenue),
                margin_pct=plain_number(row.profit_margin_pct),
                performance=row.performance_category,
                sales_status=row.sales_status,
            )
            for row in rows
        )

    def _rows(self, columns: str, mart: str, rest: str = "") -> list[Row]:
        table = self._settings.table("marts", mart)
        return self._session.sql(f"select {columns} from {table} {rest}").collect()


def _share(row: Row) -> Share:
    return Share(row.name or "Unknown", float(row.revenue), row.counted, plain_number(row.average))


def _most_first(shares: Iterable[Share]) -> tuple[Share, ...]:
    return tuple(sorted(shares, key=lambda share: (-share.revenue, share.name)))
