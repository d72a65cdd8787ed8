"""Intake: a trigger is looked at, and its batch lands wholly, or it is said why not."""

import os
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

from ingest.batches import archive
from ingest.batches.landing import FileToLand, LandingTables
from ingest.batches.ledger import Landing, Ledger
from ingest.batches.processing_log import LogRow, ProcessingLog, now
from ingest.batches.trigger import (
    RejectedTrigger,
    Trigger,
    check_date,
    check_manifest,
    is_trigger,
    read_trigger,
    triggers_in,
)
from ingest.config import Settings
from ingest.contract import Contract
from ingest.errors import Rejected, Waiting
from ingest.feed_root import FeedRoot
from ingest.files import (
    Sighting,
    differs,
    is_clutter,
    sha256_of,
    sighting,
)
from ingest.messages import explain, one_line
from ingest.reading.reader import Lineage, ParsedFile, parse_file

_HARMLESS = re.compile(r"[A-Za-z0-9_.:+-]{1,40}")
_UNKNOWN_FIELDS_SHOWN = 20
# Each takes a core and a half, and few megabytes.
_FILES_AT_ONCE = 2


class Outcome(StrEnum):
    """What looking at a trigger came to."""

    LANDED = "LANDED"
    WAITING = "WAITING"
    REJECTED = "REJECTED"
    SKIPPED = "SKIPPED"
    FAILED = "FAILED"


@dataclass(frozen=True)
class TriggerResult:
    """What one trigger came to.

    Attributes:
        trigger_file: Path of the trigger.
        outcome: What it came to.
        message: Why, or what was done; free of data values.
        batch_id: The batch, when known, like the next two.
        batch_date: Business date.
        files: File name by feed.
        landing_number: Landing that holds the batch, when LANDED or SKIPPED.
        trigger_sha256: SHA-256 of the trigger, when it could be read.
        warnings: What is odd about a batch that landed, one message each.
        seconds: Time that it took.
    """

    trigger_file: Path
    outcome: Outcome = Outcome.FAILED
    message: str = ""
    batch_id: str | None = None
    batch_date: date | None = None
    files: Mapping[str, str] = field(default_factory=dict)
    landing_number: int | None = None
    trigger_sha256: str | None = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def name(self) -> str:
        """Name of the trigger, as it may be shown."""
        return one_line(self.trigger_file.name)


