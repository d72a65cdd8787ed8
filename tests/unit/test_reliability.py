"""docs/reliability.md names a test for each fault, and no test that is not there."""

import ast
import re
from pathlib import Path

from ingest.config import PROJECT_DIR

PAGE = (PROJECT_DIR / "docs" / "reliability.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (\d+) \|(.*)\|$", PAGE, re.MULTILINE)
TEST = re.compile(r"`([a-z_]+/test_[a-z_]+\.py)::(test_[a-z0-9_]+)`")


def defined_in(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_faults_are_numbered_without_gaps() -> None:
    assert [int(number) for number, _ in ROWS] == list(range(1, len(ROWS) + 1))


def test_every_fault_has_an_outcome_and_a_test() -> None:
    for number, row in ROWS:
        # A bar in a code span is no border here.
        fault, outcome, tests = (cell.strip() for cell in row.split("|"))
        assert fault and outcome, number
        names = tests.split(", ")
        assert all(TEST.fullmatch(name) for name in names), number


def test_every_test_that_is_named_exists() -> None:
    named = TEST.findall(PAGE)
    missing = [
        f"{file}::{name}"
        for file, name in named
        if name not in defined_in(PROJECT_DIR / "tests" / file)
    ]

    assert len(named) >= len(ROWS) > 90
    assert missing == []
