"""What was measured as a page, RESULTS.md, with charts beside it."""

import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from operator import attrgetter
from pathlib import Path
from statistics import median
from typing import Any

import altair as alt
import jinja2

from benchmarks.contenders import Turn
from benchmarks.process import Cost

_PACKAGES = (
    "pysail",
    "pyspark",
    "delta-spark",
    "dbt-core",
    "dbt-spark",
    "duckdb",
    "pyarrow",
    "deltalake",
    "databricks-labs-dqx",
    "dlt",
)
_WINDOW = 3
# A month of working days: told by itself where the history is longer.
_MONTH = 20
_TEMPLATE = Path(__file__).with_name("RESULTS.md.jinja")


@dataclass(frozen=True)
class Validated:
    """What judging a feed's rows cost, in one session.

    Attributes:
        rows: How many.
        rules: How many rules are compared.
        failures: How often a row broke one of them, on which all contenders agree.
        lacks: What a contender does not do, by its name.
        seconds: Of each turn, by contender, this project first.
    """

    rows: int
    rules: int
    failures: int
    lacks: Mapping[str, str]
    seconds: Mapping[str, Sequence[float]]


@dataclass
class Measurements:
    """All that a run of the benchmark has measured; what it was not asked for is empty.

    Attributes:
        daily: Orders of each day of the history.
        small: Small batches, one after the other, the engine up.
        further: Seconds of each further small batch that a command applies.
        history: Days of the same size, one after the other.
        batches: Turns by orders of a batch that is the first; in each, this project first.
        reading: Turns of reading and landing the largest batch.
        validation: Judging its rows.
        lacks: What a contender does not do, by its name.
    """

    daily: int
    small: Sequence[Cost] = ()
    further: float = 0.0
    history: Sequence[Cost] = ()
    batches: dict[int, list[Turn]] = field(default_factory=dict)
    reading: Sequence[Turn] = ()
    validation: Validated | None = None
    lacks: dict[str, str] = field(default_factory=dict)


def write(out: Path, measured: Measurements) -> None:
    """Write RESULTS.md, and history.svg and memory.svg where measured, into a folder."""
    (out / "RESULTS.md").write_text(_page(measured), encoding="utf-8")
    if measured.history:
        _history_chart(measured).save(out / "history.svg")
    if measured.batches:
        _memory_chart(measured).save(out / "memory.svg")


def _page(measured: Measurements) -> str:
    environment = jinja2.Environment(
        keep_trailing_newline=True,
        trim_blocks=True,
        autoescape=False,
        undefined=jinja2.StrictUndefined,
    )
    validation = measured.validation
    return environment.from_string(_TEMPLATE.read_text(encoding="utf-8")).render(
        machine=_machine(),
        small=_spread([cost.seconds for cost in measured.small]) if measured.small else "",
        further=f"{measured.further:.1f} s",
        daily=f"{measured.daily:,}",
        growth=_growth(measured.history) if measured.history else "",
        batches={f"{size:,}": _rows(turns, measured) for size, turns in measured.batches.items()},
        reading=_rows(measured.reading, measured),
        validation=validation,
        judges=[[*row, validation.lacks[row[0]]] for row in _compared(validation.seconds)]
        if validation
        else [],
    )


def _rows(turns: Sequence[Turn], measured: Measurements) -> list[list[str]]:
    """A row for each contender: name, time, ratio, memory, what it does not do."""
    costs = {name: [turn[name] for turn in turns] for name in (turns[0] if turns else ())}
    compared = _compared({name: [cost.seconds for cost in costs[name]] for name in costs})
    return [[*row, _gigabytes(costs[row[0]]), measured.lacks[row[0]]] for row in compared]


def _compared(seconds: Mapping[str, Sequence[float]]) -> list[list[str]]:
    """A row for each contender: name, time, and the first one's time beside it, turn by turn."""
    if not seconds:
        return []
    first = next(iter(seconds))
    rows = []
    for name, turns in seconds.items():
        ratios = [ours / its for ours, its in zip(seconds[first], turns, strict=True)]
        ratio = f"{median(ratios):.2f}"
        if len(ratios) > 1:
            ratio += f" ({min(ratios):.2f} to {max(ratios):.2f})"
        rows.append([name, f"{median(turns):.1f} s", "" if name == first else ratio])
    return rows


def _spread(seconds: Sequence[float]) -> str:
    return f"{median(seconds):.1f} s ({min(seconds):.1f} to {max(seconds):.1f})"


def _gigabytes(costs: Iterable[Cost]) -> str:
    return f"{median(cost.peak_bytes for cost in costs) / 1e9:.2f} GB"


def _machine() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    return (
        f"{os.cpu_count()} cores, {memory:.0f} GB, {platform.system()} {platform.machine()};"
        f" Python {platform.python_version()}, {packages}."
    )


def _growth(history: Sequence[Cost]) -> str:
    """Later days beside the fourth, each with its neighbours: single days are noisy."""
    early = history[2 : 2 + _WINDOW]
    told = []
    for last in sorted({min(_MONTH, len(history)), len(history)}):
        late = history[last - _WINDOW : last]
        clock, work = (
            median(map(measure, late)) / median(map(measure, early))
            for measure in (attrgetter("seconds"), attrgetter("processor_seconds"))
        )
        told.append(
            f"Days {last - _WINDOW + 1} to {last} took {clock:.2f} times as long as days 3 to"
            f" {2 + _WINDOW} (medians), and {work:.2f} times the processors' time."
        )
    return " ".join(told)


def _history_chart(measured: Measurements) -> Any:
    data = [
        {"day": day, "seconds": cost.seconds, "processors": cost.processor_seconds}
        for day, cost in enumerate(measured.history, 1)
    ]
    chart = alt.Chart(alt.Data(values=data), width=560, height=240).mark_line(point=True)
    return chart.transform_fold(["seconds", "processors"], as_=["measure", "value"]).encode(
        alt.X("day:Q", title="day"),
        alt.Y("value:Q", title="seconds"),
        alt.Color("measure:N", title=None),
    )


def _memory_chart(measured: Measurements) -> Any:
    data = [
        {
            "orders": size,
            "contender": name,
            "gigabytes": median(turn[name].peak_bytes for turn in turns) / 1e9,
        }
        for size, turns in measured.batches.items()
        for name in turns[0]
    ]
    chart = alt.Chart(alt.Data(values=data), width=560, height=240).mark_line(point=True)
    return chart.encode(
        alt.X("orders:Q", scale=alt.Scale(type="log"), title="orders in the batch"),
        alt.Y("gigabytes:Q", title="peak memory, GB"),
        alt.Color("contender:N", title=None),
    )
