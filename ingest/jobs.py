"""Commands as tasks of Databricks jobs: what they are given, and how they end."""

import os
import shlex
import sys
from pathlib import Path

from typer.main import get_command

from ingest.cli import ExitCode, app
from ingest.errors import ConfigError

# What the job `ecomm operations` may run; the job `ecomm batches` lands and builds.
OPERATIONS = ("replay", "withdraw", "errors", "export", "status", "report", "contract diff")


def job() -> None:
    """Run a job's task: `python -m ingest` with the task's parameters, told apart by exceptions.

    Raises:
        RuntimeError: The command failed; or `report` found a rejected trigger, or a feed without a
            valid row. The task fails.
    """
    _run(sys.argv[1:])


def operation() -> None:
    """Run the command that somebody gave the job `ecomm operations`.

    The task's parameters are the command, its options as one text, the folder that relative paths
    in them start from, and settings, of which the command gets those that it knows.

    Raises:
        RuntimeError: The command failed, or is none that the job may run.
    """
    name, options, folder, *settings = sys.argv[1:]
    command = get_command(app)
    try:
        if name not in OPERATIONS:
            raise ConfigError(f"The parameter command must be one of {', '.join(OPERATIONS)}.")
        for part in name.split():
            command = command.commands[part]  # type: ignore[attr-defined]
        given = shlex.split(options)
    except (ConfigError, ValueError) as error:
        raise RuntimeError(f"{error} Nothing was done.") from None
    known = {flag for parameter in command.params for flag in parameter.opts}
    Path(folder).mkdir(parents=True, exist_ok=True)
    os.chdir(folder)
    _run([*name.split(), *given, *(item for item in settings if item.partition("=")[0] in known)])


def _run(arguments: list[str]) -> None:
    code = app(args=arguments, standalone_mode=False) or ExitCode.DONE
    failing = {ExitCode.FAILED, ExitCode.USAGE}
    if arguments[:1] == ["report"]:
        failing |= {ExitCode.REJECTED, ExitCode.POOR}
    if code in failing:
        raise RuntimeError(f"Exit code {int(code)}: the output above says what happened.")
