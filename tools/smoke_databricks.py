"""Deliver a sample batch to a deployed target, run its job, and check that the batch was applied.

    python tools/smoke_databricks.py --target staging

The gate before prod: the deploy workflow runs it on staging, `make smoke-databricks` runs it on
your own copy. It speaks through the `databricks` command line, so it needs what a deployment needs:
the bundle's variables, a login, and the right to write to the landing volume. Every run makes a
batch of its own, which replaces that of the run before.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ingest.sample import generate

_FEEDS = 5
_ORDERS = 60
_STATEMENTS = "/api/2.0/sql/statements"
# Never a day of a real shop.
_REFUSED = "prod"

Cli = Callable[..., str]


class SmokeError(Exception):
    """The pipeline did not do what it should."""


def databricks(*arguments: str) -> str:
    """Run a command of the Databricks command line, and give what it prints.

    Raises:
        SmokeError: The command failed.
    """
    done = subprocess.run(
        ["databricks", *arguments], stdout=subprocess.PIPE, text=True, check=False
    )
    if done.returncode:
        raise SmokeError(f"databricks {' '.join(arguments[:3])} failed, see above.")
    return done.stdout


def smoke(target: str, run: Cli = databricks) -> str:
    """Deliver, run and check.

    Args:
        target: Target of the bundle; not prod, whose history the batch would be in.
        run: Runs a command of the Databricks command line.

    Returns:
        What was found, as a sentence.

    Raises:
        SmokeError: The batch was not applied as it should.
    """
    if target == _REFUSED:
        raise SmokeError("A sample batch has no place in prod: choose another target.")
    bundle = json.loads(run("bundle", "validate", "--output", "json", "--target", target))
    variables = {name: item.get("value") for name, item in bundle["variables"].items()}
    root = f"dbfs:{bundle['resources']['volumes']['arriving_files']['volume_path']}"
    batch_id = f"smoke-{uuid.uuid4()}"
    with tempfile.TemporaryDirectory() as folder:
        _deliver(_batch(Path(folder), batch_id), root, target, run)
    run("bundle", "run", "batches", "--target", target)

    prefix = f"`{variables['catalog']}`.{variables['schema']}"
    [[feeds, balanced, rows]] = _query(
        f"select count(*), count_if(is_balanced), sum(file_rows)"
        f" from {prefix}_ops.batch_reconciliation where batch_id = '{batch_id}'",
        variables["warehouse_id"],
        target,
        run,
    )
    if (int(feeds), int(balanced)) != (_FEEDS, _FEEDS) or not int(rows or 0):
        raise SmokeError(
            f"Of batch {batch_id} {feeds} feeds are reconciled and {balanced} balanced, not"
            f" {_FEEDS}: see the run of the job ecomm batches."
        )
    [[customers]] = _query(
        f"select count(*) from {prefix}_views.customer_analytics",
        variables["warehouse_id"],
        target,
        run,
    )
    if not int(customers):
        raise SmokeError(f"The view {prefix}_views.customer_analytics is empty.")
    return f"Batch {batch_id} is applied and balanced: {rows} rows, {customers} customers."


def _batch(folder: Path, batch_id: str) -> Path:
    """A batch with rows of its own, which takes the place of the one of the run before."""
    seed = int(batch_id[-8:], 16)
    [trigger] = generate(folder, days=1, orders=_ORDERS, seed=seed)
    content = json.loads(trigger.read_text(encoding="utf-8"))
    content |= {"trigger_id": batch_id, "supersedes": True}
    trigger.write_text(json.dumps(content), encoding="utf-8")
    return folder


def _deliver(folder: Path, root: str, target: str, run: Cli) -> None:
    """Copy the data files and then the trigger, as a sender does."""
    files = sorted(
        (path for path in folder.rglob("*") if path.is_file()),
        key=lambda path: path.suffix == ".json",
    )
    for path in files:
        to = f"{root}/{path.relative_to(folder).as_posix()}"
        run("fs", "mkdir", to.rpartition("/")[0], "--target", target)
        run("fs", "cp", str(path), to, "--overwrite", "--target", target)


def _query(statement: str, warehouse: str, target: str, run: Cli) -> list[list[Any]]:
    body = {"warehouse_id": warehouse, "statement": statement, "wait_timeout": "50s"}
    answer = json.loads(
        run("api", "post", _STATEMENTS, "--json", json.dumps(body), "--target", target)
    )
    state = answer.get("status", {}).get("state")
    if state != "SUCCEEDED":
        raise SmokeError(f"A query on the warehouse ended as {state}.")
    rows: list[list[Any]] = answer["result"]["data_array"]
    return rows


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--target", default="dev")
    try:
        print(smoke(parser.parse_args().target))
    except SmokeError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
