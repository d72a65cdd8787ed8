"""What CSV can hold of a column."""

import pyarrow as pa

from ingest.export import _plain


def test_text_in_whatever_form_is_text_without_formulas() -> None:
    words = ["=1+1", "plain", None]

    for kind in (pa.string(), pa.large_string(), pa.string_view()):
        plain = _plain(pa.array(words, kind))

        assert plain.to_pylist() == ["'=1+1", "plain", None]
        # The writer of CSV files takes no views.
        assert plain.type == pa.string()
