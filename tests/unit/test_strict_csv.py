"""Strict CSV: the product's reader against the standard's grammar, read character by character.

`reference/strict_csv.py` is the judge. Texts are random, small and full of what goes wrong.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import product
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from reference import strict_csv

from ingest.contract import Column, Feed
from ingest.errors import Rejected
from ingest.reading import csv_stream
from ingest.reading.reader import Lineage, parse_file
from ingest.reading.strict_csv import CR, LF, records, strict_end

NAMES = ["id", "name", "note"]
FEED = Feed("things", tuple(Column(name, "string", False, ()) for name in NAMES))
LINEAGE = Lineage("b", date(2025, 1, 15), datetime(2025, 1, 15, tzinfo=UTC))

# Number of the row: its values, or its raw text.
Rows = dict[int, tuple[str | None, ...] | str]


def ours(content: str, folder: Path, max_row_bytes: int = 1 << 20) -> Rows | None:
    """Rows that the product lands; None when it rejects the file."""
    source, out = folder / "things.csv", folder / "things.parquet"
    source.write_bytes(content.encode())
    try:
        parsed = parse_file(source, FEED, LINEAGE, out, max_row_bytes)
    except Rejected:
        return None
    landed = pq.read_table(out, columns=[*NAMES, "_raw_line", "_row_number"]).to_pylist()
    assert parsed.rows == len(landed)
    return {
        row["_row_number"]: row["_raw_line"] or tuple(row[name] for name in NAMES) for row in landed
    }


def judged(content: str) -> Rows | None:
    """Rows by the standard; None for a file that must be rejected."""
    try:
        found = list(strict_csv.records(content))
    except strict_csv.OpenQuoteError:
        return None
    if not found or found[0].fields is None:
        return None
    spelled = [field.strip().lower() for field in found[0].fields]
    named = [name or f"column_{place}" for place, name in enumerate(spelled, start=1)]
    if len(set(named)) < len(named) or not {*NAMES} <= {*named}:
        return None
    rows: Rows = {}
    for number, record in enumerate(found[1:], start=1):
        fields = record.fields
        is_header = fields and [field.strip().lower() for field in fields] == spelled
        if fields is None or len(fields) != len(spelled) or is_header:
            rows[number] = record.raw
        else:
            values = dict(zip(spelled, fields, strict=True))
            rows[number] = tuple(values[name] if values[name].strip() else None for name in NAMES)
    return rows


def small_file(chance: random.Random) -> str:
    """A file that is well-formed but for some ragged rows."""
    end = chance.choice(["\n", "\n", "\r\n", "\r"])
    quoted = ['"a,b"', '"x""y"', f'"one{end}two"', '""', '" "', '"\rz"', '"a\r\nb"', '"ü"']
    if end == "\r":
        quoted += ['"one\ntwo"']
    lines = [chance.choice(["id,name,note", '"id","name","note"', " ID , Name,note"])]
    for _ in range(chance.randint(0, 8)):
        width = chance.choices([3, 2, 4], [20, 1, 1])[0]
        cells = [chance.choice([*quoted, "a", "", "é", " ", "12"]) for _ in range(width)]
        lines.append(",".join(cells))
        if chance.random() < 0.1:
            lines.append(chance.choice(["", " ", "\t", lines[0]]))
    return end.join(lines) + chance.choice(["", end])


def with_slips(content: str, chance: random.Random) -> str:
    """The file with a few characters added, dropped or changed."""
    for _ in range(chance.randint(1, 3)):
        place = chance.randrange(len(content) + 1)
        dropped = chance.randint(0, 1)
        added = chance.choice(["", '"', '"', ",", "\r", "\n", "x", "\\"])
        content = content[:place] + added + content[place + dropped :]
    return content


@pytest.mark.parametrize("seed", range(10))
def test_random_slips(seed: int, tmp_path: Path) -> None:
    """Good rows, raw rows and numbers are those of the standard."""
    chance = random.Random(seed)
    landed = 0
    for _ in range(150):
        content = with_slips(small_file(chance), chance)
        expected = judged(content)
        landed += expected is not None
        assert ours(content, tmp_path) == expected, repr(content)
    assert landed > 50, "most files are to be read, not refused"


@pytest.mark.parametrize("block", [24, 25, 31, 40, 64])
def test_blocks_may_end_anywhere(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_stream, "BLOCK_BYTES", block)
    chance = random.Random(block)
    for _ in range(60):
        content = with_slips("".join(small_file(chance).ljust(30, "\n")), chance)
        assert ours(content, tmp_path) == judged(content), repr(content)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_border_of_a_full_block(end: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every byte of a quoted line end, of a pair of quotes and of a BOM may stand at the border."""
    monkeypatch.setattr(csv_stream, "BLOCK_BYTES", 1 << 14)
    tail = f'2,"x{end}y""z",\ufeff{end}\ufeff3,a,b{end}4,"q"x,r{end}5,c,d{end}'
    for shift in range(len(tail.encode()) + 1):
        head = f"id,name,note{end}"
        # The second block is read with the first one, which has the header.
        room = 2 * csv_stream.BLOCK_BYTES - len(head) - len(f"1,,b{end}") - shift
        content = f"{head}1,{'a' * room},b{end}{tail}"

        assert ours(content, tmp_path, 4 * csv_stream.BLOCK_BYTES) == {
            1: ("1", "a" * room, "b"),
            2: ("2", f'x{end}y"z', "\ufeff"),
            3: ("\ufeff3", "a", "b"),
            4: '4,"q"x,r',
            5: ("5", "c", "d"),
        }, shift


