"""What a person sees of a run as it goes: a bar in a terminal, and lines."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from rich.box import SIMPLE
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.markup import escape
from rich.progress import Progress, ProgressColumn, Task, TextColumn, TimeElapsedColumn
from rich.progress_bar import ProgressBar
from rich.table import Column, Table
from rich.text import Text

from ingest.batches.intake import Outcome, TriggerResult
from ingest.batches.ledger import Landing, Reconciliation
from ingest.build import NodeListener
from ingest.console import COLOURS, coloured
from ingest.next_steps import NextStep
from ingest.pipeline import Applied, Run
from ingest.progress import BuildProgress

_FAILURES_SHOWN = 10
_ANOMALIES_SHOWN = 10
_BAR_WIDTH = 12


class _BuildBar(ProgressColumn):
    """Green as long as all goes well, red once a node has failed."""

    def render(self, task: Task) -> ProgressBar:
        """The bar; it pulses while dbt reads the project."""
        build: BuildProgress = task.fields["build"]
        colour = "red" if build.failed else "green"
        return ProgressBar(
            total=build.total,
            completed=build.done,
            width=_BAR_WIDTH,
            pulse=build.total is None,
            animation_time=task.get_time(),
            complete_style=colour,
            finished_style=colour,
            pulse_style=colour,
        )


class _BuildState(ProgressColumn):
    """How far the build is, at this moment."""

    def render(self, task: Task) -> RenderableType:
        """The state, which is drawn as wide as there is room."""
        return _State(task.fields["build"])


@dataclass(frozen=True)
class _State:
    build: BuildProgress

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(self.build.state(options.max_width), no_wrap=True, overflow="ellipsis")


class RunConsole:
    """Shows a run as it goes."""

    def __init__(self, *, to_stderr: bool = False, console: Console | None = None) -> None:
        """Write to standard output, or leave that to a document for programs."""
        self._console = console or Console(highlight=False, stderr=to_stderr)
        # Who reads a file, or a pipe, gets each message as one line.
        self._console.soft_wrap = not self._console.is_terminal
        self._has_bar = self._console.is_terminal and not self._console.is_dumb_terminal
        self._progress = Progress(
            TextColumn(
                "{task.fields[build].what}",
                markup=False,
                table_column=Column(no_wrap=True),
            ),
            _BuildBar(),
            _BuildState(table_column=Column(ratio=1, no_wrap=True)),
            TimeElapsedColumn(),
            console=self._console,
            transient=True,
            expand=True,
            disable=not self._has_bar,
        )
        self._build = BuildProgress("", self._node_failed, starting="the engine starts")
        self._task = self._progress.add_task("dbt", build=self._build)

    @contextmanager
    def live(self) -> Iterator[None]:
        """Keep the progress bar at the bottom of the terminal meanwhile."""
        with self._progress:
            yield

    def trigger(self, result: TriggerResult) -> None:
        """Tell the outcome of a trigger."""
        self._progress.update(self._task, visible=False)
        self._print(result.outcome, result.name, escape(result.message), result.seconds)
        for warning in result.warnings:
            self.note(warning)

    def building(self, landing: Landing | None) -> NodeListener:
        """Begin to show a build; gives the listener to its nodes."""

        def on_pause(state: str) -> None:
            self.tell("BUILD", f"{_batch(landing)}  {state}")

        self._build = BuildProgress(
            str(landing.batch_date) if landing else "no batch",
            self._node_failed,
            on_pause=None if self._has_bar else on_pause,
        )
        self._progress.reset(self._task, visible=True, build=self._build)
        return self._build

    def _node_failed(self, name: str, reason: str) -> None:
        if len(self._build.failed) <= _FAILURES_SHOWN:
            self._line("FAILED", f"{escape(name)}: {escape(reason)}")

    def applied(self, build: Applied) -> None:
        """Tell how a build went."""
        self._progress.update(self._task, visible=False)
        batch = _batch(build.landing)
        if not build.success:
            self._print("FAILED", batch, "dbt build failed.", build.seconds)
        elif build.reconciliation is None:
            self._print("APPLIED", batch, "The tables hold none any more.", build.seconds)
        else:
            self._batch_applied(batch, build, build.reconciliation)
        # Nodes are told of as they fail; what is left is dbt itself, or one too many.
        untold = [item for item in build.result.failures if item[0] not in self._build.failed]
        for name, reason in untold:
            self._line("", f"{escape(name)}: {escape(reason)}")
        more = len(self._build.failed) - _FAILURES_SHOWN
        if more > 0:
            self._line("", f"and {more} more")

    def _batch_applied(self, batch: str, build: Applied, found: Reconciliation) -> None:
        odd = build.anomalies
        message = (
            f"{found.file_rows} rows: {found.valid_rows} valid,"
            f" {found.quarantined_rows} quarantined."
            f" Score {found.score:.2f}, validation {coloured(found.status)}."
        )
        if odd:
            message += f" Anomalies: {len(odd)}."
        self._print("APPLIED", batch, message, build.seconds)
        for feed in found.feeds_without_valid_rows:
            self._line(
                "", f"[red]No row of {feed} is valid: see python -m ingest errors --feed {feed}[/]"
            )
        for anomaly in odd[:_ANOMALIES_SHOWN]:
            self._line("", f"[yellow]{escape(str(anomaly))}.[/] {escape(anomaly.advice)}")
        if len(odd) > _ANOMALIES_SHOWN:
            more = len(odd) - _ANOMALIES_SHOWN
            self._line("", f"and {more} more: python -m ingest report")

    def tell(self, word: str, message: str) -> None:
        """Tell what a watch sees and does."""
        self._line(word, escape(message))

    def note(self, message: str) -> None:
        """Tell of something odd that is no failure."""
        self._line("NOTE", escape(message))

    def problem(self, message: str) -> None:
        """Tell of something that went wrong beside a batch."""
        self._console.print(f"[red]{escape(message)}[/]")

    def summary(self, run: Run, min_score: float | None = None) -> None:
        """Close with the number of triggers by outcome, and what batches fall short of."""
        counts = Counter(result.outcome for result in run.taken)
        columns = ["triggers", *(outcome.lower() for outcome in Outcome), "batches applied"]
        table = Table(*columns, box=SIMPLE)
        built = sum(build.success for build in run.builds)
        cells = [str(len(run.taken)), *(str(counts[outcome]) for outcome in Outcome), str(built)]
        table.add_row(*cells)
        self._console.print(table)
        for sentence in run.shortcomings(min_score):
            self.problem(sentence)

    def next_steps(self, steps: Sequence[NextStep]) -> None:
        """Tell where to look next, each command in a line of its own, to be copied."""
        if steps:
            self._console.print("Where to look next:")
        for step in steps:
            self._console.print(f"  {step.purpose}", markup=False)
            self._console.print(f"    [cyan]{escape(step.command)}[/]", soft_wrap=True)

    def _print(self, status: str, what: str, message: str, seconds: float) -> None:
        """Print a line; the message is markup."""
        self._line(status, f"{escape(what)}  {message} [dim]({seconds:.1f} s)[/]")

    def _line(self, word: str, message: str) -> None:
        """Print a word and what it is about, which is markup; long ones wrap beside the word."""
        head = f"[{COLOURS.get(word, 'cyan')}]{word:<8}[/]"
        if not self._console.is_terminal:
            self._console.print(f"{head} {message}")
            return
        line = Table.grid(Column(no_wrap=True), Column(overflow="fold"), padding=(0, 1, 0, 0))
        line.add_row(head, message)
        self._console.print(line)


def _batch(landing: Landing | None) -> str:
    return f"{landing.batch_date} {landing.batch_id}" if landing else "no batch"
