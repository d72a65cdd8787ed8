"""Fixtures of the lane: one warehouse with hostile data, its page, and the machine's browser."""

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support.browser import HOW_TO_GET_ONE, browser_program, launched
from support.stack import Stack

from ingest.config import load_settings
from ingest.engines.local import LocalEngine

SCRIPT = "<script>window.hostile = true</script>"
IMAGE = '"><img src=x onerror="window.hostile=true">'
END = "</script><script>window.hostile = true</script>{{ 7 * 7 }}"


@dataclass(frozen=True)
class Written:
    """The page and where it came from.

    Attributes:
        path: The HTML file.
        stack: Its feeds and tables.
    """

    path: Path
    stack: Stack


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """The machine's browser; without one the lane fails, and says how to get one."""
    program = browser_program()
    if program is None:
        pytest.exit(HOW_TO_GET_ONE, returncode=1)
    with launched(program) as found:
        yield found


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """The page of a day of the sample whose products and headers are hostile."""
    folder = tmp_path_factory.mktemp("page")
    stack = Stack(folder / "feeds", folder / "tables", "page")
    stack.deliver_day("2025_01_16")
    stack.deliver_day("2025_01_17")
    make_hostile(stack.root / "products_data" / "source" / "products_2025_01_17.csv")
    reject(stack.root / "triggers" / "source")
    path = folder / "report.html"
    engine = LocalEngine(load_settings(warehouse=stack.warehouse))
    engine.start()
    try:
        stack.run(exit_code=4)
        done = stack.ingest("report", "--html", str(path))
        assert done.exit_code == 4, done.output
        yield Written(path, stack)
    finally:
        engine.stop()


def make_hostile(path: Path) -> None:
    """Give the products names and categories that would be markup, and a header that would."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    name, category = header.index("product_name"), header.index("category")
    for place, row in enumerate(rows):
        # Malformed rows stay as they are.
        if len(row) == len(header):
            row[name] = f"{(SCRIPT, IMAGE, END)[place % 3]} {place}"
            row[category] = (SCRIPT, IMAGE, END)[place % 3]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*header, "<img src=x onerror=alert(1)>"])
        writer.writerows([*row, ""] if len(row) == len(header) else row for row in rows)
    trigger = path.parents[2] / "triggers" / "source" / "trigger_2025_01_17.json"
    declared = json.loads(trigger.read_text())
    # The hashes that it may declare are those of the file as it was.
    declared.pop("files", None)
    trigger.write_text(json.dumps(declared))


def reject(triggers: Path) -> None:
    """Deliver a trigger that is rejected, with hostile text where it has a say."""
    (triggers / "trigger_<b>bad.json").write_text(
        json.dumps(
            {"trigger_id": "bad", "batch_date": "2025-01-18", "expected_files": [IMAGE, SCRIPT]}
        )
    )


class Visit:
    """A page that is open, and what went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.requests: list[str] = []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))

    def open(self, path: Path) -> None:
        """Open the page, and wait until its charts are drawn."""
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("html[data-charts]", timeout=30_000)


@pytest.fixture(
    scope="module",
    params=[(360, "light"), (360, "dark"), (1400, "light"), (1400, "dark")],
    ids=str,
)
def visit(request: pytest.FixtureRequest, browser: Browser, written: Written) -> Iterator[Visit]:
    """The page in each width and colour scheme."""
    width, scheme = request.param
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened = Visit(context.new_page())
    opened.open(written.path)
    yield opened
    context.close()