class Intake:
    """Takes in the batches of one feed root, trigger by trigger."""

    def __init__(
        self,
        settings: Settings,
        contract: Contract,
        ledger: Ledger,
        tables: LandingTables,
        log: ProcessingLog,
    ) -> None:
        """Look under the settings' feed root, land in the tables."""
        self._settings = settings
        self._root = FeedRoot.of(settings)
        self._parsed = settings.warehouse / ".parsed"
        self._contract = contract
        self._ledger = ledger
        self._tables = tables
        self._log = log

    def clear(self) -> None:
        """Remove what a run that was killed left half-way between files and tables."""
        shutil.rmtree(self._parsed, ignore_errors=True)
        self._tables.sweep()

    def in_order(self, triggers: list[Path]) -> list[Path]:
        """Sort triggers by batch date, then name; those that cannot be read come first.

        Only the order is decided here: a look reads its trigger itself.
        """

        def key(path: Path) -> tuple[str, str]:
            try:
                return self._read(path).batch_date.isoformat(), path.name
            except (Rejected, Waiting, OSError):
                return "", path.name

        return sorted(triggers, key=key)

    def take_in(self, path: Path) -> TriggerResult:
        """Look at a trigger, land its batch if it is ready, and log what came of it.

        The trigger is read once; it, and its files, are moved only as long as nothing took the
        place of what was looked at.
        """
        started_at, start = now(), time.monotonic()
        result = TriggerResult(path)
        file_rows: list[LogRow] = []
        moved: int | None = None
        seen: dict[Path, Sighting | None] = {}
        try:
            seen[path] = sighting(path)
            # Before it is read: if it changes in between, it is not taken for what was read.
            result = replace(result, trigger_sha256=sha256_of(path))
            trigger = self._read(path)
            result = _identified(result, trigger.trigger_id, trigger.batch_date, trigger.feeds())
            seen |= self._sightings(result)
            result = self._decide(result, trigger, _arrival(seen[path]), file_rows)
        except Waiting as reason:
            result = replace(result, outcome=Outcome.WAITING, message=str(reason))
        except Rejected as reason:
            if isinstance(reason, RejectedTrigger):
                result = _identified(result, reason.batch_id, reason.batch_date, reason.files)
                seen |= self._sightings(result)
            result, moved = self._reject(result, str(reason), seen)
        except Exception as error:
            result = replace(result, message=explain(error))
        # Names of files are part of messages, and whoever delivers chooses them.
        result = replace(result, message=one_line(result.message))
        row = LogRow(
            batch_id=result.batch_id,
            batch_date=result.batch_date,
            step="trigger",
            source_file=result.name,
            status=result.outcome,
            archived_files=moved,
            message=result.message,
            started_at=started_at,
        )
        try:
            self._log.write([row, *file_rows])
        except Exception as error:
            message = f"{result.message} The processing log cannot be written. {explain(error)}"
            result = replace(result, outcome=Outcome.FAILED, message=message)
        return replace(result, seconds=time.monotonic() - start)

    def log_unlisted(self, taken: list[TriggerResult]) -> list[str]:
        """Log the files in source folders that are no triggers and that none names; they stay.

        Args:
            taken: What the run's triggers came to.

        Returns:
            A message for each.
        """
        listed = {name for result in taken for name in result.files.values()}
        found: list[tuple[str | None, str, str]] = [
            (
                None,
                name,
                f"{name} is left in triggers/source, as its name is not that of a trigger: if it is"
                " one, rename it to end in .json and to begin with no dot.",
            )
            for name in self._left_in(self._root.triggers, lambda path: not is_trigger(path))
        ]
        found += [
            (feed, name, f"No trigger names {name}: it is left in {feed}_data/source.")
            for feed in self._contract.feeds
            for name in self._left_in(
                self._root.arrivals(feed), lambda path: path.name not in listed
            )
        ]
        rows = [
            LogRow(
                step="scan",
                feed=feed,
                source_file=name,
                status="WARNING",
                message=message,
                started_at=now(),
            )
            for feed, name, message in found
        ]
        if rows:
            self._log.write(rows)
        return [message for _, _, message in found]

    def announced(self, taken: list[TriggerResult]) -> set[str]:
        """Names of the files that triggers name which the next run will look at.

        They are those that came, or changed, since they were looked at, and those that stayed.

        Args:
            taken: What the run's triggers came to.
        """
        settled = {
            result.trigger_file: result.trigger_sha256
            for result in taken
            if result.landing_number is not None
        }
        names: set[str] = set()
        for path in triggers_in(self._root.triggers):
            try:
                if path in settled and not differs(path, settled[path]):
                    continue
                names.update(self._read(path).feeds().values())
            except RejectedTrigger as reason:
                names.update(reason.files.values())
            except (Rejected, Waiting, OSError):
                # Half written, perhaps.
                continue
        return names

    def _left_in(self, folder: Path, is_left: Callable[[Path], bool]) -> list[str]:
        """Names of the files that a source folder is left with, as they may be shown."""
        return [
            one_line(path.name)
            for path in sorted(folder.glob("*"))
            if is_left(path) and not is_clutter(path.name)
        ]

    def _decide(
        self, result: TriggerResult, trigger: Trigger, arrived: datetime, file_rows: list[LogRow]
    ) -> TriggerResult:
        """Skip or land a batch; why it can be neither is raised."""
        sources = self._root.sources(trigger.feeds())
        landings = self._ledger.landings()
        of_date = [item for item in landings if item.batch_date == trigger.batch_date]
        effective = next((item for item in of_date if item.is_effective), None)
        missing = [source for source in sources.values() if not os.path.lexists(source)]

        if landing := self._find_landed(trigger, arrived, of_date, effective, missing):
            return _skipped(result, landing, effective)
        check_date(trigger, result.trigger_file, self._settings.max_days_ahead)
        if missing:
            for source in missing:
                # A rejection that was cut short: the rest of the batch follows.
                folder = self._root.rejected(source)
                if reason := archive.rejected_since(source, folder, trigger.trigger_id, arrived):
                    raise Rejected(reason)
            raise Waiting(f"Waiting for {', '.join(source.name for source in missing)}.")
        if not trigger.data_files_ready:
            raise Waiting("Waiting: the trigger says data_files_ready false.")
        standing = [item for item in landings if item.withdrawn_at is None]
        for landing in standing:
            if landing.batch_id == trigger.trigger_id and landing.batch_date != trigger.batch_date:
                raise Rejected(
                    f"{result.trigger_file.name}: its trigger_id was landed for"
                    f" {landing.batch_date} already: give each batch an id of its own, or, if that"
                    " date was wrong, withdraw it:"
                    f" python -m ingest withdraw --date {landing.batch_date}."
                )
        if effective and not trigger.supersedes:
            raise Rejected(
                f"{result.trigger_file.name}: {trigger.batch_date} is already landed with other"
                f" content, as batch {effective.batch_id}: to replace it, send a trigger with"
                " supersedes true that names all files of the day, and all these files; what it"
                " does not name falls away."
            )
        result = self._land(result, trigger, standing, file_rows)
        if effective and (lost := _feeds_lost(trigger, effective)):
            warning = (
                f"Batch {trigger.trigger_id} replaces all of {trigger.batch_date}, and names no"
                f" file of {', '.join(lost)}: the rows that batch {effective.batch_id} had there"
                " fall away. To keep them, send a trigger with supersedes true that names all files"
                " of the day, and all these files."
            )
            file_rows.append(_warning_row(trigger, result, warning))
            result = replace(result, warnings=(*result.warnings, warning))
        return result

    def _find_landed(
        self,
        trigger: Trigger,
        arrived: datetime,
        of_date: list[Landing],
        effective: Landing | None,
        missing: list[Path],
    ) -> Landing | None:
        """The landing that has what the trigger brings, when there is nothing to land."""
        # What was withdrawn does not come back because its trigger was still there then.
        withdrawn = [item for item in of_date if item.withdrawn_at and item.withdrawn_at > arrived]
        current = [effective, *withdrawn] if effective else withdrawn
        if missing:
            return next(
                (item for item in current if self._is_being_archived(trigger, arrived, item)), None
            )
        if not current:
            return None
        sources = self._root.sources(trigger.feeds()).values()
        content = {(source.name, sha256_of(source)) for source in sources}
        # A batch that was replaced does not come back because its trigger is repeated.
        repeated = [
            item
            for item in of_date
            if item.batch_id == trigger.trigger_id and item.withdrawn_at is None
        ]
        return next((item for item in [*current, *repeated] if item.content == content), None)

    def _land(
        self,
        result: TriggerResult,
        trigger: Trigger,
        landings: list[Landing],
        file_rows: list[LogRow],
    ) -> TriggerResult:
        lineage = Lineage(trigger.trigger_id, trigger.batch_date, now())
        self._parsed.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self._parsed) as folder:
            place = Path(folder)

            def parse(source: tuple[str, Path]) -> tuple[ParsedFile | None, LogRow]:
                return self._parse(*source, trigger, lineage, place, landings)

            with ThreadPoolExecutor(max_workers=_FILES_AT_ONCE) as files:
                looks = list(files.map(parse, self._root.sources(trigger.feeds()).items()))
            parsed_files = [parsed for parsed, _ in looks if parsed is not None]
            if rejected := [row for parsed, row in looks if parsed is None]:
                file_rows.extend(rejected)
                raise Rejected(" ".join(row.message or "" for row in rejected))
            check_manifest(trigger, parsed_files)
            number = self._tables.land(
                lineage,
                result.name,
                [
                    FileToLand(
                        feed=parsed.feed,
                        source_file=parsed.name,
                        file_sha256=parsed.sha256,
                        file_rows=parsed.rows,
                        load_type=trigger.load_type(parsed.feed),
                        header=parsed.header,
                        parquet=_parquet(place, parsed.feed),
                    )
                    for parsed in parsed_files
                ],
            )
        file_rows.extend(row for _, row in looks)
        rows = sum(parsed.rows for parsed in parsed_files)
        message = f"Landed {rows} rows of {len(parsed_files)} files.{_unknown_fields(trigger)}"
        return replace(
            result,
            outcome=Outcome.LANDED,
            message=message,
            warnings=tuple(warning for parsed in parsed_files for warning in parsed.warnings),
            landing_number=number,
        )

    def _parse(
        self,
        feed: str,
        source: Path,
        trigger: Trigger,
        lineage: Lineage,
        place: Path,
        landings: list[Landing],
    ) -> tuple[ParsedFile | None, LogRow]:
        """Parse a file, and tell the log; one that is rejected keeps none from being looked at."""
        started_at, out = now(), _parquet(place, feed)
        try:
            parsed = parse_file(
                source, self._contract.feeds[feed], lineage, out, self._settings.max_row_bytes
            )
        except Rejected as reason:
            return None, _rejected_row(trigger, feed, source, started_at, str(reason))
        repeated = _seen_before(parsed, trigger, landings)
        parsed = replace(parsed, warnings=(*parsed.warnings, *repeated))
        return parsed, _landed_row(trigger, parsed, started_at)

    def _is_being_archived(self, trigger: Trigger, arrived: datetime, landing: Landing) -> bool:
        """Whether the files that are missing were landed for this date and archived already.

        So it is after a kill in mid-archive, and for a trigger that is sent again. A replacing
        trigger that came after the landing announces new files instead.
        """
        if trigger.supersedes:
            is_later = arrived > landing.landed_at
            if trigger.trigger_id != landing.batch_id or is_later:
                return False
        landed = dict(landing.content)
        for source in self._root.sources(trigger.feeds()).values():
            archived = self._root.archive(source, trigger.batch_date)
            if os.path.lexists(source):
                if sha256_of(source) != landed.get(source.name):
                    return False
            elif source.name not in landed or not any(archived.glob(f"*/{source.name}")):
                return False
        return True

    def _reject(
        self, result: TriggerResult, reason: str, seen: dict[Path, Sighting | None]
    ) -> tuple[TriggerResult, int | None]:
        """Move the batch out of the way; when that fails, the next look tries again.

        Nothing is moved when a part of it is not there any more as it was seen: what came in its
        place may be right.
        """
        try:
            changed = [path.name for path, before in seen.items() if sighting(path) != before]
            if changed:
                message = (
                    f"{', '.join(changed)} changed while the batch was looked at: the next look"
                    " judges it anew."
                )
                return replace(result, outcome=Outcome.WAITING, message=message), None
            moves = archive.reject(
                result.trigger_file,
                result.files,
                self._root,
                reason,
                result.batch_date,
                result.batch_id,
                is_known=lambda path: sighting(path) == seen.get(path),
            )
        except OSError as error:
            message = f"{reason} It cannot be moved to rejected/: {error.strerror}."
            return replace(result, message=message), None
        if moves.kept:
            names = ", ".join(path.name for path in moves.kept)
            reason = f"{reason} {names} came meanwhile and stays."
        return replace(result, outcome=Outcome.REJECTED, message=reason), moves.count

    def _read(self, path: Path) -> Trigger:
        return read_trigger(path, self._contract.feeds, self._settings.max_trigger_bytes)

    def _sightings(self, result: TriggerResult) -> dict[Path, Sighting | None]:
        return {path: sighting(path) for path in self._root.sources(result.files).values()}


