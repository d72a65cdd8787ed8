"""A look at one file before it is delivered: what the contract makes of it, and nothing lands."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq

from ingest.batches.landing import FileToLand, LandingTables
from ingest.batches.ledger import Ledger
from ingest.build import DbtBuild, Rule, Unheard
from ingest.config import Settings
from ingest.contract import Contract, Feed, header_key
from ingest.engines.engine import open_engine
from ingest.errors import ConfigError
from ingest.files import open_delivered
from ingest.pipeline import Pipeline
from ingest.reading.csv_stream import CsvStream, look_through
from ingest.reading.reader import Lineage, ParsedFile, parse_file
from ingest.reading.suggest import likely_headers

_NUMBERS_SHOWN = 5


@dataclass(frozen=True)
class HeaderCheck:
    """What a file's header is to the contract.

    Attributes:
        matched: Header by the contract column that it stands for.
        missing: Required columns that the file lacks.
        absent: Optional columns that it lacks.
        unknown: Headers that the contract does not know.
        likely: For a missing or absent column the unknown header that may be meant.
    """

    matched: dict[str, str]
    missing: list[str]
    absent: list[str]
    unknown: list[str]
    likely: dict[str, str]


@dataclass(frozen=True)
class BrokenRule:
    """A rule that some of the looked at rows break.

    Attributes:
        rule_id: Its id.
        rule: Its declaration.
        rows: How many rows break it.
        first_rows: Numbers of the first of them, 1 for the first data row.
    """

    rule_id: str
    rule: Rule
    rows: int
    first_rows: tuple[int, ...]


@dataclass(frozen=True)
class RowCheck:
    """What the rules of a feed say of a file's first rows.

    Attributes:
        rows: How many were looked at.
        valid_rows: How many would not be quarantined.
        broken: The rules that some break, by id.
    """

    rows: int
    valid_rows: int
    broken: tuple[BrokenRule, ...]


def feed_of(source: Path, contract: Contract, named: str | None) -> Feed:
    """The feed that a file is of: as named, else by its name.

    Raises:
        ConfigError: There is no such feed, or the name does not tell.
    """
    feeds = contract.feeds
    if named is None:
        found = [name for name in feeds if name in header_key(source.stem)]
        named = found[0] if len(found) == 1 else ""
    if named not in feeds:
        raise ConfigError(f"Say which feed {source.name} is of: --feed {' | '.join(feeds)}.")
    return feeds[named]


def check_header(source: Path, feed: Feed, max_row_bytes: int) -> HeaderCheck:
    """Compare a file's header with the contract.

    Raises:
        Rejected: The file has none, or cannot be read.
        Waiting: It is not there.
    """
    with open_delivered(source) as file:
        stream = CsvStream(file, source.name, look_through(file).newline, max_row_bytes)
        records = stream.read_head().records
    headers = [cell.strip() for cell in (records[0] if records else None) or []]
    matched = {
        column.name: header
        for header in headers
        if (column := feed.by_header.get(header_key(header)))
    }
    unknown = [header for header in headers if header and header not in matched.values()]
    lacking = [column for column in feed.columns if column.name not in matched]
    return HeaderCheck(
        matched=matched,
        missing=[column.name for column in lacking if not column.optional],
        absent=[column.name for column in lacking if column.optional],
        unknown=unknown,
        likely=likely_headers(feed, [column.name for column in lacking], unknown),
    )


def day_of(source: Path, given: date | None) -> date:
    """The batch_date to judge a file by: as given, else the one in its name, else today (UTC)."""
    if given:
        return given
    try:
        if found := re.search(r"(\d{4})[-_](\d\d)[-_](\d\d)", source.stem):
            return date(*map(int, found.groups()))
    except ValueError:
        pass
    return datetime.now(UTC).date()


def check_rows(
    settings: Settings, contract: Contract, source: Path, feed: Feed, day: date, rows: int
) -> tuple[ParsedFile, RowCheck]:
    """Read a whole file, and let the feed's own rules judge its first rows.

    They do so as in a run, in a warehouse of their own that is gone afterwards.

    Args:
        settings: What to read with; its warehouse is left alone.
        contract: The contract.
        source: The file, under any name.
        feed: What it is to be.
        day: batch_date that the rules shall take.
        rows: How many rows to judge.

    Raises:
        Rejected: The file breaks the contract.
        Waiting: It is not there, or changes meanwhile.
        EngineError: The local engine cannot be started.
        ConfigError: dbt cannot build the feed's base model.
    """
    with _warehouse(settings) as apart:
        lineage = Lineage("check", day, datetime.now(UTC))
        whole, first = apart.warehouse / "whole.parquet", apart.warehouse / "first.parquet"
        parsed = parse_file(source, feed, lineage, whole, settings.max_row_bytes)
        table = pq.read_table(whole)
        table = table.filter(pc.less_equal(table["_row_number"], rows))
        pq.write_table(table, first)
        with open_engine(apart, exclusive=True) as session:
            Pipeline(apart, session).follow_contract()
            file = FileToLand(
                feed.name,
                source.name,
                parsed.sha256,
                len(table),
                "incremental",
                parsed.header,
                first,
            )
            ledger = Ledger(session, apart)
            LandingTables(session, apart, contract, ledger).land(lineage, "check", [file])
            build = DbtBuild(apart)
            model = f"base_{feed.name}"
            nodes = ("--select", f"+{model}", "--indirect-selection", "empty")
            done = build(Unheard(), *nodes)
            if not done.success:
                told = "; ".join(f"{name}: {reason}" for name, reason in done.failures)
                raise ConfigError(f"The rules could not be tried: {told}")
            judged = session.sql(
                "select _row_number, failed_rules, is_quarantined from"
                f" {apart.table('staging', model)} order by _row_number"
            ).collect()
    return parsed, _row_check([tuple(row) for row in judged], build.rules())


@contextmanager
def _warehouse(settings: Settings) -> Iterator[Settings]:
    """Settings of an empty warehouse of the local engine, which is gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="ecomm-check-") as folder:
        yield settings.model_copy(
            update={"warehouse": Path(folder).resolve(), "target": "local", "run_id": None}
        )


def _row_check(judged: list[tuple[int, list[str], bool]], rules: dict[str, Rule]) -> RowCheck:
    broken: dict[str, list[int]] = {}
    for number, failed, _ in judged:
        for rule_id in failed:
            broken.setdefault(rule_id, []).append(number)
    return RowCheck(
        rows=len(judged),
        valid_rows=sum(not is_quarantined for *_, is_quarantined in judged),
        broken=tuple(
            BrokenRule(rule_id, rules[rule_id], len(numbers), tuple(numbers[:_NUMBERS_SHOWN]))
            for rule_id, numbers in sorted(broken.items())
        ),
    )
