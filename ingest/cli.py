"""The command line: `python -m ingest`."""

from collections.abc import Callable
from datetime import datetime
from enum import IntEnum, StrEnum
from functools import wraps
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from typer.core import TyperGroup

from ingest.config import Settings, load_settings
from ingest.errors import ConfigError, PipelineError
from ingest.feed_root import FeedRoot

# Spark and dbt take seconds to import: each command imports what it uses.
if TYPE_CHECKING:
    from ingest.batches.intake import Look
    from ingest.console import RunConsole
    from ingest.pipeline import Applied, Leftover, Pipeline

_REJECTED_SHOWN = 20


class ExitCode(IntEnum):
    """Exit codes of `run`, `land`, `replay`, `withdraw` and `report`; usage errors are 2."""

    DONE = 0
    FAILED = 1
    WAITING = 3
    REJECTED = 4


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
            raise typer.Exit(ExitCode.FAILED) from None


# Local variables of a stack trace would show data.
app = typer.Typer(
    cls=_Commands,
    help="Land daily e-commerce feeds in Delta tables and build the dbt project on them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_show_locals=False,
)
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
def run(settings: Settings) -> None:
    """Land every batch that is ready, build it with dbt, archive its files.

    Exit code: 0 all done, 1 something failed, 3 something is waiting, 4 something was rejected.
    """
    _run(settings, with_dbt=True)


@app.command()
@_with_settings("root", "archive_root", "run_id", *_ENGINE_OPTIONS)
def land(settings: Settings) -> None:
    """Like run, without dbt: land and archive only."""
    _run(settings, with_dbt=False)


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
    from ingest.engines.engine import open_engine
    from ingest.pipeline import Pipeline

    shown = RunConsole()
    with open_engine(settings, exclusive=True) as session, shown.live():
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
    from ingest.engines.engine import open_engine
    from ingest.pipeline import Pipeline

    shown = RunConsole()
    with open_engine(settings, exclusive=True) as session, shown.live():
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
) -> None:
    """List the quarantined rows: file, row number, rules. No data is shown; --export writes it."""
    from ingest.batches.error_rows import error_rows, write_corrections
    from ingest.console import errors_table
    from ingest.contract import load_contract
    from ingest.engines.engine import open_engine

    feeds = load_contract(settings.project_dir).feeds
    if feed is not None and feed not in feeds:
        raise ConfigError(f"--feed must be one of {', '.join(feeds)}.")
    if export_to is not None and feed is None:
        raise ConfigError("--export writes a file of one feed: name it with --feed.")
    with open_engine(settings) as session:
        chosen = [feed] if feed else list(feeds)
        rows = error_rows(session, settings, chosen, batch, only_open=only_open)
    if export_to is None or feed is None:
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
def status(settings: Settings) -> None:
    """Show the batches and what became of them."""
    from ingest.batches.ledger import Ledger
    from ingest.batches.processing_log import rejected_triggers, waiting_triggers
    from ingest.batches.results import anomalies
    from ingest.batches.trigger import triggers_in
    from ingest.console import status_table
    from ingest.engines.engine import open_engine

    with open_engine(settings) as session:
        ledger = Ledger(session, settings)
        landings, found = ledger.landings(), ledger.reconciliations()
        log = settings.table("ops", "processing_log")
        rejected = rejected_triggers(session, log, _REJECTED_SHOWN)
        triggers = triggers_in(FeedRoot.of(settings).triggers)
        waiting = waiting_triggers(session, log, triggers)
        odd = anomalies(session, settings.table("ops", "metric_anomalies"))
    for table in status_table(landings, found, waiting, rejected, odd):
        Console().print(table)


