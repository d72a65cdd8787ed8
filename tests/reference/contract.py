"""Section 2, CSV contract: the columns of each feed, their order, types, aliases and key."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

FEEDS: tuple[str, ...] = ("orders", "customers", "products", "inventory", "shipping")

REQUIRED: dict[str, tuple[str, ...]] = {
    "orders": (
        "order_id",
        "customer_id",
        "product_id",
        "order_date",
        "order_amount",
        "currency",
        "payment_method",
        "shipping_address",
        "order_status",
        "created_timestamp",
    ),
    "customers": (
        "customer_id",
        "first_name",
        "last_name",
        "email",
        "phone",
        "date_of_birth",
        "registration_date",
        "address",
        "city",
        "state",
        "zip_code",
        "country",
        "customer_tier",
        "last_login",
        "created_timestamp",
    ),
    "products": (
        "product_id",
        "product_name",
        "category",
        "subcategory",
        "brand",
        "price",
        "currency",
        "stock_quantity",
        "weight_kg",
        "dimensions_cm",
        "color",
        "material",
        "description",
        "launch_date",
        "discontinued",
        "created_timestamp",
    ),
    "inventory": (
        "product_id",
        "stock_quantity",
        "warehouse_location",
        "last_updated",
        "created_timestamp",
    ),
    "shipping": (
        "order_id",
        "shipping_method",
        "shipping_cost",
        "currency",
        "tracking_number",
        "package_weight",
        "dimensions_cm",
        "estimated_delivery",
        "actual_delivery",
        "created_timestamp",
    ),
}

OPTIONAL: dict[str, tuple[str, ...]] = {
    "orders": (),
    "customers": (),
    "products": (),
    "inventory": (
        "stock_status",
        "inventory_id",
        "warehouse_id",
        "warehouse_name",
        "reserved_quantity",
        "available_quantity",
        "reorder_level",
        "last_audit",
    ),
    "shipping": (
        "shipping_id",
        "carrier",
        "origin_warehouse",
        "destination_address",
        "shipping_status",
        "insurance_value",
    ),
}

ALIASES: dict[str, dict[str, str]] = {
    "orders": {},
    "customers": {},
    "products": {},
    "inventory": {"location": "warehouse_location", "last_restocked": "last_updated"},
    "shipping": {
        "service_type": "shipping_method",
        "package_dimensions": "dimensions_cm",
    },
}

COLUMNS: dict[str, tuple[str, ...]] = {feed: REQUIRED[feed] + OPTIONAL[feed] for feed in FEEDS}

# Column name -> type; everything not named here is text.
TYPES: dict[str, str] = {
    "order_date": "date",
    "registration_date": "date",
    "launch_date": "date",
    "date_of_birth": "date",
    "estimated_delivery": "date",
    "actual_delivery": "date",
    "last_audit": "date",
    "last_updated": "date_or_timestamp",
    "created_timestamp": "timestamp",
    "last_login": "timestamp",
    "order_amount": "amount",
    "price": "amount",
    "shipping_cost": "amount",
    "insurance_value": "amount",
    "weight_kg": "weight",
    "package_weight": "weight",
    "stock_quantity": "integer",
    "reserved_quantity": "integer",
    "available_quantity": "integer",
    "reorder_level": "integer",
    "discontinued": "boolean",
}

LINEAGE: tuple[str, ...] = (
    "_batch_id",
    "_batch_date",
    "_source_file",
    "_file_sha256",
    "_row_number",
)

# Section 6: contract columns whose change opens no version.
UNTRACKED: dict[str, frozenset[str]] = {
    "orders": frozenset({"created_timestamp"}),
    "customers": frozenset({"created_timestamp", "last_login"}),
    "products": frozenset({"created_timestamp"}),
    "inventory": frozenset({"created_timestamp"}),
    "shipping": frozenset({"created_timestamp"}),
}

_SIMPLE_KEYS: dict[str, str] = {
    "orders": "order_id",
    "customers": "customer_id",
    "products": "product_id",
    "shipping": "order_id",
}


def record_key(feed: str, row: Row) -> str | None:
    """The row's key as one text; inventory: escaped product, a bar, the warehouse."""
    if feed != "inventory":
        key: str | None = row[_SIMPLE_KEYS[feed]]
        return key
    product: str | None = row["product_id"]
    place = warehouse(row)
    if product is None or place is None:
        return None
    return product.replace("%", "%25").replace("|", "%7C") + "|" + place


def warehouse(row: Row) -> str | None:
    """The warehouse of an inventory row: its id, else its location."""
    place: str | None = row["warehouse_id"]
    if place is None:
        place = row["warehouse_location"]
    return place
