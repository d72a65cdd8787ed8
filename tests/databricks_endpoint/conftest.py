"""Fixtures of the lane: one Spark, one endpoint, and a stack that ingest and dbt work on."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from databricks import sql as connector
from databricks.sql.client import Connection, Cursor
from dbt.cli.main import dbtRunner
from pyspark.sql import SparkSession
from support.batches import FEW_ROWS, configure, tables
from support.stack import deliver_day, environment_of
from typer.testing import CliRunner

from databricks_endpoint.server import HOST, HTTP_PATH, Endpoint
from databricks_endpoint.translate import SPARK_CATALOG
from ingest.cli import app
from ingest.config import PROJECT_DIR, load_settings
from ingest.engines.engine import engine_for

# A name that needs quoting everywhere, and that no schema, table or column bears.
CATALOG = "demo-external-catalog"
SCHEMA = "shop"
VARIABLES = {"personal_data_group": "personal-data"}
# Schema of tests of single statements.
STATEMENTS_SCHEMA = "endpoint_statements"
STATEMENTS = f"`{CATALOG}`.`{STATEMENTS_SCHEMA}`"
Run = Callable[[str], list[tuple[object, ...]]]
_endpoints: list[Endpoint] = []
# The first day comes late: it makes dbt rewind and replay the second.
DELIVERIES = (("2025_01_16",), ("2025_01_15",))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say which statements were emulated, and how often."""
    for endpoint in _endpoints:
        terminalreporter.section(f"emulated, of {len(endpoint.statements)} statements")
        for kind, count in sorted(endpoint.emulated.items()):
            terminalreporter.write_line(f"{count:6} {kind}")


@pytest.fixture(scope="session")
def spark(warehouse: Path) -> Iterator[SparkSession]:
    """The session of the platform, which ingest writes with."""
    # Another schema: as on the platform, ingest finds none of its own tables when it comes first.
    settings = load_settings(warehouse=warehouse, target="spark", schema_name="platform")
    with engine_for(settings).session() as session:
        configure(session, FEW_ROWS)
        yield session


@pytest.fixture(scope="session")
def endpoint(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """The session's endpoint."""
    with Endpoint(
        spark,
        CATALOG,
        tmp_path_factory.mktemp("endpoint"),
        frozenset({VARIABLES["personal_data_group"]}),
    ) as running:
        _endpoints.append(running)
        yield running


@pytest.fixture(scope="session")
def connect(endpoint: Endpoint) -> Callable[..., Connection]:
    """Opens connections of the SQL connector."""

    def open_connection(token: str = endpoint.token, catalog: str = CATALOG) -> Connection:
        return connector.connect(
            HOST,
            HTTP_PATH,
            token,
            catalog=catalog,
            _port=endpoint.port,
            _tls_trusted_ca_file=str(endpoint.certificate),
            _retry_stop_after_attempts_count=1,
            enable_telemetry=False,
        )

    return open_connection


@pytest.fixture(scope="module")
def cursor(connect: Callable[..., Connection]) -> Iterator[Cursor]:
    """A cursor, and a schema of the module's own."""
    with connect() as connection, connection.cursor() as opened:
        opened.execute(f"create schema {STATEMENTS}")
        yield opened
        opened.execute(f"drop schema {STATEMENTS} cascade")


@pytest.fixture
def run(cursor: Cursor) -> Run:
    """Runs a statement; each test finds the table `t` of the module's schema as new."""

    def execute(text: str) -> list[tuple[object, ...]]:
        cursor.execute(text)
        return [tuple(row) for row in cursor.fetchall()]

    table = f"{STATEMENTS}.`t`"
    execute(f"drop table if exists {table}")
    execute(f"create table {table} using delta cluster by (a) as select 1 as a, 'x' as b")
    return execute


@pytest.fixture
def emitted(endpoint: Endpoint) -> Callable[[], list[str]]:
    """Gives the statements that clients sent since the test began, as they came."""
    before = len(endpoint.statements)
    return lambda: [statement.text for statement in endpoint.statements[before:]]


def write_profiles(endpoint: Endpoint, folder: Path) -> None:
    """Write the project's own profiles, the way to the endpoint's port and certificate added."""
    profiles = yaml.safe_load((PROJECT_DIR / "profiles.yml").read_text(encoding="utf-8"))
    profiles["ecomm"]["outputs"]["databricks"]["connection_parameters"] = {
        "_port": endpoint.port,
        "_tls_trusted_ca_file": str(endpoint.certificate),
        "_retry_stop_after_attempts_count": 1,
        "enable_telemetry": False,
    }
    (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), encoding="utf-8")


