"""The commands that tell what there is: status, report, errors, export."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from ingest.cli.exit_codes import code_of_report
from ingest.cli.options import DOCS, ENGINE_OPTIONS, AsJson, Docs, MinScore, app, with_settings
from ingest.cli.report_page import open_in_browser, write_report_page
from ingest.cli.say import say
from ingest.config import Settings, command_line
from ingest.errors import ConfigError


class Format(StrEnum):
    """File formats of an export."""

    PARQUET = "parquet"
    CSV = "csv"


@app.command()
@with_settings(*ENGINE_OPTIONS)
def errors(
    settings: Settings,
    feed: Annotated[str | None, typer.Option(help="Rows of this feed only.")] = None,
    batch: Annotated[str | None, typer.Option(help="Rows of the batch with this id only.")] = None,
    only_open: Annotated[
        bool, typer.Option("--open", help="Only rows that no later batch has resolved.")
    ] = False,
    export_to: Annotated[
        Path | None,
        typer.Option("--export", help="New CSV file for the raw rows, to correct and deliver."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the quarantined rows: file, row number, rules. No data is shown; --export writes it."""
    from ingest.as_json import errors_document, json_text
    from ingest.batches.error_rows import error_rows, write_corrections
    from ingest.console import errors_table
    from ingest.contract import load_contract
    from ingest.engines.engine import open_tables

    feeds = load_contract(settings.project_dir).feeds
    if feed is not None and feed not in feeds:
        raise ConfigError(f"--feed must be one of {', '.join(feeds)}.")
    if export_to is not None and feed is None:
        raise ConfigError("--export writes a file of one feed: name it with --feed.")
    with open_tables(settings) as session:
        chosen = [feed] if feed else list(feeds)
        rows = error_rows(session, settings, chosen, batch, only_open=only_open)
    if export_to is None or feed is None:
        if as_json:
            typer.echo(json_text(errors_document(rows)))
        else:
            Console().print(errors_table(rows))
        return
    malformed = write_corrections(rows, feeds[feed], export_to)
    say(f"Wrote {len(rows)} rows to {export_to}: personal data, for your eyes only.")
    if malformed:
        say(
            f"The last {malformed} of them are malformed: they stand there as they came, with the"
            " columns in the order of their own file."
        )


@app.command()
@with_settings("root", *ENGINE_OPTIONS)
def status(settings: Settings, as_json: AsJson = False) -> None:
    """Show the batches and what became of them."""
    from ingest.alerts.events import nothing_new
    from ingest.as_json import json_text, status_document
    from ingest.batches.processing_log import now
    from ingest.console import status_tables
    from ingest.engines.engine import open_tables
    from ingest.overview import read_status

    with open_tables(settings) as session:
        found = read_status(session, settings)
    if as_json:
        typer.echo(json_text(status_document(found)))
        return
    for table in status_tables(found):
        Console().print(table)
    if silence := nothing_new(found.landings, settings.alert_days, now()):
        say(silence.text)


@app.command()
@with_settings("run_id", *ENGINE_OPTIONS)
def report(
    settings: Settings,
    batch: Annotated[
        str | None, typer.Option(help="Batch to show; default: the newest that is applied.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="HTML file to write: the same and more, with charts.")
    ] = None,
    in_browser: Annotated[bool, typer.Option("--open", help="Open the HTML file.")] = False,
    docs: Docs = DOCS,
    min_score: MinScore = None,
    as_json: AsJson = False,
) -> None:
    """Show a run's triggers, the newest batch's failed rules and anomalies, what is still to apply.

    Without --run-id the last run that found triggers. Exit code: 1 when a batch is landed but not
    applied or the run failed on one, 4 when it rejected one, 5 when in the newest batch a feed had
    rows and none was valid or its score is below --min-score, else 0.
    """
    from ingest.as_json import json_text, report_document
    from ingest.console import report_lines, report_tables
    from ingest.engines.engine import open_tables
    from ingest.overview import read_report

    if in_browser and html is None:
        raise ConfigError("--open opens the file that --html names: give --html FILE too.")
    with open_tables(settings) as session:
        found = read_report(session, settings, batch)
        if html is not None:
            write_report_page(session, settings, html, batch, docs)
    if as_json:
        typer.echo(json_text(report_document(found)))
    else:
        if html is not None:
            say(f"The report page is {html}.")
        for table in report_tables(found) if html is None else []:
            Console().print(table)
        for line in report_lines(found, command_line(settings, "run"), min_score):
            say(line)
    if in_browser and html is not None:
        open_in_browser(html)
    raise typer.Exit(code_of_report(found, min_score))


@app.command()
@with_settings("root", *ENGINE_OPTIONS)
def export(
    settings: Settings,
    out: Annotated[Path, typer.Argument(help="Folder to write: new, empty or an earlier export.")],
    form: Annotated[Format, typer.Option("--format", help="File format.")] = Format.PARQUET,
) -> None:
    """Write every table to OUT/<schema suffix>/<table>/."""
    from ingest.engines.engine import open_tables
    from ingest.export import export as export_tables

    with open_tables(settings) as session:
        counts = export_tables(session, settings, out.expanduser().resolve(), form)
    say(f"Exported {sum(counts.values())} rows of {len(counts)} tables to {out}.")