def _identified(
    result: TriggerResult, batch_id: str | None, batch_date: date | None, files: Mapping[str, str]
) -> TriggerResult:
    return replace(result, batch_id=batch_id, batch_date=batch_date, files=files)


def _skipped(result: TriggerResult, landing: Landing, effective: Landing | None) -> TriggerResult:
    if landing.withdrawn_at:
        message = (
            f"Withdrawn since, as batch {landing.batch_id}: to land it again, put its files and"
            " then its trigger into source/ again."
        )
    else:
        message = f"Already landed, with the same content, as batch {landing.batch_id}."
        if effective and landing.content != effective.content:
            message += (
                f" Batch {effective.batch_id} has replaced it: to bring it back, send its files and"
                " its trigger with supersedes true and a trigger_id of its own."
            )
    return replace(result, outcome=Outcome.SKIPPED, message=message, landing_number=landing.number)


def _arrival(seen: Sighting | None) -> datetime:
    """When a file came to where it is; putting it back there counts, its writing does not."""
    if seen is None:
        raise Waiting("The trigger came while it was looked at: the next look tries again.")
    return datetime.fromtimestamp(seen.changed_ns / 1e9, UTC)


def _feeds_lost(trigger: Trigger, replaced: Landing) -> list[str]:
    """The feeds that the replaced batch has, and the one that replaces it has not."""
    return [file.feed for file in replaced.files if file.feed not in trigger.feeds()]


