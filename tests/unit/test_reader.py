"""Reading CSV files: what lands of a valid file, and what an invalid one is refused for."""

import csv
import gzip
import hashlib
import io
import os
import random
import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ingest.config import PROJECT_DIR, Settings
from ingest.contract import load_contract
from ingest.errors import Rejected, Waiting
from ingest.reading import csv_stream, row_writer
from ingest.reading.csv_stream import CsvStream, Head
from ingest.reading.header import name_list
from ingest.reading.reader import Lineage, ParsedFile, parse_file

CONTRACT = load_contract(PROJECT_DIR)
FIXTURES = Path(__file__).parent.parent / "fixtures"
NAME = "inventory_2025_01_15.csv"
MAX_ROW_BYTES = Settings().max_row_bytes
LINEAGE = Lineage("batch-1", date(2025, 1, 15), datetime(2025, 1, 16, 3, 4, 5, tzinfo=UTC))
HEADER = "product_id,stock_quantity,warehouse_location,last_updated,created_timestamp"
ROW = "P1,5,Berlin,2025-01-15,2025-01-15 08:00:00"

Row = dict[str, Any]


def parse(
    tmp_path: Path,
    content: bytes | str,
    feed: str = "inventory",
    max_row_bytes: int = MAX_ROW_BYTES,
) -> tuple[ParsedFile, Path]:
    """Parse content as a file of 2025-01-15; gives what was found and the Parquet file."""
    source = tmp_path / f"{feed}_2025_01_15.csv"
    source.write_bytes(content.encode() if isinstance(content, str) else content)
    out = tmp_path / "out.parquet"
    return parse_file(source, CONTRACT.feeds[feed], LINEAGE, out, max_row_bytes), out


def landed(out: Path) -> list[Row]:
    """The landing rows in file order: number and what is not NULL, without the lineage."""
    constant = {"_batch_id", "_batch_date", "_source_file", "_file_sha256", "_landed_at"}
    rows = sorted(pq.read_table(out).to_pylist(), key=lambda row: row["_row_number"])
    for row in rows:
        if row["_extra"] is not None:
            row["_extra"] = dict(row["_extra"])
    return [
        {name: value for name, value in row.items() if value is not None and name not in constant}
        for row in rows
    ]


def stock(number: int, *values: str | None, **others: Any) -> Row:
    """A landing row by number and the values of the required columns."""
    row = dict(zip(HEADER.split(","), values, strict=False)) | others | {"_row_number": number}
    return {name: value for name, value in row.items() if value is not None}


P1 = ("P1", "5", "Berlin", "2025-01-15", "2025-01-15 08:00:00")
P2 = ("P2", "0", "Paris", "2025-01-14", "2025-01-15 09:30:00")
LATER = ("2025-01-14", "2025-01-15 09:30:00")
BOTH = [stock(1, *P1), stock(2, *P2)]

VALID: dict[str, list[Row]] = {
    "plain": BOTH,
    "no_newline_at_the_end": BOTH,
    "aliases_in_another_order_and_case": BOTH,
    "blank_lines": BOTH,
    "header_only": [],
    "quotes_and_newlines": [
        stock(1, "P1", "5", 'Berlin, "Mitte"', "2025-01-15", "2025-01-15 08:00:00"),
        stock(2, "P2", "0", "Rue 1\n\nParis", *LATER),
        stock(3, "P3", "1", '6" pipe hall', *LATER),
    ],
    "header_over_two_lines": [stock(1, *P1, _extra={"bin\nnumber": "7"})],
    "blank_values": [
        stock(1, "P1"),
        # Text is kept as it is, and names of nothing are text.
        stock(2, None, "5", " Berlin ", "NULL", "NaN"),
        stock(3),
    ],
    "ragged_rows": [
        stock(1, _raw_line="P1,5"),
        stock(2, *P2),
        stock(3, _raw_line='P3,1,"Rom,\na",2025-01-14,2025-01-15 09:30:00,extra,""'),
        stock(4, _raw_line="lost"),
        stock(5, "P4", "2", "Oslo", *LATER),
        stock(6, _raw_line='""'),
    ],
    "unknown_columns": [
        stock(1, *P1, _extra={"Shelf No": "A1", "column_7": "x", "bin": None}),
        stock(2, *P2, _extra={"Shelf No": None, "column_7": None, "bin": "7"}),
        stock(3, _raw_line="short"),
    ],
    "optional_columns": [stock(1, *P1, warehouse_id="W1")],
}

