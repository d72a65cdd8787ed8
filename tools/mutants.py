"""Take the product's guards away one at a time, and see a test miss each.

`tests/guards/*.toml` lists the mutants: a file, the text to weaken and what stands there then, the
promise that it guards, in words of one of `PAGES`, and the tests that must miss it. This works on a
copy of the project. Arguments are names of mutants, or parts of them; none means all.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from queue import Queue

PROJECT_DIR = Path(__file__).resolve().parent.parent
LIST = Path("tests/guards")
_DOCS = ("commands", "reliability", "report", "runbook")
PAGES = (Path("README.md"), *(Path(f"docs/{name}.md") for name in _DOCS))
# What a copy of the project does without.
LEFT_OUT = (
    ".git",
    ".venv",
    ".ecomm",
    "target",
    "logs",
    "mutants",
    ".*_cache",
    "__pycache__",
    "build",
    "dist",
)
# On a busy machine a build takes a minute, and all tests together half an hour.
LONGEST_SECONDS = 3600
_PASSED, _FAILED = 0, 1


@dataclass(frozen=True)
class Mutant:
    """A guard, and what shows that it is gone.

    Attributes:
        name: Short name, unique.
        file: Product file, relative to the project.
        old: Text that stands there exactly once.
        new: What takes its place: the same code without the guard.
        promise: Words of one of `PAGES` that no longer hold then.
        tests: Tests that must fail then, relative to `tests/`; one that fails is enough.
    """

    name: str
    file: str
    old: str
    new: str
    promise: str
    tests: tuple[str, ...]


def load_mutants(project: Path = PROJECT_DIR) -> list[Mutant]:
    """All mutants of a project, file by file."""
    return [
        Mutant(**{**entry, "tests": tuple(entry["tests"])})
        for path in sorted((project / LIST).glob("*.toml"))
        for entry in tomllib.loads(path.read_text(encoding="utf-8"))["mutant"]
    ]


def problems(mutant: Mutant, project: Path = PROJECT_DIR) -> Iterator[str]:
    """What keeps a mutant from being tried: the project went on without the list."""
    found = (project / mutant.file).read_text(encoding="utf-8").count(mutant.old)
    if found != 1 or mutant.old == mutant.new:
        yield f"{mutant.name}: its old text stands {found} times in {mutant.file}, not once"
    if mutant.promise not in _pages(project):
        yield f"{mutant.name}: no page has its promise"
    for test in mutant.tests:
        path, _, function = test.partition("::")
        if function.partition("[")[0] not in _functions(project / "tests" / path):
            yield f"{mutant.name}: there is no test {test}"


@cache
def _pages(project: Path) -> str:
    """All promises, on one line."""
    texts = ((project / page).read_text(encoding="utf-8") for page in PAGES)
    return " ".join(" ".join(texts).split())


@cache
def _functions(path: Path) -> set[str]:
    if not path.exists():
        return set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@contextmanager
def _copy_of_the_project() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copy = Path(folder) / "project"
        shutil.copytree(PROJECT_DIR, copy, ignore=shutil.ignore_patterns(*LEFT_OUT))
        yield copy


@contextmanager
def _mutated(path: Path, mutant: Mutant) -> Iterator[None]:
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(text, encoding="utf-8")


def _run_tests(copy: Path, tests: Iterable[str]) -> tuple[int, str]:
    """Run tests of the copy up to the first failure; gives pytest's exit code and its output."""
    environment = os.environ | {
        # Before the editable install, which would lead back to the project itself.
        "PYTHONPATH": os.pathsep.join((str(copy), str(copy / "plugins"))),
        # Two mutants of one second may have the same size, which Python takes for the same code.
        "PYTHONDONTWRITEBYTECODE": "1",
        "COLUMNS": "200",
    }
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-rfE", "-p", "no:cacheprovider"]
    command += ["--durations=0", "--tb=short", *(f"tests/{test}" for test in tests)]
    try:
        done = subprocess.run(
            command,
            cwd=copy,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=LONGEST_SECONDS,
        )
    except subprocess.TimeoutExpired:
        sys.exit(f"The tests do not end; a mutant that loops for ever proves nothing: {tests}")
    return done.returncode, done.stdout + done.stderr


def _reason(output: str) -> str:
    """The first test that failed, and for what."""
    found = re.search(r"^(?:FAILED|ERROR) tests/(.*)$", output, re.MULTILINE)
    return found[1] if found else "the tests did not end"


def _try(copy: Path, mutant: Mutant, *, is_why: bool) -> bool:
    """Try a mutant and print what became of it; True when a test missed it."""
    start = time.monotonic()
    with _mutated(copy / mutant.file, mutant):
        code, output = _run_tests(copy, mutant.tests)
    if code not in (_PASSED, _FAILED):
        sys.exit(f"{mutant.name}: its tests cannot be run.\n{output}")
    is_caught = code != _PASSED
    seconds = time.monotonic() - start
    verdict = "caught" if is_caught else "SURVIVED"
    lines = [f"{verdict:<8} {seconds:6.1f} s  {mutant.name:<44} {mutant.file}"]
    if is_why and is_caught:
        lines.append(f"{'':20}{_reason(output)}")
    print("\n".join(lines), flush=True)
    return is_caught


def _try_all(mutants: list[Mutant], *, is_why: bool) -> int:
    """Try mutants side by side, a copy of the project for each core; gives how many survived."""
    begun = time.monotonic()
    with ExitStack() as stack:
        copies: Queue[Path] = Queue()
        for _ in range(os.cpu_count() or 1):
            copies.put(stack.enter_context(_copy_of_the_project()))

        def try_one(mutant: Mutant) -> bool:
            copy = copies.get()
            try:
                return _try(copy, mutant, is_why=is_why)
            finally:
                copies.put(copy)

        with ThreadPoolExecutor(copies.qsize()) as pool:
            caught = sum(pool.map(try_one, mutants))
    minutes = (time.monotonic() - begun) / 60
    print(f"{caught} of {len(mutants)} mutants caught, in {minutes:.1f} minutes.")
    return len(mutants) - caught


def main() -> int:
    """Try the mutants that are named; 1 when one survives."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", help="mutants to try, or parts of their names")
    parser.add_argument("--why", action="store_true", help="show which test failed, and for what")
    arguments = parser.parse_args()
    mutants = [
        mutant
        for mutant in load_mutants()
        if not arguments.names or any(name in mutant.name for name in arguments.names)
    ]
    if found := [problem for mutant in mutants for problem in problems(mutant)]:
        sys.exit("\n".join(found))
    if not mutants:
        sys.exit("No mutant has such a name.")
    with _copy_of_the_project() as copy:
        # Sorted, so that what the tests of a module share is made once.
        tests = sorted({test for mutant in mutants for test in mutant.tests})
        code, output = _run_tests(copy, tests)
        if code != _PASSED:
            sys.exit(f"The tests must pass before anything is mutated.\n{output}")
    return 1 if _try_all(mutants, is_why=arguments.why) else 0


if __name__ == "__main__":
    sys.exit(main())
