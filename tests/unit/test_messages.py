"""What is said of errors: nothing that an error's own text may tell of the data."""

import pytest
from pyspark.errors import PySparkException

from ingest.messages import explain


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (ValueError("jo@example.com"), "Unexpected error (ValueError)."),
        (KeyError("jo@example.com"), "Unexpected error (KeyError)."),
        (OSError(28, "No space left", "x"), "Unexpected error: No space left (OSError)."),
        (OSError("jo@example.com"), "Unexpected error (OSError)."),
        (
            PySparkException("it broke\n'jo@example.com'"),
            "Unexpected error of the engine: it broke (PySparkException).",
        ),
    ],
    ids=lambda value: type(value).__name__,
)
def test_unexpected_error_is_told_without_data(error: Exception, told: str) -> None:
    assert explain(error) == told
