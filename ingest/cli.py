"""The command line: `python -m ingest`."""

from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import wraps
from importlib import metadata
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from ingest.config import Settings, load_settings
from ingest.errors import ConfigError, PipelineError, Rejected, UsageError, Waiting
from ingest.feed_root import FeedRoot

# Spark and dbt take seconds to import: each command imports what it uses.
if TYPE_CHECKING:
    from pyspark.sql import SparkSession

    from ingest.alerts.events import Alert
    from ingest.alerts.outbox import Outbox
    from ingest.batches.intake import TriggerResult
    from ingest.console import RunConsole
    from ingest.pipeline import Applied, Leftover, Pipeline

_REJECTED_SHOWN = 20


class ExitCode(IntEnum):
    """Exit codes of the commands."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    WAITING = 3
    REJECTED = 4
    POOR = 5


class Format(StrEnum):
    """File formats of an export."""

    PARQUET = "parquet"
    CSV = "csv"


class _Commands(TyperGroup):
    """Reports what the user can mend as one sentence, without a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            typer.echo(str(error), err=True)
            is_usage = isinstance(error, UsageError)
            raise typer.Exit(ExitCode.USAGE if is_usage else ExitCode.FAILED) from None


# Local variables of a stack trace would show data.
app = typer.Typer(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Land daily e-commerce feeds in Delta tables and build the dbt project on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)


def _show_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(f"ecomm-pipeline {metadata.version('ecomm-pipeline')}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Show the version, and end.", callback=_show_version, is_eager=True
        ),
    ] = False,
) -> None:
    """What stands before the command."""


engine_app = typer.Typer(help="The local engine, in the background.", no_args_is_help=True)
app.add_typer(engine_app, name="engine")
contract_app = typer.Typer(help="The CSV contract of the feeds.", no_args_is_help=True)
app.add_typer(contract_app, name="contract")

_OPTIONS: dict[str, Any] = {
    "root": Annotated[Path | None, typer.Option(help="Feed root. (env ECOMM_ROOT)")],
    "archive_root": Annotated[
        Path | None,
        typer.Option(
            help="Where the archive/ folders are; default: the root. (env ECOMM_ARCHIVE_ROOT)"
        ),
    ],
    "warehouse": Annotated[
        Path | None, typer.Option(help="Folder of the tables and the engine. (env ECOMM_WAREHOUSE)")
    ],
    "target": Annotated[
        str | None, typer.Option(help="Engine: local, spark or databricks. (env ECOMM_TARGET)")
    ],
    "schema": Annotated[str | None, typer.Option(help="Prefix of the schemas. (env ECOMM_SCHEMA)")],
    "catalog": Annotated[
        str | None, typer.Option(help="Unity catalog, on databricks. (env ECOMM_CATALOG)")
    ],
    "project_dir": Annotated[
        Path | None, typer.Option(help="The dbt project. (env ECOMM_PROJECT_DIR)")
    ],
    "run_id": Annotated[
        str | None,
        typer.Option(help="Name of the run in the log; default: a new one. (env ECOMM_RUN_ID)"),
    ],
}
MinScore = Annotated[
    float | None,
    typer.Option(min=0, max=100, help="Exit with 5 when a batch's score is below it."),
]
_AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables.")]
_DOCS = "http://localhost:8080"
_Docs = Annotated[str, typer.Option(help="Address of the dbt docs, which the HTML file links to.")]
_ENGINE_OPTIONS = ("warehouse", "target", "schema", "catalog", "project_dir")


def _with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options that are named, and pass them on as its `settings`."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def with_options(**given: Any) -> None:
            options = {name: given.pop(name) for name in names}
            options["schema_name"] = options.pop("schema", None)
            command(settings=load_settings(**options), **given)

        own = [item for item in signature(command).parameters.values() if item.name != "settings"]
        shared = [
            Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=_OPTIONS[name])
            for name in names
        ]
        parameters = [item.replace(kind=Parameter.KEYWORD_ONLY) for item in own] + shared
        with_options.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        return with_options

    return decorate