@app.command()
@_with_settings("run_id", *_ENGINE_OPTIONS)
def report(settings: Settings) -> None:
    """Show a run's triggers, the newest batch's failed rules and anomalies, what is still to apply.

    Without --run-id the last run that found triggers. Exit code: 1 when a batch is landed but not
    applied or the run failed on one, 4 when it rejected one, else 0.
    """
    from ingest.batches.ledger import Ledger
    from ingest.batches.processing_log import looks_of_run
    from ingest.batches.results import anomalies, failed_rules
    from ingest.console import report_tables
    from ingest.engines.engine import open_engine

    with open_engine(settings) as session:
        ledger = Ledger(session, settings)
        pending = ledger.pending()
        is_withdrawal_open = ledger.is_withdrawal_open()
        log = settings.table("ops", "processing_log")
        looks = looks_of_run(session, log, settings.run_id)
        failed = failed_rules(session, settings.table("ops", "validation_results"))
        newest = max(
            (item.batch_date for item in ledger.landings() if item.is_applied), default=None
        )
        odd = (
            anomalies(session, settings.table("ops", "metric_anomalies"), newest) if newest else []
        )
    for table in report_tables(looks, failed, odd):
        Console().print(table)
    for landing in pending:
        typer.echo(f"Batch {landing.batch_id} of {landing.batch_date} is landed but not applied.")
    if is_withdrawal_open:
        typer.echo("A batch was withdrawn, and the tables still hold it: run again.")
    outcomes = {look.status for look in looks}
    if pending or is_withdrawal_open or "FAILED" in outcomes:
        raise typer.Exit(ExitCode.FAILED)
    if "REJECTED" in outcomes:
        raise typer.Exit(ExitCode.REJECTED)


@app.command()
@_with_settings("root", *_ENGINE_OPTIONS)
def export(
    settings: Settings,
    out: Annotated[Path, typer.Argument(help="Folder to write: new, empty or an earlier export.")],
    form: Annotated[Format, typer.Option("--format", help="File format.")] = Format.PARQUET,
) -> None:
    """Write every table to OUT/<schema suffix>/<table>/."""
    from ingest.engines.engine import open_engine
    from ingest.export import export as export_tables

    with open_engine(settings) as session:
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


@contract_app.command("diff")
@_with_settings(*_ENGINE_OPTIONS)
def contract_diff(settings: Settings) -> None:
    """Show what has changed in the contract since the last run, and what the next run would do.

    Exit code: 0 the next run goes on, 1 it would stop.
    """
    from ingest.engines.engine import open_engine
    from ingest.pipeline import Pipeline

    with open_engine(settings) as session:
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

    with exclusive_use(settings.warehouse):
        stopped = LocalEngine(settings).stop()
    typer.echo("The local engine is stopped." if stopped else "The local engine was not running.")


@engine_app.command("status")
@_with_settings("warehouse")
def engine_status(settings: Settings) -> None:
    """Tell whether the engine of the warehouse runs, and where."""
    from ingest.engines.local import LocalEngine

    server = LocalEngine(settings).status()
    if server is None:
        typer.echo(f"The local engine of {settings.warehouse} is not running.")
        return
    typer.echo(f"The local engine of {settings.warehouse} runs since {server.started_at}.")
    typer.echo(f"SPARK_REMOTE={server.remote}")


def _run(settings: Settings, *, with_dbt: bool) -> None:
    from ingest.console import RunConsole
    from ingest.contract import load_contract
    from ingest.engines.engine import open_engine
    from ingest.pipeline import Pipeline

    root = FeedRoot.of(settings)
    if settings.target == "databricks":
        # A deployment makes the volume, not what is in it.
        root.make(load_contract(settings.project_dir).feeds)
    root.check()
    shown = RunConsole()
    with open_engine(settings, exclusive=True) as session, shown.live():
        pipeline = Pipeline(settings, session)
        for change in pipeline.follow_contract():
            shown.note(f"Contract: {change} {change.effect}")
        looks: list[Look] = []
        for look in pipeline.look_at_all():
            shown.look(look)
            looks.append(look)
        for message in pipeline.log_unlisted(looks):
            shown.note(message)
        builds = _build(settings, pipeline, shown) if with_dbt else []
        leftovers = pipeline.archive(looks, applied_only=with_dbt)
        for leftover in leftovers:
            if leftover.is_waiting:
                shown.note(leftover.message)
            else:
                shown.problem(leftover.message)
        shown.summary(looks, builds)
    raise typer.Exit(_exit_code(looks, builds, leftovers))


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
    looks: "list[Look]", builds: "list[Applied]", leftovers: "list[Leftover]"
) -> ExitCode:
    outcomes = {look.outcome.value for look in looks}
    is_built = all(item.result.success for item in builds)
    if "FAILED" in outcomes or not is_built or not all(item.is_waiting for item in leftovers):
        return ExitCode.FAILED
    if "REJECTED" in outcomes:
        return ExitCode.REJECTED
    return ExitCode.WAITING if "WAITING" in outcomes or leftovers else ExitCode.DONE
