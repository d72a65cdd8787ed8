"""dbt plugin: lets dbt's unit tests see the project's `graph`.

dbt compiles a unit test against a manifest of its own, whose `graph` is empty (seen in 1.11 and
1.12), but base and error models find the contract and the rules in `graph`. With this, unit tests
exercise the rules as they are declared.
"""

import dbt.task.test
from dbt.contracts.graph.manifest import Manifest
from dbt.parser.unit_tests import UnitTestManifestLoader
from dbt.plugins.manager import dbtPlugin


class _LoaderWithGraph(UnitTestManifestLoader):
    def load(self) -> Manifest:
        unit_test_manifest = super().load()
        unit_test_manifest.flat_graph = self.manifest.flat_graph
        return unit_test_manifest


class UnitTestGraphPlugin(dbtPlugin):
    """Puts the project's graph into the manifests of unit tests."""

    def initialize(self) -> None:
        """Replace dbt's loader of those manifests; doing so again changes nothing."""
        dbt.task.test.UnitTestManifestLoader = _LoaderWithGraph  # type: ignore[attr-defined]


plugins = [UnitTestGraphPlugin]
