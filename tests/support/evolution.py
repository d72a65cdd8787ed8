"""Copies of the project whose contract a test may change, and a history of such changes."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from ingest.config import PROJECT_DIR
from support.batches import timeless, write_batch
from support.rows import row
from support.stack import copy_project

# Changes the columns of a feed, by name; the order of the dictionary is the contract's.
Edit = Callable[[dict[str, dict[str, Any]]], None]


@dataclass(frozen=True)
class Contract:
    """The contract of a copy of the project."""

    project: Path

    @classmethod
    def copied(cls, folder: Path, project: Path = PROJECT_DIR) -> "Contract":
        """A copy with the contract of a project."""
        folder.mkdir(parents=True)
        copied = copy_project(folder)
        (copied / "models").unlink()
        shutil.copytree(project / "models", copied / "models")
        return cls(copied)

    def change(self, feed: str, edit: Edit | None = None, **meta: object) -> None:
        """Change the columns of a feed, or what the contract says of the feed itself."""
        path = self.project / f"models/staging/{feed}/_{feed}__contract.yml"
        content = yaml.safe_load(path.read_text())
        (table,) = content["sources"][0]["tables"]
        table["config"]["meta"] |= meta
        columns = {column["name"]: column for column in table["columns"]}
        if edit:
            edit(columns)
        table["columns"] = list(columns.values())
        path.write_text(yaml.safe_dump(content, sort_keys=False))


def column(name: str, kind: str, **meta: object) -> dict[str, Any]:
    """The declaration of a column."""
    return {"name": name, "description": name, "config": {"meta": {"type": kind, **meta}}}


def retype(name: str, kind: str) -> Edit:
    """Give a column another type."""
    return lambda columns: columns[name]["config"]["meta"].update(type=kind)


def make_optional(name: str) -> Edit:
    """Let files lack a column."""
    return lambda columns: columns[name]["config"]["meta"].update(optional=True)


def add(name: str, kind: str, **meta: object) -> Edit:
    """Declare a column."""
    return lambda columns: columns.update({name: column(name, kind, **meta)})


def change_much(contract: Contract) -> None:
    """Every change with which the tables keep up."""

    def swap(columns: dict[str, dict[str, Any]]) -> None:
        names = list(columns)
        first, second = names.index("customer_id"), names.index("product_id")
        names[first], names[second] = names[second], names[first]
        reordered = {name: columns[name] for name in names}
        columns.clear()
        columns.update(reordered)

    contract.change("orders", swap)
    contract.change("orders", add("gift_fee", "decimal(6,2)", optional=True, aliases=["gift"]))
    contract.change("orders", add("channel", "string", optional=True, code=True))
    contract.change("orders", retype("order_amount", "decimal(20,2)"))
    contract.change("inventory", retype("reserved_quantity", "decimal(18,3)"))
    contract.change("inventory", retype("reorder_level", "bigint"))
    contract.change("inventory", retype("last_audit", "date or timestamp"))
    contract.change("customers", make_optional("phone"))
    contract.change("shipping", lambda columns: columns.pop("origin_warehouse"))
    contract.change(
        "shipping", lambda columns: columns["shipping_id"]["config"]["meta"].pop("optional")
    )


def batches() -> dict[date, dict[str, list[dict[str, str]]]]:
    """Batches before the changes, of the 15th, and after them, of the 16th; one that comes late."""
    shipment = {"shipping_id": "S1", "origin_warehouse": "Denver"}
    return {
        date(2025, 1, 15): {
            "customers": [row("customers", 1)],
            "products": [row("products", 1)],
            # Not declared yet: the file's unknown columns.
            "orders": [
                row("orders", n, **{"Gift": f"{n}.50", "channel": "Web"}) for n in (1, 2, 3)
            ],
            "inventory": [row("inventory", n) for n in (1, 2, 3)],
            "shipping": [row("shipping", n, **shipment) for n in (1, 2)],
        },
        date(2025, 1, 16): {
            # The file lacks a column that it may lack now.
            "customers": [
                {name: cell for name, cell in row("customers", 2).items() if name != "phone"}
            ],
            "orders": [
                # The value that is in landing only, none, and another one.
                row("orders", 1, gift_fee="1.50", channel="Web"),
                row("orders", 2, gift_fee="", channel=""),
                row("orders", 3, gift_fee="9.99", channel="Shop"),
                row("orders", 4, gift_fee="9.999", channel="Shop"),
            ],
            "inventory": [
                row("inventory", 1, reserved_quantity="1.000", last_audit="2024-12-31 00:00:00"),
                row("inventory", 2, reserved_quantity="2.750"),
                row("inventory", 3, reorder_level="3000000000"),
            ],
            "shipping": [row("shipping", n, **shipment) for n in (1, 3)],
        },
        date(2025, 1, 14): {
            "orders": [row("orders", 9)],
            "customers": [row("customers", 3, phone="")],
        },
    }


DAYS = tuple(batches())
"""The days of the batches, in the order of their arrival."""


def deliver(root: Path, *days: date) -> None:
    """Put batches of `batches` into a feed root."""
    for day in days:
        write_batch(root, day, f"batch-{day}", batches()[day])


def content(found: dict[str, list[dict[str, object]]]) -> dict[str, list[str]]:
    """All that follows from landing and the contract, whatever the order of columns and landings.

    Without the column that `change_much` takes out, and without the raw records, which show what
    was declared when they landed.
    """
    left_out = {"raw_record", "origin_warehouse", "landing_number"}
    kept = {
        name: [{key: item[key] for key in sorted(item) if key not in left_out} for item in rows]
        for name, rows in found.items()
        if not name.startswith("landing.")
        and name not in ("ops.contract_history", "ops.built_nodes")
    }
    return timeless(kept)
