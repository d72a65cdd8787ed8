"""Settings of one command: which feeds, which warehouse, engine, schema names; alerts."""

import re
import shlex
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    Field,
    SecretStr,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
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
    "keep_minutes": "must be a number of minutes from 0 to 525600",
    "alert_webhook": "must be an address that begins with https:// or http://",
    "alert_webhook_format": "must be slack or teams",
    "alert_smtp": (
        "must be smtps://host, or smtp://host, with user:password@ before the host and :port behind"
        " it if need be; characters such as @ or / in user or password percent-encoded"
    ),
    "alert_from": "must be an e-mail address where ECOMM_ALERT_SMTP is set",
    "alert_to": "must be e-mail addresses, separated by commas, where ECOMM_ALERT_SMTP is set",
    "alert_days": "must be a number of days, 1 or more",
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


def _url(schemes: set[str], url: SecretStr) -> SecretStr:
    """Refuse what cannot be an address."""
    parts = urlsplit(url.get_secret_value())
    is_plain = url.get_secret_value().isascii() and url.get_secret_value().isprintable()
    # Reading the port refuses one that is no number.
    if parts.scheme not in schemes or not parts.hostname or parts.port == 0 or not is_plain:
        raise ValueError("no such address")
    return url


WebAddress = Annotated[SecretStr, AfterValidator(partial(_url, {"https", "http"}))]
MailServer = Annotated[SecretStr, AfterValidator(partial(_url, {"smtps", "smtp"}))]
_ADDRESS = re.compile(r"[!-?A-~]+@[0-9A-Za-z.-]+")
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
        keep_minutes: On this machine, for how long files stay that tables no longer need, for
            queries that have begun before.
        alert_webhook: Address that alerts are posted to; None means none.
        alert_webhook_format: Form of the JSON: `slack` or `teams`.
        alert_smtp: URL of the server that sends alerts by e-mail, as `alerts.channels.Mail` has
            it; None means none.
        alert_from: Sender of alerts.
        alert_to: Recipients of alerts, separated by commas.
        alert_days: Nothing new for more than so many days is told of; None means never.
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
    keep_minutes: int = Field(default=2, ge=0, le=525_600)
    # Addresses of webhooks and mail servers are secrets: they let anybody send.
    alert_webhook: WebAddress | None = None
    alert_webhook_format: Literal["slack", "teams"] = "slack"
    alert_smtp: MailServer | None = None
    alert_from: str = ""
    alert_to: str = ""
    alert_days: int | None = Field(default=None, ge=1, le=36500)

    @field_validator("alert_from", "alert_to")
    @classmethod
    def _is_addressed(cls, given: str, info: ValidationInfo) -> str:
        """Refuse e-mail from nobody or to nobody."""
        addresses = [item.strip() for item in given.split(",")]
        is_one = info.field_name == "alert_from"
        is_right = all(_ADDRESS.fullmatch(item) for item in addresses)
        is_right = is_right and not (is_one and len(addresses) > 1)
        if not is_right and (given or info.data.get("alert_smtp")):
            raise ValueError("no such addresses")
        return given

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
        # Limits and alerts have no flag.
        named = (
            variable
            if field.startswith(("max_", "keep_", "alert_"))
            else f"--{field} (or {variable})"
        )
        raise ConfigError(f"{named} {reason}.") from None


def command_line(settings: Settings, words: str, *, with_root: bool = False) -> str:
    """A command of ingest as a person may type it here, to work where the settings do.

    Args:
        settings: Where.
        words: The command and its own options.
        with_root: Whether it takes the feed root too.
    """
    try:
        usual: Settings | None = Settings()
    except ValidationError:
        # The environment alone cannot work.
        usual = None
    flags = ["warehouse", "target", "schema_name", "project_dir"]
    given = [
        f" --{flag.removesuffix('_name').replace('_', '-')} {shlex.quote(_short_path(value))}"
        for flag in (["root", *flags] if with_root else flags)
        if (value := getattr(settings, flag)) != getattr(usual, flag, None)
    ]
    return f"python -m ingest {words}{''.join(given)}"


def _short_path(value: Path | str) -> str:
    """A path as one types it in the present folder."""
    if isinstance(value, Path) and value.is_relative_to(Path.cwd()):
        return str(value.relative_to(Path.cwd()))
    return str(value)
