"""The profile for Databricks: who it logs in as, by the environment only."""

from typing import Any

import pytest
import yaml
from dbt.adapters.databricks.credentials import DatabricksCredentialManager, DatabricksCredentials
from dbt.config.renderer import ProfileRenderer
from dbt_common.context import set_invocation_context
from dbt_common.exceptions import DbtConfigError

from ingest.config import PROJECT_DIR

WAREHOUSE = {
    "DATABRICKS_HOST": "workspace.example.com",
    "DATABRICKS_HTTP_PATH": "/sql/1.0/warehouses/abc",
}
FORMS = ("pat", "oauth_m2m", "external_browser")


def profile() -> dict[str, Any]:
    text = (PROJECT_DIR / "profiles.yml").read_text(encoding="utf-8")
    output: dict[str, Any] = yaml.safe_load(text)["ecomm"]["outputs"]["databricks"]
    return output


def credentials(environment: dict[str, str]) -> DatabricksCredentials:
    set_invocation_context(environment)
    rendered = ProfileRenderer({}).render_data(profile())
    del rendered["type"], rendered["threads"]
    found = DatabricksCredentials.from_dict(DatabricksCredentials.translate_aliases(rendered))
    found.validate_creds()
    return found


@pytest.fixture
def logins(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    """Form and identity of each login; none goes to the network."""
    made: list[tuple[str, str]] = []
    for form in FORMS:

        def login(manager: DatabricksCredentialManager, form: str = form) -> object:
            made.append((form, manager.token or manager.client_id))
            return object()

        monkeypatch.setattr(DatabricksCredentialManager, f"authenticate_with_{form}", login)
    return made


@pytest.mark.parametrize(
    ("environment", "login"),
    [
        ({"DATABRICKS_TOKEN": "token"}, ("pat", "token")),
        (
            {"DATABRICKS_CLIENT_ID": "principal", "DATABRICKS_CLIENT_SECRET": "dose-secret"},
            ("oauth_m2m", "principal"),
        ),
        ({}, ("external_browser", "dbt-databricks")),
    ],
)
def test_the_environment_chooses_the_login(
    logins: list[tuple[str, str]], environment: dict[str, str], login: tuple[str, str]
) -> None:
    found = credentials({**WAREHOUSE, **environment, "ECOMM_CATALOG": "shop-catalog"})
    # Parsing and compiling need nobody to log in.
    assert logins == []

    assert found.authenticate().config is not None
    assert logins == [login]
    assert (found.host, found.http_path) == tuple(WAREHOUSE.values())
    assert (found.database, found.schema) == ("shop-catalog", "ecomm")


@pytest.mark.parametrize("missing", sorted(WAREHOUSE))
def test_a_warehouse_must_be_named(logins: list[tuple[str, str]], missing: str) -> None:
    with pytest.raises(DbtConfigError, match=missing.removeprefix("DATABRICKS_").lower()):
        credentials({name: value for name, value in WAREHOUSE.items() if name != missing})


def test_a_secret_needs_its_principal(logins: list[tuple[str, str]]) -> None:
    alone = {"DATABRICKS_CLIENT_SECRET": "x"}  # pragma: allowlist secret
    with pytest.raises(DbtConfigError, match="client_id"):
        credentials({**WAREHOUSE, **alone})


def test_no_secret_is_in_the_profile() -> None:
    for name in ("host", "http_path", "token", "client_id", "client_secret"):
        assert profile()[name] == f"{{{{ env_var('DATABRICKS_{name.upper()}', '') }}}}"
