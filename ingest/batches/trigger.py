"""Trigger files: what a batch is said to bring, and whether its files bring just that."""

import json
import re
from collections import Counter
from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
)
from pydantic_core import ErrorDetails, PydanticCustomError

from ingest.errors import Rejected
from ingest.files import open_delivered

if TYPE_CHECKING:
    from ingest.reading.reader import ParsedFile

_DEPTH_LIMIT = 100
_PROBLEMS_SHOWN = 3
_HARMLESS = re.compile(r"[A-Za-z0-9._-]{1,100}")
_REMEDIES = {
    "missing": "is missing: add it",
    "string_type": "must be a text",
    "bool_type": "must be true or false",
    "int_type": "must be a whole number",
    "greater_than_equal": "must not be negative",
    "less_than_equal": "is too large",
    "list_type": "must be a list",
    "model_type": "must be an object",
    "literal_error": "must be incremental or full",
    "too_short": "is empty: name at least one file",
}


class RejectedTrigger(Rejected):
    """A trigger that is JSON but breaks the contract.

    Attributes:
        batch_id: Its trigger_id, when that is valid.
        batch_date: Its batch_date, when that is valid.
        files: Feed and name of the files that it names by the right name for its batch_date.
    """

    def __init__(
        self, message: str, batch_id: str | None, batch_date: date | None, files: dict[str, str]
    ) -> None:
        """Keep what can be told of the batch."""
        super().__init__(message)
        self.batch_id = batch_id
        self.batch_date = batch_date
        self.files = files


def _check_id(value: str) -> str:
    # The id becomes the name of a folder, which . and .. cannot be.
    if not _HARMLESS.fullmatch(value) or value in (".", ".."):
        raise PydanticCustomError(
            "id", "must be 1 to 100 letters, digits, points, hyphens or underscores"
        )
    return value


