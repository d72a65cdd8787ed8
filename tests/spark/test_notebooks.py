"""The notebooks that `make bench` measures beside the project make the same targets.

Two feeds stand for the five here, one of them with a key of several columns, and no marts: of all
of them the benchmark sees to it itself, at each run.
"""

import json
import shutil
from pathlib import Path

from pyspark.sql import SparkSession
from support.batches import FEW_ROWS, configure

from benchmarks.contenders import Pipeline
from benchmarks.notebooks import build
from benchmarks.project import rules
from benchmarks.same import differences
from benchmarks.spark import use
from ingest.config import PROJECT_DIR

FEEDS = ("orders", "inventory")


def only_targets(compiled: Path, out: Path) -> Path:
    """The target folder of dbt without other feeds, and without what is built from targets."""
    shutil.copytree(compiled, out)
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    of_feeds = {f"{feed}_target" for feed in FEEDS} | {
        f"{kind}_{feed}" for feed in FEEDS for kind in ("base", "stg")
    }
    manifest["nodes"] = {
        name: node
        for name, node in manifest["nodes"].items()
        if node["resource_type"] in ("seed", "test") or node["name"] in of_feeds
    }
    (out / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return out


def test_notebooks_make_the_same_targets(spark: SparkSession, tmp_path: Path) -> None:
    sample = PROJECT_DIR / "data" / "sample"
    pipeline = Pipeline(tmp_path / "pipeline")
    try:
        pipeline.first(sample)
    finally:
        pipeline.stop()
    session = spark.newSession()
    configure(session, FEW_ROWS)
    use(session, tmp_path / "notebooks")

    build(session, sample, only_targets(pipeline.compiled, tmp_path / "compiled"))

    assert not differences(pipeline.warehouse, tmp_path / "notebooks")
    assert len(list((tmp_path / "notebooks" / "ecomm_targets").iterdir())) == 2
    # Each rule of rows is a filter there, save those of unique keys.
    declared = [rule.id for feed in FEEDS for rule in rules(feed, pipeline.compiled)]
    results = session.table("ecomm_ops.validation_results").select("rule_id").toArrow()
    assert results.num_rows == len(declared) + len(FEEDS) == 24
