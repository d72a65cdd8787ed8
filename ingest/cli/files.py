"""The commands about files and their contract: check, sample, contract suggest, contract diff."""

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from ingest.cli.exit_codes import ExitCode
from ingest.cli.options import ENGINE_OPTIONS, app, contract_app, with_settings
from ingest.cli.say import say
from ingest.config import Settings
from ingest.errors import ConfigError, Rejected, Waiting


@app.command()
@with_settings("root")
def sample(
    settings: Settings,
    days: Annotated[int, typer.Option(min=1, help="Number of daily batches.")] = 3,
    orders: Annotated[int, typer.Option(min=1, help="Orders a day.")] = 200,
    seed: Annotated[int, typer.Option(help="The same seed gives the same bytes.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder to write; default: the root.")] = None,
) -> None:
    """Make sample batches of an invented shop."""
    try:
        from ingest.sample import generate
    except ModuleNotFoundError:
        raise ConfigError(
            "The package for Databricks makes no samples: run this in a checkout of the project."
        ) from None

    folder = out or settings.root
    try:
        triggers = generate(folder, days, orders, seed)
    except OSError as error:
        raise ConfigError(f"{folder} cannot be written: {error.strerror}.") from None
    say(f"Wrote {len(triggers)} batches to {folder}.")


@app.command()
@with_settings("project_dir")
def check(
    settings: Settings,
    file: Annotated[Path, typer.Argument(help="A CSV file, under any name.")],
    feed: Annotated[
        str | None, typer.Option(help="What it is; default: as its name has it.")
    ] = None,
    day: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d"], help="batch_date to judge by; default: see its name."
        ),
    ] = None,
    rows: Annotated[int, typer.Option(min=1, help="How many rows the rules judge.")] = 1000,
) -> None:
    """Tell what would become of a file: its header, and the rules of its first rows. Nothing lands.

    Exit code: 0 it would land, 4 it would be rejected, 5 it would land without a valid row.
    """
    from ingest.checkup import check_header, check_rows, day_of, feed_of
    from ingest.console import header_lines, rows_lines
    from ingest.contract import load_contract

    contract = load_contract(settings.project_dir)
    source = file.expanduser()
    chosen = feed_of(source, contract, feed)
    judged_by = day_of(source, day.date() if day else None)
    try:
        for line in header_lines(check_header(source, chosen, settings.max_row_bytes), chosen):
            say(line)
        parsed, found = check_rows(settings, contract, source, chosen, judged_by, rows)
    except (Rejected, Waiting) as reason:
        say(f"It would be rejected: {reason}", err=True)
        raise typer.Exit(ExitCode.REJECTED) from None
    for line in (*parsed.warnings, *rows_lines(found, judged_by)):
        say(line)
    if found.rows and not found.valid_rows:
        raise typer.Exit(ExitCode.POOR)


@contract_app.command("suggest")
@with_settings("project_dir")
def contract_suggest(
    settings: Settings,
    files: Annotated[list[Path], typer.Argument(help="CSV files, under any names.")],
    feed: Annotated[
        str | None, typer.Option(help="What they are; default: as their names have it.")
    ] = None,
) -> None:
    """Propose what the contract may say of files: aliases, types, formats, optional columns.

    It is YAML to paste; nothing is changed.
    """
    from ingest.checkup import feed_of
    from ingest.contract import load_contract
    from ingest.reading.suggest import as_yaml, propose

    contract = load_contract(settings.project_dir)
    for file in files:
        chosen = feed_of(file, contract, feed)
        proposals = propose(file.expanduser(), chosen)
        if not proposals:
            typer.echo(f"# {file.name}: the contract says all of {chosen.name} that it needs.")
            continue
        typer.echo(f"# {file.name}: columns of {chosen.name} for {chosen.declared_in}.")
        typer.echo("# Where a column is there already, put its config in place of the one there.")
        typer.echo(as_yaml(proposals))


@contract_app.command("diff")
@with_settings(*ENGINE_OPTIONS)
def contract_diff(settings: Settings) -> None:
    """Show what has changed in the contract since the last run, and what the next run would do.

    Exit code: 0 the next run goes on, 1 it would stop.
    """
    from ingest.engines.engine import open_tables
    from ingest.pipeline import Pipeline

    with open_tables(settings) as session:
        changes = Pipeline(settings, session).contract_changes()
    if not changes:
        say("The tables follow the contract.")
    for change in changes:
        say(f"{change}\n    {change.effect}")
    if any(change.is_refused for change in changes):
        raise typer.Exit(ExitCode.FAILED)
