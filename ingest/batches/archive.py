"""Moving delivered files out of the source folders: the only module that does so.

Works on any file system, cloud volumes mounted as folders included. The trigger moves last, so that
a run that was cut short is finished by the next look at the trigger. Right before a file moves its
caller is asked whether it still is the file that was looked at: whatever came in its place stays.
"""

import filecmp
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

from ingest.feed_root import FeedRoot
from ingest.messages import one_line

_WHAT_TO_DO = "Correct what the reason says, then put the files and the trigger back into source/."


@dataclass(frozen=True)
class Moves:
    """What was moved, and what was not.

    Attributes:
        count: Number of files moved, the trigger included.
        kept: Files that stay where they are, as they are not those that were looked at.
    """

    count: int
    kept: tuple[Path, ...]


def archive(
    trigger_path: Path,
    files: Mapping[str, str],
    root: FeedRoot,
    batch_date: date,
    batch_id: str,
    *,
    is_known: Callable[[Path], bool],
) -> Moves:
    """Move a landed batch to `archive/<batch_date>/<batch_id>/`.

    Files that are not in their source folder have been moved before. Nothing that is in the archive
    with other content is overwritten.

    Args:
        trigger_path: The trigger, in `triggers/source/`.
        files: File name by feed.
        root: Feed root.
        batch_date: Business date of the batch.
        batch_id: The batch.
        is_known: Whether a file is the one that landed, or the trigger the one that was looked at.

    Raises:
        OSError: A file could not be moved; call again to move the rest.
    """

    def folder(source: Path) -> Path:
        return root.archive(source, batch_date) / batch_id

    return _move_known(_sources(trigger_path, files, root), is_known, folder)


def reject(
    trigger_path: Path,
    files: Mapping[str, str],
    root: FeedRoot,
    reason: str,
    batch_date: date | None = None,
    batch_id: str | None = None,
    *,
    is_known: Callable[[Path], bool],
) -> Moves:
    """Move a rejected batch to `rejected/`, each file with its `<name>.reason.json` beside it.

    Args:
        trigger_path: The trigger, in `triggers/source/`.
        files: File name by feed; none when the trigger cannot be read.
        root: Feed root.
        reason: Why, and what to mend, in one sentence.
        batch_date: Business date of the batch, when known.
        batch_id: The batch, when known.
        is_known: Whether a file is still the one that was looked at.

    Raises:
        OSError: A file could not be moved; call again to move the rest.
    """

    def explain(source: Path, place: Path) -> None:
        explanation = {
            "file": one_line(source.name),
            "batch_id": batch_id,
            "batch_date": batch_date.isoformat() if batch_date else None,
            "rejected_at": datetime.now(UTC).isoformat(),
            "reason": one_line(reason),
            "what_to_do": _WHAT_TO_DO,
        }
        text = json.dumps(explanation, indent=2, ensure_ascii=False) + "\n"
        place.with_name(f"{place.name}.reason.json").write_text(text, encoding="utf-8")

    return _move_known(_sources(trigger_path, files, root), is_known, root.rejected, explain)


def rejected_since(source: Path, folder: Path, batch_id: str, since: datetime) -> str | None:
    """Why a file that is not in its source folder was rejected, if it was, as part of a batch.

    Args:
        source: Where the file arrived.
        folder: Where rejected files go that arrive beside it.
        batch_id: The batch.
        since: Rejections before that do not count: they were of an earlier delivery.
    """
    # A file of the same name that was rejected before makes it take a number.
    for path in folder.glob(f"{source.stem}*{source.suffix}.reason.json"):
        try:
            explanation = json.loads(path.read_text(encoding="utf-8"))
            rejected_at = datetime.fromisoformat(explanation["rejected_at"])
            if (explanation["file"], explanation["batch_id"]) == (source.name, batch_id) and (
                rejected_at > since
            ):
                return str(explanation["reason"])
        except (OSError, ValueError, KeyError, TypeError):
            # Whoever changed the explanation has dealt with the file.
            continue
    return None


def _sources(trigger_path: Path, files: Mapping[str, str], root: FeedRoot) -> Iterator[Path]:
    """The batch's files that are in their source folders, the trigger last."""
    for feed, source in root.sources(files).items():
        # A name with a path in it would lead out of the source folder.
        if source.name == files[feed] != ".." and os.path.lexists(source):
            yield source
    if os.path.lexists(trigger_path):
        yield trigger_path


def _move_known(
    sources: Iterable[Path],
    is_known: Callable[[Path], bool],
    folder: Callable[[Path], Path],
    explain: Callable[[Path, Path], None] = lambda source, place: None,
) -> Moves:
    """Move each file into its folder, but leave those that are not what was looked at."""
    moved, kept = 0, []
    for source in sources:
        if not is_known(source):
            kept.append(source)
            continue
        place = _free_place(source, folder(source))
        # Before the move: no rejected file is ever without its reason.
        explain(source, place)
        _move(source, place)
        moved += 1
    return Moves(moved, tuple(kept))


def _free_place(source: Path, folder: Path) -> Path:
    """Where a file can go in a folder: another content of the same name makes it take a number."""
    folder.mkdir(parents=True, exist_ok=True)
    names = (f"{source.stem}.{number}{source.suffix}" for number in count(2))
    place = folder / source.name
    while os.path.lexists(place) and not _is_same(source, place):
        place = folder / next(names)
    return place


def _is_same(one: Path, other: Path) -> bool:
    # Links are never followed.
    is_plain = all(path.is_file() and not path.is_symlink() for path in (one, other))
    return is_plain and filecmp.cmp(one, other, shallow=False)


def _move(source: Path, place: Path) -> None:
    """Move a file; at its new place it is never seen half-written."""
    try:
        source.replace(place)
    except OSError:
        # Another file system, or a mounted volume that cannot rename.
        partial = place.with_name(f".{place.name}.partial")
        shutil.copyfile(source, partial, follow_symlinks=False)
        partial.replace(place)
        source.unlink()
