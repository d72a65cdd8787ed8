"""A workspace with the bundle deployed, as far as the `databricks` command line shows it.

It knows the commands that `tools/smoke_databricks.py` uses. Volumes are folders, and the job
`ecomm batches` runs by its own definition: its SQL task, its condition and its dbt commands are
read from the bundle; `land` is the real one on the platform's session.
"""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import yaml
from bundle.bundle import load

from databricks_endpoint.conftest import CATALOG, Run, Stack
from ingest.config import PROJECT_DIR

_RUN_ID = "1"


class Workspace:
    """Answers commands of the command line.

    Attributes:
        volumes: Folder that stands for `/Volumes`.
        deployed: The bundle, deployed with the schema of the stack.
    """

    def __init__(self, stack: Stack, run: Run, volumes: Path) -> None:
        self.deployed = load("dev")
        self.volumes = volumes
        self._stack, self._run = stack, run
        self._prefix = stack.environment["ECOMM_SCHEMA"]
        self._landing = self._named(self.deployed["resources"]["volumes"]["arriving_files"])

    def __call__(self, *arguments: str) -> str:
        """Run a command, and give what it would print."""
        match arguments:
            case ("bundle", "validate", "--output", "json", "--target", _):
                return json.dumps(self._summary())
            case ("fs", "mkdir", folder, "--target", _):
                self._place(folder).mkdir(parents=True, exist_ok=True)
            case ("fs", "cp", source, to, "--overwrite", "--target", _):
                shutil.copyfile(source, self._place(to))
            case ("bundle", "run", "batches", "--target", _):
                self.run_batches()
            case ("api", "post", "/api/2.0/sql/statements", "--json", body, "--target", _):
                rows = self._run(json.loads(body)["statement"])
                text = [[None if cell is None else str(cell) for cell in row] for row in rows]
                return json.dumps(
                    {"status": {"state": "SUCCEEDED"}, "result": {"data_array": text}}
                )
            case _:
                raise AssertionError(f"no such command here: {arguments}")
        return ""

    def run_batches(self) -> None:
        """Run the job that lands and builds."""
        job = self.deployed["resources"]["jobs"]["batches"]
        by_key = {task["task_key"]: task for task in job["tasks"]}
        self._stack.land()
        rows = self._rows(by_key["to_apply"]["sql_task"])
        condition = by_key["has_pending"]["condition_task"]
        assert condition["left"] == "{{tasks.to_apply.output.first_row.batches}}"
        assert condition["op"] == "GREATER_THAN"
        if float(rows[0]["batches"]) > float(condition["right"]):
            for row in rows:
                for command in by_key["apply"]["for_each_task"]["task"]["dbt_task"]["commands"]:
                    self._dbt(command, row)

    def _rows(self, task: dict[str, Any]) -> list[dict[str, str]]:
        text = (PROJECT_DIR / "resources" / task["file"]["path"]).read_text()
        for name, value in task["parameters"].items():
            text = text.replace(f"{{{{{name}}}}}", self._own(value))
        columns = ("batches", "batch_date")
        return [dict(zip(columns, map(str, row), strict=True)) for row in self._run(text)]

    def _dbt(self, command: str, row: dict[str, str]) -> None:
        values = {
            "job.run_id": _RUN_ID,
            "job.parameters.allow_mass_closing": "false",
            "input.batch_date": row["batch_date"],
        }
        plain = re.sub(r"\{\{([\w.]+)\}\}", lambda found: values[found[1]], command)
        dbt, *arguments = shlex.split(plain)
        assert dbt == "dbt"
        place = arguments.index("--vars")
        variables = yaml.safe_load(arguments[place + 1])
        del arguments[place : place + 2]
        mapped = [item.replace("/Volumes/", f"{self.volumes}/") for item in arguments]
        self._stack.dbt(*mapped, variables=variables)

    def _summary(self) -> dict[str, Any]:
        """What `bundle validate` prints, as far as somebody reads it."""
        values = self.deployed["var"] | {"catalog": CATALOG, "schema": self._prefix}
        return {
            "variables": {name: {"value": value} for name, value in values.items()},
            "resources": {"volumes": {"arriving_files": {"volume_path": self._landing}}},
        }

    def _named(self, volume: dict[str, Any]) -> str:
        return f"/Volumes/{volume['catalog_name']}/{volume['schema_name']}/{volume['name']}"

    def _own(self, name: str) -> str:
        """A schema of the bundle by the name that it has here."""
        return name.replace(self.deployed["var"]["schema"], self._prefix)

    def _place(self, path: str) -> Path:
        assert path.startswith(f"dbfs:{self._landing}/"), path
        return self._stack.root / path.removeprefix(f"dbfs:{self._landing}/")
