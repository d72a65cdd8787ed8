"""A feed root and a warehouse, and the commands that work on them as a user would type them."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession
from typer.testing import CliRunner, Result

from ingest.cli import app
from ingest.config import PROJECT_DIR

SAMPLE = PROJECT_DIR / "data" / "sample"


@dataclass(frozen=True)
class Stack:
    """Feeds and tables of one schema.

    Attributes:
        root: Feed root.
        warehouse: Folder of the tables.
        schema: Prefix of the schemas.
        target: Engine.
        more: Further variables of the environment.
    """

    root: Path
    warehouse: Path
    schema: str
    target: str = "local"
    more: Mapping[str, str] = field(default_factory=dict)

    def ingest(self, command: str, *arguments: str) -> Result:
        """Run a command of ingest in this process."""
        options = {"--warehouse": self.warehouse, "--schema": self.schema, "--target": self.target}
        if command in ("run", "land", "status"):
            options["--root"] = self.root
        flags = [str(part) for option in options.items() for part in option]
        with self.environment_set():
            return CliRunner().invoke(app, [command, *arguments, *flags])

    def run(self, exit_code: int = 0) -> Result:
        """Run `ingest run`, which must end with the exit code."""
        result = self.ingest("run")
        assert result.exit_code == exit_code, result.output
        return result

    def environment(self) -> dict[str, str]:
        """What a user would have in the environment."""
        return {
            "ECOMM_TARGET": self.target,
            "ECOMM_WAREHOUSE": str(self.warehouse),
            "ECOMM_SCHEMA": self.schema,
            **self.more,
        }

    @contextmanager
    def environment_set(self) -> Iterator[None]:
        """Set the environment meanwhile."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment().items():
                patch.setenv(name, value)
            yield

    def dbt(self, *arguments: str, success: bool = True, callbacks: Any = None) -> Any:
        """Run a command of dbt in this process; gives its result."""
        project = self.more.get("ECOMM_PROJECT_DIR", str(PROJECT_DIR))
        folders = ["--project-dir", project, "--profiles-dir", project]
        with self.environment_set():
            done = dbtRunner(callbacks=callbacks).invoke([*arguments, "--quiet", *folders])
        assert done.success == success, done.exception or done.result
        return done.result

    def build(self, callbacks: Any = None) -> Any:
        """Run `dbt build` without unit tests."""
        return self.dbt("build", "--exclude-resource-type", "unit_test", callbacks=callbacks)

    def deliver(self, source: Path) -> None:
        """Put all files of another feed root into this one."""
        shutil.copytree(source, self.root, dirs_exist_ok=True)

    def deliver_day(self, day: str) -> None:
        """Put a day of the sample, such as 2025_01_15, into the feed root."""
        deliver_day(self.root, day)


def deliver_day(root: Path, day: str) -> None:
    """Put a day of the sample into a feed root."""
    for path in SAMPLE.rglob(f"*{day}*"):
        to = root / path.relative_to(SAMPLE)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)


def environment_of(project: Path) -> dict[str, str]:
    """Work on a copy of the project: what dbt has parsed of one is never that of another."""
    return {"ECOMM_PROJECT_DIR": str(project), "DBT_TARGET_PATH": str(project / "target")}


def copy_project(folder: Path) -> Path:
    """A copy of the dbt project, whose seeds a test may edit; the rest of it is the original."""
    shutil.copytree(PROJECT_DIR / "seeds", folder / "seeds")
    names = ("dbt_project.yml", "profiles.yml", "packages.yml", "selectors.yml", "dbt_packages")
    for name in (*names, "macros", "models", "snapshots", "tests/generic", "tests/cross_table"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).symlink_to(PROJECT_DIR / name)
    return folder


def retry_after_failure(stack: Stack, session: SparkSession) -> None:
    """Let a build fail for a table without its columns, mend the table, and let dbt go on."""
    name = f"{stack.schema}_marts.customer_analytics"
    table = session.table(name)
    content = table.toArrow()
    columns = ", ".join(f"{field.name} {field.dataType.simpleString()}" for field in table.schema)
    session.sql(f"create or replace table {name} (wrong int) using delta")
    stack.dbt("run", "--select", "segment_analysis", success=False)
    session.createDataFrame(content).createOrReplaceTempView("mended")
    # The engines differ on how a replacement brings other columns (dbt_project.yml).
    session.sql(f"create or replace table {name} ({columns}) using delta")
    session.sql(f"insert into {name} select * from mended")

    # The hooks at the start and at the end are among the results too.
    retried = [result.node for result in stack.dbt("retry")]
    assert [node.name for node in retried if node.resource_type == "model"] == ["segment_analysis"]
