"""Measure, compare, and write benchmarks/RESULTS.md with its charts: `make bench`.

Contenders take turns within one run, so that what slows the machine slows all of them.
"""

from pathlib import Path
from typing import Annotated

import typer

from benchmarks.contenders import Pipeline, floor, reading_floor, sample
from benchmarks.process import CommandFailed, Cost
from benchmarks.results import Measurements, Pair, write
from benchmarks.same import differences

_HERE = Path(__file__).parent
_SIZES = (10_000, 100_000, 1_000_000)
_DAILY = 20_000
_SMALL = 200


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each contender.")] = 3,
    days: Annotated[int, typer.Option(min=5, help="Days of the history.")] = 20,
    place: Annotated[Path, typer.Option(help="Folder for feeds and tables.")] = Path(
        ".ecomm/bench"
    ),
    out: Annotated[Path, typer.Option(help="Folder for RESULTS.md and charts.")] = _HERE,
) -> None:
    """Measure, and write the results."""
    place = place.resolve()
    pipeline = Pipeline(place / "pipeline")
    pipeline.clear()
    # dbt's parse of the project, and its SQL, are there before anything is measured.
    pipeline.deliver(sample(place, 1, 100), 0)
    pipeline.run()

    small = _history(pipeline, sample(place, rounds + 2, _SMALL), rounds + 2)
    batches = {size: _batch(pipeline, place, size, rounds) for size in _SIZES}
    reading = _reading(pipeline, place, rounds)
    history = _history(pipeline, sample(place, days, _DAILY), days)
    pipeline.clear()
    # The first of the small days makes the tables.
    write(out, Measurements(small[1:], batches, reading, history, _DAILY))


def _batch(pipeline: Pipeline, place: Path, size: int, rounds: int) -> list[Pair]:
    """One batch from nothing, and the floor."""
    feeds, out = sample(place, 1, size), place / "floor"
    pairs = []
    for number in range(rounds):
        pipeline.clear()
        pipeline.deliver(feeds, 0)
        ours = pipeline.run()
        pairs.append(Pair(ours, floor(feeds, pipeline.compiled, out)))
        typer.echo(f"batch of {size} orders, turn {number + 1}: {pairs[-1]}")
        if number == 0 and (unequal := differences(pipeline.warehouse, out)):
            raise SystemExit("The contenders' tables differ:\n" + "\n".join(unequal))
    return pairs


def _reading(pipeline: Pipeline, place: Path, rounds: int) -> list[Pair]:
    """Reading, hashing and landing the largest batch, and the floor."""
    feeds = sample(place, 1, max(_SIZES))
    pairs = []
    for number in range(rounds):
        pipeline.clear()
        pipeline.deliver(feeds, 0)
        pairs.append(Pair(pipeline.run("land"), reading_floor(feeds, place / "read")))
        typer.echo(f"reading, turn {number + 1}: {pairs[-1]}")
    return pairs


def _history(pipeline: Pipeline, feeds: Path, days: int) -> list[Cost]:
    """Day after day on the same warehouse, the engine up."""
    pipeline.clear()
    pipeline.start()
    costs = []
    for day in range(days):
        pipeline.deliver(feeds, day)
        costs.append(pipeline.run())
        typer.echo(f"day {day + 1}: {costs[-1]}")
    return costs


if __name__ == "__main__":
    try:
        typer.run(main)
    except CommandFailed as failure:
        raise SystemExit(str(failure)) from None
