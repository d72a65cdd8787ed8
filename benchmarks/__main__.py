"""Measure, compare, and write benchmarks/RESULTS.md with its charts: `make bench`.

Contenders take turns within one run, so that what slows the machine slows all of them.
"""

import json
import sys
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.contenders import (
    Contender,
    Pipeline,
    Turn,
    batch_contenders,
    reading_contenders,
    sample,
)
from benchmarks.process import CommandFailed, Cost, measured
from benchmarks.results import Measurements, Validated, write
from benchmarks.same import differences
from ingest.config import PROJECT_DIR

_HERE = Path(__file__).parent
_SIZES = (10_000, 100_000, 1_000_000)
_DAILY = 20_000
_SMALL = 200
# Small days that one command applies.
_TOGETHER = 5


class Part(StrEnum):
    """What can be measured by itself."""

    BATCHES = "batches"
    READING = "reading"
    VALIDATION = "validation"
    HISTORY = "history"


def main(
    rounds: Annotated[int, typer.Option(min=1, help="Turns of each contender.")] = 3,
    days: Annotated[int, typer.Option(min=5, help="Days of the history.")] = 20,
    only: Annotated[
        list[Part] | None, typer.Option(help="This part; RESULTS.md then has nothing else.")
    ] = None,
    place: Annotated[Path, typer.Option(help="Folder for feeds and tables.")] = Path(
        ".ecomm/bench"
    ),
    out: Annotated[Path, typer.Option(help="Folder for RESULTS.md and charts.")] = _HERE,
) -> None:
    """Measure, and write the results."""
    place, parts = place.resolve(), only or list(Part)
    pipeline = Pipeline(place / "pipeline")
    # dbt's parse of the project, and its SQL, are there before anything is measured.
    pipeline.first(sample(place, 1, 100))
    results = Measurements(_DAILY)
    if Part.HISTORY in parts:
        # The first of the small days makes the tables.
        small = sample(place, rounds + 2 + _TOGETHER, _SMALL)
        results.small = _history(pipeline, small, rounds + 2)[1:]
        results.further = _further(pipeline, small, rounds + 2, results.small[-1])
        results.history = _history(pipeline, sample(place, days, _DAILY), days)
    if Part.BATCHES in parts:
        on_spark = Pipeline(place / "pipeline_on_spark", "spark")
        on_spark.first(sample(place, 1, 100))
        contenders = batch_contenders(pipeline, on_spark, place)
        for size in _SIZES:
            results.batches[size] = _turns(contenders, sample(place, 1, size), size, rounds)
        results.lacks |= {contender.name: contender.lacks for contender in contenders}
    if Part.READING in parts:
        contenders = reading_contenders(pipeline, place)
        results.reading = _turns(contenders, sample(place, 1, max(_SIZES)), max(_SIZES), rounds)
        results.lacks |= {contender.name: contender.lacks for contender in contenders}
    if Part.VALIDATION in parts:
        results.validation = _validation(pipeline, sample(place, 1, max(_SIZES)), rounds)
    pipeline.clear()
    write(out, results)


def _turns(contenders: Sequence[Contender], feeds: Path, orders: int, rounds: int) -> list[Turn]:
    """One batch from nothing, contender after contender, again and again."""
    asked = [one for one in contenders if orders <= (one.most_orders or orders)]
    turns: list[Turn] = []
    for number in range(rounds):
        turn = {}
        for one in asked:
            turn[one.name] = one.run(feeds)
            typer.echo(f"{orders} orders, turn {number + 1}, {one.name}: {turn[one.name]}")
        turns.append(turn)
        if number == 0 and (unequal := _unequal(asked)):
            raise SystemExit("The contenders' tables differ:\n" + "\n".join(unequal))
    return turns


def _unequal(contenders: Sequence[Contender]) -> list[str]:
    """In what the tables of contenders that make them differ from those of the first."""
    made = [(one.name, one.tables) for one in contenders if one.tables]
    return [
        f"{name}: {sentence}"
        for name, tables in made[1:]
        for sentence in differences(made[0][1], tables)
    ]


def _validation(pipeline: Pipeline, feeds: Path, rounds: int) -> Validated:
    """The rules of orders on the batch's landed rows, in one Spark session."""
    pipeline.first(feeds)
    found = pipeline.place / "validation.json"
    arguments = [pipeline.warehouse, pipeline.compiled, found, rounds]
    command = [sys.executable, "-m", "benchmarks.validation", *map(str, arguments)]
    measured(command, PROJECT_DIR, {})
    validated = Validated(**json.loads(found.read_text(encoding="utf-8")))
    typer.echo(str(validated))
    return validated


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


def _further(pipeline: Pipeline, feeds: Path, first: int, alone: Cost) -> float:
    """Seconds of each day but the first that one command applies: what it takes beyond a day."""
    for day in range(first, first + _TOGETHER):
        pipeline.deliver(feeds, day)
    together = pipeline.run()
    typer.echo(f"{_TOGETHER} days by one command: {together}")
    return (together.seconds - alone.seconds) / (_TOGETHER - 1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except CommandFailed as failure:
        raise SystemExit(str(failure)) from None
