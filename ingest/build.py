"""One `dbt build` after another in this process, the project parsed once."""

import gc
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ingest.config import Settings

if TYPE_CHECKING:
    from dbt.contracts.graph.manifest import Manifest

_FAILED = {"error", "fail", "runtime error", "partial success"}
_MESSAGE_LENGTH = 400
_LINE_LENGTH = 120
# Where the local engine's parser stopped, in bytes; what it would have liked better is no help.
_OFFSET = re.compile(r" at (\d+):\d+ expected .*", re.DOTALL)
# Where Spark's did.
_LINE = re.compile(r"\(line (\d+), pos \d+\)")
# What dbt writes around the message of an error.
_DBT_FRAME = re.compile(r"(Compilation|Runtime|Database) Error( in .*)?$|> (in|called by) ")


class NodeListener(Protocol):
    """Whoever looks on while the nodes of a build run; called from dbt's threads."""

    def begins(self, total: int) -> None:
        """Dbt has read the project, and runs so many nodes."""

    def node_starts(self, name: str) -> None:
        """A node, or a hook, starts."""

    def node_ends(self, name: str, failure: str | None, *, is_counted: bool = True) -> None:
        """It has ended; why, if it failed; hooks do not count."""


class Unheard:
    """A listener where nobody looks on."""

    def begins(self, total: int) -> None:
        """Say nothing."""

    def node_starts(self, name: str) -> None:
        """Say nothing."""

    def node_ends(self, name: str, failure: str | None, *, is_counted: bool = True) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class BuildResult:
    """How a build ended.

    Attributes:
        success: Whether every node was built and no test failed.
        failures: Name and message of each node that failed; or of dbt itself.
        is_recorded: Whether dbt ran to its end, where it writes the processing log itself.
    """

    success: bool
    failures: tuple[tuple[str, str], ...]
    is_recorded: bool


@dataclass(frozen=True)
class Rule:
    """What a rule's declaration says of it."""

    severity: str
    description: str


class DbtBuild:
    """Builds the dbt project for the settings' target and schema."""

    def __init__(self, settings: Settings) -> None:
        """Prepare builds; dbt starts with the first."""
        self._environment = {
            "ECOMM_TARGET": settings.target,
            "ECOMM_SCHEMA": settings.schema_name,
            "ECOMM_WAREHOUSE": str(settings.warehouse),
        }
        self._arguments = ["--project-dir", str(settings.project_dir)]
        self._arguments += ["--profiles-dir", str(settings.project_dir)]
        self._arguments += ["--target", settings.target, "--log-level", "none", "--quiet"]
        self._artifacts = settings.project_dir / (os.environ.get("DBT_TARGET_PATH") or "target")
        self._manifest: Manifest | None = None
        self._has_seeds = False

    def __call__(self, listener: NodeListener, *selected: str) -> BuildResult:
        """Build what a batch needs (selectors.yml), seeds only the first time; or what is selected.

        Args:
            listener: Is told of each node as it starts and ends.
            *selected: Options of `dbt build` that select other nodes.
        """
        with _environment(self._environment):
            return self._build(listener, selected)

    def _build(self, listener: NodeListener, selected: Sequence[str]) -> BuildResult:
        # dbt takes a second to import, and only a build needs it.
        from dbt.artifacts.schemas.run import RunExecutionResult
        from dbt.cli.main import dbtRunner
        from dbt.contracts.graph.manifest import Manifest

        if self._manifest is None:
            # The build writes the manifest to its file.
            parsed = dbtRunner().invoke(["parse", "--no-write-json", *self._arguments])
            if not isinstance(parsed.result, Manifest):
                return _never_ran(parsed.exception)
            self._manifest = parsed.result
            # The manifest is large and stays: without it the garbage collector has less to walk.
            gc.freeze()

        events = _Events(listener, self._manifest)
        runner = dbtRunner(manifest=self._manifest, callbacks=[events])
        # Seeds are as the first parse found them.
        left_out = ["unit_test", "seed"] if self._has_seeds else ["unit_test"]
        options = [*(selected or ("--selector", "batch")), "--exclude-resource-type", *left_out]
        has_manifest = self._has_manifest()
        if has_manifest:
            options.append("--no-write-json")
        done = runner.invoke(["build", *self._arguments, *options])
        if not isinstance(done.result, RunExecutionResult):
            return _never_ran(done.exception)
        if has_manifest:
            # `dbt retry` goes on with these options, and is to write its results itself.
            done.result.args["write_json"] = True
            done.result.write(str(self._artifacts / "run_results.json"))
        failures = tuple(
            (
                result.node.name,
                events.reason(result.node.unique_id, result.message or str(result.status)),
            )
            for result in done.result.results
            if str(result.status) in _FAILED
        )
        self._has_seeds = done.success
        return BuildResult(done.success, failures, is_recorded=True)

    def _has_manifest(self) -> bool:
        """Whether manifest.json tells of the project as it was parsed: it takes long to write."""
        try:
            written, parsed = (
                (self._artifacts / name).stat().st_mtime_ns
                for name in ("manifest.json", "partial_parse.msgpack")
            )
        except FileNotFoundError:
            return False
        return written >= parsed

    def rules(self) -> dict[str, Rule]:
        """The rules by id, once something was built."""
        nodes = self._manifest.nodes.values() if self._manifest else []
        return {
            node.name: Rule(node.config.meta["severity"], node.description.strip())
            for node in nodes
            if "quarantine" in node.config.meta
        }


