"""The CSV contract and the tables of ingest, read from the dbt sources files that declare them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from ingest.errors import ConfigError

LANDING_SOURCES = Path("models/staging/_landing__sources.yml")
OPS_SOURCES = Path("models/ops/_ops__sources.yml")
# One folder for each feed, in which one file declares a source.
FEED_FILES = "models/staging/*/*.yml"
# The parser in C is ten times as fast; every wheel of PyYAML has it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_DECLARES_SOURCES = re.compile(r"^sources:", re.MULTILINE)

_TYPES = (
    "string, int, bigint, decimal(p,s) with at most 38 digits, boolean, date, timestamp or 'date or"
    " timestamp'"
)
_TYPE = re.compile(
    r"string|int|bigint|boolean|date|timestamp|date or timestamp"
    r"|decimal\(([1-9]|[12]\d|3[0-8]), ?(\d|[12]\d|3[0-8])\)"
)


# How files may write what is no text: macros/typing reads it.
_FORMAT = re.compile(r"(?:yyyy|MM?|dd?|HH?|mm?|ss?|[-/.:, T])+")
_FORMAT_PART = re.compile(r"yyyy|MM?|dd?|HH?|mm?|ss?|.")
_SEPARATORS = ".,' _\u00a0\u2009\u202f"


def header_key(name: str) -> str:
    """What a column's name is compared by: `Product ID` and `product-id` are product_id."""
    return re.sub(r"[\s-]", "_", name.strip().lower())


@dataclass(frozen=True)
class Column:
    """A column that a feed's files bring.

    Attributes:
        name: Canonical name, in the tables too.
        type: What the base model reads it as, such as `decimal(18,2)`; it lands as text.
        optional: Whether a file may lack it.
        aliases: Other headers under which it may arrive.
        tracked: Whether a change of its value opens a new version of the key.
        format: How files write a date or timestamp, such as `dd/MM/yyyy`; None means as usual.
        thousands: What stands between groups of three digits of a number; None means nothing.
        decimal: What stands before a number's decimals; None means a point.
        declared: All that the contract's `meta` says of it, as it is written there.
    """

    name: str
    type: str
    optional: bool
    aliases: tuple[str, ...]
    tracked: bool = True
    format: str | None = None
    thousands: str | None = None
    decimal: str | None = None
    declared: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)


@dataclass(frozen=True)
class Feed:
    """A feed.

    Attributes:
        name: Its name, and that of its landing table.
        columns: Its columns, in the contract's order.
        key: The parts of its key; of a part with several columns the first that is given counts.
        declared_in: File of the project that declares it.
    """

    name: str
    columns: tuple[Column, ...]
    key: tuple[tuple[str, ...], ...] = ()
    declared_in: Path = field(default=LANDING_SOURCES, compare=False)

    @property
    def key_text(self) -> str:
        """The key in words, such as `product_id, warehouse_id else warehouse_location`."""
        return ", ".join(" else ".join(part) for part in self.key)

    @cached_property
    def by_header(self) -> dict[str, Column]:
        """Columns by the key of every header under which they may arrive."""
        return {
            header_key(header): column
            for column in self.columns
            for header in (column.name, *column.aliases)
        }


@dataclass(frozen=True)
class Table:
    """A table that ingest creates.

    Attributes:
        name: Name within its schema.
        suffix: Which schema: `landing` or `ops`.
        columns: (name, SQL data type) of each column, in order; contract columns are `string`.
        cluster_by: Columns by which Databricks clusters it.
    """

    name: str
    suffix: str
    columns: tuple[tuple[str, str], ...]
    cluster_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Contract:
    """Everything that the dbt sources files declare: the feeds by name, and the tables."""

    feeds: dict[str, Feed]
    tables: tuple[Table, ...]


class _Meta(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow")
    type: str | None = None
    optional: bool = False
    aliases: list[str] = []
    tracked: bool = True
    format: str | None = None
    thousands: str | None = None
    decimal: str | None = None
    key: list[str | list[str]] = []
    cluster_by: list[str] = []


class _Config(BaseModel):
    meta: _Meta = _Meta()


class _Column(BaseModel):
    model_config = ConfigDict(strict=True)
    name: str
    data_type: str | None = None
    config: _Config = _Config()


class _Table(BaseModel):
    name: str
    columns: list[_Column]
    config: _Config = _Config()


class _Source(BaseModel):
    name: str
    tables: list[_Table]


class _SourcesFile(BaseModel):
    sources: list[_Source]


def load_contract(project_dir: Path) -> Contract:
    """Read the contract of a dbt project.

    A source's name is the suffix of its schema. A landing table with contract columns (those that
    have `meta.type`) is a feed.

    Args:
        project_dir: Root of the dbt project.

    Raises:
        ConfigError: A sources file is missing or declares something that cannot work.
    """
    feeds: dict[str, Feed] = {}
    tables: list[Table] = []
    shared = [project_dir / LANDING_SOURCES, project_dir / OPS_SOURCES]
    for path in [*shared, *sorted(project_dir.glob(FEED_FILES))]:
        for source in _sources(path):
            for table in source.tables:
                place = f"{path}: table {table.name}"
                columns = tuple((item.name, _sql_type(item, place)) for item in table.columns)
                cluster_by = tuple(table.config.meta.cluster_by)
                tables.append(Table(table.name, source.name, columns, cluster_by))
                if brought := tuple(_contract_columns(table)):
                    declared_in = path.relative_to(project_dir)
                    feed = Feed(table.name, brought, _key(table), declared_in)
                    _check_headers(feed, place)
                    _check_types(feed, place)
                    _check_formats(feed, place)
                    _check_key(feed, place)
                    feeds[feed.name] = feed
    return Contract(feeds, tuple(tables))


def _sources(path: Path) -> list[_Source]:
    try:
        text = path.read_text(encoding="utf-8")
        # Rules and unit tests are long, and to read YAML is slow.
        if not _DECLARES_SOURCES.search(text):
            return []
        return _SourcesFile.model_validate(yaml.load(text, Loader=_LOADER)).sources
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read ({error.strerror}): use a whole copy of the project."
        ) from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}" if mark else ""
        raise ConfigError(f"{path} is not valid YAML{where}: correct it.") from None
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"])
        raise ConfigError(f"{path}: {field}: {first['msg']}. Correct the declaration.") from None


