"""The SQL of Unity Catalog: it parses, can be repeated, and says what the bundle says."""

import re
import subprocess
import sys
from collections import defaultdict

import pytest
import sqlfluff

from bundle.bundle import load, sources
from ingest.config import PROJECT_DIR

FOLDER = PROJECT_DIR / "unity_catalog"
FILES = sorted(path.name for path in FOLDER.glob("*.sql"))


def rendered(*arguments: str) -> str:
    command = [sys.executable, FOLDER / "render.py", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def statements(text: str) -> list[str]:
    code = re.sub(r"--.*", "", text)
    return [" ".join(item.split()) for item in code.split(";") if item.strip()]


def variables() -> dict[str, str]:
    lines = (FOLDER / "variables.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


@pytest.mark.parametrize("name", FILES)
def test_statements_are_sql_of_databricks(name: str) -> None:
    # Fails on what cannot be parsed.
    sqlfluff.parse(rendered(name), dialect="databricks")


def test_every_statement_can_be_repeated() -> None:
    for statement in statements(rendered()):
        assert re.match(r"grant |create \w+ if not exists ", statement)


def test_files_are_printed_in_order() -> None:
    assert len(FILES) == 4
    assert rendered() == "\n".join(rendered(name) for name in FILES)


def test_variables_have_the_defaults_of_the_bundle_and_are_explained() -> None:
    bundle, used = sources()["variables"], set(re.findall(r"\$\{(\w+)\}", all_sql()))
    readme = (FOLDER / "README.md").read_text()

    assert used == set(variables())
    for name, value in variables().items():
        assert f"| `{name}` | `{value}` |" in readme
        assert bundle[name]["default"] == value


def all_sql() -> str:
    return "".join((FOLDER / name).read_text() for name in FILES)


def test_other_values_are_filled_in() -> None:
    assert "`sales`" in rendered("--set", "catalog=sales", "01_catalog.sql")


@pytest.mark.parametrize("given", ["catalog=a`b", "ingest_group=a`b", "unknown=a", "catalog="])
def test_values_that_would_break_out_are_refused(given: str) -> None:
    with pytest.raises(subprocess.CalledProcessError):
        rendered("--set", given)


def test_grants_are_those_of_the_bundle() -> None:
    """Both ways of deploying give the same privileges."""
    bundle = load("prod")
    expected: dict[tuple[str, str], set[str]] = defaultdict(set)
    for kind in ("schemas", "volumes"):
        for item in bundle["resources"][kind].values():
            parents = [item["catalog_name"], *([item["schema_name"]] if kind == "volumes" else [])]
            name = ".".join(f"`{part}`" for part in (*parents, item["name"]))
            for grant in item["grants"]:
                expected[name, grant["principal"]] |= set(grant["privileges"])

    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    pattern = r"grant (.+) on (?:schema|volume) (\S+) to `(\w+)`"
    for statement in statements(rendered("04_grants.sql")):
        match = re.fullmatch(pattern, statement)
        assert match, statement
        privileges = {item.upper().replace(" ", "_") for item in match[1].split(", ")}
        name = ".".join(f"`{part.strip('`')}`" for part in match[2].split("."))
        found[name, match[3]] |= privileges

    # The schema of the volumes is none of the bundle's own.
    outside = {
        group: found.pop(("`demo-external-catalog`.`default`", group))
        for group in ("ecomm_ingest", "ecomm_senders", "ecomm_transform")
    }
    assert outside == {
        "ecomm_ingest": {"USE_SCHEMA"},
        "ecomm_senders": {"USE_SCHEMA"},
        "ecomm_transform": {"USE_SCHEMA", "CREATE_VOLUME"},
    }
    assert found == expected
