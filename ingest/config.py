"""Settings of one command: which feeds, which warehouse, which engine, which schema names."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ingest.errors import ConfigError
from ingest.plain_path import plain_path

PROJECT_DIR = Path(__file__).resolve().parent.parent
SUFFIXES = ("landing", "staging", "targets", "marts", "ops")
TARGETS = ("local", "spark", "databricks")

_EXPLANATIONS = {
    "schema": "must begin with a lower-case letter or _ and go on with letters, digits and _",
    "target": f"must be one of {', '.join(TARGETS)}",
    "run_id": "must have letters, digits and . _ - only, at most 100",
    "max_trigger_bytes": "must be a positive number of bytes",
    "max_row_bytes": "must be a number of bytes from 1024 to 1073741824",
    "max_days_ahead": "must be a number of days, 0 or more",
    "warehouse": (
        "is a path with other characters than unaccented letters, digits and / . _ - + , : ; = @,"
        " and no link to it can be made in ~/.cache: name another folder, or set XDG_CACHE_HOME to"
        " one that can be written"
    ),
}


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


def _plain(path: Path) -> Path:
    try:
        return plain_path(path)
    except OSError:
        raise ValueError("no plain path leads there") from None


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]
WarehousePath = Annotated[Path, AfterValidator(_absolute), AfterValidator(_plain)]
RunId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,100}$")]
SchemaName = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_]*$", max_length=100)]


class Settings(BaseSettings):
    """Where the pipeline works.

    Each field comes from its flag, else from `ECOMM_<FIELD>`, else its default.

    Attributes:
        project_dir: Root of the dbt project, which declares the CSV contract.
        root: Feed root with `<feed>_data/` and `triggers/`; a run moves files in it.
        archive_root: Where the `archive/` folders are; None means in the feed root.
        warehouse: Folder of the Delta tables, of the engine's state and of the lock.
        target: Engine: `local` (Sail), `spark` (Apache Spark in-process) or `databricks`.
        schema_name: Prefix of the five schemas; `ecomm` stands for `ecomm_landing` and so on.
        catalog: Unity catalog of the schemas; on `databricks` only.
        run_id: Identifies the run in the processing log; None means a new one.
        max_trigger_bytes: A larger trigger is rejected.
        max_row_bytes: A CSV file with a longer row is rejected. Reading takes up to 20 times as
            much memory.
        max_days_ahead: A batch_date more than so many days after today (UTC) is rejected.
    """

    model_config = SettingsConfigDict(
        env_prefix="ECOMM_", frozen=True, populate_by_name=True, validate_default=True
    )

    project_dir: AbsolutePath = PROJECT_DIR
    root: AbsolutePath = PROJECT_DIR / ".ecomm" / "feeds"
    archive_root: AbsolutePath | None = None
    warehouse: WarehousePath = PROJECT_DIR / ".ecomm"
    target: Literal["local", "spark", "databricks"] = "local"
    # `schema` is a method of the base class, hence the longer name.
    schema_name: SchemaName = Field(default="ecomm", validation_alias="ECOMM_SCHEMA")
    catalog: str = "demo-external-catalog"
    run_id: RunId | None = None
    max_trigger_bytes: int = Field(default=1 << 20, ge=1)
    max_row_bytes: int = Field(default=2 << 20, ge=1024, le=1 << 30)
    max_days_ahead: int = Field(default=2, ge=0)

    def schema_of(self, suffix: str) -> str:
        """Full name of one of the five schemas, such as `ecomm_landing` for `landing`."""
        return f"{self.schema_name}_{suffix}"

    def table(self, suffix: str, name: str) -> str:
        """Qualified name of a table, such as `ecomm_ops.processing_log`."""
        return f"{self.schema_of(suffix)}.{name}"


def load_settings(**given: Any) -> Settings:
    """Combine flags with the environment.

    Args:
        **given: Fields of `Settings` set by flags; None means not given.

    Raises:
        ConfigError: A value cannot work; the message names the flag.
    """
    chosen = {name: value for name, value in given.items() if value is not None}
    try:
        return Settings(**chosen)
    except ValidationError as error:
        field = str(error.errors()[0]["loc"][0]).lower().removeprefix("ecomm_")
        field = field.removesuffix("_name")
        reason = _EXPLANATIONS.get(field, "cannot be used")
        variable = f"ECOMM_{field.upper()}"
        # Limits have no flag.
        named = variable if field.startswith("max_") else f"--{field} (or {variable})"
        raise ConfigError(f"{named} {reason}.") from None
