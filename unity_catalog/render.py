"""Print the SQL with its variables filled in."""

import argparse
import re
import sys
from collections.abc import Iterable
from pathlib import Path
from string import Template

HERE = Path(__file__).resolve().parent


def defaults() -> dict[str, str]:
    """The variables' values in variables.env."""
    lines = (HERE / "variables.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line)


def render(names: Iterable[str], values: dict[str, str]) -> str:
    """The statements of some of the files, in the files' order.

    Raises:
        ValueError: A value could end the quotes that it stands in.
        KeyError: A file uses a variable that has no value.
    """
    for name, value in values.items():
        if not re.fullmatch(r"[\w .@-]+", value):
            raise ValueError(f"{name} may have letters, digits, blanks and _ . @ - only.")
    files = [HERE / name for name in sorted(names)]
    return "\n".join(Template(file.read_text()).substitute(values) for file in files)


def main() -> None:
    """Render the files that the command line names, else all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="*", default=[path.name for path in HERE.glob("*.sql")])
    parser.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", dest="given")
    arguments = parser.parse_args()
    values = defaults()
    for item in arguments.given:
        name, _, value = item.partition("=")
        if name not in values:
            parser.error(f"there is no variable {name}: see unity_catalog/README.md")
        values[name] = value
    try:
        sys.stdout.write(render(arguments.files, values))
    except (OSError, ValueError) as error:
        parser.error(str(error))


if __name__ == "__main__":
    main()
