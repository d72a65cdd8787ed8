"""Moving files away: to the archive and to rejected/, without ever losing one."""

import errno
import json
import os
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from ingest.batches.archive import archive, reject
from ingest.feed_root import FeedRoot

DAY = date(2025, 1, 15)
ORDERS = "orders_2025_01_15.csv"
CUSTOMERS = "customers_2025_01_15.csv"
FILES = {"orders": ORDERS, "customers": CUSTOMERS}
TRIGGER = "trigger_2025_01_15.json"
SOURCES = (f"orders_data/source/{ORDERS}", f"customers_data/source/{CUSTOMERS}")
REASON = "orders_2025_01_15.csv is empty (zero bytes): deliver it again with its header."


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A feed root with one delivered batch, and a file of another."""
    put(tmp_path, SOURCES[0], "orders")
    put(tmp_path, SOURCES[1], "customers")
    put(tmp_path, f"triggers/source/{TRIGGER}", "trigger")
    put(tmp_path, "orders_data/source/orders_2025_01_16.csv", "of another batch")
    return tmp_path


def put(root: Path, name: str, content: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def found(root: Path) -> dict[str, str]:
    """All files with their content, the other batch's and the reasons left out."""
    return {
        str(path.relative_to(root)): path.read_text()
        for path in root.rglob("*")
        if path.is_file() and path.name != "orders_2025_01_16.csv"
        if not path.name.endswith(".reason.json")
    }


def known(_: Path) -> bool:
    """Every file is the one that was looked at."""
    return True


def archive_batch(root: Path, batch_id: str = "batch-1") -> int:
    trigger = root / "triggers/source" / TRIGGER
    return archive(trigger, FILES, FeedRoot(root), DAY, batch_id, is_known=known).count


def reject_batch(root: Path, files: dict[str, str] = FILES) -> int:
    trigger = root / "triggers/source" / TRIGGER
    return reject(trigger, files, FeedRoot(root), REASON, DAY, "batch-1", is_known=known).count


ARCHIVED = {
    f"orders_data/archive/2025-01-15/batch-1/{ORDERS}": "orders",
    f"customers_data/archive/2025-01-15/batch-1/{CUSTOMERS}": "customers",
    f"triggers/archive/2025-01-15/batch-1/{TRIGGER}": "trigger",
}
REJECTED = {
    f"orders_data/rejected/{ORDERS}": "orders",
    f"customers_data/rejected/{CUSTOMERS}": "customers",
    f"triggers/rejected/{TRIGGER}": "trigger",
}


def test_archive_moves_the_batch(root: Path) -> None:
    assert archive_batch(root) == 3

    assert found(root) == ARCHIVED
    assert (root / "orders_data/source/orders_2025_01_16.csv").read_text() == "of another batch"


