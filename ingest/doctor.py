"""A look at what the commands need: what is wrong, and how to mend it."""

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from ingest.config import Settings
from ingest.contract import load_contract
from ingest.errors import PipelineError
from ingest.feed_root import FeedRoot

_PYTHON = ((3, 11), (3, 14))
_PACKAGES = {
    "local": ("dbt-core", "dbt-spark", "pyspark", "pysail"),
    "spark": ("dbt-core", "dbt-spark", "pyspark", "delta-spark"),
    "databricks": ("dbt-core", "dbt-databricks"),
}
_FREE_BYTES = 1 << 30
# Read by dbt (dbt_project.yml, profiles.yml, macros), not by ingest.
_DBT_VARIABLES = ("ECOMM_ALLOW_MASS_CLOSING",)


@dataclass(frozen=True)
class Finding:
    """What a check came to.

    Attributes:
        name: What was looked at.
        state: What was found.
        cure: How to mend it; None where nothing is wrong.
    """

    name: str
    state: str
    cure: str | None = None


def examine(settings: Settings) -> Iterator[Finding]:
    """Look at everything that commands with these settings need, one finding each."""
    checks: tuple[Callable[[Settings], Finding], ...] = (
        _python,
        _packages,
        _dbt_packages,
        _contract,
        _variables,
        _feed_root,
        _warehouse,
        _disk,
        {"local": _sail, "spark": _java, "databricks": _credentials}[settings.target],
    )
    for check in checks:
        yield check(settings)


def _python(_: Settings) -> Finding:
    found = ".".join(map(str, sys.version_info[:3]))
    is_known = _PYTHON[0] <= sys.version_info[:2] < _PYTHON[1]
    cure = None if is_known else "install 3.11, 3.12 or 3.13, and: make PYTHON=python3.12 setup"
    return Finding("Python", found, cure)


def _packages(settings: Settings) -> Finding:
    found, missing = [], []
    for name in _PACKAGES[settings.target]:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            missing.append(name)
    if missing:
        return Finding("Packages", f"{', '.join(missing)} missing", "make setup")
    return Finding("Packages", ", ".join(found))


def _dbt_packages(settings: Settings) -> Finding:
    folder = settings.project_dir / "dbt_packages" / "dbt_expectations"
    if folder.is_dir():
        return Finding("dbt packages", "dbt_expectations")
    return Finding("dbt packages", f"{folder} missing", "make setup, or .venv/bin/dbt deps")


def _contract(settings: Settings) -> Finding:
    try:
        feeds = load_contract(settings.project_dir).feeds
    except PipelineError as error:
        return Finding("Contract", "cannot be read", str(error))
    return Finding("Contract", f"feeds {', '.join(feeds)}")


def _variables(settings: Settings) -> Finding:
    """A variable with a typing error is read by nobody, and says nothing."""
    known = {f"ECOMM_{name.upper().removesuffix('_NAME')}" for name in Settings.model_fields}
    known.update(_DBT_VARIABLES)
    given = sorted(name for name in os.environ if name.startswith("ECOMM_"))
    unknown = [name for name in given if name not in known]
    if unknown:
        meant = (get_close_matches(name, known, 1) for name in unknown)
        cures = (
            f"unset {name}" + (f", or name it {close[0]}" if close else "")
            for name, close in zip(unknown, meant, strict=True)
        )
        return Finding("Settings", f"{', '.join(unknown)} read by nothing", "; ".join(cures))
    return Finding("Settings", f"target {settings.target}, schema {settings.schema_name}")


def _feed_root(settings: Settings) -> Finding:
    root = FeedRoot.of(settings)
    folder = root.triggers
    if not folder.is_dir():
        make = f"mkdir -p {shlex.quote(str(folder))}"
        cure = f"{make}, or name the feed root with --root (or ECOMM_ROOT)"
        return Finding("Feed root", f"no folder {folder}", cure)
    if not os.access(folder, os.W_OK | os.X_OK):
        # Files are moved out of it.
        return Finding(
            "Feed root", f"{folder} cannot be written", f"chmod u+rwx {shlex.quote(str(folder))}"
        )
    return Finding("Feed root", str(root.path))


