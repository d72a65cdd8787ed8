"""Look every locked package up in the advisory database, with pip-audit.

Fails on an advisory that a newer version mends. Where the database cannot be reached, behind a
registry mirror for one, it says so and passes: what was not looked up is never called safe.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
EXPORT = ["--frozen", "--no-emit-project", "--all-groups", "--no-hashes", "--quiet"]
AUDIT = [
    "--no-deps",
    "--disable-pip",
    "--format",
    "json",
    "--progress-spinner",
    "off",
    "--timeout",
    "10",
]


def audited(requirements: Path) -> list[dict[str, Any]]:
    """What pip-audit says of each package; nothing when the database cannot be reached."""
    done = subprocess.run(
        [str(BIN / "pip-audit"), "--requirement", str(requirements), *AUDIT],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        report: dict[str, list[dict[str, Any]]] = json.loads(done.stdout)
    except ValueError:
        return []
    return report["dependencies"]


def main() -> int:
    """Export the lock, audit it, tell; the exit code is 1 when there is something to mend."""
    with tempfile.TemporaryDirectory() as folder:
        requirements = Path(folder) / "requirements.txt"
        subprocess.run(
            [str(BIN / "uv"), "export", *EXPORT, "--output-file", str(requirements)],
            check=True,
        )
        packages = audited(requirements)
    known = [package for package in packages if "vulns" in package]
    found = [(package, vuln) for package in known for vuln in package["vulns"]]
    for package, vuln in found:
        versions = ", ".join(vuln["fix_versions"]) or "no version yet"
        print(f"{package['name']} {package['version']}: {vuln['id']}, mended by {versions}")
    if not known:
        print("Dependencies are not audited: the advisory database cannot be reached from here.")
    else:
        print(f"Dependencies: {len(known)} packages audited, {len(found)} advisories.")
    return int(any(vuln["fix_versions"] for _, vuln in found))


if __name__ == "__main__":
    sys.exit(main())