def short_texts() -> Iterator[bytes]:
    for length in range(6):
        for letters in product(b'a",\r\n', repeat=length):
            yield bytes(letters)


def test_arithmetic_agrees_with_the_grammar() -> None:
    """All texts of up to five characters of those that matter."""
    for text, newline, is_last in product(short_texts(), (LF, CR), (False, True)):
        found = list(records(text, newline, is_last=is_last))
        end = sum(len(record.text) for record in found)
        is_strict = all(record.is_well_formed for record in found)
        arithmetic = strict_end(text, newline, is_last=is_last)

        assert b"".join(record.text for record in found) == text[:end]
        if arithmetic is not None:
            assert is_strict and arithmetic == end, text
        elif is_strict:
            # A fault whose line is not read to its end yet.
            assert (
                not is_last and strict_end(text + b'a"' + newline, newline, is_last=False) is None
            )


FAULTS = {
    "a quote opens amid a value": (
        '1,5,"Rack 5\n2,6,"Rack 6\n3,a,b\n',
        {1: '1,5,"Rack 5\n2,6,"Rack 6', 2: ("3", "a", "b")},
    ),
    "text after a closing quote": ('1,"24" TV",b\n', {1: '1,"24" TV",b'}),
    "a word in quotes": ('1,"Best" Lamp,b\n', {1: '1,"Best" Lamp,b'}),
    "a backslash before a quote": (
        '1,"32\\" Monitor",b\n2,a,b\n',
        {1: '1,"32\\" Monitor",b', 2: ("2", "a", "b")},
    ),
    "a quote in a plain value": ('1,a"b,c\n', {1: '1,a"b,c'}),
    "blank before a quote": ('1, "a",c\n', {1: '1, "a",c'}),
    "carriage return alone": (
        "1,a,1 Main St\rApt 4\n2,a,b\n",
        {1: "1,a,1 Main St\rApt 4", 2: ("2", "a", "b")},
    ),
    "carriage return twice": ("1,a,b\r\r\n2,a,b\r\n", {1: "1,a,b\r", 2: ("2", "a", "b")}),
    "carriage return at the end": ("1,a,b\n2,a,b\r", {1: ("1", "a", "b"), 2: "2,a,b\r"}),
    "carriage return on a blank line": (
        "1,a,b\n \r \n2,a,b",
        {1: ("1", "a", "b"), 2: ("2", "a", "b")},
    ),
    "carriage return in quotes": ('1,"a\rb",c\n', {1: ("1", "a\rb", "c")}),
    "the header again": (
        '1,a,b\n ID ,"name",Note\n2,a,b\n',
        {1: ("1", "a", "b"), 2: ' ID ,"name",Note', 3: ("2", "a", "b")},
    ),
    "values that begin as the header's names do": (
        "id2,name of it,note 5\n",
        {1: ("id2", "name of it", "note 5")},
    ),
    "the header in another order": ("name,id,note\n", {1: ("name", "id", "note")}),
}


@pytest.mark.parametrize("name", FAULTS)
def test_fault(name: str, tmp_path: Path) -> None:
    rows, expected = FAULTS[name]
    content = f"id,name,note\n{rows}"

    assert ours(content, tmp_path) == expected
    assert judged(content) == expected


def test_malformed_row_of_a_file_of_one_column(tmp_path: Path) -> None:
    """What stands for it meanwhile is no row of one value."""
    source, out = tmp_path / "things.csv", tmp_path / "things.parquet"
    source.write_text('id\n1\n"a"b\n2\n')
    feed = Feed("things", FEED.columns[:1])

    parsed = parse_file(source, feed, LINEAGE, out, 1 << 20)

    rows = pq.read_table(out, columns=["id", "_raw_line"]).to_pylist()
    assert [(row["id"], row["_raw_line"]) for row in rows] == [
        ("1", None),
        ("2", None),
        (None, '"a"b'),
    ]
    assert (parsed.rows, parsed.malformed_rows) == (3, 1)


def test_file_of_faults_is_read_in_one_pass(tmp_path: Path) -> None:
    """Faults in every line cost no more than their lines: 100,000 of them within seconds."""
    count = 100_000
    content = "id,name,note\n" + '1,"24" TV",b\n' * count

    found = ours(content, tmp_path)

    assert found is not None and len(found) == count
    assert set(found.values()) == {'1,"24" TV",b'}
