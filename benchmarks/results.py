"""What was measured as a page, RESULTS.md, with charts beside it."""

import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import altair as alt
import jinja2

from benchmarks.process import Cost

_PACKAGES = ("pysail", "dbt-core", "dbt-spark", "duckdb", "pyarrow", "deltalake")
_WINDOW = 3
_TEMPLATE = Path(__file__).with_name("RESULTS.md.jinja")


@dataclass(frozen=True)
class Pair:
    """What this project and the floor cost, one after the other."""

    ours: Cost
    floor: Cost

    def __str__(self) -> str:
        return f"{self.ours.seconds:.1f} s, floor {self.floor.seconds:.1f} s"


@dataclass(frozen=True)
class Measurements:
    """All that a run of the benchmark has measured.

    Attributes:
        small: Small batches, one after the other, the engine up.
        batches: Pairs by orders of a batch that is the first.
        reading: Pairs of reading and landing the largest batch.
        history: Days of the same size, one after the other.
        daily: Orders of each of these days.
    """

    small: Sequence[Cost]
    batches: dict[int, list[Pair]]
    reading: Sequence[Pair]
    history: Sequence[Cost]
    daily: int


def write(out: Path, measured: Measurements) -> None:
    """Write RESULTS.md, history.svg and memory.svg into a folder."""
    (out / "RESULTS.md").write_text(_page(measured), encoding="utf-8")
    _history_chart(measured).save(out / "history.svg")
    _memory_chart(measured).save(out / "memory.svg")


def _page(measured: Measurements) -> str:
    rows = [
        _row(f"{size:,} orders, one batch from nothing", pairs)
        for size, pairs in measured.batches.items()
    ]
    rows.append(_row(f"read, hash and land {max(measured.batches):,} orders", measured.reading))
    small = [cost.seconds for cost in measured.small]
    return jinja2.Template(
        _TEMPLATE.read_text(encoding="utf-8"), keep_trailing_newline=True
    ).render(
        machine=_machine(),
        rows=rows,
        small=f"{median(small):.1f} s ({min(small):.1f} to {max(small):.1f})",
        daily=f"{measured.daily:,}",
        growth=_growth(measured.history),
    )


def _row(work: str, pairs: Sequence[Pair]) -> list[str]:
    ratios = [pair.ours.seconds / pair.floor.seconds for pair in pairs]
    return [
        work,
        f"{median(pair.ours.seconds for pair in pairs):.1f} s",
        f"{median(pair.floor.seconds for pair in pairs):.1f} s",
        f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})",
        _gigabytes(pair.ours for pair in pairs),
        _gigabytes(pair.floor for pair in pairs),
    ]


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
    """The last days beside the fourth and its neighbours: single days are noisy."""
    early, late = history[2 : 2 + _WINDOW], history[-_WINDOW:]
    clock = median(cost.seconds for cost in late) / median(cost.seconds for cost in early)
    work = median(cost.processor_seconds for cost in late) / median(
        cost.processor_seconds for cost in early
    )
    return (
        f"The last {_WINDOW} of {len(history)} days took {clock:.2f} times as long as days 3 to"
        f" {2 + _WINDOW} (medians), and {work:.2f} times the processors' time."
    )


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
            "gigabytes": median(getattr(pair, name).peak_bytes for pair in pairs) / 1e9,
        }
        for size, pairs in measured.batches.items()
        for name in ("ours", "floor")
    ]
    for row in data:
        row["contender"] = {"ours": "this project", "floor": "floor"}[str(row["contender"])]
    chart = alt.Chart(alt.Data(values=data), width=560, height=240).mark_line(point=True)
    return chart.encode(
        alt.X("orders:Q", scale=alt.Scale(type="log"), title="orders in the batch"),
        alt.Y("gigabytes:Q", title="peak memory, GB"),
        alt.Color("contender:N", title=None),
    )
