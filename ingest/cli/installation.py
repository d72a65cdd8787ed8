"""The commands about the installation: doctor, alerts, the room on disk, and the local engine."""

from typing import Annotated

import typer

from ingest.cli.exit_codes import ExitCode
from ingest.cli.options import ENGINE_OPTIONS, app, engine_app, with_settings
from ingest.cli.say import say
from ingest.config import Settings
from ingest.errors import ConfigError, UsageError


@app.command()
@with_settings("root", *ENGINE_OPTIONS)
def doctor(settings: Settings) -> None:
    """Look at Python, packages, engine, folders, settings and credentials; say how to mend each.

    Exit code: 0 all is well, 1 something is to be mended.
    """
    from ingest.doctor import examine

    is_well = True
    for finding in examine(settings):
        say(f"{'MEND' if finding.cure else 'ok':<6}{finding.name}: {finding.state}")
        if finding.cure:
            is_well = False
            say(f"      {finding.cure}")
    if not is_well:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
@with_settings()
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
            say(f"The {channel.name} took a test message.")
        except NotSent as failure:
            has_failed = True
            say(f"The {channel.name} took no test message: {failure}.", err=True)
    if has_failed:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
@with_settings(*ENGINE_OPTIONS)
def maintain(settings: Settings) -> None:
    """Merge small files, and remove those that no table needs any more (env ECOMM_KEEP_MINUTES).

    A run does it by itself when it is due.
    """
    from ingest.engines.engine import open_tables

    if settings.target == "databricks":
        raise ConfigError(
            "On Databricks the job ecomm maintenance does it each week; at once: databricks bundle"
            " run maintenance, or dbt run-operation maintain_tables --target databricks."
        )
    from ingest.maintenance import maintain as maintain_tables

    with open_tables(settings, exclusive=True):
        say(str(maintain_tables(settings)))


@engine_app.command("start")
@with_settings("warehouse", "schema")
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
    say(f"The local engine {state} on port {server.port} (process {server.pid}).")


@engine_app.command("stop")
@with_settings("warehouse")
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
    say("The local engine is stopped." if stopped else "The local engine was not running.")


@engine_app.command("status")
@with_settings("warehouse")
def engine_status(settings: Settings) -> None:
    """Tell whether the engine of the warehouse runs, and where."""
    from ingest.engines.local import LocalEngine

    server = LocalEngine(settings).status()
    if server is None and not settings.warehouse.is_dir():
        raise _no_warehouse(settings)
    if server is None:
        say(f"The local engine of {settings.warehouse} is not running.")
        return
    say(f"The local engine of {settings.warehouse} runs since {server.started_at}.")
    typer.echo(f"SPARK_REMOTE={server.remote}")


def _no_warehouse(settings: Settings) -> UsageError:
    return UsageError(
        f"There is no folder {settings.warehouse.resolve()}: name the warehouse with --warehouse"
        " (or ECOMM_WAREHOUSE)."
    )
