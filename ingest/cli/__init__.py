"""The command line: `python -m ingest`."""

from ingest.cli import batches, files, installation, results
from ingest.cli.exit_codes import ExitCode
from ingest.cli.options import app

# Each of the modules adds its commands to the application.
__all__ = ["ExitCode", "app", "batches", "files", "installation", "results"]