def _warehouse(settings: Settings) -> Finding:
    if settings.target == "databricks":
        return Finding("Warehouse", f"catalog {settings.catalog}, in the workspace")
    folder = settings.warehouse.resolve()
    there = _nearest(folder)
    if not (there.is_dir() and os.access(there, os.W_OK | os.X_OK)):
        open_it = f"chmod u+rwx {shlex.quote(str(there))}"
        cure = f"{open_it}, or name another with --warehouse (or ECOMM_WAREHOUSE)"
        return Finding("Warehouse", f"{there} cannot be written", cure)
    return Finding("Warehouse", str(folder) if there == folder else f"{folder}, made by a run")


def _disk(settings: Settings) -> Finding:
    there = _nearest(settings.warehouse.resolve())
    free = shutil.disk_usage(there).free
    cure = None if free >= _FREE_BYTES else f"free some of the disk of {there}: 1 GiB is little"
    return Finding("Disk", f"{free / (1 << 30):.1f} GiB free", cure)


def _nearest(folder: Path) -> Path:
    """The folder, or what is there of the way to it."""
    return next(path for path in (folder, *folder.parents) if path.exists())


def _sail(settings: Settings) -> Finding:
    """Start one, unless the warehouse's runs: nothing less tells that it works."""
    try:
        from ingest.engines.local import LocalEngine

        engine = LocalEngine(settings)
        if running := engine.status():
            engine.join().sql("select 1").collect()
            return Finding("Engine", f"runs on port {running.port}")
        with tempfile.TemporaryDirectory(prefix="ecomm-doctor-") as folder:
            apart = settings.model_copy(update={"warehouse": Path(folder).resolve()})
            with LocalEngine(apart).session() as session:
                session.sql("select 1").collect()
    except ImportError as error:
        return Finding("Engine", f"{error.name} cannot be imported", "make setup")
    except PipelineError as error:
        return Finding("Engine", "does not start", str(error))
    except Exception as error:
        cure = "python -m ingest engine stop, and again; its log is .engine/engine.log"
        return Finding("Engine", f"does not answer ({type(error).__name__})", cure)
    return Finding("Engine", "Sail starts and answers")


def _java(_: Settings) -> Finding:
    from ingest.engines.java import java_home

    with tempfile.TemporaryDirectory(prefix="ecomm-doctor-") as folder:
        home = java_home(Path(folder))
    if home is None:
        return Finding("Engine", "no Java 17 or 21", "install one, or: make setup-java")
    return Finding("Engine", "Java for Apache Spark")


def _credentials(_: Settings) -> Finding:
    if "DATABRICKS_RUNTIME_VERSION" in os.environ:
        return Finding("Credentials", "those of the job")
    given = os.environ.get
    host, path = given("DATABRICKS_HOST", ""), given("DATABRICKS_HTTP_PATH", "")
    problems = []
    if not host or "/" in host:
        problems.append("DATABRICKS_HOST to the workspace's name, without https://")
    if not path.startswith("/sql/"):
        problems.append("DATABRICKS_HTTP_PATH to /sql/1.0/warehouses/<id>")
    if bool(given("DATABRICKS_CLIENT_ID")) != bool(given("DATABRICKS_CLIENT_SECRET")):
        problems.append("DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET both, or neither")
    if problems:
        return Finding("Credentials", "incomplete", f"set {'; '.join(problems)}")
    who = "a token" if given("DATABRICKS_TOKEN") else "a service principal"
    if not given("DATABRICKS_TOKEN") and not given("DATABRICKS_CLIENT_ID"):
        who = "a browser asks"
    return Finding("Credentials", f"{who}; to try them: dbt debug --target databricks")
