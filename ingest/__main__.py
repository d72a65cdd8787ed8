"""`python -m ingest`."""

import gc

# Before dbt is imported: a fifth of that time went to searching for garbage that is not there.
gc.set_threshold(100_000, 20, 100)

from ingest.cli import app  # noqa: E402

app(prog_name="python -m ingest")
