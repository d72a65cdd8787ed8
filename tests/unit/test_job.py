"""A task of the Databricks job: red when somebody must look, green when there is nothing to do."""

import sys
from typing import Any

import pytest

from ingest import cli
from ingest.cli import ExitCode
from ingest.databricks import job, set_task_value


@pytest.mark.parametrize(
    ("command", "code", "is_red"),
    [
        ("land", None, False),
        ("land", ExitCode.DONE, False),
        ("land", ExitCode.WAITING, False),
        # The files are in rejected/, and what is good has landed: the run goes on to apply it.
        ("land", ExitCode.REJECTED, False),
        ("land", ExitCode.FAILED, True),
        ("report", None, False),
        ("report", ExitCode.WAITING, False),
        ("report", ExitCode.REJECTED, True),
        ("report", ExitCode.FAILED, True),
    ],
)
def test_task_fails_when_somebody_must_look(
    command: str, code: ExitCode | None, is_red: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[dict[str, Any]] = []

    def run(**options: Any) -> ExitCode | None:
        called.append(options)
        return code

    monkeypatch.setattr(cli, "app", run)
    monkeypatch.setattr(sys, "argv", ["ecomm-job", command, "--target=databricks"])
    if is_red:
        assert code is not None
        with pytest.raises(RuntimeError, match=f"^Exit code {int(code)}: the output above says"):
            job()
    else:
        job()

    # Else typer would end the process, which the platform takes for a failure.
    assert called == [{"standalone_mode": False}]


def test_outside_databricks_there_are_no_task_values(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DATABRICKS_RUNTIME_VERSION", raising=False)

    set_task_value("pending", ["a"])
