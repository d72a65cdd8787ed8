"""What may be said of names and errors: one line each, without data values."""

import re

from pyspark.errors import PySparkException, RetriesExceeded

from ingest.errors import PipelineError

_STATUS = re.compile(r"StatusCode\.([A-Z_]+)")


def one_line(text: str) -> str:
    """A text, such as a file's name, as logs and terminals may take it: no control characters."""
    return "".join(char if char.isprintable() else "?" for char in text)


def first_line(error: PySparkException) -> str:
    """What the engine says went wrong, without the plans and traces that follow."""
    lines = filter(str.strip, str(error).splitlines())
    line = next(lines, type(error).__name__)[:300]
    # Of what gRPC says instead only its status is of use.
    if isinstance(error, RetriesExceeded) or "RPC that terminated with" in line:
        status = _STATUS.search(str(error.__cause__ or error))
        return (
            f"it does not answer any more{f' ({status[1]})' if status else ''}. Run again; the"
            " local engine's log is .engine/engine.log in the warehouse."
        )
    return line


def explain(error: BaseException) -> str:
    """An unexpected error in one sentence; its own text only where it cannot tell of data."""
    if isinstance(error, PipelineError):
        return str(error)
    name = type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return f"Unexpected error: {error.strerror} ({name})."
    if isinstance(error, PySparkException):
        return f"Unexpected error of the engine: {first_line(error)} ({name})."
    return f"Unexpected error ({name})."
