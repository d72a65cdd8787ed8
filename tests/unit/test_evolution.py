"""What a change of the contract is, and what the next run does about it."""

import re
from itertools import product
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
from support.macros import call_macro

from ingest.batches import evolution
from ingest.batches.evolution import Change, Followed, compare, is_widened
from ingest.config import Settings
from ingest.contract import Column, Contract, Feed

TYPES = [
    "string",
    "int",
    "bigint",
    "boolean",
    "date",
    "timestamp",
    "decimal(18,2)",
    "decimal(18,3)",
    "decimal(20,2)",
    "decimal(10,0)",
    "decimal(12,2)",
    "decimal(19,0)",
    "decimal(38,10)",
]
WIDENED = {
    ("int", "bigint"),
    ("int", "decimal(18,2)"),
    ("int", "decimal(18,3)"),
    ("int", "decimal(20,2)"),
    ("int", "decimal(10,0)"),
    ("int", "decimal(12,2)"),
    ("int", "decimal(19,0)"),
    ("int", "decimal(38,10)"),
    ("bigint", "decimal(19,0)"),
    ("bigint", "decimal(38,10)"),
    ("decimal(18,2)", "decimal(20,2)"),
    ("decimal(18,2)", "decimal(38,10)"),
    ("decimal(18,3)", "decimal(38,10)"),
    ("decimal(20,2)", "decimal(38,10)"),
    ("decimal(10,0)", "decimal(18,2)"),
    ("decimal(10,0)", "decimal(18,3)"),
    ("decimal(10,0)", "decimal(20,2)"),
    ("decimal(10,0)", "decimal(12,2)"),
    ("decimal(10,0)", "decimal(19,0)"),
    ("decimal(10,0)", "decimal(38,10)"),
    ("decimal(12,2)", "decimal(18,2)"),
    ("decimal(12,2)", "decimal(18,3)"),
    ("decimal(12,2)", "decimal(20,2)"),
    ("decimal(12,2)", "decimal(38,10)"),
    ("decimal(19,0)", "decimal(38,10)"),
    ("date", "timestamp"),
}


@pytest.mark.parametrize(
    ("old", "new"), [pair for pair in product(TYPES, TYPES) if len(set(pair)) > 1]
)
def test_widening(old: str, new: str) -> None:
    """Ingest and the build agree on which types hold all values of another."""
    assert is_widened(old, new) == ((old, new) in WIDENED)
    in_build = call_macro("is_wider_type", old, new, modules=SimpleNamespace(re=re))
    assert in_build == ((old, new) in WIDENED)


def test_dates_may_become_dates_or_timestamps() -> None:
    assert is_widened("date", "date or timestamp") and is_widened("timestamp", "date or timestamp")
    assert not is_widened("date or timestamp", "timestamp")


def column(
    name: str, kind: str = "string", *, optional: bool = False, tracked: bool = True
) -> Column:
    return Column(name, kind, optional, (), tracked)


def feed(*columns: Column, key: str = "id") -> Feed:
    return Feed("things", (column("id"), *columns), ((key,),))


def followed(*columns: Column, former: tuple[Column, ...] = ()) -> dict[str, Followed]:
    return {
        "things": Followed(
            "id",
            {item.name: item for item in (column("id"), *columns)},
            {item.name: item for item in former},
        )
    }


def changes(old: dict[str, Followed], *feeds: Feed) -> list[Change]:
    return compare(old, {item.name: item for item in feeds})


def test_order_and_aliases_are_no_change() -> None:
    a, b = column("a"), column("b")
    again = Feed("things", (Column("b", "string", False, ("bee",)), a, column("id")), (("id",),))
    assert changes(followed(a, b), again) == []


@pytest.mark.parametrize(
    ("old", "new", "sentence", "is_refused"),
    [
        ([], [column("a")], "things: a is new.", False),
        ([column("a")], [], "things: a is not there any more.", False),
        (
            [column("a")],
            [column("a", optional=True)],
            "things: a was required and is optional.",
            False,
        ),
        (
            [column("a", optional=True)],
            [column("a")],
            "things: a was optional and is required.",
            False,
        ),
        ([column("a", "int")], [column("a", "bigint")], "things: a was int and is bigint.", False),
        ([column("a", "bigint")], [column("a", "int")], "things: a was bigint and is int.", True),
        ([column("a", "decimal(18, 2)")], [column("a", "decimal(18,2)")], None, False),
        (
            [column("a")],
            [column("a", tracked=False)],
            "things: a was tracked and is not tracked.",
            True,
        ),
        (
            [column("a", tracked=False)],
            [column("a")],
            "things: a was not tracked and is tracked.",
            True,
        ),
    ],
)
def test_change_of_a_column(
    old: list[Column], new: list[Column], sentence: str | None, is_refused: bool
) -> None:
    found = [(str(change), change.is_refused) for change in changes(followed(*old), feed(*new))]
    assert found == ([(sentence, is_refused)] if sentence else [])


def test_change_of_a_key() -> None:
    a = column("a")
    (change,) = changes(followed(a), feed(a, key="a"))
    assert str(change) == "things: its key was id and is a." and change.is_refused


def test_column_that_comes_back_is_compared_with_what_it_was() -> None:
    """Its values of before are still in the target."""
    old = followed(former=(column("a", "int"),))
    assert [change.is_refused for change in changes(old, feed(column("a", "int")))] == [False]
    assert [change.is_refused for change in changes(old, feed(column("a", "string")))] == [
        True,
        False,
    ]


def test_feeds_come_and_go() -> None:
    other = Feed("others", (column("id"),), (("id",),))
    assert [str(item) for item in changes(followed(), feed(), other)] == ["others is new."]
    assert [str(item) for item in changes(followed())] == ["things is not there any more."]
    gone = {"things": Followed("id", {}, {"id": column("id", "int")})}
    assert changes(gone) == []
    assert any(item.is_refused for item in changes(gone, feed()))


def test_contract_is_recorded_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is recorded would not be done again after a kill."""
    steps: list[str] = []
    monkeypatch.setattr(evolution, "add_text_columns", lambda *_: steps.append("landing follows"))
    monkeypatch.setattr(evolution, "append_rows", lambda *_: steps.append("recorded"))
    session = MagicMock()
    session.table().collect.return_value = []
    session.catalog.tableExists.return_value = False

    evolution.ContractStore(session, Settings(), Contract({"things": feed()}, ())).follow()

    assert steps == ["landing follows", "recorded"]