@pytest.mark.parametrize("across", [False, True])
def test_archive_may_be_elsewhere(
    across: bool,
    root: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Such as in a volume of its own, which a file cannot be renamed to."""
    if across:
        between_file_systems(monkeypatch)
    elsewhere = tmp_path_factory.mktemp("elsewhere")

    trigger = root / "triggers/source" / TRIGGER
    moves = archive(trigger, FILES, FeedRoot(root, elsewhere), DAY, "batch-1", is_known=known)
    assert moves.count == 3

    assert found(elsewhere) == ARCHIVED
    assert found(root) == {}


def test_archive_again_moves_nothing(root: Path) -> None:
    archive_batch(root)

    assert archive_batch(root) == 0
    assert found(root) == ARCHIVED


@pytest.mark.parametrize("place", ["archive/2025-01-15/batch-1", "rejected"])
def test_file_that_is_not_the_one_looked_at_stays(place: str, root: Path) -> None:
    """It is asked for right before each move, and the others move."""
    trigger = root / "triggers/source" / TRIGGER
    stays = {root / SOURCES[1], trigger}
    asked: list[str] = []

    def is_known(path: Path) -> bool:
        asked.append(path.name)
        assert path.exists() and (root / SOURCES[0]).exists() == (len(asked) == 1)
        return path not in stays

    if place == "rejected":
        moves = reject(trigger, FILES, FeedRoot(root), REASON, DAY, "batch-1", is_known=is_known)
    else:
        moves = archive(trigger, FILES, FeedRoot(root), DAY, "batch-1", is_known=is_known)

    assert (moves.count, set(moves.kept)) == (1, stays)
    assert asked == [ORDERS, CUSTOMERS, TRIGGER]
    assert found(root) == {
        f"orders_data/{place}/{ORDERS}": "orders",
        SOURCES[1]: "customers",
        f"triggers/source/{TRIGGER}": "trigger",
    }


@pytest.mark.parametrize("operation", [archive_batch, reject_batch])
@pytest.mark.parametrize("moves", [0, 1, 2])
def test_moves_that_were_cut_short_are_finished(
    operation: Callable[[Path], int], moves: int, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The trigger is the last to go, so that the next look finds it, and the rest."""
    replace = Path.replace
    done: list[Path] = []

    def replace_some(source: Path, place: Path) -> Path:
        if len(done) == moves:
            raise KeyboardInterrupt
        done.append(source)
        return replace(source, place)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", replace_some)
        with pytest.raises(KeyboardInterrupt):
            operation(root)
    assert (root / "triggers/source" / TRIGGER).exists()

    assert operation(root) == 3 - moves
    assert found(root) == (ARCHIVED if operation is archive_batch else REJECTED)


def test_archive_replaces_the_same_content(root: Path) -> None:
    put(root, f"orders_data/archive/2025-01-15/batch-1/{ORDERS}", "orders")

    assert archive_batch(root) == 3
    assert found(root) == ARCHIVED


def test_archive_keeps_other_content(root: Path) -> None:
    """A batch that replaces another one under the same id is archived beside it."""
    for content in ("first", "second"):
        put(root, SOURCES[0], content)
        archive_batch(root)
    put(root, SOURCES[0], "orders")
    archive_batch(root)

    folder = root / "orders_data/archive/2025-01-15/batch-1"
    assert {path.name: path.read_text() for path in folder.iterdir()} == {
        ORDERS: "first",
        "orders_2025_01_15.2.csv": "second",
        "orders_2025_01_15.3.csv": "orders",
    }


def test_archive_compares_every_byte(root: Path) -> None:
    """As many bytes, written at the same moment, may be others."""
    archived = put(root, f"orders_data/archive/2025-01-15/batch-1/{ORDERS}", "sredro")
    for path in (archived, root / SOURCES[0]):
        os.utime(path, ns=(1, 1))

    archive_batch(root)

    assert archived.read_text() == "sredro"
    assert archived.with_name("orders_2025_01_15.2.csv").read_text() == "orders"


def test_batches_do_not_mix(root: Path) -> None:
    archive_batch(root)
    put(root, SOURCES[0], "newer")
    archive_batch(root, "batch-2")

    archived = root / "orders_data/archive/2025-01-15"
    assert (archived / "batch-1" / ORDERS).read_text() == "orders"
    assert (archived / "batch-2" / ORDERS).read_text() == "newer"


def test_reject_leaves_a_reason_beside_each_file(root: Path) -> None:
    before = datetime.now(UTC).replace(microsecond=0)

    assert reject_batch(root) == 3

    assert found(root) == REJECTED
    for name in REJECTED:
        path = root / name
        explanation = json.loads(path.with_name(f"{path.name}.reason.json").read_text())
        rejected_at = datetime.fromisoformat(explanation.pop("rejected_at"))
        assert before <= rejected_at <= datetime.now(UTC)
        assert "put the files and the trigger back" in explanation.pop("what_to_do")
        assert explanation == {
            "file": path.name,
            "batch_id": "batch-1",
            "batch_date": "2025-01-15",
            "reason": REASON,
        }


def test_reason_is_there_before_the_file(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(source: Path, place: Path) -> None:
        assert place.with_name(f"{place.name}.reason.json").exists()
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(KeyboardInterrupt):
        reject_batch(root)


def test_unreadable_trigger_is_rejected_alone(root: Path) -> None:
    trigger = root / "triggers/source" / TRIGGER
    assert reject(trigger, {}, FeedRoot(root), REASON, is_known=known).count == 1

    assert (root / "triggers/rejected" / TRIGGER).read_text() == "trigger"
    assert all((root / source).exists() for source in SOURCES)
    reason = json.loads((root / "triggers/rejected" / f"{TRIGGER}.reason.json").read_text())
    assert (reason["batch_id"], reason["batch_date"]) == (None, None)


def test_reject_never_overwrites(root: Path) -> None:
    for content in ("first", "second", "first"):
        put(root, SOURCES[0], content)
        reject_batch(root)

    assert {path.name for path in (root / "orders_data/rejected").iterdir()} == {
        ORDERS,
        f"{ORDERS}.reason.json",
        "orders_2025_01_15.2.csv",
        "orders_2025_01_15.2.csv.reason.json",
    }
    assert (root / "orders_data/rejected" / ORDERS).read_text() == "first"
    assert (root / "orders_data/rejected/orders_2025_01_15.2.csv").read_text() == "second"


def test_missing_files_are_passed_over(root: Path) -> None:
    (root / SOURCES[0]).unlink()

    assert reject_batch(root) == 2
    assert not (root / "orders_data/rejected").exists()


@pytest.mark.parametrize("name", ["../../secret.csv", "/secret.csv", "sub/secret.csv", "..", ""])
def test_names_that_lead_elsewhere_are_not_touched(root: Path, name: str) -> None:
    secret = put(root, "secret.csv", "secret")
    put(root, "orders_data/source/sub/secret.csv", "secret")
    if name.startswith("/"):
        name = str(secret)

    assert reject_batch(root, {"orders": name}) == 1

    assert secret.read_text() == "secret"
    assert (root / "orders_data/source/sub/secret.csv").exists()
    assert (root / SOURCES[0]).exists()


@pytest.mark.parametrize("target", ["secret.csv", "nowhere.csv"])
def test_link_is_moved_and_not_followed(root: Path, target: str) -> None:
    secret = put(root, "secret.csv", "secret")
    (root / SOURCES[0]).unlink()
    (root / SOURCES[0]).symlink_to(root / target)
    put(root, f"orders_data/rejected/{ORDERS}", "secret")

    assert reject_batch(root) == 3

    moved = root / "orders_data/rejected/orders_2025_01_15.2.csv"
    assert moved.is_symlink() and moved.readlink() == root / target
    assert not (root / SOURCES[0]).is_symlink()
    assert secret.read_text() == "secret"


def between_file_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let moves from one folder to another fail as they do between file systems."""
    replace = Path.replace

    def replace_within(source: Path, place: Path) -> Path:
        if source.parent != place.parent:
            raise OSError(errno.EXDEV, "Invalid cross-device link")
        return replace(source, place)

    monkeypatch.setattr(Path, "replace", replace_within)


def test_moves_across_file_systems(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    between_file_systems(monkeypatch)

    assert archive_batch(root) == 3
    assert found(root) == ARCHIVED


def test_link_is_moved_across_file_systems_and_not_followed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_file_systems(monkeypatch)
    secret = put(root, "secret.csv", "secret")
    (root / SOURCES[0]).unlink()
    (root / SOURCES[0]).symlink_to(secret)

    reject_batch(root)

    moved = root / "orders_data/rejected" / ORDERS
    assert moved.is_symlink() and moved.readlink() == secret
    assert secret.read_text() == "secret"


def test_reason_is_text_that_people_can_read(root: Path) -> None:
    trigger = root / "triggers/source" / TRIGGER
    reject(trigger, {}, FeedRoot(root), "größer als erlaubt\n", DAY, "batch-1", is_known=known)

    text = (root / "triggers/rejected" / f"{TRIGGER}.reason.json").read_bytes()
    assert '\n  "reason": "größer als erlaubt?",\n'.encode() in text


def test_copy_that_was_cut_short_is_no_archived_file(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    between_file_systems(monkeypatch)

    def copy_half(source: Path, place: Path, **_: bool) -> None:
        place.write_text("ord")
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("shutil.copyfile", copy_half)
        with pytest.raises(OSError, match="No space left"):
            archive_batch(root)
    assert (root / SOURCES[0]).read_text() == "orders"
    assert not (root / f"orders_data/archive/2025-01-15/batch-1/{ORDERS}").exists()

    assert archive_batch(root) == 3
    assert found(root) == ARCHIVED
