"""Texts in SQL statements: nothing in them ends the literal or changes on the way."""

import pytest
from support.macros import project_macros

from ingest.catalog import sql_text

macro = project_macros("ops")["sql_text"]

LITERALS = {
    "plain": "'plain'",
    "it's": r"'it\'s'",
    "a\\b": r"'a\\b'",
    # With the backslash left alone, the quote after it would end the literal.
    "\\'; drop table x; --": r"'\\\'; drop table x; --'",
    "ends with \\": r"'ends with \\'",
    "": "''",
    "ünïcode ✓": "'ünïcode ✓'",
}


@pytest.mark.parametrize("text", LITERALS)
def test_text_is_escaped(text: str) -> None:
    assert sql_text(text) == LITERALS[text]
    assert macro(text).strip() == LITERALS[text]


def test_what_is_no_text() -> None:
    assert sql_text(5) == macro(5).strip() == "'5'"
    assert macro(None).strip() == "cast(null as string)"
