"""Whatever is delivered in whatever order, the target is what a small model says.

EXAMPLES sets how many random histories there are; each takes most of a minute.
"""

import os
from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, Phase, given, note, settings
from hypothesis import strategies as st
from support.batches import write_batch
from support.rows import row
from support.stack import Stack

from ingest.engines.local import LocalEngine

EXAMPLES = int(os.environ.get("EXAMPLES", "2"))


@dataclass(frozen=True)
class Customer:
    """A row; a blank key is NULL, like a blank tier, and an invalid row is quarantined."""

    key: str
    tier: str
    is_valid: bool
    second: int


@dataclass(frozen=True)
class Delivery:
    """A batch of customers, and whether a run follows, and after that a withdrawal of its day."""

    day: int
    rows: tuple[Customer, ...]
    is_full: bool
    supersedes: bool
    run_after: bool
    withdraw_after: bool


customers = st.builds(
    Customer,
    key=st.sampled_from(["A", "B", "C", "D", "a", ""]),
    tier=st.sampled_from(["gold", "silver", ""]),
    is_valid=st.sampled_from([True, True, True, False]),
    second=st.integers(0, 2),
)
deliveries = st.builds(
    Delivery,
    day=st.integers(10, 15),
    rows=st.lists(customers, max_size=6).map(tuple),
    is_full=st.sampled_from([False, False, True]),
    supersedes=st.booleans(),
    run_after=st.booleans(),
    withdraw_after=st.sampled_from([False, False, False, True]),
)


@st.composite
def histories(draw: Any) -> list[Delivery]:
    """Up to eight deliveries; some come a second time, just as they were."""
    history = draw(st.lists(deliveries, min_size=3, max_size=7))
    again = draw(st.sampled_from(history))
    return [*history, replace(again, supersedes=draw(st.booleans()))]


Version = tuple[str, int, int | None, str | None]


def model(history: list[Delivery]) -> set[Version]:
    """Key, first day, last day and tier of every version."""
    effective: dict[int, Delivery] = {}
    for delivery in history:
        if delivery.day not in effective or delivery.supersedes:
            effective[delivery.day] = delivery
        if delivery.withdraw_after:
            effective.pop(delivery.day, None)
    versions: dict[str, list[list[Any]]] = defaultdict(list)
    for day, delivery in sorted(effective.items()):
        winners: dict[str, tuple[int, int, Customer]] = {}
        for number, customer in enumerate(delivery.rows):
            if customer.key and customer.is_valid:
                rank = (customer.second, number, customer)
                winners[customer.key] = max(winners.get(customer.key, rank), rank, key=_rank)
        for key, (_, _, customer) in winners.items():
            known = versions[key]
            if not known or known[-1][1] is not None or known[-1][2] != customer.tier:
                if known and known[-1][1] is None:
                    known[-1][1] = day
                known.append([day, None, customer.tier])
        if delivery.is_full:
            present = {customer.key for customer in delivery.rows}
            for key, known in versions.items():
                if key not in present and known and known[-1][1] is None:
                    known[-1][1] = day
    return {
        (key, begun, ended, tier or None)
        for key, known in versions.items()
        for begun, ended, tier in known
    }


def _rank(item: tuple[int, int, Customer]) -> tuple[int, int]:
    return item[:2]


def deliver(stack: Stack, number: int, delivery: Delivery) -> None:
    day = date(2025, 1, delivery.day)
    rows = [
        row(
            "customers",
            0,
            customer_id=customer.key,
            customer_tier=customer.tier,
            email="a@b.co" if customer.is_valid else "nobody",
            created_timestamp=f"2025-01-10 00:00:0{customer.second}",
        )
        for customer in delivery.rows
    ]
    write_batch(
        stack.root,
        day,
        f"b{number}",
        {"customers": rows or [row("customers", 0)]},
        {"customers": "full" if delivery.is_full else "incremental"},
        supersedes=delivery.supersedes,
    )
    if not rows:
        path = stack.root / "customers_data" / "source" / f"customers_{day:%Y_%m_%d}.csv"
        path.write_text(path.read_text().splitlines()[0] + "\n")


@settings(
    max_examples=EXAMPLES,
    deadline=None,
    derandomize=EXAMPLES <= 2,
    database=None,
    # Shrinking takes hours of builds.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
@given(history=histories())
def test_any_history_equals_the_model(
    history: list[Delivery], engine: LocalEngine, warehouse: Path
) -> None:
    for delivery in history:
        note(str(delivery))
    schema = f"any_{uuid4().hex[:12]}"
    stack = Stack(Path(mkdtemp(dir=warehouse.parent)), warehouse, schema)
    unseen: set[int] = set()
    for number, delivery in enumerate(history):
        if delivery.day in unseen:
            # Its files would take the place of those that no run has seen.
            stack.ingest("run")
            unseen.clear()
        deliver(stack, number, delivery)
        unseen.add(delivery.day)
        if delivery.run_after or delivery.withdraw_after:
            stack.ingest("run")
            unseen.clear()
        if delivery.withdraw_after:
            assert stack.ingest("withdraw", "--date", f"2025-01-{delivery.day}").exit_code == 0
    assert stack.ingest("run").exit_code in (0, 4, 5)

    target = engine.connect().table(f"{schema}_targets.customers_target").collect()
    found = [
        (
            version["record_key"],
            version["effective_date"].day,
            version["expiry_date"].day if version["expiry_date"] else None,
            version["customer_tier"],
        )
        for version in target
    ]
    assert sorted(found, key=repr) == sorted(model(history), key=repr)
    by_key = defaultdict(list)
    for key, begun, ended, _ in sorted(found, key=repr):
        by_key[key].append((begun, ended or 99))
    for spans in by_key.values():
        assert all(ended <= begun for (_, ended), (begun, _) in pairwise(spans))
        assert sum(ended == 99 for _, ended in spans) <= 1
