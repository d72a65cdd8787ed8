"""Writing the report page, where the packages that it needs are installed."""

import webbrowser
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.config import Settings
from ingest.errors import ConfigError

# Spark takes a second to import.
if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def write_report_page(
    session: "SparkSession", settings: Settings, out: Path, batch: str | None, docs: str
) -> None:
    """Write the page about a batch.

    Args:
        session: Where the tables are.
        settings: Names the tables.
        out: HTML file to write.
        batch: Id of the batch; None means the newest that is applied.
        docs: Address of the dbt docs.

    Raises:
        ConfigError: A package, the batch or the folder is not there.
    """
    try:
        from ingest.page.query import read_page
        from ingest.page.render import write_page
    except ModuleNotFoundError as error:
        raise no_package("--html", error) from None
    write_page(read_page(session, settings, batch), out, docs)


def open_in_browser(page: Path) -> None:
    """Show a page in the user's browser, or in the one that the variable BROWSER names.

    Raises:
        ConfigError: There is none.
    """
    if not webbrowser.open(page.resolve().as_uri()):
        raise ConfigError(f"No browser was found: open {page} in one, or name it in BROWSER.")


def no_package(what: str, error: ModuleNotFoundError) -> ConfigError:
    """That something needs a package that is not installed, and where it is."""
    return ConfigError(
        f"{what} needs the package {error.name}: use a checkout of the project, where make"
        " setup installs what pages need (group page of pyproject.toml)."
    )