INVALID: dict[str, str] = {
    "missing_column": "lacks required columns: warehouse_location: add each",
    "missing_columns": "lacks required columns: stock_quantity, last_updated, created_timestamp:",
    "duplicate_column": "more than one column for product_id (case, blanks, hyphens and",
    "alias_beside_its_column": "more than one column for warehouse_location",
    "duplicate_unknown_column": "more than one column for BIN",
    "no_header": (
        "has no header: its first line has 5 fields, none of which is the name of a column of"
        " inventory: begin it with a line that names them, separated by commas: product_id, stock"
    ),
    "only_blank_lines": "has no header",
    "semicolons": "separated by semicolons: export it with commas",
    "semicolons_and_quotes": "separated by semicolons",
    "tabs": "separated by tabs",
    "vertical_bars": "separated by vertical bars",
    "unclosed_quote": "unclosed quote: row 3 begins a quoted value",
    "unclosed_quote_in_the_last_column": "unclosed quote: row 2 begins",
    "unclosed_quote_in_the_last_row": "unclosed quote: row 3 begins",
    "unclosed_quote_in_the_header": "has a header with a quote that is not closed",
    "stray_quote_in_the_header": "a quote that is not closed or stands inside a name",
}

TEXT = f"{HEADER}\n{ROW}\n"
NOT_TEXT: dict[str, tuple[bytes, str]] = {
    "zero_bytes": (b"", "is empty (zero bytes)"),
    "only_a_bom": (b"\xef\xbb\xbf", "has no header"),
    "gzip": (gzip.compress(TEXT.encode()), "is compressed with gzip: deliver it uncompressed"),
    "png": (b"\x89PNG\r\n\x1a\n\0\0", "is an image"),
    "excel": (b"PK\x03\x04\x14\0", "an Excel workbook: deliver plain CSV"),
    "parquet": (b"PAR1\x15\0", "is a Parquet file"),
    "utf_16": (TEXT.encode("utf-16"), "is UTF-16 or UTF-32: save it as UTF-8"),
    "utf_16_big_endian": (b"\xfe\xff" + TEXT.encode("utf-16-be"), "is UTF-16"),
    "utf_16_without_bom": (TEXT.encode("utf-16-le"), "line 1 has a NUL byte"),
    "nul_byte": (f"{TEXT}P2,\0,".encode(), "is not a text file (line 3 has a NUL byte"),
    "latin_1": (f"{TEXT}P2,0,Köln,,\n".encode("latin-1"), "is not UTF-8 (line 3 has a byte"),
    "latin_1_header": (f"größe,{TEXT}".encode("latin-1"), "is not UTF-8 (line 1 has a byte"),
    "character_cut_off": (f"{TEXT}P2,0,Kö".encode()[:-1], "is not UTF-8 (line 3"),
    "surrogate": (f"{TEXT}".encode() + b"\xed\xa0\x80", "is not UTF-8 (line 3"),
}


