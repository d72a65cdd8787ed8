"""Commands as tasks of Databricks jobs: what they are given, and how they end."""

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest import jobs
from ingest.cli import ExitCode, app
from ingest.config import PROJECT_DIR
from ingest.contract import load_contract
from ingest.feed_root import FeedRoot

SETTINGS = ("--target=databricks", "--catalog=c", "--schema=s", "--root=/r", "--archive-root=/a")


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[list[str]]:
    """Arguments of the commands that ran; none really does."""
    monkeypatch.chdir(tmp_path)
    arguments: list[list[str]] = []
    monkeypatch.setattr(jobs, "_run", arguments.append)
    return arguments


def give(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["ecomm-operation", *arguments])


def test_a_command_gets_its_options_and_the_settings_that_it_knows(
    ran: list[list[str]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tmp_path / "exports"
    give(monkeypatch, "errors", "--feed orders --export 'my file.csv'", str(folder), *SETTINGS)
    jobs.operation()
    give(monkeypatch, "replay", "--from 2025-01-15", str(folder), *SETTINGS)
    jobs.operation()
    give(monkeypatch, "contract diff", "", str(folder), *SETTINGS)
    jobs.operation()

    engine = ["--target=databricks", "--catalog=c", "--schema=s"]
    assert ran == [
        ["errors", "--feed", "orders", "--export", "my file.csv", *engine],
        ["replay", "--from", "2025-01-15", *engine],
        ["contract", "diff", *engine],
    ]
    # What a command writes with a relative path lands in the volume.
    assert Path.cwd() == folder


@pytest.mark.parametrize(
    ("command", "options", "message"),
    [
        ("run", "", "The parameter command must be one of replay, withdraw, errors"),
        ("land", "", "The parameter command must be one of"),
        ("contract", "", "The parameter command must be one of"),
        ("sample", "", "The parameter command must be one of"),
        ("errors; drop", "", "The parameter command must be one of"),
        ("errors", "--feed 'orders", "No closing quotation Nothing was done."),
    ],
)
def test_other_commands_are_refused(
    command: str,
    options: str,
    message: str,
    ran: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    give(monkeypatch, command, options, str(tmp_path), *SETTINGS)

    with pytest.raises(RuntimeError, match=message):
        jobs.operation()
    assert ran == []


@pytest.mark.parametrize(
    ("command", "code", "fails"),
    [
        ("land", ExitCode.DONE, False),
        ("land", ExitCode.WAITING, False),
        ("land", ExitCode.REJECTED, False),
        ("land", ExitCode.FAILED, True),
        ("report", ExitCode.REJECTED, True),
        ("report", ExitCode.DONE, False),
        ("replay", ExitCode.FAILED, True),
        ("export", ExitCode.USAGE, True),
        ("run", ExitCode.POOR, False),
        ("report", ExitCode.POOR, True),
    ],
)
def test_a_task_fails_where_somebody_must_be_told(
    command: str, code: ExitCode, fails: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.jobs.app", lambda **given: code)
    monkeypatch.setattr(sys, "argv", ["ecomm-job", command])

    if fails:
        with pytest.raises(RuntimeError, match=f"Exit code {int(code)}"):
            jobs.job()
    else:
        jobs.job()


def test_a_laptop_is_told_where_the_command_runs(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)
    monkeypatch.setattr("pyspark.sql.SparkSession.getActiveSession", lambda: None)

    failed = CliRunner().invoke(app, ["errors", "--target", "databricks"])

    assert failed.exit_code == ExitCode.FAILED
    assert failed.stderr.startswith("The target databricks has a session on Databricks only: run")
    assert "databricks bundle run operations --params command=" in failed.stderr
    assert failed.stderr.count("\n") == 1


def test_folders_of_a_new_volume_are_made(tmp_path: Path) -> None:
    FeedRoot(tmp_path).make(load_contract(PROJECT_DIR).feeds)

    assert {str(path.relative_to(tmp_path)) for path in tmp_path.glob("*/source")} == {
        "triggers/source",
        *(
            f"{feed}_data/source"
            for feed in ("orders", "customers", "products", "inventory", "shipping")
        ),
    }