def _seen_before(parsed: ParsedFile, trigger: Trigger, landings: list[Landing]) -> list[str]:
    """A warning when the same bytes came for another date, as when an export did not run."""
    dates = {
        landing.batch_date.isoformat()
        for landing in landings
        for file in landing.files
        if file.file_sha256 == parsed.sha256 and landing.batch_date != trigger.batch_date
    }
    if not dates or parsed.rows == 0:
        return []
    return [f"{parsed.name} has the same bytes as the file landed for {', '.join(sorted(dates))}."]


def _parquet(place: Path, feed: str) -> Path:
    """Where a feed's file is kept, parsed, until it is landed."""
    return place / f"{feed}.parquet"


def _landed_row(trigger: Trigger, parsed: ParsedFile, started_at: datetime) -> LogRow:
    return LogRow(
        batch_id=trigger.trigger_id,
        batch_date=trigger.batch_date,
        step="land",
        feed=parsed.feed,
        source_file=parsed.name,
        file_sha256=parsed.sha256,
        status="WARNING" if parsed.warnings else "SUCCESS",
        total_records=parsed.rows,
        valid_records=parsed.rows - parsed.malformed_rows,
        invalid_records=parsed.malformed_rows,
        message=" ".join(parsed.warnings) or None,
        started_at=started_at,
    )


