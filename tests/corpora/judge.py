"""Hold the reader against a public corpus of broken CSV files, and other readers beside it.

The corpus has two folders: `csv/` with the broken files, `clean/` with what each was made from. For
each file one of these is true:

- same: the good rows are those of the clean version;
- said: they are not, and the reader says so: the file is rejected, has malformed rows or a warning;
- silent: they are not, and nothing is said.

Pollock, the data loading benchmark (Vitagliano et al., PVLDB 16, 2023), is such a corpus.
"""

import argparse
import csv
import sys
import tarfile
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pv
import pyarrow.parquet as pq

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from reference import strict_csv  # noqa: E402

from ingest.contract import Column, Feed  # noqa: E402
from ingest.errors import Rejected  # noqa: E402
from ingest.reading.reader import Lineage, parse_file  # noqa: E402

Rows = list[list[str | None]]
# The good rows, and whether anything was said.
Reading = tuple[Rows, bool]

_MAX_ROW_BYTES = 2 << 20


def main() -> int:
    """Print a line for each reader; exit code 1 when ours is not what it is said to be."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("corpus", type=Path, help="folder, or tar archive, with csv/ and clean/")
    parser.add_argument("--silent", type=int, default=0, help="silent differences that are known")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = options.corpus
        if folder.is_file():
            with tarfile.open(folder) as archive:
                archive.extractall(work, filter="data")
            folder = Path(work)
        return _judge(folder, Path(work), options.silent)


def _judge(folder: Path, work: Path, known_silent: int) -> int:
    files = sorted((folder / "csv").iterdir())
    if not files:
        print(f"{folder} has no files in csv/: name the corpus.", file=sys.stderr)
        return 1
    readers: dict[str, Callable[[Path, list[str]], Reading]] = {
        "this project": lambda path, names: _ours(path, names, work),
        "strict reference": _reference,
        "pyarrow": _arrow,
    }
    counts = {name: Counter[str]() for name in readers}
    silent, unlike = [], []
    names = _records(folder / "clean" / "source.csv")[0]
    for path in files:
        clean = _records(folder / "clean" / path.name)
        expected = [
            [cell if cell.strip() else None for cell in row] for row in clean if row != names
        ]
        readings = {}
        for name, read in readers.items():
            rows, is_said = readings[name] = read(path, names)
            kind = "same" if rows == expected else "said" if is_said else "silent"
            counts[name][kind] += 1
            if (name, kind) == ("this project", "silent"):
                silent.append(path.name)
        if readings["this project"][0] != readings["strict reference"][0]:
            unlike.append(path.name)
    print(f"{len(files)} files{'same':>22}{'said':>8}{'silent':>8}")
    for name, count in counts.items():
        print(f"{name:<24}{count['same']:>9}{count['said']:>8}{count['silent']:>8}")
    print("silent:", ", ".join(silent) or "none")
    print("read otherwise than the strict reference:", ", ".join(unlike) or "none")
    return int(bool(unlike) or len(silent) > known_silent)


def _ours(path: Path, names: list[str], work: Path) -> Reading:
    feed = Feed("file", tuple(Column(name, "string", False, ()) for name in names))
    out = work / "rows.parquet"
    lineage = Lineage("corpus", date(2025, 1, 15), datetime(2025, 1, 15, tzinfo=UTC))
    try:
        parsed = parse_file(path, feed, lineage, out, _MAX_ROW_BYTES)
    except Rejected:
        return [], True
    landed = sorted(pq.read_table(out).to_pylist(), key=lambda row: row["_row_number"])
    rows = [[row[name] for name in names] for row in landed if row["_raw_line"] is None]
    return rows, bool(parsed.malformed_rows or parsed.warnings)


def _reference(path: Path, names: list[str]) -> Reading:
    """Read as the standard says, and by the contract's rules for a header and for its like."""
    try:
        found = list(strict_csv.records(path.read_bytes().decode("utf-8-sig")))
    except ValueError:
        return [], True
    header = found[0].fields if found else None
    if header is None or b"\0" in path.read_bytes():
        return [], True
    spelled = [_spelling(name) for name in header]
    if len(set(spelled)) < len(spelled) or not {_spelling(name) for name in names} <= set(spelled):
        return [], True
    places = [spelled.index(_spelling(name)) for name in names]
    good = [
        record.fields
        for record in found[1:]
        if record.fields is not None
        and len(record.fields) == len(header)
        and [_spelling(field) for field in record.fields] != spelled
    ]
    rows = [[_blank_to_none(fields[place]) for place in places] for fields in good]
    return rows, len(good) < len(found) - 1 or len(header) > len(names) or not rows


def _arrow(path: Path, names: list[str]) -> Reading:
    skipped = []

    def skip(row: pv.InvalidRow) -> str:
        skipped.append(row.number)
        return "skip"

    try:
        table = pv.read_csv(
            path,
            read_options=pv.ReadOptions(use_threads=False),
            parse_options=pv.ParseOptions(newlines_in_values=True, invalid_row_handler=skip),
            convert_options=pv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=True
            ),
        ).select(names)
    except (pa.ArrowInvalid, KeyError):
        return [], True
    columns = [[_blank_to_none(value or "") for value in col.to_pylist()] for col in table.columns]
    return [list(row) for row in zip(*columns, strict=True)], bool(skipped)


def _records(path: Path) -> list[list[str]]:
    """Records of a clean file, which any reader gives."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def _spelling(name: str) -> str:
    return name.strip().lower().replace(" ", "_").replace("-", "_")


def _blank_to_none(value: str) -> str | None:
    return value if value.strip() else None


if __name__ == "__main__":
    sys.exit(main())
