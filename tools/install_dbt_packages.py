"""Install the packages of packages.yml, or the stand-in where the dbt hub cannot be reached."""

import shutil
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
STAND_IN = PROJECT / "offline" / "dbt_expectations"
INSTALLED = PROJECT / "dbt_packages" / "dbt_expectations"


def main() -> None:
    """Run `dbt deps`; on failure say so and copy the stand-in."""
    dbt = Path(sys.executable).with_name("dbt")
    deps = subprocess.run([dbt, "deps"], cwd=PROJECT, capture_output=True, check=False)
    if deps.returncode == 0:
        print("dbt packages: installed from the dbt package hub.")
        return
    shutil.rmtree(INSTALLED, ignore_errors=True)
    shutil.copytree(STAND_IN, INSTALLED)
    print(
        "dbt packages: the dbt package hub cannot be reached, so the stand-in"
        f" {STAND_IN.relative_to(PROJECT)} is installed."
        " To try the hub again: .venv/bin/dbt deps"
    )


if __name__ == "__main__":
    main()
