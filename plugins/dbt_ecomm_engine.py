"""dbt plugin: leads `dbt` to the engine of the targets `local` and `spark`.

dbt looks for plugins in top-level modules named `dbt_*`. dbt-spark finds a Spark Connect server by
the variable SPARK_REMOTE only; on `local` this sets it, and says how to start the engine when it is
down. On `spark` it starts Apache Spark in dbt's process.
"""

import os
from pathlib import Path
from typing import Any

from dbt.flags import get_flags
from dbt.plugins.manager import dbtPlugin
from dbt_common.exceptions import DbtRuntimeError

_PROJECT = "ecomm_pipeline"
_COMMANDS = {
    "build",
    "clone",
    "compile",
    "debug",
    "freshness",
    "generate",
    "retry",
    "run",
    "run-operation",
    "seed",
    "show",
    "snapshot",
    "test",
}


class EnginePlugin(dbtPlugin):
    """Connects dbt to the engine of the warehouse before anything else asks for a connection."""

    def initialize(self) -> None:
        """Connect, or fail with what to do."""
        flags: Any = get_flags()  # type: ignore[no-untyped-call]
        target = getattr(flags, "TARGET", None) or os.environ.get("ECOMM_TARGET") or "local"
        if self.project_name != _PROJECT or flags.WHICH not in _COMMANDS:
            return
        # Imported late: every dbt project of this environment loads this module.
        from ingest.config import load_settings
        from ingest.engines.local import LocalEngine
        from ingest.engines.spark import SparkEngine
        from ingest.errors import PipelineError

        if target != "local":
            # An earlier command of this process may have been local.
            LocalEngine.disconnect()
        try:
            settings = load_settings(project_dir=Path(flags.PROJECT_DIR))
            if target == "local":
                LocalEngine(settings).connect()
            elif target == "spark":
                # dbt-spark takes the session that it finds in its process.
                SparkEngine(settings).start()
        except PipelineError as error:
            raise DbtRuntimeError(str(error)) from None


plugins = [EnginePlugin]
