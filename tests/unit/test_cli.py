"""The command line without an engine: what a user gets wrong is told in one sentence."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.cli import ExitCode, app
from ingest.config import PROJECT_DIR, load_settings
from ingest.engines.engine import exclusive_use
from ingest.errors import ConfigError
from ingest.feed_root import FeedRoot

runner = CliRunner()


def test_help_names_every_command() -> None:
    shown = runner.invoke(app, ["--help"])

    assert shown.exit_code == 0
    for command in (
        "run",
        "land",
        "watch",
        "replay",
        "withdraw",
        "status",
        "export",
        "sample",
        "engine",
    ):
        assert command in shown.stdout


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "--root", "/no/such/root"], "There is no folder /no/such/root/triggers/source"),
        (["land", "--root", "/no/such/root"], "There is no folder /no/such/root/triggers/source"),
        (["watch", "--root", "/no/such/root"], "There is no folder /no/such/root/triggers/source"),
        (["watch", "--target", "databricks"], "watch is for files on this machine"),
        (["run", "--schema", "No"], "--schema (or ECOMM_SCHEMA) must"),
        (["status", "--target", "oracle"], "--target (or ECOMM_TARGET) must"),
    ],
)
def test_mistakes_are_one_sentence(arguments: list[str], message: str) -> None:
    failed = runner.invoke(app, arguments)

    assert failed.exit_code == 1
    assert failed.stderr.startswith(message)
    assert failed.stderr.count("\n") == 1
    assert failed.stdout == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["status"],
        ["report"],
        ["errors"],
        ["contract", "diff"],
        ["replay"],
        ["withdraw", "--date", "2025-01-15"],
        ["export", "out"],
        ["engine", "stop"],
        ["engine", "status"],
    ],
    ids=lambda words: words[-1],
)
def test_mistyped_warehouse_is_told_and_not_made(arguments: list[str], tmp_path: Path) -> None:
    failed = runner.invoke(app, [*arguments, "--warehouse", str(tmp_path / "hous")])

    assert failed.exit_code == ExitCode.USAGE
    assert str(tmp_path / "hous") in failed.stderr and "--warehouse" in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_mistyped_schema_is_told_with_those_that_are_there(tmp_path: Path) -> None:
    (tmp_path / "shop_landing" / "orders" / "_delta_log").mkdir(parents=True)

    failed = runner.invoke(app, ["status", "--warehouse", str(tmp_path), "--schema", "shp"])

    assert failed.exit_code == ExitCode.USAGE
    assert failed.stderr.endswith(
        "has no tables of schema shp, but of shop: name one of these with --schema (or"
        " ECOMM_SCHEMA).\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["shop_landing"]


def test_version_and_short_help() -> None:
    assert runner.invoke(app, ["--version"]).stdout == "ecomm-pipeline 0.1.0\n"
    for command in ([], ["run"], ["engine", "start"]):
        short, long = (runner.invoke(app, [*command, flag]).stdout for flag in ("-h", "--help"))
        assert short == long and "Usage" in short


def test_unknown_option_is_a_usage_error() -> None:
    assert runner.invoke(app, ["run", "--nonsense"]).exit_code == 2


@pytest.mark.parametrize("arguments", [[], ["--date", "16.01.2025"], ["--date", "2025-02-30"]])
def test_withdraw_needs_a_date(arguments: list[str]) -> None:
    assert runner.invoke(app, ["withdraw", *arguments]).exit_code == 2


def test_feed_root_is_created_or_named_as_the_message_says(tmp_path: Path) -> None:
    settings = load_settings(root=tmp_path)
    with pytest.raises(ConfigError, match="create it, or name the feed root with --root") as told:
        FeedRoot.of(settings).check()

    folder = Path(str(told.value).split(":")[0].removeprefix("There is no folder "))
    folder.mkdir(parents=True)
    FeedRoot.of(settings).check()
    FeedRoot.of(load_settings(root=tmp_path)).check()


def test_run_is_refused_while_another_is_at_work(tmp_path: Path) -> None:
    (tmp_path / "feeds" / "triggers" / "source").mkdir(parents=True)
    warehouse = tmp_path / "tables"

    with exclusive_use(warehouse):
        failed = runner.invoke(
            app, ["run", "--root", str(tmp_path / "feeds"), "--warehouse", str(warehouse)]
        )

    assert failed.exit_code == 1
    assert failed.stderr.startswith("Another run is at work in warehouse")


def test_warehouse_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "triggers" / "source").mkdir(parents=True)
    (tmp_path / "file").touch()

    failed = runner.invoke(
        app, ["run", "--root", str(tmp_path), "--warehouse", str(tmp_path / "file" / "tables")]
    )

    assert failed.exit_code == 1
    assert "cannot be written" in failed.stderr


def test_sample_writes_batches(tmp_path: Path) -> None:
    made = runner.invoke(
        app, ["sample", "--days", "2", "--orders", "60", "--seed", "3", "--out", str(tmp_path)]
    )

    assert made.exit_code == 0, made.output
    assert len(list((tmp_path / "triggers" / "source").glob("*.json"))) == 2
    assert len(list((tmp_path / "orders_data" / "source").glob("*.csv"))) == 2


def test_engine_status_when_it_is_down(tmp_path: Path) -> None:
    told = runner.invoke(app, ["engine", "status", "--warehouse", str(tmp_path)])

    assert told.exit_code == 0
    assert told.stdout == f"The local engine of {tmp_path} is not running.\n"


def test_stopping_an_engine_that_is_down(tmp_path: Path) -> None:
    told = runner.invoke(app, ["engine", "stop", "--warehouse", str(tmp_path)])

    assert told.exit_code == 0
    assert told.stdout == "The local engine was not running.\n"


def test_package_without_the_generator_says_where_samples_are_made(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ingest.sample", None)

    failed = runner.invoke(app, ["sample", "--root", str(tmp_path)])

    assert failed.exit_code == ExitCode.FAILED
    assert "run this in a checkout" in failed.stderr


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--html", "page.pdf"], "name it page.pdf.html"),
        (["--html", "/no/such/page.html"], "There is no folder /no/such"),
        (["--serve", "--port", "{taken}"], "Name another one with --port"),
    ],
)
def test_watch_that_cannot_begin(tmp_path: Path, options: list[str], message: str) -> None:
    FeedRoot(tmp_path).triggers.mkdir(parents=True)
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = str(other.getsockname()[1])
        given = [option.format(taken=taken) for option in options]
        places = ["--root", str(tmp_path), "--warehouse", str(tmp_path / "tables")]

        failed = runner.invoke(app, ["watch", *places, *given])

    assert failed.exit_code == 1
    assert message in failed.stderr
    assert failed.stderr.count("\n") == 1
    assert not (tmp_path / "tables").exists()


@pytest.mark.parametrize(("code", "is_opened"), [(0, True), (1, False)])
def test_page_is_opened_in_the_browser_that_is_named(
    tmp_path: Path, code: int, is_opened: bool
) -> None:
    """In a process of its own: Python looks for browsers once."""
    browser, page = tmp_path / "browser", tmp_path / "my page.html"
    browser.write_text(f'#!/bin/sh\nprintf %s "$1" > "{tmp_path}/given"\nexit {code}\n')
    browser.chmod(0o755)
    script = "import sys; from pathlib import Path; from ingest.cli.report_page import *;"
    environment = {
        "BROWSER": f"{browser} %s",
        "PATH": str(tmp_path),
        "PYTHONPATH": str(PROJECT_DIR),
    }

    done = subprocess.run(
        [sys.executable, "-c", f"{script} open_in_browser(Path(sys.argv[1]))", str(page)],
        env=environment,
        capture_output=True,
        text=True,
    )

    assert (tmp_path / "given").read_text() == page.as_uri()
    assert (done.returncode == 0) == is_opened
    assert is_opened or f"No browser was found: open {page} in one" in done.stderr