@app.command()
@_with_settings("root", "archive_root", "run_id", *_ENGINE_OPTIONS)
def run(
    settings: Settings,
    min_score: MinScore = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON document at the end; the rest on stderr.")
    ] = False,
) -> None:
    """Land every batch that is ready, build it with dbt, archive its files.

    Exit code: 0 all done, 1 something failed, 3 something is waiting, 4 something was rejected,
    5 a feed had rows and none was valid, or a score is below --min-score.
    """
    _run(settings, with_dbt=True, min_score=min_score, as_json=as_json)


@app.command()
@_with_settings("root", "archive_root", "run_id", *_ENGINE_OPTIONS)
def land(settings: Settings) -> None:
    """Like run, without dbt: land and archive only."""
    _run(settings, with_dbt=False)


@app.command()
@_with_settings("root", "archive_root", "run_id", *_ENGINE_OPTIONS)
def watch(
    settings: Settings,
    html: Annotated[
        Path | None,
        typer.Option(help="Report page to rewrite; default: report.html in the warehouse."),
    ] = None,
    docs: _Docs = _DOCS,
    serve: Annotated[
        bool, typer.Option("--serve", help="Serve the page on 127.0.0.1; it reloads itself.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of --serve; 0 chooses a free one.")
    ] = 8765,
    min_score: Annotated[
        float | None, typer.Option(min=0, max=100, help="Tell when a batch's score is below it.")
    ] = None,
) -> None:
    """Do what run does whenever files have arrived, and rewrite the report page. Ctrl-C ends it.

    What fails is told and tried again. Other commands can be used between its runs.
    """
    from ingest.console import RunConsole
    from ingest.contract import load_contract
    from ingest.engines.engine import open_tables
    from ingest.serve import served

    if settings.target == "databricks":
        raise ConfigError(
            "watch is for files on this machine: on Databricks the job ecomm batches waits for"
            " files by itself."
        )
    try:
        from ingest.page.render import check_name
        from ingest.watch import Stop, Watch, kept_engine
    except ModuleNotFoundError as error:
        raise _no_package("watch", error) from None
    root = FeedRoot.of(settings)
    root.check()
    feeds = load_contract(settings.project_dir).feeds
    root.make(feeds)
    if html is not None:
        check_name(html)
    page = html or settings.warehouse / "report.html"
    shown = RunConsole()
    stop = Stop(shown.tell)
    with ExitStack() as stack:
        stack.enter_context(stop.heeded())
        if serve:
            address = stack.enter_context(served(page, port))
            shown.tell("PAGE", f"The report page is served on {address}")
        keep_engine = stack.enter_context(kept_engine(settings, shown.tell))

        def work() -> bool:
            keep_engine()
            code = _code_of_run(settings, min_score)
            try:
                with open_tables(settings) as session:
                    _write_page(session, settings, page, None, docs)
                shown.tell("PAGE", f"The report page is {page}.")
            except PipelineError as error:
                shown.tell("PAGE", f"The report page is not written: {error}")
            return code != ExitCode.FAILED

        Watch(root.triggers, map(root.arrivals, feeds), work, shown.tell).until(stop)
    shown.tell("END", "The watch has ended.")


def _code_of_run(settings: Settings, min_score: float | None) -> int:
    try:
        _run(settings, with_dbt=True, min_score=min_score)
    except typer.Exit as ended:
        return ended.exit_code
    return ExitCode.DONE


@app.command()
@_with_settings(*_ENGINE_OPTIONS)
def replay(
    settings: Settings,
    since: Annotated[
        datetime | None,
        typer.Option(
            "--from", formats=["%Y-%m-%d"], help="First batch_date to replay; default: the oldest."
        ),
    ] = None,
) -> None:
    """Rewind the tables, and apply landed batches again with the rules and formulas of today.

    Exit code: 0 all done, 1 something failed.
    """
    from ingest.console import RunConsole
    from ingest.engines.engine import open_tables
    from ingest.pipeline import Pipeline

    shown = RunConsole()
    with open_tables(settings, exclusive=True) as session, shown.live():
        pipeline = Pipeline(settings, session)
        chosen = pipeline.replay(since.date() if since else None)
        builds = _build(settings, pipeline, shown) if chosen else []
    if not chosen:
        typer.echo("There is nothing to replay: no batch is landed from that date on.")
    raise typer.Exit(_exit_code([], builds, []))