@pytest.mark.parametrize("rest", [b"", b"ln,,\n"], ids=["end of the file", "plain text"])
def test_character_that_a_block_cuts_and_the_next_does_not_end(
    rest: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = f"{TEXT}P2,0,K".encode() + b"\xc3"
    monkeypatch.setattr(csv_stream, "BLOCK_BYTES", len(content))

    assert "is not UTF-8 (line 3 has a byte" in rejection(tmp_path, content + rest)


def test_every_fixture_is_tested() -> None:
    assert {path.stem for path in (FIXTURES / "valid").iterdir()} == VALID.keys()
    assert {path.stem for path in (FIXTURES / "invalid").iterdir()} == INVALID.keys()


@pytest.mark.parametrize("dialect", ["lf", "crlf", "bom"])
@pytest.mark.parametrize("name", VALID)
def test_valid_file(name: str, dialect: str, tmp_path: Path) -> None:
    content = (FIXTURES / "valid" / f"{name}.csv").read_bytes()
    expected = VALID[name]
    if dialect == "bom":
        content = b"\xef\xbb\xbf" + content
    if dialect == "crlf":
        content = content.replace(b"\n", b"\r\n")
        # Newlines inside values are values.
        expected = [
            {key: crlf(value) if key != "_row_number" else value for key, value in row.items()}
            for row in expected
        ]

    parsed, out = parse(tmp_path, content)

    assert landed(out) == expected
    assert parsed.rows == len(expected)
    assert parsed.malformed_rows == sum("_raw_line" in row for row in expected)
    assert parsed.sha256 == hashlib.sha256(content).hexdigest()
    assert parsed.bytes == len(content)
    assert (parsed.feed, parsed.name) == ("inventory", NAME)


def crlf(value: Any) -> Any:
    if isinstance(value, dict):
        return {crlf(key): crlf(item) for key, item in value.items()}
    return value.replace("\n", "\r\n") if isinstance(value, str) else value


@pytest.mark.parametrize("name", INVALID)
def test_invalid_file(name: str, tmp_path: Path) -> None:
    content = (FIXTURES / "invalid" / f"{name}.csv").read_bytes()

    message = rejection(tmp_path, content)

    assert INVALID[name] in message
    assert "SECRET" not in message and "Berlin" not in message


@pytest.mark.parametrize("name", NOT_TEXT)
def test_file_that_is_no_text(name: str, tmp_path: Path) -> None:
    content, problem = NOT_TEXT[name]

    assert problem in rejection(tmp_path, content)


def rejection(tmp_path: Path, content: bytes, max_row_bytes: int = MAX_ROW_BYTES) -> str:
    """The message with which content is refused; it names the file, and no Parquet file stays."""
    with pytest.raises(Rejected) as caught:
        parse(tmp_path, content, max_row_bytes=max_row_bytes)
    message = str(caught.value)
    assert message.startswith(NAME) and message.endswith(".") and "\n" not in message
    assert caught.value.__suppress_context__ or caught.value.__context__ is None
    assert not (tmp_path / "out.parquet").exists()
    return message


HEADS: dict[str, tuple[str, str, str]] = {
    # What the file begins with; what is said; what it begins with when that is done.
    "for Excel": (f"sep=,\n{HEADER}", "remove that line", HEADER),
    "for Excel, in quotes": (f'"sep=,"\n{HEADER}', "remove that line", HEADER),
    "title": (f"SECRET report\n\n{HEADER}", "in row 2: remove what is above it", HEADER),
    "title of as many cells": (f"SECRET,,,,\n,,,,\n{HEADER}", "in row 3: remove", HEADER),
    "lines in quotes": (f'"{HEADER}"', "remove the quotes around the lines", HEADER),
    "semicolons, a comma in a name": (
        HEADER.replace(",", ";") + ';"SECRET, more"',
        "separated by semicolons: export it with commas",
        HEADER,
    ),
    "semicolons, names that the comma leaves": (
        "product_id,SECRET;stock_quantity;warehouse_location;last_updated;created_timestamp",
        "separated by semicolons",
        HEADER,
    ),
    "blanks": (HEADER.replace(",", " "), "separated by blanks", HEADER),
    "byte order mark twice": (
        f"\ufeff\ufeff{HEADER}",
        "lacks required columns: product_id: an invisible character stands beside the name"
        " product_id (U+FEFF, ZERO WIDTH NO-BREAK SPACE): remove it",
        f"\ufeff{HEADER}",
    ),
    "zero-width space": (
        HEADER.replace("stock", "\u200bstock"),
        "stock_quantity (U+200B, ZERO WIDTH SPACE): remove it",
        HEADER,
    ),
    "invisible everywhere": (
        ",".join(f"\u2060{name}" for name in HEADER.split(",")),
        "has a header whose names cannot be read: an invisible character stands beside the name"
        " product_id (U+2060, WORD JOINER) and",
        HEADER,
    ),
    "carriage return in the header": (
        HEADER.replace("last", "\rlast"),
        "a carriage return inside a line",
        HEADER,
    ),
    "header without names": ("a,b,c", "its first line has 3 fields, none of which", HEADER),
}


@pytest.mark.parametrize("name", HEADS)
def test_what_stands_in_a_header_s_place_is_told(name: str, tmp_path: Path) -> None:
    """Who does what the message says can deliver the file."""
    head, message, mended = HEADS[name]

    found = rejection(tmp_path, f"{head}\n{ROW}\n".encode())

    assert message in found and "SECRET" not in found
    assert landed(parse(tmp_path, f"{mended}\n{ROW}\n")[1]) == [stock(1, *P1)]


def test_header_is_matched_whatever_its_blanks_and_hyphens(tmp_path: Path) -> None:
    header = "Product ID, STOCK-quantity ,warehouse location,last\u00a0updated,Created_Timestamp"

    assert landed(parse(tmp_path, f"{header}\n{ROW}\n")[1]) == [stock(1, *P1)]


def test_alias_before_its_column(tmp_path: Path) -> None:
    assert "one column for warehouse_location" in rejection(tmp_path, f"Location,{TEXT}".encode())


def test_header_again_may_use_an_alias(tmp_path: Path) -> None:
    again = 'Location,"PRODUCT-ID",stock quantity,last_restocked,created_timestamp'
    header = "warehouse_location,product_id,stock_quantity,last_updated,created_timestamp"

    parsed, out = parse(tmp_path, f"{header}\nBerlin,P1,5,,\n\n{again}\nParis,P2,0,,\n")

    assert [row.get("_raw_line") for row in landed(out)] == [None, again, None]
    assert "the first is row 2 (the header again)" in parsed.warnings[0]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("P2,5,Caf\u0092s,,", 3),
        (f"{ROW}\nP2,5,\u0080,,", 4),
        ("P2,5,caf\u00e9 \u00a0,,", None),
    ],
)
def test_control_characters_of_a_wrong_encoding_are_warned_about(
    text: str, line: int | None, tmp_path: Path
) -> None:
    """The text lands as it came."""
    parsed, out = parse(tmp_path, f"{TEXT}{text}\n")

    assert landed(out)[-1]["warehouse_location"] == text.splitlines()[-1].split(",")[2]
    assert [f"line {line} has a C1 control character" in item for item in parsed.warnings] == [
        True
    ] * (line is not None)