def _warning_row(trigger: Trigger, result: TriggerResult, message: str) -> LogRow:
    return LogRow(
        batch_id=trigger.trigger_id,
        batch_date=trigger.batch_date,
        step="land",
        source_file=result.name,
        status="WARNING",
        message=message,
        started_at=now(),
    )


def _rejected_row(
    trigger: Trigger, feed: str, source: Path, started_at: datetime, reason: str
) -> LogRow:
    return LogRow(
        batch_id=trigger.trigger_id,
        batch_date=trigger.batch_date,
        step="land",
        feed=feed,
        source_file=source.name,
        status="FAILED",
        message=reason,
        started_at=started_at,
    )


def _unknown_fields(trigger: Trigger) -> str:
    """The trigger's unknown fields, for the log; values only where they cannot be personal."""
    shown = []
    for name, value in (trigger.model_extra or {}).items():
        is_harmless = isinstance(value, bool | int | float) or (
            isinstance(value, str) and _HARMLESS.fullmatch(value)
        )
        plain_name = name if _HARMLESS.fullmatch(name) else "(an odd name)"
        shown.append(f"{plain_name}={value}" if is_harmless else plain_name)
    if not shown:
        return ""
    rest = len(shown) - _UNKNOWN_FIELDS_SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    return f" Unknown trigger fields: {', '.join(shown[:_UNKNOWN_FIELDS_SHOWN])}{more}."
