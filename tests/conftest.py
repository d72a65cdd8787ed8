"""Fixtures that all tests share: one engine, and settings for a schema of the test's own."""

import gc
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Protocol

import pytest
from pyspark.sql import SparkSession

from ingest.config import Settings, load_settings
from ingest.engines.local import LocalEngine

# As in `python -m ingest`, whose commands the tests call.
gc.set_threshold(100_000, 20, 100)


class SettingsFor(Protocol):
    """Makes settings on the session's warehouse."""

    def __call__(self, root: Path, schema: str) -> Settings:
        """Settings for a feed root and a schema prefix."""


def free_port() -> int:
    """A port that the system gives out to nobody else meanwhile: lanes run side by side."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session", autouse=True)
def dbt_folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Folder that dbt writes into, as tests run side by side; no developer's settings."""
    folder = tmp_path_factory.mktemp("dbt")
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("ECOMM_")]:
            patch.delenv(name)
        patch.delenv("SPARK_REMOTE", raising=False)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("DBT_TARGET_PATH", str(folder / "target"))
        patch.setenv("DBT_LOG_PATH", str(folder / "logs"))
        # A debug log holds every statement, which costs a tenth of a build.
        patch.setenv("DBT_LOG_LEVEL_FILE", "warn")
        yield folder


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Warehouse folder of the session."""
    return tmp_path_factory.mktemp("warehouse")


@pytest.fixture(scope="session")
def engine(warehouse: Path) -> Iterator[LocalEngine]:
    """The session's engine, running."""
    local = LocalEngine(load_settings(warehouse=warehouse))
    local.start(free_port())
    yield local
    local.stop()


@pytest.fixture
def engine_remote(engine: LocalEngine) -> str:
    """Spark Connect address of the session's engine."""
    server = engine.status()
    assert server is not None
    return server.remote


@pytest.fixture
def spark(engine: LocalEngine) -> SparkSession:
    """Spark session on the session's engine, whatever other engine a test before went to."""
    return engine.join()


@pytest.fixture
def settings_for(engine: LocalEngine, warehouse: Path) -> SettingsFor:
    """Factory of settings on the session's engine, so that each test has a schema of its own."""

    def make(root: Path, schema: str) -> Settings:
        return load_settings(root=root, warehouse=warehouse, schema_name=schema)

    return make
