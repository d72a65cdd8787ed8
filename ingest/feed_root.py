"""Folders in which files arrive, and to which they are moved: the one place that knows where."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from ingest.config import Settings
from ingest.errors import ConfigError


@dataclass(frozen=True)
class FeedRoot:
    """`<feed>_data/` for each feed and `triggers/`, each with `source/`, `rejected/`, `archive/`.

    Attributes:
        path: Folder that holds them.
        archive_path: Folder that holds their `archive/` folders instead; None means the same.
    """

    path: Path
    archive_path: Path | None = None

    @classmethod
    def of(cls, settings: Settings) -> "FeedRoot":
        """The feed root of the settings."""
        return cls(settings.root, settings.archive_root)

    @property
    def triggers(self) -> Path:
        """Where triggers arrive."""
        return self.path / "triggers" / "source"

    def arrivals(self, feed: str) -> Path:
        """Where a feed's files arrive."""
        return self.path / f"{feed}_data" / "source"

    def sources(self, files: Mapping[str, str]) -> dict[str, Path]:
        """Where the files of a batch arrive, by feed; `files` has their names."""
        return {feed: self.arrivals(feed) / name for feed, name in files.items()}

    def archive(self, source: Path, batch_date: date) -> Path:
        """Where a date's files are kept that arrived beside a file."""
        folder = (self.archive_path or self.path) / source.parent.parent.name
        return folder / "archive" / batch_date.isoformat()

    def rejected(self, source: Path) -> Path:
        """Where a file goes that arrived and was rejected."""
        return source.parent.parent / "rejected"

    def check(self) -> None:
        """Refuse to work where nothing can arrive.

        Raises:
            ConfigError: The feed root is not there.
        """
        if not self.triggers.is_dir():
            raise ConfigError(
                f"There is no folder {self.triggers}: create it, or name the feed root with --root."
            )

    def make(self, feeds: Iterable[str]) -> None:
        """Make the folders in which files arrive, as in a volume that was just made."""
        for folder in (*map(self.arrivals, feeds), self.triggers):
            folder.mkdir(parents=True, exist_ok=True)
