"""The contract against the warehouse that was built under an earlier one.

`contract_history` in the ops schema has the contract that the tables follow. A run compares it with
the contract of today, refuses what would lose or bend what the tables hold, and else lets the
landing tables follow; the targets follow in the dbt build (macros/scd2/follow_contract.sql). The
new contract is recorded last, so that a run that is killed amid it is finished by the next one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from pyspark.sql import SparkSession

from ingest.catalog import add_text_columns, append_rows
from ingest.config import Settings
from ingest.contract import Column, Contract, Feed
from ingest.errors import ConfigError

_INTEGERS = {"int": 10, "bigint": 19}
_DECIMAL = re.compile(r"decimal\((\d+), ?(\d+)\)")


@dataclass(frozen=True)
class Change:
    """A difference between the contract that the tables follow and the contract of today.

    Attributes:
        feed: Feed.
        column: Its column; None where the feed itself is concerned.
        what: What has changed: `added`, `removed`, `type`, `key`, `tracking` or `presence`.
        old: As it was; None where there was nothing.
        new: As it is.
        effect: What the next run does about it.
        is_refused: Whether the next run stops because of it.
    """

    feed: str
    column: str | None
    what: str
    old: str | None
    new: str | None
    effect: str
    is_refused: bool = False

    def __str__(self) -> str:
        """What has changed, in one sentence."""
        name = f"{self.feed}: {self.column}" if self.column else self.feed
        match self.what:
            case "added":
                return f"{name} is new."
            case "removed":
                return f"{name} is not there any more."
            case "type":
                return f"{name} was {self.old} and is {self.new}."
            case "key":
                return f"{name}: its key was {self.old} and is {self.new}."
            case _:
                return f"{name} was {self.old} and is {self.new}."


@dataclass
class Followed:
    """A feed as the tables follow it, and columns that it once had; none when it was taken out."""

    key: str
    columns: dict[str, Column] = field(default_factory=dict)
    former: dict[str, Column] = field(default_factory=dict)


def is_widened(old: str, new: str) -> bool:
    """Whether each value of one contract type is exact in another one too."""
    if old in _INTEGERS and new in _INTEGERS:
        return _INTEGERS[old] < _INTEGERS[new]
    if to := _DECIMAL.fullmatch(new):
        whole, decimals = int(to[1]) - int(to[2]), int(to[2])
        if old in _INTEGERS:
            return whole >= _INTEGERS[old]
        if of := _DECIMAL.fullmatch(old):
            return whole >= int(of[1]) - int(of[2]) and decimals >= int(of[2])
    return (old, new) in {
        ("date", "timestamp"),
        ("date", "date or timestamp"),
        ("timestamp", "date or timestamp"),
    }


def compare(followed: Mapping[str, Followed], feeds: Mapping[str, Feed]) -> list[Change]:
    """Tell what has changed, feed by feed.

    Args:
        followed: The contract that the tables follow.
        feeds: The contract of today.
    """
    changes = []
    for name, today in feeds.items():
        old = followed.get(name)
        if not old or not old.columns:
            changes.append(Change(name, None, "added", None, None, "Its tables are made."))
        if old:
            changes += _compare_feed(old, today)
    changes += [
        Change(
            name,
            None,
            "removed",
            None,
            None,
            "Its tables stay as they are; its files are unlisted.",
        )
        for name, feed in followed.items()
        if name not in feeds and feed.columns
    ]
    return changes


def _compare_feed(old: Followed, feed: Feed) -> list[Change]:
    changes = []
    if old.key != feed.key_text:
        changes.append(_refused(feed.name, None, "key", old.key, feed.key_text))
    names = {column.name for column in feed.columns}
    for column in feed.columns:
        known = old.columns.get(column.name)
        # A column that comes back finds its values of before in the target.
        before = known or old.former.get(column.name)
        if before:
            changes += _compare_column(feed.name, before, column)
        if not known:
            effect = "Its column is added to landing, staging and target, NULL in what is there."
            changes.append(Change(feed.name, column.name, "added", None, column.type, effect))
        elif known.optional != column.optional:
            old_word, new_word = _presence(known), _presence(column)
            effect = "Files may lack it." if column.optional else "Files that lack it are rejected."
            changes.append(Change(feed.name, column.name, "presence", old_word, new_word, effect))
    changes += [
        Change(
            feed.name,
            name,
            "removed",
            column.type,
            None,
            "It stays in landing and target, NULL from now on; what files bring is in _extra.",
        )
        for name, column in old.columns.items()
        if name not in names
    ]
    return changes


def _compare_column(feed: str, old: Column, new: Column) -> list[Change]:
    changes = []
    if _plain(old.type) != _plain(new.type):
        if is_widened(old.type, new.type):
            effect = "The target's column is widened; its values stay."
            changes.append(Change(feed, new.name, "type", old.type, new.type, effect))
        else:
            changes.append(_refused(feed, new.name, "type", old.type, new.type))
    if old.tracked != new.tracked:
        words = ["tracked" if column.tracked else "not tracked" for column in (old, new)]
        changes.append(_refused(feed, new.name, "tracking", *words))
    return changes


def _refused(feed: str, column: str | None, what: str, old: str, new: str) -> Change:
    effect = "The run stops: take it back, or rebuild the targets by python -m ingest replay."
    return Change(feed, column, what, old, new, effect, is_refused=True)


def _plain(kind: str) -> str:
    return kind.replace(" ", "")


def _presence(column: Column) -> str:
    return "optional" if column.optional else "required"


class ContractStore:
    """The contract of today, and the one that the tables of a warehouse follow."""

    def __init__(self, session: SparkSession, settings: Settings, contract: Contract) -> None:
        """Open the store; the tables of ingest exist."""
        self._session = session
        self._settings = settings
        self._feeds = contract.feeds
        self._history = settings.table("ops", "contract_history")

    def changes(self, *, is_rebuilt: bool = False) -> list[Change]:
        """What has changed since the contract that the tables follow.

        Args:
            is_rebuilt: Whether the targets hold nothing, or are to be built anew, so that every
                change will do.
        """
        changes = compare(self._followed(), self._feeds)
        if is_rebuilt:
            effect = "The target is built anew under it."
            changes = [
                replace(item, is_refused=False, effect=effect) if item.is_refused else item
                for item in changes
            ]
        return changes

    def follow(self, *, is_rebuilt: bool = False) -> list[Change]:
        """Let the landing tables follow the contract of today, and record it.

        Args:
            is_rebuilt: As for `changes`.

        Returns:
            What had changed.

        Raises:
            ConfigError: A change would lose or bend what the targets hold; nothing was done.
        """
        changes = self.changes(is_rebuilt=is_rebuilt)
        if refused := [change for change in changes if change.is_refused]:
            raise ConfigError(
                f"The contract does not fit the tables any more: {' '.join(map(str, refused))}"
                " Take that back, or rebuild the targets from landing under the new contract:"
                " python -m ingest replay"
            )
        if changes or not self._number:
            for feed in self._feeds.values():
                names = [column.name for column in feed.columns]
                add_text_columns(self._session, self._settings, feed.name, names)
            self._record()
        return changes

    @cached_property
    def _rows(self) -> list[dict[str, object]]:
        rows = self._session.table(self._history).collect()
        return sorted((row.asDict() for row in rows), key=lambda row: row["contract_number"])

    @property
    def _number(self) -> int:
        return max((int(str(row["contract_number"])) for row in self._rows), default=0)

    def _followed(self) -> dict[str, Followed]:
        if not self._number:
            return {name: self._followed_by_target(feed) for name, feed in self._feeds.items()}
        found: dict[str, Followed] = {}
        for row in self._rows:
            column = Column(
                name=str(row["column_name"]),
                type=str(row["column_type"]),
                optional=bool(row["is_optional"]),
                aliases=(),
                tracked=bool(row["is_tracked"]),
            )
            feed = found.setdefault(str(row["feed"]), Followed(""))
            feed.key = str(row["feed_key"])
            is_current = row["contract_number"] == self._number
            (feed.columns if is_current else feed.former)[column.name] = column
        return found

    def _followed_by_target(self, feed: Feed) -> Followed:
        """A warehouse without a record, of an earlier release: its targets tell the types."""
        followed = Followed(feed.key_text, {column.name: column for column in feed.columns})
        target = self._settings.table("targets", f"{feed.name}_target")
        if self._session.catalog.tableExists(target):
            types = {
                item.name: item.dataType.simpleString()
                for item in self._session.table(target).schema
            }
            followed.columns = {
                column.name: _as_in_table(column, types[column.name])
                for column in feed.columns
                if column.name in types
            }
        return followed

    def _record(self) -> None:
        recorded_at = datetime.now(UTC)
        rows = [
            (
                self._number + 1,
                recorded_at,
                feed.name,
                feed.key_text,
                column.name,
                column.type,
                column.optional,
                column.tracked,
            )
            for feed in self._feeds.values()
            for column in feed.columns
        ]
        append_rows(self._session, self._history, rows)
        del self._rows


def _as_in_table(column: Column, kind: str) -> Column:
    if kind == "timestamp" and column.type == "date or timestamp":
        return column
    return Column(column.name, kind, column.optional, column.aliases, column.tracked)
