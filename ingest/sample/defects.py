"""The defects that are sown into the sample: what to do to a clean row so that it breaks one rule.

A rule is named as in the dbt project. A small sample has one defect of a rule in every three days
(so that three days have them all), a large one also a fixed share of the rows.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from ingest.sample.files import COLUMNS, Batch, iso

Edit = Callable[[list[str], Batch, int], None]
"""Changes a row in place; gets the batch and how often this rule was broken before."""

_SHARE = 0.007
"""Rows with a defect / all rows, in samples that are large enough."""
_CYCLE = 3


class Kind(Enum):
    """Which row a defect befalls."""

    LIVE = "live"
    """A row of a known customer, product, ...: the rule reports and the row stays valid."""
    SPARE = "spare"
    """An additional row of something that nothing else refers to: it may be quarantined."""
    COPY = "copy"
    """A second row of the same key."""
    RAGGED = "ragged"
    """Two additional rows: one with too few fields, one with too many."""


_ADDED_ROWS = {Kind.LIVE: 0, Kind.SPARE: 1, Kind.COPY: 1, Kind.RAGGED: 2}


@dataclass(frozen=True, slots=True)
class Defect:
    """One way to break `rule`; `needs` is an optional column without which it cannot be broken."""

    rule: str
    kind: Kind
    edit: Edit
    needs: str = ""


def column_index(place: str) -> int:
    """Return the position of `feed.column` in the feed's rows."""
    feed, column = place.split(".")
    return COLUMNS[feed].index(column)


def _put(place: str, *values: str) -> Edit:
    index = column_index(place)

    def edit(row: list[str], batch: Batch, nth: int) -> None:
        row[index] = values[nth % len(values)]

    return edit


def _put_day(place: str, days_from_batch: int) -> Edit:
    index = column_index(place)

    def edit(row: list[str], batch: Batch, nth: int) -> None:
        row[index] = iso(batch.ordinal + days_from_batch)

    return edit


def _both(*edits: Edit) -> Edit:
    def edit(row: list[str], batch: Batch, nth: int) -> None:
        for each in edits:
            each(row, batch, nth)

    return edit


def _nothing(row: list[str], batch: Batch, nth: int) -> None:
    """Leave the row as it is: being unknown, or being chosen, is the defect."""


def _age(place: str) -> Edit:
    """Make every other copy an older one, so that the rule has to look at the time and the row."""
    index = column_index(place)

    def edit(row: list[str], batch: Batch, nth: int) -> None:
        if nth % 2 == 0:
            row[index] = f"{iso(batch.ordinal - 400)} 09:00:00"

    return edit


def _reprice(row: list[str], batch: Batch, nth: int) -> None:
    index = column_index("orders.order_amount")
    cents = int(row[index].replace(".", "")) * 9 // 10
    row[index] = f"{cents // 100}.{cents % 100:02d}"


def _by_night(row: list[str], batch: Batch, nth: int) -> None:
    index = column_index("orders.created_timestamp")
    row[index] = row[index][:10] + (" 03:12:45", " 23:48:10")[nth % 2]


def _miscount(row: list[str], batch: Batch, nth: int) -> None:
    index = column_index("products.stock_quantity")
    row[index] = str(int(row[index]) + 7)


def _contradict_status(row: list[str], batch: Batch, nth: int) -> None:
    is_empty = row[column_index("inventory.stock_quantity")] == "0"
    row[column_index("inventory.stock_status")] = "In Stock" if is_empty else "Out of Stock"


def _spare(rule: str, place: str, *values: str, needs: str = "") -> Defect:
    return Defect(rule, Kind.SPARE, _put(place, *values), needs)


def _live(rule: str, place: str, *values: str, needs: str = "") -> Defect:
    return Defect(rule, Kind.LIVE, _put(place, *values), needs)


def _every_feed(feed: str) -> tuple[Defect, ...]:
    return (
        Defect(f"{feed}_row_well_formed", Kind.RAGGED, _nothing),
        Defect(f"{feed}_key_unique", Kind.COPY, _age(f"{feed}.created_timestamp")),
    )


