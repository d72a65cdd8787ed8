"""The commands that change the tables: run, land, watch, replay, withdraw."""

from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ingest.cli.exit_codes import ExitCode, code_of_builds, code_of_run
from ingest.cli.options import DOCS, ENGINE_OPTIONS, Docs, MinScore, app, with_settings
from ingest.cli.report_page import no_package, write_report_page
from ingest.cli.say import say
from ingest.config import Settings
from ingest.errors import ConfigError, EngineError, PipelineError
from ingest.feed_root import FeedRoot

# Spark and dbt take seconds to import: each command imports what it uses.
if TYPE_CHECKING:
    from ingest.alerts.events import Alert
    from ingest.pipeline import Pipeline, Run
    from ingest.run_console import RunConsole


@app.command()
@with_settings("root", "archive_root", "run_id", *ENGINE_OPTIONS)
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
    raise typer.Exit(_run(settings, with_dbt=True, min_score=min_score, as_json=as_json))


@app.command()
@with_settings("root", "archive_root", "run_id", *ENGINE_OPTIONS)
def land(settings: Settings) -> None:
    """Like run, without dbt: land and archive only."""
    raise typer.Exit(_run(settings, with_dbt=False))


@app.command()
@with_settings("root", "archive_root", "run_id", *ENGINE_OPTIONS)
def watch(
    settings: Settings,
    html: Annotated[
        Path | None,
        typer.Option(help="Report page to rewrite; default: report.html in the warehouse."),
    ] = None,
    docs: Docs = DOCS,
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
    from ingest.contract import load_contract
    from ingest.engines.engine import open_tables
    from ingest.run_console import RunConsole
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
        raise no_package("watch", error) from None
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
            code = _run(settings, with_dbt=True, min_score=min_score, has_next=False)
            try:
                with open_tables(settings) as session:
                    write_report_page(session, settings, page, None, docs)
                shown.tell("PAGE", f"The report page is {page}.")
            except PipelineError as error:
                shown.tell("PAGE", f"The report page is not written: {error}")
            return code != ExitCode.FAILED

        Watch(root.triggers, map(root.arrivals, feeds), work, shown.tell).until(stop)
    shown.tell("END", "The watch has ended.")


@app.command()
@with_settings(*ENGINE_OPTIONS)
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
    from ingest.engines.engine import open_tables
    from ingest.pipeline import Pipeline
    from ingest.run_console import RunConsole

    shown = RunConsole()
    with shown.live(), open_tables(settings, exclusive=True) as session:
        pipeline = Pipeline(settings, session)
        chosen = pipeline.replay(since.date() if since else None)
        builds = pipeline.build_all(shown) if chosen else []
    if not chosen:
        say("There is nothing to replay: no batch is landed from that date on.")
    raise typer.Exit(code_of_builds(builds))


@app.command()
@with_settings(*ENGINE_OPTIONS)
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
    from ingest.engines.engine import open_tables
    from ingest.pipeline import Pipeline
    from ingest.run_console import RunConsole

    shown = RunConsole()
    with shown.live(), open_tables(settings, exclusive=True) as session:
        pipeline = Pipeline(settings, session)
        withdrawn = pipeline.withdraw(day.date())
        # What a command that was killed has left to do, too.
        builds = pipeline.build_all(shown) if withdrawn else []
    if not withdrawn:
        raise ConfigError(f"There is nothing to withdraw: no batch is landed for {day.date()}.")
    if all(landing.withdrawn_at for landing in withdrawn):
        say(f"The batch of {day.date()} was withdrawn already.")
    raise typer.Exit(code_of_builds(builds))


def _run(
    settings: Settings,
    *,
    with_dbt: bool,
    min_score: float | None = None,
    as_json: bool = False,
    has_next: bool = True,
) -> ExitCode:
    """Run the pipeline, show it and where to look next, and send alerts about it."""
    from ingest.alerts.channels import channels
    from ingest.alerts.outbox import Outbox
    from ingest.as_json import json_text, run_document
    from ingest.contract import load_contract
    from ingest.engines.engine import open_engine
    from ingest.next_steps import next_steps
    from ingest.pipeline import Pipeline
    from ingest.run_console import RunConsole

    shown = RunConsole(to_stderr=as_json)
    outbox = Outbox(channels(settings), shown.note)
    with outbox.telling_failure():
        root = FeedRoot.of(settings)
        if settings.target == "databricks":
            # A deployment makes the volume, not what is in it.
            root.make(load_contract(settings.project_dir).feeds)
        root.check()
        with shown.live(), open_engine(settings, exclusive=True) as session:
            pipeline = Pipeline(settings, session)
            with outbox.with_log(pipeline.log):
                done = pipeline.run(shown, with_dbt=with_dbt)
                # A watch looks often, and mostly finds nothing.
                if has_next or done.taken or done.builds:
                    shown.summary(done, min_score)
                    # What a failed build leaves may be wanted, to see why.
                    if with_dbt and all(build.success for build in done.builds):
                        _maintain_if_due(settings, shown)
                if has_next:
                    shown.next_steps(next_steps(done, settings))
                if outbox.is_on:
                    outbox.tell(_events(settings, pipeline, done))
    if as_json:
        typer.echo(json_text(run_document(done)))
    return code_of_run(done, min_score)


def _maintain_if_due(settings: Settings, shown: "RunConsole") -> None:
    """Keep a warehouse on this machine from growing with each batch that replaces tables."""
    if settings.target == "databricks":
        return
    from ingest.maintenance import due, maintain

    try:
        if tables := due(settings):
            shown.tell("CLEANED", str(maintain(settings, tables)))
    except EngineError as error:
        shown.note(str(error))


def _events(settings: Settings, pipeline: "Pipeline", done: "Run") -> "list[Alert]":
    """What alerts are to tell of a run."""
    from ingest.alerts.events import events_of_run, nothing_new
    from ingest.batches.processing_log import now

    silence = nothing_new(pipeline.ledger.landings(), settings.alert_days, now())
    return [*events_of_run(done), *([silence] if silence else [])]
