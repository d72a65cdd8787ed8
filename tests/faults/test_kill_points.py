"""A run that is killed at a step's boundary, and run again, equals a clean run.

Where a test has several points, each run but the last dies at one of them: what a kill leaves must
not only be repaired, but by whatever comes next.
"""

from pathlib import Path

import pytest

from faults.conftest import DAYS, Delivered, Place, deliver
from faults.killer import SQL, Point

MODEL = "model.ecomm_pipeline"
SNAPSHOT = "snapshot.ecomm_pipeline"
FILES = 6
"""Files of a batch, its trigger included."""

LANDING = [
    *(Point("ingest.batches.intake:parse_file", "after", nth=n) for n in (1, 3, 5)),
    *(Point("ingest.batches.landing:LandingTables._insert", "after", nth=n) for n in (1, 3, 5)),
    Point("ingest.batches.landing:LandingTables._insert", "during", nth=2),
    Point("ingest.batches.ledger:Ledger.record", "before"),
    Point("ingest.batches.ledger:Ledger.record", "during"),
    Point("ingest.batches.ledger:Ledger.record", "after"),
    Point("ingest.batches.processing_log:ProcessingLog.write", "before"),
    Point("ingest.batches.archive:archive", "before"),
    *(Point("ingest.batches.archive:_move", "after", nth=n) for n in (1, 3, FILES - 1, FILES)),
    Point("ingest.batches.archive:archive", "after"),
]
REJECTING = [
    Point("ingest.batches.archive:reject", "before"),
    Point("ingest.batches.archive:_move", "before"),
    *(Point("ingest.batches.archive:_move", "after", nth=n) for n in (1, 3, FILES)),
]
# A node of each layer, the moment between snapshots and marts, and the records at the end.
BUILDING = [
    [
        Point(SQL, "during", rf'"node_id": "{MODEL}.base_orders'),
        Point(SQL, "before", rf'"node_id": "{MODEL}.int_product_versions'),
        Point(SQL, "during", rf'"node_id": "{MODEL}.customer_analytics'),
        Point(SQL, "during", "insert into ecomm_ops.validation_results"),
    ],
    # A full load: between closing the absent keys and opening the new versions, and amid either.
    [
        Point(SQL, "after", "merge into ecomm_targets.customers_target as current_versions"),
        Point(SQL, "during", "merge into ecomm_targets.inventory_target as versions"),
        Point(SQL, "after", "delete from ecomm_ops.built_nodes where node_id in"),
        Point(SQL, "after", "insert into ecomm_ops.batch_reconciliation"),
    ],
    [
        Point(SQL, "during", rf'"node_id": "{MODEL}.orders_errors'),
        Point(SQL, "after", rf'"node_id": "{MODEL}.analytics_summary'),
        Point("ingest.batches.archive:_move", "after", nth=2),
    ],
]
REWINDING = [
    [
        Point(SQL, "after", "update ecomm_staging.orders_errors"),
        Point(SQL, "after", "delete from ecomm_marts.analytics_summary"),
        # The replayed batch, after the late one is applied.
        Point(SQL, "before", f'node_id": "{SNAPSHOT}.customers_target', nth=20),
    ],
    [
        Point(SQL, "after", "delete from ecomm_targets.orders_target"),
        Point(SQL, "after", "insert into ecomm_ops.processing_log"),
    ],
]


def joined(points: list[Point]) -> str:
    """Their test's id."""
    return ", then ".join(map(str, points))


@pytest.mark.parametrize("point", LANDING, ids=str)
def test_killed_while_landing(point: Point, place: Place, delivered: Delivered) -> None:
    deliver(place.root, DAYS[0])

    place.dies("land", point=point)
    place.ends("land")

    place.assert_clean(delivered.root, [delivered.triggers[DAYS[0]]], only="landing.")


@pytest.mark.parametrize("point", REJECTING, ids=str)
def test_killed_while_rejecting(point: Point, place: Place) -> None:
    """What is rejected is wholly rejected in the end, and every file has its reason."""
    trigger = deliver(place.root, DAYS[0])
    orders = place.root / "orders_data" / "source" / f"orders_{DAYS[0]}.csv"
    orders.write_bytes(orders.read_bytes().replace(b"order_amount", b"amount", 1))
    names = {path.name for path in place.root.rglob("source/*")}
    assert len(names) == FILES

    place.dies("land", point=point)
    is_done = not trigger.exists()
    place.ends("land", exit_code=0 if is_done else 4)

    rejected = {path.name for path in place.root.rglob("rejected/*")}
    assert rejected == names | {f"{name}.reason.json" for name in names}
    assert not list(place.root.rglob("source/*"))