@pytest.mark.parametrize("block", range(len(HEADER), len(HEADER) + 5))
def test_control_character_at_the_border_of_a_block(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(csv_stream, "BLOCK_BYTES", block)

    (warning,) = parse(tmp_path, f"{HEADER}\n\u0092,5,Berlin,,\n")[0].warnings

    assert "line 2 has a C1 control character" in warning


def test_invisible_character_in_an_optional_name_is_warned_about(tmp_path: Path) -> None:
    content = f"{HEADER},warehouse_id\u200b\n{ROW},W1\n"

    parsed, out = parse(tmp_path, content)

    assert landed(out)[0]["_extra"] == {"warehouse_id\u200b": "W1"}
    assert "would be warehouse_id but for an invisible character (U+200B" in parsed.warnings[1]
    mended, out = parse(tmp_path, content.replace("\u200b", ""))
    assert landed(out)[0]["warehouse_id"] == "W1" and not mended.warnings


def test_warnings_name_columns_and_rows(tmp_path: Path) -> None:
    def warnings(name: str) -> tuple[str, ...]:
        return parse(tmp_path, (FIXTURES / "valid" / f"{name}.csv").read_bytes())[0].warnings

    assert warnings("plain") == ()
    assert warnings("header_only") == (f"{NAME} has a header but no rows.",)
    assert warnings("unknown_columns") == (
        f"{NAME}: schema drift: unknown columns Shelf No, column_7, bin: kept in _extra.",
        f"{NAME}: malformed rows are quarantined: 1, the first is row 3 (too many or too few"
        " fields).",
    )
    assert "are quarantined: 4, the first is row 1 (too" in warnings("ragged_rows")[0]


def test_header_again_among_other_malformed_rows(tmp_path: Path) -> None:
    rows = [
        "P1,5,Berlin,,",
        "short,1",
        HEADER,
        "P2,6,Paris,,",
        HEADER,
        "a,b,c,d,e,f,g",
        "P3,7,Rome,,",
    ]

    _, out = parse(tmp_path, "\n".join([HEADER, *rows]) + "\n")

    found = [
        (row["_row_number"], row.get("_raw_line", row.get("product_id"))) for row in landed(out)
    ]
    wanted = ["P1", "short,1", HEADER, "P2", HEADER, "a,b,c,d,e,f,g", "P3"]
    assert found == list(enumerate(wanted, 1))


@pytest.mark.parametrize(("count", "end"), [(20, "c19"), (21, "c19 and 1 more")])
def test_twenty_names_are_shown(count: int, end: str) -> None:
    assert name_list([f"c{number}" for number in range(count)]).endswith(f"c18, {end}")


def test_three_invisible_characters_are_named(tmp_path: Path) -> None:
    hidden = HEADER.replace(",", "\x07,")

    message = rejection(tmp_path, f"{hidden}\n".encode())

    assert message.count("U+0007") == 3 and "last_updated" not in message.split("beside")[1]


def test_names_in_messages_are_printable_and_few(tmp_path: Path) -> None:
    names = ["evil\x1b[31m\nname", "x" * 500, *(f"unknown_{number}" for number in range(40))]
    line = io.StringIO()
    csv.writer(line, lineterminator="\n").writerow([*HEADER.split(","), *names])

    (_, drift) = parse(tmp_path, line.getvalue())[0].warnings

    assert "evil?[31m?name, xxx" in drift and "unknown_17 and 22 more:" in drift
    assert drift.isprintable() and len(drift) < 500


@pytest.mark.parametrize("feed", CONTRACT.feeds)
def test_parquet_file_is_the_landing_table(feed: str, tmp_path: Path) -> None:
    names = [column.name for column in CONTRACT.feeds[feed].columns]
    content = ",".join(names) + "\n" + ",".join(f"{name}'s value" for name in names) + "\n"

    parsed, out = parse(tmp_path, content, feed)

    sql_types = {
        "string": pa.string(),
        "map<string, string>": pa.map_(pa.string(), pa.string()),
        "date": pa.date32(),
        "bigint": pa.int64(),
        "timestamp": pa.timestamp("us", tz="UTC"),
    }
    (table,) = (item for item in CONTRACT.tables if (item.suffix, item.name) == ("landing", feed))
    found = pq.read_table(out)
    assert [(field.name, field.type) for field in found.schema] == [
        (name, sql_types[sql_type]) for name, sql_type in table.columns
    ]
    assert found.to_pylist() == [
        {name: f"{name}'s value" for name in names}
        | {
            "_extra": None,
            "_raw_line": None,
            "_batch_id": "batch-1",
            "_batch_date": date(2025, 1, 15),
            "_source_file": f"{feed}_2025_01_15.csv",
            "_file_sha256": parsed.sha256,
            "_row_number": 1,
            "_landed_at": LINEAGE.landed_at,
        }
    ]


def test_blank_is_what_python_strips(tmp_path: Path) -> None:
    characters = [chr(code) for code in range(1, 0x3100) if chr(code) not in '",\r\n']
    lines = [f'P,"{char}{char}",b,c,d' for char in characters]

    _, out = parse(tmp_path, "\n".join([HEADER, *lines]))

    quantities = pq.read_table(out)["stock_quantity"].to_pylist()
    assert quantities == [2 * char if char.strip() else None for char in characters]


@pytest.mark.parametrize("seed", range(40))
def test_rows_keep_their_numbers_across_blocks(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    max_row_bytes = chance.choice([300, 1000, 1 << 20])
    shares = chance.choice([(1, 1, 1), (20, 1, 1), (1, 20, 1), (0, 1, 1), (1, 0, 0)])
    newline = chance.choice(["\n", "\r\n"])
    lines = [HEADER + ",more"]
    expected: list[Row] = []
    for kind in chance.choices(["good", "ragged", "blank"], shares, k=400):
        number = len(expected) + 1
        if kind == "blank":
            lines.append(chance.choice(["", " ", "\t", "\u3000"]))
            continue
        width = 6 if kind == "good" else chance.choice([1, 2, 5, 7, 9])
        values = [
            chance.choice(["a", "ä€", 'q"', ",", "x\ny", " ", "", "😀"]) for _ in range(width)
        ]
        values[0] += str(number)
        text = io.StringIO()
        csv.writer(text, quoting=chance.choice([0, 1]), lineterminator="\n").writerow(values)
        lines.append(text.getvalue().removesuffix("\n"))
        if kind == "ragged":
            expected.append(stock(number, _raw_line=lines[-1]))
        else:
            kept = [value if value.strip() else None for value in values]
            expected.append(stock(number, *kept[:5], _extra={"more": kept[5]}))

    parsed, out = parse(tmp_path, newline.join(lines), max_row_bytes=max_row_bytes)

    assert landed(out) == expected
    assert parsed.rows == len(expected)
    assert parsed.malformed_rows == sum("_raw_line" in row for row in expected)


def test_row_longer_than_a_block(tmp_path: Path) -> None:
    rows = f"{ROW}\n" * 100

    message = rejection(tmp_path, f'{HEADER}\n{rows}P2,"{"SECRET" * 500}",c,d,e\n'.encode(), 1000)

    assert "row 101 does not end within 1000 bytes" in message and "unclosed quote" in message
    assert "SECRET" not in message


def test_field_of_ten_megabytes(tmp_path: Path) -> None:
    """Refused at first; the limit is the user's to raise."""
    huge = "x" * (10 << 20)
    content = f"{HEADER}\n{ROW}\nP2,5,{huge},2025-01-15,2025-01-15 08:00:00\n"

    assert "raise ECOMM_MAX_ROW_BYTES" in rejection(tmp_path, content.encode())

    parsed, out = parse(tmp_path, content, max_row_bytes=16 << 20)
    assert parsed.rows == 2
    assert landed(out)[1]["warehouse_location"] == huge


def test_ten_thousand_columns(tmp_path: Path) -> None:
    """Each unknown one is kept."""
    names = [f"column {number}" for number in range(10_000)]

    parsed, out = parse(tmp_path, f"{HEADER},{','.join(names)}\n{ROW},{','.join(names)}\n{ROW}\n")

    (first, second) = landed(out)
    assert first["_extra"] == dict(zip(names, names, strict=True))
    assert second["_raw_line"] == ROW
    assert "and 9980 more: kept in _extra" in parsed.warnings[0]


@pytest.mark.parametrize("malformed", [0, 1, 10, 1000])
def test_quote_left_open_far_from_the_end(malformed: int, tmp_path: Path) -> None:
    rows = f"{ROW}\n" * 100
    ragged = "x\n \n" * malformed

    message = rejection(tmp_path, f'{HEADER}\n{rows}{ragged}"P2,5\n{rows}'.encode(), 1000)

    assert f"row {101 + malformed} does not end" in message


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        ("P2,0,Par", [stock(2, _raw_line="P2,0,Par")]),
        ("P2,0,Paris,2025-01-14,2025-01-15 09", [stock(2, *P2[:4], "2025-01-15 09")]),
    ],
    ids=["amid a row", "amid its last field"],
)
def test_file_cut_mid_row(end: str, expected: list[Row], tmp_path: Path) -> None:
    """What is there lands; rules, or the manifest's rows, bytes or sha256, tell the rest."""
    parsed, out = parse(tmp_path, f"{HEADER}\n{ROW}\n{end}")

    assert landed(out) == [stock(1, *P1), *expected]
    assert parsed.malformed_rows == ("_raw_line" in expected[0])