def _check_date(value: Any) -> date:
    try:
        if isinstance(value, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise PydanticCustomError("date", "must be a real date, written as YYYY-MM-DD")


def _check_sha256(value: str) -> str:
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", value):
        raise PydanticCustomError("sha256", "must be 64 hexadecimal digits")
    return value.lower()


_Count = Annotated[int, Field(ge=0, le=2**63 - 1)]


class ManifestEntry(BaseModel):
    """What a trigger says of one file; fields that this does not know are kept in `model_extra`.

    Attributes:
        name: The file's name.
        sha256: Of its bytes, lower-case hexadecimal; None when not said, like the next two.
        rows: Data rows.
        bytes: Size.
        load_type: `full` when the file holds every living key of its feed.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    name: str
    sha256: Annotated[str, AfterValidator(_check_sha256)] | None = None
    rows: _Count | None = None
    bytes: _Count | None = None
    load_type: Literal["incremental", "full"] = "incremental"


class Trigger(BaseModel):
    """A valid trigger; fields that this does not know are kept in `model_extra`.

    Attributes:
        trigger_id: Identifies the batch.
        batch_date: Business date of the batch.
        expected_files: Names of its files, at most one per feed.
        data_files_ready: Whether the files are complete.
        trigger_timestamp: When the trigger was written, as its writer put it.
        client_name: Who sent it.
        source_system: Where the data comes from.
        supersedes: Whether the batch replaces the one that landed for its date.
        files: Manifest.
    """

    model_config = ConfigDict(strict=True, frozen=True, extra="allow")

    trigger_id: Annotated[str, AfterValidator(_check_id)]
    batch_date: Annotated[date, BeforeValidator(_check_date)]
    expected_files: Annotated[list[str], Field(min_length=1)]
    data_files_ready: bool = True
    trigger_timestamp: str | None = None
    client_name: str | None = None
    source_system: str | None = None
    supersedes: bool = False
    files: list[ManifestEntry] = []

    def feeds(self) -> dict[str, str]:
        """Name of the file of each feed that the batch has."""
        ending = _ending(self.batch_date)
        return {name.removesuffix(ending): name for name in self.expected_files}

    def load_type(self, feed: str) -> str:
        """How a feed is loaded: `incremental` or `full`."""
        name = self.feeds().get(feed)
        return next((entry.load_type for entry in self.files if entry.name == name), "incremental")


def is_trigger(path: Path) -> bool:
    """Whether a file in `triggers/source` is a trigger, by its name."""
    return path.name.lower().endswith(".json") and not path.name.startswith(".")


def triggers_in(folder: Path) -> list[Path]:
    """The triggers of a folder, sorted; none when it is not there."""
    return sorted(filter(is_trigger, folder.glob("*")))


def read_trigger(path: Path, feeds: Collection[str], max_bytes: int) -> Trigger:
    """Read and check a trigger.

    Args:
        path: The trigger file.
        feeds: Names of the feeds that the contract has.
        max_bytes: No trigger may be larger.

    Raises:
        RejectedTrigger: It is JSON but not a valid trigger.
        Rejected: It is no JSON, or not even a regular file.
        Waiting: It is not there any more.
    """
    payload = _load(path, max_bytes)
    try:
        trigger = Trigger.model_validate(payload)
        problems = _name_problems(trigger, feeds)
    except ValidationError as error:
        problems = [_explain(item) for item in error.errors(include_url=False, include_input=False)]
    if problems:
        shown, more = problems[:_PROBLEMS_SHOWN], len(problems) - _PROBLEMS_SHOWN
        message = "; ".join(shown) + (f"; and {more} more problems" if more > 0 else "")
        raise RejectedTrigger(f"{path.name}: {message}.", *_identify(payload, feeds))
    return trigger


def check_date(trigger: Trigger, path: Path, max_days_ahead: int) -> None:
    """Refuse a date too far ahead, such as a typo in the year: it would date all that follows.

    The only look at the clock that decides what becomes of a batch.

    Args:
        trigger: The trigger.
        path: Where it lies.
        max_days_ahead: How many days after today (UTC) its batch_date may be.

    Raises:
        Rejected: Its batch_date is later.
    """
    today = datetime.now(UTC).date()
    if (trigger.batch_date - today).days > max_days_ahead:
        raise Rejected(
            f"{path.name}: batch_date {trigger.batch_date} is more than {max_days_ahead} days after"
            f" today, {today} (UTC): correct the date there and in the names of the files, or raise"
            " ECOMM_MAX_DAYS_AHEAD."
        )


def check_manifest(trigger: Trigger, parsed_files: Iterable["ParsedFile"]) -> None:
    """Compare files with what the trigger's manifest declares of them.

    Raises:
        Rejected: A hash, a number of rows or a size differs.
    """
    entries = {entry.name: entry for entry in trigger.files}
    problems = []
    for parsed in parsed_files:
        entry = entries.get(parsed.name)
        if entry is None:
            continue
        if entry.sha256 not in (None, parsed.sha256):
            problems.append(f"{parsed.name} has another sha256 than the trigger declares")
        if entry.rows not in (None, parsed.rows):
            problems.append(
                f"{parsed.name} has {parsed.rows} rows where the trigger declares {entry.rows}"
            )
        if entry.bytes not in (None, parsed.bytes):
            problems.append(
                f"{parsed.name} has {parsed.bytes} bytes where the trigger declares {entry.bytes}"
            )
    if problems:
        raise Rejected(f"{'; '.join(problems)}: deliver the file again, or correct the manifest.")


def _load(path: Path, max_bytes: int) -> Any:
    """Parse a JSON file strictly; what it holds can be written as JSON again."""
    with open_delivered(path) as file:
        content = file.read(max_bytes + 1)
    if len(content) > max_bytes:
        raise Rejected(f"{path.name} is larger than {max_bytes} bytes: a trigger only names files.")
    if not content.strip():
        raise Rejected(f"{path.name} is empty: write the trigger again.")
    try:
        payload = json.loads(
            content.decode("utf-8-sig"),
            object_pairs_hook=_unique_fields,
            parse_constant=_refuse_constant,
        )
        _check_depth(payload)
        # Refuses infinite numbers and halves of characters, which no log could take.
        json.dumps(payload, ensure_ascii=False, allow_nan=False).encode()
    except _MalformedError as error:
        reason = str(error)
    except json.JSONDecodeError as error:
        reason = f"{error.msg} at line {error.lineno}, column {error.colno}"
    except UnicodeDecodeError:
        reason = "it is not UTF-8"
    except RecursionError:
        reason = "it is nested too deeply"
    except ValueError:
        reason = "it has a number or a character that cannot be"
    else:
        return payload
    raise Rejected(f"{path.name} is not valid JSON ({reason}): write the trigger again.")


class _MalformedError(ValueError):
    """Its text tells the user what is wrong."""


def _unique_fields(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    fields = dict(pairs)
    if len(fields) < len(pairs):
        name, _ = Counter(name for name, _ in pairs).most_common(1)[0]
        raise _MalformedError(f"a field is there twice: {_shown(name, 'its name is odd')}")
    return fields


def _refuse_constant(name: str) -> None:
    raise _MalformedError(f"{name} is no JSON value")


def _check_depth(payload: Any) -> None:
    level = [payload]
    for _ in range(_DEPTH_LIMIT):
        level = [child for node in level for child in _children(node)]
        if not level:
            return
    raise _MalformedError("it is nested too deeply")


def _children(node: Any) -> Iterable[Any]:
    if isinstance(node, dict):
        return node.values()
    return node if isinstance(node, list) else ()


def _explain(error: ErrorDetails) -> str:
    """Say what is wrong with a field, without its value."""
    field = ""
    for part in error["loc"]:
        field += f"[{part}]" if isinstance(part, int) else f".{part}"
    # Errors of this module's own checks carry their remedy as message.
    own = error["msg"] if error["type"] in ("id", "date", "sha256") else "has a wrong value"
    return f"{field.lstrip('.') or 'the trigger'} {_REMEDIES.get(error['type'], own)}"


def _ending(batch_date: date) -> str:
    # Not by %Y, which writes a year below 1000 with fewer digits.
    return f"_{batch_date.isoformat().replace('-', '_')}.csv"


def _valid_name(feeds: Collection[str], batch_date: date) -> re.Pattern[str]:
    names = "|".join(re.escape(feed) for feed in feeds)
    return re.compile(f"({names}){re.escape(_ending(batch_date))}")


def _name_problems(trigger: Trigger, feeds: Collection[str]) -> list[str]:
    """Say which names are wrong, twice there, or only in the manifest."""
    valid = _valid_name(feeds, trigger.batch_date)
    problems = [
        f"expected_files[{position}] ({_shown(name, 'an odd name')}) is not the name of a file of"
        f" this batch: write <feed>{_ending(trigger.batch_date)} with a feed out of"
        f" {', '.join(feeds)}"
        for position, name in enumerate(trigger.expected_files)
        if not valid.fullmatch(name)
    ]
    if problems:
        return problems
    twice = _twice(trigger.expected_files)
    problems = [f"expected_files names {name} more than once: name it once" for name in twice]
    in_manifest = [entry.name for entry in trigger.files]
    problems += [
        f"files[{position}] is for a file that expected_files does not name: add the name there, or"
        " remove the entry"
        for position, name in enumerate(in_manifest)
        if name not in trigger.expected_files
    ]
    problems += [
        f"files has more than one entry for {_shown(name, 'an odd name')}: keep one"
        for name in _twice(in_manifest)
    ]
    return problems


def _twice(names: list[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _shown(name: str, otherwise: str) -> str:
    """A name as it may stand in a message."""
    return name if _HARMLESS.fullmatch(name) else otherwise


def _identify(
    payload: Any, feeds: Collection[str]
) -> tuple[str | None, date | None, dict[str, str]]:
    """What can be told of the batch of an invalid trigger: id, date, its files by feed."""
    if not isinstance(payload, dict):
        return None, None, {}
    batch_id, names = payload.get("trigger_id"), payload.get("expected_files")
    try:
        batch_id = _check_id(batch_id) if isinstance(batch_id, str) else None
    except PydanticCustomError:
        batch_id = None
    try:
        batch_date = _check_date(payload.get("batch_date"))
    except PydanticCustomError:
        return batch_id, None, {}
    valid = _valid_name(feeds, batch_date)
    texts = [name for name in names if isinstance(name, str)] if isinstance(names, list) else []
    matches = filter(None, map(valid.fullmatch, texts))
    return batch_id, batch_date, {match[1]: match[0] for match in matches}
