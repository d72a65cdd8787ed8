"""Section 6: the history of each feed's keys, one batch at a time in batch_date order."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from .contract import COLUMNS, LINEAGE, UNTRACKED, Row


class Target:
    """The versions of one feed per key, oldest first."""

    def __init__(self, feed: str) -> None:
        """An empty history."""
        self.feed = feed
        self.versions: dict[str, list[Row]] = {}
        self._tracked = [name for name in COLUMNS[feed] if name not in UNTRACKED[feed]]

    def apply(self, valid: list[Row], seen: set[str], day: date, full: bool) -> None:
        """Opens versions for changed rows; a full load closes the current keys not seen."""
        for row in valid:
            now = self.current(row["record_key"])
            if now is not None:
                if all(now[name] == row[name] for name in self._tracked):
                    continue
                now["expiry_date"] = day
            version = {name: row[name] for name in row if name not in LINEAGE}
            version["effective_date"] = day
            version["expiry_date"] = None
            version["_batch_id"] = row["_batch_id"]
            self.versions.setdefault(row["record_key"], []).append(version)
        if full:
            for now in self.currents():
                if now["record_key"] not in seen:
                    now["expiry_date"] = day

    def current(self, key: str) -> Row | None:
        """The version that holds now; None when the key is not known."""
        versions = self.versions.get(key)
        return versions[-1] if versions and versions[-1]["expiry_date"] is None else None

    def currents(self) -> Iterator[Row]:
        """All known keys' current versions."""
        for versions in self.versions.values():
            if versions[-1]["expiry_date"] is None:
                yield versions[-1]

    def at(self, key: str, day: date) -> Row | None:
        """Section 7, the version at a date: the last begun by then, else the earliest."""
        versions = self.versions.get(key)
        if not versions:
            return None
        begun = [version for version in versions if version["effective_date"] <= day]
        return begun[-1] if begun else versions[0]

    def rows(self) -> list[Row]:
        """A copy of every version."""
        return [dict(version) for versions in self.versions.values() for version in versions]


Targets = dict[str, Target]