def test_header_without_end(tmp_path: Path) -> None:
    header = HEADER + "".join(f",c{number}" for number in range(1000))

    message = rejection(tmp_path, f"{header}\n".encode(), 1024)

    assert "the header does not end within 1024 bytes" in message


def test_bad_byte_beyond_the_first_block(tmp_path: Path) -> None:
    # Beyond the part of the file that is looked through for the header.
    rows = f"{ROW}\n" * 40_000

    message = rejection(tmp_path, f"{HEADER}\n{rows}".encode() + b"P2,\xff,c,d,e\n", 1000)

    assert "line 40002 has a byte" in message


@pytest.mark.parametrize(
    "change", ["append", "rewrite", "rewrite in its time", "replace", "remove"]
)
def test_file_that_changes_while_it_is_read(
    change: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / NAME
    read_head = CsvStream.read_head

    def change_and_read(stream: CsvStream) -> Head:
        before = source.stat()
        match change:
            case "append":
                source.write_text(TEXT + ROW)
            case "rewrite":
                source.write_text(TEXT.replace("P1", "P9"))
                os.utime(source, ns=(1, 1))
            case "rewrite in its time":
                # Nothing but the bytes tells.
                source.write_text(TEXT.replace("P1", "P9"))
                os.utime(source, ns=(before.st_atime_ns, before.st_mtime_ns))
            case "replace":
                (tmp_path / "new").write_text(TEXT.replace("P1", "P9"))
                (tmp_path / "new").replace(source)
            case "remove":
                source.unlink()
        return read_head(stream)

    monkeypatch.setattr(CsvStream, "read_head", change_and_read)
    with pytest.raises(Waiting, match=f"^{NAME} changed while it was read"):
        parse(tmp_path, TEXT)
    assert not (tmp_path / "out.parquet").exists()


def test_a_mount_may_tell_another_time_of_a_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As mounted volumes may: of an open file they tell one time, of its path another."""
    plain = os.lstat

    def other_time(path: Any, **more: Any) -> os.stat_result:
        found = plain(path, **more)
        times = (found.st_atime, found.st_mtime + 1, found.st_ctime)
        return os.stat_result((*found[:7], *times))

    monkeypatch.setattr(Path, "lstat", other_time)

    assert parse(tmp_path, TEXT)


def test_file_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(Waiting, match=NAME):
        parse_file(
            tmp_path / NAME,
            CONTRACT.feeds["inventory"],
            LINEAGE,
            tmp_path / "out.parquet",
            MAX_ROW_BYTES,
        )


@pytest.mark.parametrize("kind", ["link", "dangling link", "folder", "pipe"])
def test_what_is_no_regular_file(kind: str, tmp_path: Path) -> None:
    source = tmp_path / NAME
    match kind:
        case "link":
            (tmp_path / "real.csv").write_text(TEXT)
            source.symlink_to(tmp_path / "real.csv")
        case "dangling link":
            source.symlink_to(tmp_path / "nowhere.csv")
        case "folder":
            source.mkdir()
        case "pipe":
            os.mkfifo(source)

    with pytest.raises(Rejected, match=f"^{NAME} is a link or no regular file"):
        parse_file(
            source, CONTRACT.feeds["inventory"], LINEAGE, tmp_path / "out.parquet", MAX_ROW_BYTES
        )


def test_full_disk_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """An error while a row is written comes through as it is, and shows no row."""

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(row_writer.RowWriter, "add", fail)
    with pytest.raises(OSError, match="No space left"):
        parse(tmp_path, f"{TEXT}SECRET\n")
    assert not (tmp_path / "out.parquet").exists()
    assert "SECRET" not in "".join(capfd.readouterr())


MEASURE = """
import resource, sys
from pathlib import Path
from ingest.reading.reader import parse_file
from tests.unit.test_reader import CONTRACT, LINEAGE
source = Path(sys.argv[1])
out = source.with_suffix(".parquet")
# Blocks are small beside the files.
parsed = parse_file(source, CONTRACT.feeds["inventory"], LINEAGE, out, 1 << 17)
print(parsed.rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


@pytest.mark.parametrize("line", [f"{ROW}\n", f"short,{'x' * 500}\n"], ids=["good", "malformed"])
def test_memory_stays_flat(line: str, tmp_path: Path) -> None:
    peaks = []
    for megabytes in (6, 30):
        source = tmp_path / NAME
        rows = (megabytes << 20) // len(line)
        with source.open("w") as file:
            file.write(f"{HEADER}\n")
            for _ in range(100):
                file.write(line * (rows // 100))
        run = subprocess.run(
            [sys.executable, "-c", MEASURE, str(source)],
            cwd=PROJECT_DIR,
            capture_output=True,
            text=True,
            check=True,
        )
        counted, peak = map(int, run.stdout.split())
        assert counted == rows // 100 * 100
        peaks.append(peak >> 10)

    assert peaks[1] - peaks[0] < 12, f"MiB at their peak: {peaks}"
