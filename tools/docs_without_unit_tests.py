"""Take the unit tests out of what the dbt docs show: `make docs`.

`python tools/docs_without_unit_tests.py target` edits the manifest.json there, which dbt wrote for
the docs and writes anew each time. In the graph the unit tests would hide the models.
"""

import json
import sys
from pathlib import Path
from typing import Any

PREFIX = "unit_test."


def without_unit_tests(manifest: dict[str, Any]) -> dict[str, Any]:
    """The manifest without unit tests, and without edges from and to them.

    Args:
        manifest: As dbt writes it.
    """
    edges = {
        name: {
            node: [other for other in others if not other.startswith(PREFIX)]
            for node, others in manifest[name].items()
            if not node.startswith(PREFIX)
        }
        for name in ("parent_map", "child_map")
    }
    return {**manifest, **edges, "unit_tests": {}}


if __name__ == "__main__":
    path = Path(sys.argv[1]) / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps(without_unit_tests(manifest)), encoding="utf-8")
