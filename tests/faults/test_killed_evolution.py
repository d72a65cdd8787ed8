"""A run under a changed contract that is killed, and run again, equals one that is not."""

from pathlib import Path

import pytest
from support.batches import tables
from support.evolution import DAYS, Contract, change_much, content, deliver, retype

from faults.conftest import Place
from faults.killer import SQL, Point

CHANGING = [
    Point("ingest.batches.evolution:add_text_columns", "after"),
    Point("ingest.batches.evolution:ContractStore._record", "after"),
    Point(SQL, "during", "create or replace table ecomm_targets.orders_target"),
    Point(SQL, "before", "merge into ecomm_targets.inventory_target as versions"),
]
REBUILDING = [
    (Point("ingest.batches.evolution:ContractStore._record", "after"), "replay"),
    (Point(SQL, "after", "delete from ecomm_targets.customers_target"), "replay"),
    (Point(SQL, "after", "create or replace table ecomm_targets.customers_target"), "run"),
]
Content = dict[str, list[str]]


def found(place: Place) -> Content:
    """What the tables hold."""
    engine = place.engine
    try:
        return content(tables(engine.start()[0], "ecomm"))
    finally:
        engine.stop()


def refuse(contract: Contract) -> None:
    """Make a number of a text, which asks for a replay."""
    contract.change("customers", retype("zip_code", "int"))


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A place where a batch is applied, with a contract of its own."""
    folder = tmp_path_factory.mktemp("begun")
    place = Place(folder / "place", Contract.copied(folder / "project").project)
    deliver(place.root, DAYS[0])
    place.ends("run")
    return place


@pytest.fixture(scope="module")
def changed(begun: Place, tmp_path_factory: pytest.TempPathFactory) -> tuple[Place, Content]:
    """A place whose contract has just changed, with a batch to land, and what a run makes of it."""
    place = _copy(begun, tmp_path_factory.mktemp("changed"))
    change_much(Contract(place.project))
    deliver(place.root, DAYS[1])
    clean = _copy(place, tmp_path_factory.mktemp("clean"))
    clean.ends("run")
    return place, found(clean)


def _copy(place: Place, folder: Path) -> Place:
    contract = Contract.copied(folder / "project", place.project)
    return Place(place.copy_to(folder / "place").folder, contract.project)


def test_killed_while_the_tables_follow(changed: tuple[Place, Content], tmp_path: Path) -> None:
    before, wanted = changed
    place = _copy(before, tmp_path)
    try:
        for point in CHANGING:
            place.dies("run", point=point)
        place.ends("run")
        assert found(place) == wanted
    finally:
        place.engine.stop()


def test_killed_while_the_targets_are_rebuilt(begun: Place, tmp_path: Path) -> None:
    """Where the contract is recorded already, a run goes on with the replay."""
    place = _copy(begun, tmp_path)
    refuse(Contract(place.project))
    try:
        for point, command in REBUILDING:
            place.dies(command, point=point)
        place.ends("replay")
        engine = place.engine
        customers = tables(engine.start()[0], "ecomm")["targets.customers_target"]
    finally:
        place.engine.stop()
    assert [item["zip_code"] for item in customers] == [97477]