# Cross-table rules are listed with the feed whose rows they count. Where the edit is `_nothing`,
# the generator picks the customer, product or key that makes the row wrong.
DEFECTS: dict[str, tuple[Defect, ...]] = {
    "orders": (
        *_every_feed("orders"),
        _spare("orders_order_id_present", "orders.order_id", "", "  "),
        _spare("orders_customer_id_present", "orders.customer_id", ""),
        _spare("orders_product_id_present", "orders.product_id", ""),
        _spare("orders_order_date_valid", "orders.order_date", "2025-02-30", "15/01/2025", ""),
        Defect("orders_order_date_not_after_batch", Kind.SPARE, _put_day("orders.order_date", 30)),
        _spare("orders_amount_valid", "orders.order_amount", "1,299.99", "5.999", "1e3", "n/a", ""),
        _spare("orders_amount_positive", "orders.order_amount", "-25.00", "0.00"),
        _spare("orders_currency_known", "orders.currency", "XXX", ""),
        _spare("orders_status_known", "orders.order_status", "teleported", ""),
        _spare("orders_created_timestamp_valid", "orders.created_timestamp", "yesterday noon", ""),
        _spare("orders_payment_method_known", "orders.payment_method", "seashells", ""),
        _spare("orders_shipping_address_present", "orders.shipping_address", ""),
        _spare("orphaned_orders", "orders.customer_id", "CUST9999999"),
        _spare("orphaned_orders_products", "orders.product_id", "PROD9999999"),
        Defect("unreasonable_orders", Kind.SPARE, _nothing),
        Defect("price_mismatch", Kind.SPARE, _reprice),
        _spare("orders_without_shipping", "orders.order_status", "shipped", "completed"),
        Defect(
            # A shipment's rule, but it is the order that lacks the address in the first place.
            "shipments_without_address",
            Kind.SPARE,
            _both(_put("orders.shipping_address", ""), _put("orders.order_status", "shipped")),
        ),
        Defect("low_value_premium_orders", Kind.SPARE, _nothing),
        Defect("orders_outside_hours", Kind.SPARE, _by_night),
        Defect("discontinued_orders", Kind.SPARE, _nothing),
    ),
    "customers": (
        *_every_feed("customers"),
        _spare("customers_customer_id_present", "customers.customer_id", ""),
        _spare("customers_email_present", "customers.email", ""),
        _spare("customers_email_format", "customers.email", "nobody.example.com", "a@b", "a b@c.d"),
        _spare("customers_phone_present", "customers.phone", ""),
        _spare("customers_date_of_birth_valid", "customers.date_of_birth", "1985-02-30", "3/4/80"),
        _spare(
            "customers_date_of_birth_plausible", "customers.date_of_birth", "1879-03-14",
            "2091-06-01",
        ),
        _live("customers_phone_format", "customers.phone", "ask reception", "0100"),
        _live("customers_tier_known", "customers.customer_tier", "diamond", ""),
        _live("customers_registration_date_valid", "customers.registration_date", "2024-13-01", ""),
        Defect(
            "customers_registration_not_after_batch",
            Kind.LIVE,
            _put_day("customers.registration_date", 14),
        ),
        _live("customers_date_of_birth_present", "customers.date_of_birth", ""),
        _live("customers_first_name_present", "customers.first_name", ""),
        _live("customers_last_name_present", "customers.last_name", ""),
        _live("customers_country_present", "customers.country", ""),
        _live("customers_zip_code_present", "customers.zip_code", ""),
        _live("customers_values_parse", "customers.last_login", "never", "2025-01-10 25:61:00"),
        Defect("orphaned_customers", Kind.SPARE, _nothing),
    ),
    "products": (
        *_every_feed("products"),
        _spare("products_product_id_present", "products.product_id", ""),
        _spare("products_category_present", "products.category", ""),
        _spare("products_price_valid", "products.price", "5.999", "1,299.99", "call us", ""),
        _spare("products_price_positive", "products.price", "-19.99", "0.00"),
        _spare("products_currency_known", "products.currency", "XXX", ""),
        _spare("products_stock_quantity_valid", "products.stock_quantity", "-5", "12.5", "many"),
        _spare("products_launch_date_valid", "products.launch_date", "2023-02-29", "soon", ""),
        Defect(
            "products_launch_not_after_batch", Kind.SPARE, _put_day("products.launch_date", 60)
        ),
        _live("products_product_name_present", "products.product_name", ""),
        _live("products_weight_positive", "products.weight_kg", "0.000", "-1.200", "light", ""),
        _live("products_discontinued_valid", "products.discontinued", "maybe", ""),
        _live("products_category_known", "products.category", "Toys", "Curiosities"),
        _live("products_dimensions_format", "products.dimensions_cm", "30 by 20 by 5", "30x20", ""),
        _live("products_values_parse", "products.created_timestamp", "2025-01-10 25:61:00"),
        Defect("products_without_inventory", Kind.SPARE, _nothing),
        Defect("stock_mismatch", Kind.LIVE, _miscount),
    ),
    "inventory": (
        *_every_feed("inventory"),
        _spare("inventory_product_id_present", "inventory.product_id", ""),
        _spare("inventory_warehouse_location_present", "inventory.warehouse_location", ""),
        _spare("inventory_stock_quantity_valid", "inventory.stock_quantity", "-3", "a dozen", ""),
        _spare(
            "inventory_reserved_quantity_valid", "inventory.reserved_quantity", "-1", "2.5",
            needs="reserved_quantity",
        ),
        _spare(
            "inventory_available_quantity_valid", "inventory.available_quantity", "-4", "plenty",
            needs="available_quantity",
        ),
        Defect(
            "inventory_stock_status_consistent", Kind.LIVE, _contradict_status, "stock_status"
        ),
        _live("inventory_last_updated_valid", "inventory.last_updated", "last week", ""),
        _live("inventory_values_parse", "inventory.created_timestamp", "10.01.2025 09:00"),
        Defect("inventory_without_products", Kind.SPARE, _nothing),
    ),
    "shipping": (
        *_every_feed("shipping"),
        _spare("shipping_order_id_present", "shipping.order_id", ""),
        _spare("shipping_cost_valid", "shipping.shipping_cost", "-4.90", "free", ""),
        _spare("shipping_package_weight_positive", "shipping.package_weight", "0.000", "-2.500"),
        _spare("shipping_currency_known", "shipping.currency", "XXX", ""),
        _spare(
            "shipping_insurance_value_valid", "shipping.insurance_value", "-10.00", "some",
            needs="insurance_value",
        ),
        _live("shipping_estimated_delivery_valid", "shipping.estimated_delivery", "Friday", ""),
        Defect(
            "shipping_delivery_not_before_dispatch",
            Kind.LIVE,
            _put_day("shipping.actual_delivery", -600),
        ),
        _live("shipping_tracking_number_present", "shipping.tracking_number", ""),
        _live("shipping_method_known", "shipping.shipping_method", "carrier_pigeon", ""),
        _live("shipping_dimensions_format", "shipping.dimensions_cm", "small box", "10x10", ""),
        _live("shipping_values_parse", "shipping.actual_delivery", "soon", "2025-01-32"),
        Defect(
            "unreasonable_shipping",
            Kind.LIVE,
            _both(_put("shipping.shipping_cost", "149.90"), _put("shipping.currency", "USD")),
        ),
        Defect("shipping_without_orders", Kind.SPARE, _nothing, "destination_address"),
    ),
}  # fmt: skip


class Plan:
    """The defects of one feed file and the clean rows that they come after."""

    def __init__(
        self,
        feed: str,
        batch: Batch,
        columns: tuple[str, ...],
        rows: int,
        random: Callable[[], float],
    ) -> None:
        """Choose the defects for a file of about `rows` rows with `columns`."""
        catalogue = DEFECTS[feed]
        share = int(rows * _SHARE / len(catalogue))
        due: list[Defect] = []
        for place, defect in enumerate(catalogue):
            if defect.needs and defect.needs not in columns:
                continue
            # An optional column may be absent on the rule's turn: use every day that has it.
            is_turn = bool(defect.needs) or (place + batch.number) % _CYCLE == 0
            due += [defect] * (share + is_turn)
        self._due = sorted(due, key=lambda _: random())
        self.added_rows = sum(_ADDED_ROWS[defect.kind] for defect in due)
        # Fewer rows than expected shall not lose the last defects, hence the margin.
        self._step = max(1, int(0.8 * (rows - self.added_rows) / (len(due) + 1)))
        self._wait = self._step

    def take(self) -> Defect | None:
        """Return the defect to sow at the next clean row, if any."""
        self._wait -= 1
        if self._wait or not self._due:
            return None
        self._wait = self._step
        return self._due.pop()
