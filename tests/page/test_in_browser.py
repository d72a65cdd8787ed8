"""The report page in a real browser: drawn, readable, accessible, and deaf to what data say."""

import re
from pathlib import Path

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, expect

from ingest.serve import served
from page.conftest import END, IMAGE, SCRIPT, Visit, Written

CHARTS = [
    *("scores", "quarantined", "reasons", "days"),
    *("categories", "seasons", "segments", "performance"),
]
SERIOUS = {"serious", "critical"}


def test_nothing_goes_wrong_and_nothing_is_loaded(visit: Visit) -> None:
    assert visit.complaints == []
    assert [url for url in visit.requests if not url.startswith(("file:", "data:"))] == []


def test_charts_are_drawn(visit: Visit) -> None:
    assert visit.page.evaluate("document.documentElement.dataset.charts") == "drawn"
    for name in CHARTS:
        marks = visit.page.locator(f"#chart-{name} svg .mark-rect path, #chart-{name} svg path[d]")
        box = visit.page.locator(f"#chart-{name} svg").bounding_box()
        assert marks.count() > 1, name
        assert box and box["width"] > 200 and box["height"] > 80, name


def test_page_fits_its_width(visit: Visit) -> None:
    inner, outer = visit.page.evaluate(
        "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    )
    assert inner <= outer


def test_hostile_text_is_shown_and_does_nothing(visit: Visit) -> None:
    text = visit.page.locator("body").inner_text()

    assert all(hostile in text for hostile in (SCRIPT, IMAGE, END))
    assert visit.page.evaluate("window.hostile") is None
    assert visit.page.locator("img").count() == 0
    # In charts, too: the categories are names of bars.
    drawn = visit.page.locator("#chart-categories svg").text_content()
    assert drawn and "<script>" in drawn
    # And beside the pointer.
    name = visit.page.locator("#chart-categories svg text", has_text="<script>").first
    name.scroll_into_view_if_needed()
    box = name.bounding_box()
    assert box
    visit.page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    tip = visit.page.locator("#vg-tooltip-element")
    tip.wait_for()
    assert "<script>" in tip.inner_text() and tip.locator("script, img").count() == 0
    assert visit.page.evaluate("window.hostile") is None


def test_rejected_trigger_stands_there_with_its_reason(visit: Visit) -> None:
    shown = visit.page.locator("#triggers li")

    assert shown.count() == 1
    assert "REJECTED" in shown.inner_text() and "trigger_<b>bad.json" in shown.inner_text()


def test_accessibility_without_serious_findings(visit: Visit) -> None:
    for numbers in visit.page.locator("details").all():
        numbers.evaluate("element => { element.open = true; }")

    found = Axe().run(visit.page).response["violations"]

    serious = [
        (item["id"], [node["html"] for node in item["nodes"]])
        for item in found
        if item["impact"] in SERIOUS
    ]
    assert serious == []


def test_colours_follow_the_scheme(browser: Browser, written: Written) -> None:
    """Of the paper and of what is drawn on it, while the page is open."""
    page = browser.new_page(color_scheme="light")
    Visit(page).open(written.path)
    bar = page.locator("#chart-segments svg .mark-rect path").last

    def colours() -> tuple[str, str]:
        paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return paper, bar.evaluate("element => getComputedStyle(element).fill")

    light = colours()
    page.emulate_media(color_scheme="dark")
    dark = colours()
    page.close()

    assert light[0] != dark[0] and light[1] != dark[1]


def test_numbers_of_a_chart_open_as_a_table(browser: Browser, written: Written) -> None:
    page = browser.new_page()
    Visit(page).open(written.path)
    numbers = page.locator("figure", has=page.locator("#chart-segments")).locator("details")

    assert not numbers.locator("table").is_visible()
    numbers.locator("summary").click()

    assert numbers.locator("table").is_visible()
    assert numbers.locator("tbody tr").count() == 4
    page.close()


def test_a_script_that_is_not_the_page_s_own_does_not_run(
    browser: Browser, written: Written
) -> None:
    """Should a text ever pass for markup: the policy lets one script run alone."""
    html = written.path.read_text(encoding="utf-8")
    spoiled = written.path.with_name("spoiled.html")
    spoiled.write_text(html.replace("<main", f"{SCRIPT}<main", 1), encoding="utf-8")
    page = browser.new_page()
    Visit(page).open(spoiled)

    assert page.evaluate("document.documentElement.dataset.charts") == "drawn"
    assert page.evaluate("window.hostile") is None
    page.close()


def test_page_of_an_earlier_batch(browser: Browser, written: Written) -> None:
    path = written.path.with_name("earlier.html")

    done = written.stack.ingest("report", "--html", str(path), "--batch", "daily-2025-01-16")

    assert done.exit_code == 4, done.output
    visit = Visit(browser.new_page())
    visit.open(path)
    assert visit.complaints == []
    text = visit.page.locator("body").inner_text()
    assert "16 January 2025" in text and "daily-2025-01-17" not in text
    assert "stands as of 17 January 2025, the newest batch applied" in text
    visit.page.close()


def test_page_is_the_same_again_and_of_a_reasonable_size(written: Written) -> None:
    again = written.path.with_name("again.html")

    written.stack.ingest("report", "--html", str(again))

    assert again.read_bytes() == written.path.read_bytes()
    assert written.path.stat().st_size < 3_000_000


def test_page_holds_no_personal_data(written: Written) -> None:
    html = written.path.read_text(encoding="utf-8")
    source = written.stack.root / "customers_data" / "archive"

    [file] = source.rglob("customers_2025_01_17.csv")
    header, *rows = [line.split(",") for line in file.read_text(encoding="utf-8").splitlines()]
    for column in ("customer_id", "email", "phone", "last_name"):
        place = header.index(column)
        values = {row[place] for row in rows if len(row) == len(header) and len(row[place]) > 4}
        assert len(values) > 10, column
        assert not {value for value in values if value in html}, column


def test_served_page_reloads_itself_when_it_is_written_anew(
    browser: Browser, written: Written, tmp_path: Path
) -> None:
    path = tmp_path / "report.html"
    text = written.path.read_text(encoding="utf-8")
    path.write_text(text, encoding="utf-8")
    context = browser.new_context()
    opened = Visit(context.new_page())
    try:
        with served(path, 0) as address:
            opened.page.goto(address)
            opened.page.wait_for_selector("html[data-charts=drawn]", timeout=30_000)
            path.write_text(text.replace("<title>", "<title>Anew: "), encoding="utf-8")
            expect(opened.page).to_have_title(re.compile("Anew: "), timeout=10_000)
            opened.page.wait_for_selector("html[data-charts=drawn]", timeout=30_000)
            assert opened.page.evaluate("window.hostile") is None
            assert opened.complaints == []
    finally:
        context.close()