@pytest.mark.parametrize("points", BUILDING, ids=joined)
def test_killed_while_building(
    points: list[Point], place: Place, first_day: Place, delivered: Delivered
) -> None:
    first_day.copy_to(place.folder)
    deliver(place.root, DAYS[1])

    for point in points:
        place.dies("run", point=point)
    place.ends("run")

    place.assert_clean(delivered.root, [delivered.triggers[day] for day in DAYS[:2]])


@pytest.mark.parametrize("points", REWINDING, ids=joined)
def test_killed_while_rewinding(
    points: list[Point], place: Place, two_days: Place, delivered: Delivered
) -> None:
    two_days.copy_to(place.folder)
    deliver(place.root, DAYS[1])

    for point in points:
        place.dies("run", point=point)
    place.ends("run")

    order = (DAYS[0], DAYS[2], DAYS[1])
    place.assert_clean(delivered.root, [delivered.triggers[day] for day in order])


def test_killed_while_replaying(place: Place, two_days: Place, delivered: Delivered) -> None:
    two_days.copy_to(place.folder)

    place.dies("replay", point=Point("ingest.batches.ledger:Ledger.replay", "after"))
    place.dies("run", point=Point(SQL, "after", "delete from ecomm_targets.products_target"))
    place.dies("run", point=Point(SQL, "before", f'node_id": "{MODEL}.segment_analysis', nth=2))
    place.ends("run")

    place.assert_clean(delivered.root, [delivered.triggers[DAYS[0]], delivered.triggers[DAYS[2]]])


def test_killed_between_the_two_marks_of_a_replay(
    place: Place, two_days: Place, delivered: Delivered
) -> None:
    """The next run has nothing to apply; plain dbt rewinds the newest batch, and loses nothing."""
    two_days.copy_to(place.folder)
    triggers = [delivered.triggers[DAYS[0]], delivered.triggers[DAYS[2]]]
    spark, _ = place.engine.start()
    spark.sql("update ecomm_ops.current_batch set landing_number = 0")
    place.engine.disconnect()

    place.ends("run")
    place.assert_clean(delivered.root, triggers)

    place.ends("replay", "--from", "2025-01-17")
    place.assert_clean(delivered.root, triggers)


@pytest.mark.parametrize(
    ("points", "again"),
    [
        (
            [
                Point("ingest.batches.ledger:Ledger.withdraw", "after"),
                Point(SQL, "after", "update ecomm_ops.withdrawals"),
                Point(SQL, "before", f'node_id": "{MODEL}.analytics_summary'),
            ],
            "run",
        ),
        (
            [
                Point(SQL, "after", "insert into ecomm_ops.processing_log"),
                Point(SQL, "before", f'node_id": "{SNAPSHOT}.customers_target'),
            ],
            "withdraw",
        ),
    ],
    ids=["run", "withdraw"],
)
def test_killed_while_withdrawing(
    points: list[Point], again: str, place: Place, two_days: Place, delivered: Delivered
) -> None:
    two_days.copy_to(place.folder)
    withdraw = ("withdraw", "--date", "2025-01-17")
    newest = delivered.triggers[DAYS[2]]

    place.dies(*withdraw, point=points[0])
    finish = withdraw if again == "withdraw" else ("run",)
    for point in points[1:]:
        place.dies(*finish, point=point)
    place.ends(*finish)

    place.assert_clean(delivered.root, [delivered.triggers[DAYS[0]], newest], withdrawn=[newest])


def test_killed_while_withdrawing_the_only_batch(
    place: Place, first_day: Place, delivered: Delivered
) -> None:
    """No batch is pending then; the next run knows all the same that tables are to be emptied."""
    first_day.copy_to(place.folder)
    trigger = delivered.triggers[DAYS[0]]

    place.dies(
        *("withdraw", "--date", "2025-01-15"),
        point=Point(SQL, "after", f"{MODEL}.current_batch"),
    )
    place.dies("run", point=Point(SQL, "before", f'node_id": "{MODEL}.segment_analysis'))
    place.ends("run")

    place.assert_clean(delivered.root, [trigger], withdrawn=[trigger])


def test_files_in_the_archive_are_what_was_delivered(
    place: Place, first_day: Place, delivered: Delivered
) -> None:
    first_day.copy_to(place.folder)
    archived = [path for path in place.root.rglob("archive/*/*/*") if path.is_file()]

    assert len(archived) == FILES
    for path in archived:
        assert path.read_bytes() == next(delivered.root.rglob(path.name)).read_bytes()


def test_the_killer_kills_nothing_by_itself(place: Place, tmp_path: Path) -> None:
    """A point that is never reached leaves the command as it is."""
    deliver(place.root, DAYS[0])
    process = place.start("land", point=Point("ingest.batches.intake:parse_file", "after", nth=99))
    output, _ = process.communicate()

    assert process.returncode == 0, output