def _sql_type(column: _Column, place: str) -> str:
    if column.config.meta.type is not None:
        return "string"
    if column.data_type is None:
        raise ConfigError(
            f"{place}: column {column.name} has no type: give it data_type, or meta.type when"
            " files bring it."
        )
    return column.data_type


def _contract_columns(table: _Table) -> list[Column]:
    return [
        Column(
            name=item.name,
            type=meta.type,
            optional=meta.optional,
            aliases=tuple(meta.aliases),
            tracked=meta.tracked,
            format=meta.format,
            thousands=meta.thousands,
            decimal=meta.decimal,
            declared=meta.model_dump(exclude_unset=True),
        )
        for item in table.columns
        if (meta := item.config.meta).type is not None
    ]


def _key(table: _Table) -> tuple[tuple[str, ...], ...]:
    parts = table.config.meta.key
    return tuple((part,) if isinstance(part, str) else tuple(part) for part in parts)


def _check_types(feed: Feed, place: str) -> None:
    for column in feed.columns:
        if not _TYPE.fullmatch(column.type):
            raise ConfigError(
                f"{place}: column {column.name}: {column.type} is no type that a file's text can be"
                f" read as: use {_TYPES}."
            )


def _check_formats(feed: Feed, place: str) -> None:
    for column in feed.columns:
        if problem := _format_problem(column):
            raise ConfigError(f"{place}: column {column.name}: {problem}.")


def _format_problem(column: Column) -> str | None:
    """What cannot work of how a column is said to be written, and what to do."""
    is_number = column.type.startswith(("int", "bigint", "decimal"))
    if column.format is not None:
        if column.type not in ("date", "timestamp", "date or timestamp"):
            return f"format is for dates and timestamps, not for {column.type}: take it away"
        return _date_format_problem(column.format)
    if (column.thousands, column.decimal) == (None, None):
        return None
    if not is_number:
        return f"thousands and decimal are for numbers, not for {column.type}: take them away"
    thousands, decimal = column.thousands, column.decimal or "."
    if decimal not in (".", ",") or (thousands and thousands not in _SEPARATORS):
        return (
            "decimal is a point or a comma, thousands one of point, comma, apostrophe, blank or _:"
            " write one of these in quotes"
        )
    if thousands == "" or len(thousands or ".") > 1 or thousands == decimal:
        return "thousands and decimal are one character each, and not the same: correct them"
    return None


def _date_format_problem(text: str) -> str | None:
    parts = _FORMAT_PART.findall(text)
    letters = [part[0] for part in parts if part[0] in "yMdHms"]
    is_known = _FORMAT.fullmatch(text) and len(set(letters)) == len(letters)
    if not is_known or not {"y", "M", "d"} <= set(letters):
        return (
            f"the format {text} cannot be read: write yyyy, MM (or M), dd (or d) once each, then"
            " HH, mm, ss as needed, and between them one of - / . : , T or a blank"
        )
    for part, following in pairwise(parts):
        if len(part) == 1 and part in "MdHms" and following[0] in "yMdHms":
            return (
                f"the format {text} does not tell where {part} ends: write it with two letters, or"
                " something between it and the next"
            )
    return None


def _check_key(feed: Feed, place: str) -> None:
    names = {column.name for column in feed.columns}
    if not feed.key:
        raise ConfigError(f"{place} has no key: name its columns as config.meta.key.")
    for name in (name for part in feed.key for name in part):
        if name not in names:
            raise ConfigError(f"{place}: its key names {name}, which is none of its columns.")


def _check_headers(feed: Feed, place: str) -> None:
    """Refuse a header that would stand for two columns."""
    seen: set[str] = set()
    for column in feed.columns:
        for header in (column.name, *column.aliases):
            if header_key(header) in seen:
                raise ConfigError(
                    f"{place}: the header {header} is declared twice: let each name or alias stand"
                    " for one column."
                )
            seen.add(header_key(header))