@dataclass(frozen=True)
class Stack:
    """A feed root and a warehouse that the commands of the project work on.

    Attributes:
        root: Feed root.
        warehouse: Folder of the warehouse.
        profiles: Folder of dbt's profiles.
        environment: What a user would have in the environment.
    """

    root: Path
    warehouse: Path
    profiles: Path
    environment: dict[str, str]

    def land(self) -> None:
        """Run `ingest land`, as the job's first task does; here the catalog has its real name."""
        arguments = ["--root", str(self.root), "--warehouse", str(self.warehouse)]
        with pytest.MonkeyPatch.context() as patch:
            for name, value in {**self.environment, "ECOMM_CATALOG": SPARK_CATALOG}.items():
                patch.setenv(name, value)
            done = CliRunner().invoke(app, ["land", *arguments])
        assert done.exit_code == 0, done.output

    def dbt(
        self,
        *arguments: str,
        catalog: str = CATALOG,
        success: bool = True,
        variables: Mapping[str, str] = VARIABLES,
        project: Path = PROJECT_DIR,
    ) -> Any:
        """Run dbt, and give its result."""
        folders = ["--project-dir", str(project), "--profiles-dir", str(self.profiles)]
        with pytest.MonkeyPatch.context() as patch:
            of_project = {} if project == PROJECT_DIR else environment_of(project)
            for name, value in (self.environment | of_project | {"ECOMM_CATALOG": catalog}).items():
                patch.setenv(name, value)
            given = ["--vars", json.dumps(dict(variables))]
            done = dbtRunner().invoke([*arguments, "--quiet", *folders, *given])
        assert done.success == success, done.exception or [
            (result.node.name, result.message)
            for result in done.result
            if str(result.status) in ("error", "fail", "runtime error")
        ]
        return done.result if done.result is not None else done.exception

    def build(self, project: Path = PROJECT_DIR) -> Any:
        """Build a batch as the job does."""
        return self.dbt("build", "--selector", "batch", project=project)


@pytest.fixture(scope="session")
def stack(endpoint: Endpoint, warehouse: Path, tmp_path_factory: pytest.TempPathFactory) -> Stack:
    """The stack of the session."""
    profiles = tmp_path_factory.mktemp("profiles")
    write_profiles(endpoint, profiles)
    environment = {
        "ECOMM_TARGET": "databricks",
        "ECOMM_SCHEMA": SCHEMA,
        "DATABRICKS_HOST": HOST,
        "DATABRICKS_HTTP_PATH": HTTP_PATH,
        "DATABRICKS_TOKEN": endpoint.token,
        "DATABRICKS_CLIENT_ID": "",
        "DATABRICKS_CLIENT_SECRET": "",
        "DBT_TARGET_PATH": str(profiles / "target"),
        "DBT_LOG_PATH": str(profiles / "logs"),
        "NO_PROXY": HOST,
    }
    root = tmp_path_factory.mktemp("feeds")
    return Stack(root, warehouse, profiles, environment)


def deliver(root: Path, days: tuple[str, ...]) -> None:
    """Put days of the sample into a feed root."""
    for day in days:
        deliver_day(root, day)


@pytest.fixture(scope="session")
def builds(stack: Stack, endpoint: Endpoint) -> list[list[str]]:
    """Statements of the builds that apply all deliveries, each landed by ingest before."""
    sent: list[list[str]] = []

    def build() -> None:
        before = len(endpoint.statements)
        stack.build()
        sent.append([statement.text for statement in endpoint.statements[before:]])

    for days in DELIVERIES:
        deliver(stack.root, days)
        stack.land()
        build()
    # The batch after the late one is pending again.
    build()
    return sent


@pytest.fixture(scope="session")
def applied(builds: object, spark: SparkSession) -> dict[str, list[dict[str, object]]]:
    """Content of the tables after the builds."""
    return tables(spark, SCHEMA)
