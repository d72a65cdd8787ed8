"""Runs `python -m ingest` in this process and kills it, by SIGKILL, at a chosen point.

The project's code knows nothing of it: the function at the point is wrapped before the command
starts. Arguments: the point as JSON, then those of ingest.
"""

import importlib
import json
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import wraps
from typing import Any

SQL = "dbt.adapters.spark.session:Cursor.execute"
"""Every statement that dbt sends passes here; its first comment names the node."""


@dataclass(frozen=True)
class Point:
    """Where to die.

    Attributes:
        function: `<module>:<qualified name>` of the function.
        when: `before` or `after` it runs, or `during`: a moment after it began.
        match: Only calls with an argument whose text has this regular expression count.
        nth: At which of those calls, 1 first.
    """

    function: str
    when: str
    match: str = ""
    nth: int = 1

    def __str__(self) -> str:
        """Its name in a test's id."""
        name = "sql" if self.function == SQL else self.function.split(":")[1]
        label = f"{self.when} {name} {self.match}".strip()
        return f"{label} #{self.nth}" if self.nth > 1 else label

    def to_json(self) -> str:
        """As an argument of this script."""
        return json.dumps(asdict(self))


def die() -> None:
    """End this process as a power cut would: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def arm(point: Point) -> None:
    """Wrap the point's function."""
    module_name, path = point.function.split(":")
    owner: Any = importlib.import_module(module_name)
    *parents, name = path.split(".")
    for parent in parents:
        owner = getattr(owner, parent)
    function: Callable[..., Any] = getattr(owner, name)
    calls = 0

    @wraps(function)
    def dying(*args: Any, **kwargs: Any) -> Any:
        nonlocal calls
        if re.search(point.match, " ".join(map(str, args)), re.DOTALL):
            calls += 1
        if calls != point.nth or not re.search(point.match, " ".join(map(str, args)), re.DOTALL):
            return function(*args, **kwargs)
        if point.when == "before":
            die()
        if point.when == "during":
            threading.Timer(0.01, die).start()
        result = function(*args, **kwargs)
        die()
        return result

    setattr(owner, name, dying)


def main() -> None:
    """Arm, and run the command."""
    arm(Point(**json.loads(sys.argv[1])))
    from ingest.cli import app

    app(sys.argv[2:])


if __name__ == "__main__":
    main()