@app.command()
@_with_settings(*_ENGINE_OPTIONS)
def withdraw(
    settings: Settings,
    day: Annotated[
        datetime,
        typer.Option("--date", formats=["%Y-%m-%d"], help="batch_date of the batch."),
    ],
) -> None:
    """Take back the batch of a date, as if none had ever landed for it; its rows stay in landing.

    A batch that it had replaced does not come back. The date's files may be delivered again.

    Exit code: 0 all done, 1 something failed, or there was nothing to withdraw.
    """
    from ingest.console import RunConsole
    from ingest.engines.engine import open_tables
    from ingest.pipeline import Pipeline

    shown = RunConsole()
    with open_tables(settings, exclusive=True) as session, shown.live():
        pipeline = Pipeline(settings, session)
        withdrawn = pipeline.withdraw(day.date())
        # What a command that was killed has left to do, too.
        builds = _build(settings, pipeline, shown) if withdrawn else []
    if not withdrawn:
        raise ConfigError(f"There is nothing to withdraw: no batch is landed for {day.date()}.")
    if all(landing.withdrawn_at for landing in withdrawn):
        typer.echo(f"The batch of {day.date()} was withdrawn already.")
    raise typer.Exit(_exit_code([], builds, []))


@app.command()
@_with_settings(*_ENGINE_OPTIONS)
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
    as_json: _AsJson = False,
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
    typer.echo(f"Wrote {len(rows)} rows to {export_to}: personal data, for your eyes only.")
    if malformed:
        typer.echo(
            f"The last {malformed} of them are malformed: they stand there as they came, with the"
            " columns in the order of their own file."
        )


@app.command()
@_with_settings("root", *_ENGINE_OPTIONS)
def status(settings: Settings, as_json: _AsJson = False) -> None:
    """Show the batches and what became of them."""
    from ingest.alerts.events import nothing_new
    from ingest.as_json import json_text, status_document
    from ingest.batches.ledger import Ledger
    from ingest.batches.processing_log import now, rejected_triggers, waiting_triggers
    from ingest.batches.results import anomalies
    from ingest.batches.trigger import triggers_in
    from ingest.console import status_table
    from ingest.engines.engine import open_tables

    with open_tables(settings) as session:
        ledger = Ledger(session, settings)
        landings, found = ledger.landings(), ledger.reconciliations()
        log = settings.table("ops", "processing_log")
        rejected = rejected_triggers(session, log, _REJECTED_SHOWN)
        triggers = triggers_in(FeedRoot.of(settings).triggers)
        waiting = waiting_triggers(session, log, triggers)
        odd = anomalies(session, settings.table("ops", "metric_anomalies"))
    if as_json:
        typer.echo(json_text(status_document(landings, found, waiting, rejected, odd)))
        return
    for table in status_table(landings, found, waiting, rejected, odd):
        Console().print(table)
    if silence := nothing_new(landings, settings.alert_days, now()):
        typer.echo(silence.text)