class _Events:
    """Passes on what dbt tells of its nodes."""

    def __init__(self, listener: NodeListener, manifest: "Manifest") -> None:
        self._listener = listener
        self._nodes = manifest.nodes
        self._statements: dict[str, str] = {}

    def __call__(self, event: Any) -> None:
        """Take an event of dbt's."""
        data = event.data
        match event.info.name:
            case "SQLQuery":
                self._statements[data.node_info.unique_id] = data.sql
            case "ConcurrencyLine":
                self._listener.begins(data.node_count)
            case "NodeStart":
                self._listener.node_starts(data.node_info.node_name)
            case "NodeFinished":
                result = data.run_result
                failure = None
                if result.status in _FAILED:
                    failure = self.reason(data.node_info.unique_id, result.message or result.status)
                self._listener.node_ends(data.node_info.node_name, failure)
            case "LogHookStartLine":
                self._listener.node_starts(data.node_info.node_name)
            case "LogHookEndLine":
                self._listener.node_ends(data.node_info.node_name, None, is_counted=False)

    def reason(self, unique_id: str, message: str) -> str:
        """Why a node failed, by dbt's message, and in which file."""
        node = self._nodes.get(unique_id)
        # A hook is none of the nodes, and what is said of a seed begins with its file.
        file = node.original_file_path if node else ""
        place = "" if file in message else f" In {file}."
        place += _where(message, self._statements.get(unique_id, ""), node)
        return _short(_OFFSET.sub(".", message)) + place


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    """Set environment variables, which dbt reads its settings from, meanwhile."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _never_ran(error: BaseException | None) -> BuildResult:
    return BuildResult(False, (("dbt", _short(str(error))),), is_recorded=False)


def _where(message: str, statement: str, node: Any = None) -> str:
    """The line at which an engine stopped to read a statement; that of the compiled file, if any.

    The statement has more lines than that file: what dbt puts around the model.
    """
    line = _line_of(message, statement)
    if line is None:
        return ""
    lines = statement.split("\n")
    text = lines[line].strip()[:_LINE_LENGTH]
    compiled = (getattr(node, "compiled_code", None) or "").strip()
    start = statement.find(compiled) if compiled else -1
    first = statement.count("\n", 0, start) if start >= 0 else len(lines)
    if not first <= line <= first + compiled.count("\n"):
        return f" The line: {text}"
    # dbt strips the file when it puts it into a statement.
    blank = node.compiled_code[: node.compiled_code.index(compiled)].count("\n")
    return f" Line {line - first + blank + 1} of {node.compiled_path}: {text}"


def _line_of(message: str, statement: str) -> int | None:
    """Index of the line of a statement that an engine's message means; None when it tells none."""
    if found := _OFFSET.search(message):
        text, offset = statement.encode(), int(found[1])
        return text.count(b"\n", 0, offset) if offset < len(text) else None
    if found := _LINE.search(message):
        line = int(found[1]) - 1
        return line if line <= statement.count("\n") else None
    return None


def _short(message: str) -> str:
    """The sentence in a message of dbt's, without the kind of error and the stack of macros."""
    lines = [line.strip() for line in message.splitlines()]
    said = [line for line in lines if line and not _DBT_FRAME.match(line)]
    one_line = " ".join(" ".join(said or lines).split())
    return one_line if len(one_line) <= _MESSAGE_LENGTH else one_line[:_MESSAGE_LENGTH] + " …"
