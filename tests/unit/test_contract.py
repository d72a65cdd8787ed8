"""The contract: what the dbt sources files declare, and what they must not."""

import shutil
from pathlib import Path

import pytest

from ingest.config import PROJECT_DIR
from ingest.contract import LANDING_SOURCES, OPS_SOURCES, Column, Contract, load_contract
from ingest.errors import ConfigError

CONTRACT = load_contract(PROJECT_DIR)
LINEAGE = (
    ("_extra", "map<string, string>"),
    ("_raw_line", "string"),
    ("_batch_id", "string"),
    ("_batch_date", "date"),
    ("_source_file", "string"),
    ("_file_sha256", "string"),
    ("_row_number", "bigint"),
    ("_landed_at", "timestamp"),
)


ORDERS = Path("models/staging/orders/_orders__contract.yml")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the sources files, to be spoiled."""
    for folder in ("models/staging", "models/ops"):
        shutil.copytree(PROJECT_DIR / folder, tmp_path / folder)
    return tmp_path


def write_landing(project: Path, columns: str) -> None:
    (project / ORDERS).write_text(
        f"sources: [{{name: landing, tables: [{{name: orders, columns: [{columns}]}}]}}]"
    )


def refusal(project: Path) -> str:
    with pytest.raises(ConfigError) as caught:
        load_contract(project)
    return str(caught.value)


def test_feeds_and_their_columns() -> None:
    counts = {
        name: (
            sum(not column.optional for column in feed.columns),
            sum(column.optional for column in feed.columns),
        )
        for name, feed in CONTRACT.feeds.items()
    }

    assert counts == {
        "orders": (10, 0),
        "customers": (15, 0),
        "products": (16, 0),
        "inventory": (5, 8),
        "shipping": (10, 6),
    }


def test_column_has_its_type_and_aliases() -> None:
    shipping = CONTRACT.feeds["shipping"]

    assert shipping.columns[2] == Column("shipping_cost", "decimal(18,2)", False, ())
    assert shipping.columns[6] == Column("dimensions_cm", "string", False, ("package_dimensions",))
    assert shipping.columns[11] == Column("carrier", "string", True, ())


def test_aliases_are_headers() -> None:
    aliases = {
        (feed.name, header): column.name
        for feed in CONTRACT.feeds.values()
        for header, column in feed.by_header.items()
        if header != column.name
    }

    assert aliases == {
        ("inventory", "location"): "warehouse_location",
        ("inventory", "last_restocked"): "last_updated",
        ("shipping", "service_type"): "shipping_method",
        ("shipping", "package_dimensions"): "dimensions_cm",
    }


def test_landing_tables_hold_text_and_lineage() -> None:
    tables = {table.name: table for table in CONTRACT.tables if table.suffix == "landing"}

    assert tables.keys() == CONTRACT.feeds.keys() | {"landed_files"}
    for name, feed in CONTRACT.feeds.items():
        columns = tuple((column.name, "string") for column in feed.columns)
        assert tables[name].columns == columns + LINEAGE


def test_tables_that_are_no_feeds_have_their_own_types() -> None:
    tables = {(table.suffix, table.name): dict(table.columns) for table in CONTRACT.tables}

    assert tables["landing", "landed_files"]["landing_number"] == "bigint"
    assert tables["ops", "processing_log"]["archived_files"] == "int"
    assert tables["ops", "validation_results"]["score"] == "double"
    assert tables["ops", "batch_reconciliation"]["is_balanced"] == "boolean"


def test_copy_reads_the_same(project: Path) -> None:
    contract: Contract = load_contract(project)

    assert contract == CONTRACT


@pytest.mark.parametrize("path", [LANDING_SOURCES, OPS_SOURCES])
def test_missing_sources_file(project: Path, path: Path) -> None:
    (project / path).unlink()

    assert f"{project / path} cannot be read (No such file or directory)" in refusal(project)


def test_broken_yaml(project: Path) -> None:
    (project / ORDERS).write_text("sources:\n  - name: [landing\n")

    assert "_orders__contract.yml is not valid YAML at line 3: correct it." in refusal(project)


def test_file_that_is_no_text(project: Path) -> None:
    (project / ORDERS).write_bytes(b"sources: \0")

    assert refusal(project).endswith("_orders__contract.yml is not valid YAML: correct it.")


def test_declaration_of_the_wrong_type(project: Path) -> None:
    write_landing(project, "{name: order_id, config: {meta: {type: string, optional: maybe}}}")

    message = refusal(project)

    assert "sources.0.tables.0.columns.0.config.meta.optional: Input should be a" in message


def test_column_without_type(project: Path) -> None:
    write_landing(project, "{name: order_id, description: Nothing else.}")

    assert "table orders: column order_id has no type: give it data_type" in refusal(project)


@pytest.mark.parametrize("alias", ["customer_id", "ORDER_ID", "no"])
def test_header_for_two_columns(project: Path, alias: str) -> None:
    write_landing(
        project,
        f"{{name: order_id, config: {{meta: {{type: string, aliases: ['{alias}', 'no']}}}}}},"
        "{name: customer_id, config: {meta: {type: string}}}",
    )

    assert f"table orders: the header {alias} is declared twice" in refusal(project)


def test_type_that_nothing_reads(project: Path) -> None:
    """Else the batch would land, and no build could read it."""
    write_landing(project, "{name: order_id, config: {meta: {type: money}}}")
    message = refusal(project)
    assert "column order_id: money is no type" in message and "decimal(p,s)" in message


def test_feed_without_a_key(project: Path) -> None:
    write_landing(project, "{name: order_id, config: {meta: {type: string}}}")
    assert "table orders has no key: name its columns as config.meta.key" in refusal(project)


@pytest.mark.parametrize(
    ("meta", "message"),
    [
        ("type: string, format: dd/MM/yyyy", "format is for dates and timestamps, not for string"),
        ("type: date, format: dd/mm/yyyy", "the format dd/mm/yyyy cannot be read: write yyyy, MM"),
        ("type: date, format: dd/MM/yy", "the format dd/MM/yy cannot be read"),
        ("type: date, format: dd/MM/yyyy dd", "the format dd/MM/yyyy dd cannot be read"),
        ("type: date, format: 'dd/MM/yyyy hh:mm a'", "the format dd/MM/yyyy hh:mm a cannot"),
        ("type: date, format: yyyyMd", "the format yyyyMd does not tell where M ends"),
        ("type: date, thousands: '.'", "thousands and decimal are for numbers, not for date"),
        ("type: int, thousands: '.'", "thousands and decimal are one character each, and not the"),
        ("type: int, thousands: ''", "thousands and decimal are one character each"),
        ("type: int, thousands: ', '", "decimal is a point or a comma, thousands one of point"),
        ("type: int, decimal: ';'", "decimal is a point or a comma"),
    ],
)
def test_format_that_cannot_work(project: Path, meta: str, message: str) -> None:
    write_landing(project, f"{{name: written, config: {{meta: {{{meta}}}}}}}")

    assert f"table orders: column written: {message}" in refusal(project)


def test_formats_are_declared(project: Path) -> None:
    columns = [
        "{name: day, config: {meta: {type: date, format: d.M.yyyy}}}",
        "{name: at, config: {meta: {type: timestamp, format: 'yyyyMMddTHHmmss'}}}",
        "{name: paid, config: {meta: {type: 'decimal(18,2)', thousands: '.', decimal: ','}}}",
        "{name: seen, config: {meta: {type: date or timestamp, format: yyyy-MM-dd HH:mm}}}",
        "{name: views, config: {meta: {type: bigint, thousands: ' '}}}",
    ]
    write_landing(project, ", ".join(columns))
    path = project / ORDERS
    path.write_text(
        path.read_text().replace("name: orders,", "name: orders, config: {meta: {key: [day]}},")
    )

    feed = load_contract(project).feeds["orders"]
    day, at, paid, seen, views = feed.columns

    assert (day.format, at.format, paid.format) == ("d.M.yyyy", "yyyyMMddTHHmmss", None)
    assert (paid.thousands, paid.decimal, day.thousands) == (".", ",", None)
    assert (seen.format, views.thousands) == ("yyyy-MM-dd HH:mm", " ")
    assert views.declared == {"type": "bigint", "thousands": " "}
    assert project / feed.declared_in == path
