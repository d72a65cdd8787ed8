"""The application, and the options that its commands share."""

from collections.abc import Callable
from functools import wraps
from importlib import metadata
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from ingest.cli.exit_codes import ExitCode
from ingest.cli.say import say
from ingest.config import load_settings
from ingest.errors import PipelineError, UsageError


class _Commands(TyperGroup):
    """Reports what the user can mend as one sentence, without a stack trace."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            say(str(error), err=True)
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
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document instead of tables.")]
DOCS = "http://localhost:8080"
Docs = Annotated[str, typer.Option(help="Address of the dbt docs, which the HTML file links to.")]
ENGINE_OPTIONS = ("warehouse", "target", "schema", "catalog", "project_dir")


def with_settings(*names: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
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