@app.command()
@_with_settings("run_id", *_ENGINE_OPTIONS)
def report(
    settings: Settings,
    batch: Annotated[
        str | None, typer.Option(help="Batch to show; default: the newest that is applied.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="HTML file to write: the same and more, with charts.")
    ] = None,
    in_browser: Annotated[bool, typer.Option("--open", help="Open the HTML file.")] = False,
    docs: _Docs = _DOCS,
    min_score: MinScore = None,
    as_json: _AsJson = False,
) -> None:
    """Show a run's triggers, the newest batch's failed rules and anomalies, what is still to apply.

    Without --run-id the last run that found triggers. Exit code: 1 when a batch is landed but not
    applied or the run failed on one, 4 when it rejected one, 5 when in the newest batch a feed had
    rows and none was valid or its score is below --min-score, else 0.
    """
    from ingest.as_json import json_text, report_document
    from ingest.batches.ledger import Ledger
    from ingest.batches.processing_log import failed_build, triggers_of_run
    from ingest.batches.results import anomalies, failed_rules
    from ingest.console import report_tables
    from ingest.engines.engine import open_tables

    if in_browser and html is None:
        raise ConfigError("--open opens the file that --html names: give --html FILE too.")
    with open_tables(settings) as session:
        ledger = Ledger(session, settings)
        pending = ledger.pending()
        is_withdrawal_open = ledger.is_withdrawal_open()
        log = settings.table("ops", "processing_log")
        taken = triggers_of_run(session, log, settings.run_id)
        applied = {item.batch_id: item.batch_date for item in ledger.landings() if item.is_applied}
        if batch is not None and batch not in applied:
            raise ConfigError(
                f"No applied batch has the id {batch}: python -m ingest status lists the batches."
            )
        failed = failed_rules(session, settings.table("ops", "validation_results"), batch)
        reasons = {item.batch_id: failed_build(session, log, item.batch_id) for item in pending}
        newest = ledger.newest_result()
        day = applied[batch] if batch else max(applied.values(), default=None)
        odd = anomalies(session, settings.table("ops", "metric_anomalies"), day) if day else []
        if html is not None:
            _write_page(session, settings, html, batch, docs)
    shortcomings = newest.shortcomings(min_score) if newest else []
    if as_json:
        document = report_document(
            taken, failed, pending, odd, is_withdrawal_open=is_withdrawal_open
        )
        typer.echo(json_text(document))
    else:
        if html is None:
            for table in report_tables(taken, failed, odd):
                Console().print(table)
        else:
            typer.echo(f"The report page is {html}.")
        for landing in pending:
            typer.echo(
                f"Batch {landing.batch_id} of {landing.batch_date} is landed but not applied."
            )
            if reason := reasons[landing.batch_id]:
                typer.echo(f"    {reason}")
        if pending:
            typer.echo("Mend what is told, if anything, and apply: python -m ingest run")
        for sentence in shortcomings:
            typer.echo(f"The newest batch: {sentence}")
        if is_withdrawal_open:
            typer.echo("A batch was withdrawn, and the tables still hold it: run again.")
    if in_browser and html is not None:
        typer.launch(html.resolve().as_uri())
    outcomes = {result.status for result in taken}
    if pending or is_withdrawal_open or "FAILED" in outcomes:
        raise typer.Exit(ExitCode.FAILED)
    if "REJECTED" in outcomes:
        raise typer.Exit(ExitCode.REJECTED)
    if shortcomings:
        raise typer.Exit(ExitCode.POOR)


def _write_page(
    session: "SparkSession", settings: Settings, out: Path, batch: str | None, docs: str
) -> None:
    try:
        from ingest.page.query import read_page
        from ingest.page.render import write_page
    except ModuleNotFoundError as error:
        raise _no_package("--html", error) from None
    write_page(read_page(session, settings, batch), out, docs)


def _no_package(what: str, error: ModuleNotFoundError) -> ConfigError:
    return ConfigError(
        f"{what} needs the package {error.name}: use a checkout of the project, where make"
        " setup installs what pages need (group page of pyproject.toml)."
    )


@app.command()
@_with_settings("root", *_ENGINE_OPTIONS)
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
    typer.echo(f"Exported {sum(counts.values())} rows of {len(counts)} tables to {out}.")


@app.command()
@_with_settings("root")
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
    typer.echo(f"Wrote {len(triggers)} batches to {folder}.")


@app.command()
@_with_settings("root", *_ENGINE_OPTIONS)
def doctor(settings: Settings) -> None:
    """Look at Python, packages, engine, folders, settings and credentials; say how to mend each.

    Exit code: 0 all is well, 1 something is to be mended.
    """
    from ingest.doctor import examine

    is_well = True
    for finding in examine(settings):
        typer.echo(f"{'MEND' if finding.cure else 'ok':<6}{finding.name}: {finding.state}")
        if finding.cure:
            is_well = False
            typer.echo(f"      {finding.cure}")
    if not is_well:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
@_with_settings()
def alerts(settings: Settings) -> None:
    """Send a test message on each way that alerts are switched on for (env ECOMM_ALERT_*).

    Exit code: 0 all were taken, 1 one was not, or none is switched on.
    """
    from ingest.alerts.channels import NotSent, channels, deliver

    chosen = channels(settings)
    if not chosen:
        raise ConfigError(
            "Alerts are off: set ECOMM_ALERT_WEBHOOK, or ECOMM_ALERT_SMTP with ECOMM_ALERT_FROM"
            " and ECOMM_ALERT_TO."
        )
    has_failed = False
    for channel in chosen:
        try:
            deliver(channel, "This is a test: alerts arrive here.")
            typer.echo(f"The {channel.name} took a test message.")
        except NotSent as failure:
            has_failed = True
            typer.echo(f"The {channel.name} took no test message: {failure}.", err=True)
    if has_failed:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
@_with_settings("project_dir")
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
            typer.echo(line)
        parsed, found = check_rows(settings, contract, source, chosen, judged_by, rows)
    except (Rejected, Waiting) as reason:
        typer.echo(f"It would be rejected: {reason}", err=True)
        raise typer.Exit(ExitCode.REJECTED) from None
    for line in (*parsed.warnings, *rows_lines(found, judged_by)):
        typer.echo(line)
    if found.rows and not found.valid_rows:
        raise typer.Exit(ExitCode.POOR)


@contract_app.command("suggest")
@_with_settings("project_dir")
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
@_with_settings(*_ENGINE_OPTIONS)
def contract_diff(settings: Settings) -> None:
    """Show what has changed in the contract since the last run, and what the next run would do.

    Exit code: 0 the next run goes on, 1 it would stop.
    """
    from ingest.engines.engine import open_tables
    from ingest.pipeline import Pipeline

    with open_tables(settings) as session:
        changes = Pipeline(settings, session).contract_changes()
    if not changes:
        typer.echo("The tables follow the contract.")
    for change in changes:
        typer.echo(f"{change}\n    {change.effect}")
    if any(change.is_refused for change in changes):
        raise typer.Exit(ExitCode.FAILED)


@engine_app.command("start")
@_with_settings("warehouse", "schema")
def engine_start(
    settings: Settings,
    port: Annotated[
        int | None, typer.Option(help="Port on 127.0.0.1; default: a free one.")
    ] = None,
) -> None:
    """Start the engine of the warehouse, or register new tables if it runs already."""
    from ingest.engines.local import LocalEngine

    engine = LocalEngine(settings)
    was_up = engine.is_up
    _, server = engine.start(port)
    state = "is running already" if was_up else "runs"
    typer.echo(f"The local engine {state} on port {server.port} (process {server.pid}).")


@engine_app.command("stop")
@_with_settings("warehouse")
def engine_stop(settings: Settings) -> None:
    """Stop the engine of the warehouse; the tables stay."""
    from ingest.engines.engine import exclusive_use
    from ingest.engines.local import LocalEngine

    engine = LocalEngine(settings)
    if settings.warehouse.is_dir():
        with exclusive_use(settings.warehouse):
            stopped = engine.stop()
    elif not (stopped := engine.stop()):
        raise _no_warehouse(settings)
    typer.echo("The local engine is stopped." if stopped else "The local engine was not running.")


@engine_app.command("status")
@_with_settings("warehouse")
def engine_status(settings: Settings) -> None:
    """Tell whether the engine of the warehouse runs, and where."""
    from ingest.engines.local import LocalEngine

    server = LocalEngine(settings).status()
    if server is None and not settings.warehouse.is_dir():
        raise _no_warehouse(settings)
    if server is None:
        typer.echo(f"The local engine of {settings.warehouse} is not running.")
        return
    typer.echo(f"The local engine of {settings.warehouse} runs since {server.started_at}.")
    typer.echo(f"SPARK_REMOTE={server.remote}")


def _no_warehouse(settings: Settings) -> UsageError:
    return UsageError(
        f"There is no folder {settings.warehouse.resolve()}: name the warehouse with --warehouse"
        " (or ECOMM_WAREHOUSE)."
    )


def _run(
    settings: Settings, *, with_dbt: bool, min_score: float | None = None, as_json: bool = False
) -> None:
    from ingest.alerts.channels import channels
    from ingest.alerts.outbox import Outbox
    from ingest.console import RunConsole

    shown = RunConsole(to_stderr=as_json)
    outbox = Outbox(channels(settings), shown.note)
    with outbox.telling_failure():
        code = _run_all(settings, shown, outbox, with_dbt, min_score, as_json)
    raise typer.Exit(code)


def _run_all(
    settings: Settings,
    shown: "RunConsole",
    outbox: "Outbox",
    with_dbt: bool,
    min_score: float | None,
    as_json: bool,
) -> ExitCode:
    from ingest.as_json import json_text, run_document
    from ingest.contract import load_contract
    from ingest.engines.engine import open_engine
    from ingest.pipeline import Pipeline

    root = FeedRoot.of(settings)
    if settings.target == "databricks":
        # A deployment makes the volume, not what is in it.
        root.make(load_contract(settings.project_dir).feeds)
    root.check()
    with open_engine(settings, exclusive=True) as session, shown.live():
        pipeline = Pipeline(settings, session)
        with outbox.with_log(pipeline.log):
            for change in pipeline.follow_contract():
                shown.note(f"Contract: {change} {change.effect}")
            taken: list[TriggerResult] = []
            for result in pipeline.take_in_all():
                shown.trigger(result)
                taken.append(result)
            for message in pipeline.log_unlisted(taken):
                shown.note(message)
            builds = _build(settings, pipeline, shown) if with_dbt else []
            leftovers = pipeline.archive(taken, applied_only=with_dbt)
            for leftover in leftovers:
                if leftover.is_waiting:
                    shown.note(leftover.message)
                else:
                    shown.problem(leftover.message)
            shown.summary(taken, builds)
            results = pipeline.ledger.reconciliations()
            is_poor = False
            for landing in (build.landing for build in builds if build.landing):
                found = results.get(landing.number)
                for sentence in found.shortcomings(min_score) if found else []:
                    is_poor = True
                    shown.problem(f"Batch {landing.batch_id} of {landing.batch_date}: {sentence}")
            if outbox.is_on:
                outbox.tell(_events(settings, pipeline, taken, builds))
    if as_json:
        typer.echo(json_text(run_document(taken, builds, leftovers, results)))
    code = _exit_code(taken, builds, leftovers)
    is_worse = code in (ExitCode.FAILED, ExitCode.REJECTED)
    return ExitCode.POOR if is_poor and not is_worse else code


def _events(
    settings: Settings, pipeline: "Pipeline", taken: "list[TriggerResult]", builds: "list[Applied]"
) -> "list[Alert]":
    """What alerts are to tell of a run."""
    from ingest.alerts.events import events_of_run, nothing_new
    from ingest.batches.processing_log import now

    landings = [build.landing for build in builds if build.landing and build.result.success]
    odd = {landing.number: pipeline.anomalies(landing) for landing in landings}
    found = events_of_run(taken, builds, pipeline.ledger.reconciliations(), odd)
    silence = nothing_new(pipeline.ledger.landings(), settings.alert_days, now())
    return [*found, silence] if silence else found


def _build(settings: Settings, pipeline: "Pipeline", shown: "RunConsole") -> "list[Applied]":
    """Build all pending batches, and tell of each."""
    builds: list[Applied] = []
    if settings.target == "databricks":
        pending = len(pipeline.builds_due())
        shown.note(f"Batches that the job ecomm batches will apply: {pending}.")
        return builds
    for applied in pipeline.build_all(shown.building):
        number = applied.landing.number if applied.landing else 0
        odd = pipeline.anomalies(applied.landing) if applied.landing else []
        shown.applied(applied, pipeline.ledger.reconciliations().get(number), odd)
        builds.append(applied)
    return builds


def _exit_code(
    taken: "list[TriggerResult]", builds: "list[Applied]", leftovers: "list[Leftover]"
) -> ExitCode:
    outcomes = {result.outcome.value for result in taken}
    is_built = all(item.result.success for item in builds)
    if "FAILED" in outcomes or not is_built or not all(item.is_waiting for item in leftovers):
        return ExitCode.FAILED
    if "REJECTED" in outcomes:
        return ExitCode.REJECTED
    return ExitCode.WAITING if "WAITING" in outcomes or leftovers else ExitCode.DONE
