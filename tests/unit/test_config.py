"""Settings: flags beat the environment, which beats the defaults; what cannot work is refused."""

import re
from pathlib import Path

import pytest

from ingest.config import PROJECT_DIR, load_settings
from ingest.errors import ConfigError
from ingest.private import make_private


def test_defaults_lie_in_the_project() -> None:
    settings = load_settings()

    assert settings.project_dir == PROJECT_DIR
    assert settings.warehouse == PROJECT_DIR / ".ecomm"
    assert settings.root == PROJECT_DIR / ".ecomm" / "feeds"
    assert (settings.target, settings.schema_name) == ("local", "ecomm")


def test_environment_beats_defaults_and_flags_beat_both(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMM_SCHEMA", "from_environment")
    monkeypatch.setenv("ECOMM_TARGET", "databricks")

    assert load_settings().schema_name == "from_environment"
    assert load_settings().target == "databricks"
    assert load_settings(schema_name="flag", target=None).schema_name == "flag"


def test_paths_become_absolute(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load_settings(root=Path("feeds"), warehouse=Path("~/tables"))

    assert settings.root == tmp_path / "feeds"
    assert settings.warehouse == Path.home() / "tables"


def test_table_names() -> None:
    settings = load_settings(schema_name="shop")

    assert settings.schema_of("marts") == "shop_marts"
    assert settings.table("ops", "processing_log") == "shop_ops.processing_log"


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"schema_name": "Shop"}, "--schema (or ECOMM_SCHEMA) must begin with a lower-case letter"),
        ({"schema_name": "a; drop"}, "--schema (or ECOMM_SCHEMA)"),
        ({"schema_name": ""}, "--schema (or ECOMM_SCHEMA)"),
        ({"target": "snowflake"}, "--target (or ECOMM_TARGET) must be one of local, spark"),
    ],
)
def test_what_cannot_work_is_refused(given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as refusal:
        load_settings(**given)

    assert str(refusal.value).startswith(message)


def test_bad_environment_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMM_SCHEMA", "-")

    with pytest.raises(ConfigError, match=r"^--schema \(or ECOMM_SCHEMA\) must begin with a lower"):
        load_settings()


@pytest.mark.parametrize(
    ("field", "default", "given", "reason"),
    [
        ("max_days_ahead", 2, 365, "must be a number of days, 0"),
        ("keep_minutes", 2, 0, "must be a number of minutes"),
    ],
)
def test_numbers_come_from_the_environment(
    field: str, default: int, given: int, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    variable = f"ECOMM_{field.upper()}"
    assert getattr(load_settings(), field) == default

    monkeypatch.setenv(variable, str(given))
    assert getattr(load_settings(), field) == given

    for wrong in ("-1", "two"):
        monkeypatch.setenv(variable, wrong)
        with pytest.raises(ConfigError, match=f"^{variable} {reason}"):
            load_settings()


def test_plain_path_is_taken_as_it_is() -> None:
    path = Path("/tmp/Azaz09/._+,:;=@-/Z")

    assert load_settings(warehouse=path).warehouse == path.resolve()


@pytest.mark.parametrize("name", ["a b", "ü", "a[1]", "100%"])
def test_link_stands_for_a_path_that_is_not_plain(name: str, tmp_path: Path) -> None:
    settings = load_settings(warehouse=tmp_path / name / "tables")

    assert re.fullmatch(r"[A-Za-z0-9/._+,:;=@-]+", str(settings.warehouse))
    # dbt is given the link.
    assert load_settings(warehouse=settings.warehouse).warehouse == settings.warehouse
    make_private(settings.warehouse)
    (settings.warehouse / "file").touch()
    assert (tmp_path / name / "tables" / "file").exists()
    assert load_settings(warehouse=settings.warehouse).warehouse == settings.warehouse


def test_cache_that_cannot_be_written_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(ConfigError, match="set XDG_CACHE_HOME to one that can be written"):
        load_settings(warehouse=tmp_path / "a b")

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "writable"))
    assert load_settings(warehouse=tmp_path / "a b").warehouse.parent.is_dir()


def test_cache_that_is_not_plain_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "ü"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    assert load_settings(warehouse=tmp_path / "a b").warehouse.is_relative_to(tmp_path)


def test_size_limits_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECOMM_MAX_ROW_BYTES", "16777216")
    assert load_settings().max_row_bytes == 16 << 20

    monkeypatch.setenv("ECOMM_MAX_ROW_BYTES", "12")
    with pytest.raises(ConfigError, match="ECOMM_MAX_ROW_BYTES must be a number of bytes from"):
        load_settings()
