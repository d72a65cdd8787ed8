"""What the Markdown pages tell people to type can be typed, and their links lead somewhere."""

import html
import re
import shlex
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import pytest
import yaml
from dbt.cli.main import cli as dbt
from typer.main import get_command

from ingest.cli import app
from ingest.config import PROJECT_DIR
from tools.catalogue import anchor

# Folders of what is made or installed.
MADE = {".venv", ".git", ".ecomm", "dbt_packages", "target", "mutants", "logs", ".pytest_cache"}
PAGES = {
    str(path.relative_to(PROJECT_DIR)): path.read_text(encoding="utf-8")
    for path in sorted(PROJECT_DIR.rglob("*.md"))
    if not MADE & {*path.relative_to(PROJECT_DIR).parts}
}
FENCED = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`\n]*`")
INGEST = get_command(app)
SHELL = {".", "cp", "echo", "export", "for", "mkdir"}


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of a shell script, without `do`, assignments and comments.

    Args:
        text: As a page shows it, with what people fill in between < and >.
    """
    for line in re.sub(r"<[^>\n]*>", "FILLED_IN", text).replace("\\\n", " ").splitlines():
        words = shlex.shlex(line, posix=True, punctuation_chars=True)
        words.whitespace_split = True
        command: list[str] = []
        for word in [*words, ";"]:
            if word not in (";", "&&", "|"):
                command.append(word)
                continue
            while command and (command[0] in ("do", "done") or re.match(r"\w+=", command[0])):
                del command[0]
            if command:
                yield command
            command = []


def parse(command: Any, words: list[str]) -> None:
    """Let click parse the words as it would before it calls the command."""
    while hasattr(command, "commands"):
        name, *words = words
        assert name in command.commands, name
        command = command.commands[name]
    try:
        command.make_context(command.name, list(words))
    except Exception as refused:  # Typer has a click of its own, whose errors have no public name.
        raise AssertionError(f"{command.name}: {refused}") from refused


def check_make(words: list[str]) -> None:
    makefile = (PROJECT_DIR / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    asked = {word for word in words if "=" not in word}
    assert asked and asked <= targets, asked - targets


def check_python(words: list[str]) -> None:
    if words[:2] == ["-m", "ingest"]:
        return parse(INGEST, words[2:])
    script = (PROJECT_DIR / words[0]).read_text(encoding="utf-8")
    assert all(f'"{word}"' in script for word in words if word.startswith("--")), words
    return None


def check_databricks(words: list[str]) -> None:
    """No word of its command-line tool is known here, but which jobs and targets there are."""
    bundle = yaml.safe_load((PROJECT_DIR / "databricks.yml").read_text(encoding="utf-8"))
    named = [after for word, after in pairwise(words) if word == "--target"]
    assert {*named} <= bundle["targets"].keys()
    if words[:2] == ["bundle", "run"]:
        assert (PROJECT_DIR / f"resources/{words[2]}.job.yml").exists(), words[2]
    if words[:3] == ["bundle", "run", "operations"]:
        params = [after for word, after in pairwise(words) if word == "--params"]
        given = dict(param.split("=", 1) for param in params)
        assert given.keys() <= {"command", "options"}
        parse(INGEST, [given["command"], *shlex.split(given.get("options", ""))])


def check(words: list[str]) -> None:
    """Fails for a command that cannot be."""
    program, *rest = words
    judges = {
        "make": check_make,
        "python": check_python,
        "databricks": check_databricks,
        "dbt": lambda given: parse(dbt, given),
    }
    if program not in SHELL:
        assert program in judges, program
        judges[program](rest)


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_blocks_can_be_typed(page: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT_DIR)
    for kind, block in FENCED.findall(PAGES[page]):
        assert kind, f"a block without a language: {block[:40]}"
        for words in commands(block) if kind == "sh" else ():
            try:
                check(words)
            except Exception as error:
                pytest.fail(f"{' '.join(words)}: {error!r}")


def test_there_are_commands_to_check() -> None:
    blocks = [
        block for text in PAGES.values() for kind, block in FENCED.findall(text) if kind == "sh"
    ]
    programs = Counter(words[0] for block in blocks for words in commands(block))

    assert programs["make"] > 8 and programs["python"] > 15 and programs["databricks"] > 15
    assert programs["dbt"] > 5


@pytest.mark.parametrize(
    "line",
    [
        "make tea",
        "python -m ingest brew",
        "python -m ingest report --colour red",
        "python tools/none.py",
        "dbt build --everything",
        "cd elsewhere && dbt build",
        "databricks bundle run batches --target moon",
        "databricks bundle run tea",
        "databricks bundle run operations --params command=errors --params options=--brew",
    ],
)
def test_what_cannot_be_typed_is_found(line: str) -> None:
    with pytest.raises((AssertionError, FileNotFoundError)):
        for words in commands(line):
            check(words)


@pytest.mark.parametrize("page", PAGES)
def test_commands_in_the_text_exist(page: str) -> None:
    """Between backticks; what follows may be in other words, as in a table of commands."""
    text = FENCED.sub("", PAGES[page])
    for command in re.findall(r"`(make [a-z-]+|python -m ingest [^`\n]+|dbt [^`\n]+)`", text):
        program, *words = command.split()
        names: Any = {"python": INGEST, "dbt": dbt}.get(program)
        if names is None:
            check_make(words)
            continue
        words = words[2:] if program == "python" else words
        while hasattr(names, "commands") and words and words[0] in names.commands:
            names = names.commands[words.pop(0)]
        # `engine start\|stop` and `run | land` name several.
        options = {option for each in names.params for option in each.opts + each.secondary_opts}
        asked = set(re.findall(r"--[a-z-]+", " ".join(words)))
        assert asked or not hasattr(names, "commands") or {"|", "<"} & {*command}, command
        assert asked <= options | {"--help"}, (command, asked - options)


def headings(text: str) -> set[str]:
    """The anchors of a page, as GitHub makes them."""
    found: Counter[str] = Counter()
    anchors = set()
    for heading in re.findall(r"^#+ (.*)", FENCED.sub("", text), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", html.unescape(heading))
        name = anchor(words)
        anchors.add(f"{name}-{found[name]}" if found[name] else name)
        found[name] += 1
    return anchors


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    text = CODE.sub("", FENCED.sub("", PAGES[page]))
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"(https?|mailto):", link):
            continue
        name, _, place = link.partition("#")
        to = (PROJECT_DIR / page).parent / name if name else PROJECT_DIR / page
        assert to.exists(), link
        assert PROJECT_DIR in to.resolve().parents or to.resolve() == PROJECT_DIR, link
        if place:
            assert place in headings(to.read_text(encoding="utf-8")), link


def test_every_command_is_in_the_list() -> None:
    listed = re.findall(r"^\| `python -m ingest ([a-z]+)", PAGES["docs/commands.md"], re.MULTILINE)

    assert {*listed} == INGEST.commands.keys()
