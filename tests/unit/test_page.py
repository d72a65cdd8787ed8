"""The report page, of facts made by hand: what it says, and that data stay data."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from pathlib import Path

import altair as alt
import pytest

from ingest.batches.processing_log import OpenTrigger
from ingest.errors import ConfigError
from ingest.page.charts import charts
from ingest.page.facts import (
    Batch,
    Day,
    File,
    Flow,
    Measured,
    OddMetric,
    Outcome,
    Page,
    Place,
    Product,
    Rule,
    Share,
    Shop,
    Steps,
    TargetChange,
    Totals,
)
from ingest.page.render import render, write_page

DOCS = "https://docs.example/dbt"
HOSTILE = """</script><script>alert(1)</script>"><img src=x onerror=alert(2)>'{{ 7 * 7 }}&amp;"""
DAYS = [date(2025, 1, 15), date(2025, 1, 16)]
AT = datetime(2025, 1, 17, 6, 30, tzinfo=UTC)
LIMIT = 3_000_000


def batch(day: date, score: float, status: str, quarantined: int) -> Batch:
    flow = Flow("orders", 100, 100, 100 - quarantined, quarantined)
    return Batch(f"shop-{day}", day, score, status, (flow, Flow("customers", 0, 0, 0, 0)))


def rule(rule_id: str, severity: str, failed: int, **more: object) -> Rule:
    status = "PASS" if not failed else "FAIL" if severity == "HIGH" else "WARN"
    trend = tuple(Outcome(day, 100, count) for day, count in zip(DAYS, (0, failed), strict=True))
    made = Rule(
        rule_id, "orders", "format", severity, f"About {rule_id}.", status, 100, failed, True, trend
    )
    return replace(made, **more)


def totals(day: date, orders: int) -> Totals:
    return Totals(day, orders, 1234.5 * orders, 1234.5, 3, 2, 10.0, 30.0, None, 50.0, 1.5)


@pytest.fixture
def page() -> Page:
    history = (batch(DAYS[0], 100, "PASS", 0), batch(DAYS[1], 97.25, "FAIL", 4))
    share = Share("Toys", 10.0, 1, 10.0)
    return Page(
        batch=history[-1],
        history=history,
        files=(File("orders", "orders.csv", 100, "full", "orders.csv: odd. orders.csv: very."),),
        steps=Steps(AT, 0.5, AT, 75.0),
        rules=(
            rule(
                "orders_amount_valid",
                "HIGH",
                7,
                examples=(Place("orders.csv", 3), Place("orders.csv", 1200)),
            ),
            rule("orders_without_shipping", "MEDIUM", 1, is_row_level=False),
            rule("orders_address", "LOW", 0),
        ),
        targets=(TargetChange("orders", 5, 3, 2, 1, 40, (("order_status", 3),)),),
        totals=(totals(DAYS[0], 10), totals(DAYS[1], 20)),
        shop=Shop(
            as_of=DAYS[1],
            days=(Day(DAYS[0], 1, 5.0), Day(DAYS[1], 0, 0.0)),
            categories=(share,),
            seasons=(share,),
            segments=(share,),
            performance=(("Star", 1),),
            products=(Product("P1", "Kite", "Toys", 1, 10.0, None, "Star", "Active"),),
            products_count=1,
        ),
        triggers=(OpenTrigger("trigger.json", "REJECTED", AT, "A file is missing."),),
        anomalies=(
            OddMetric(
                feed="orders",
                metric="rows",
                direction="low",
                value=12.0,
                expected=240.0,
                score=-9.5,
                advice="Half a file is missing.",
                curve=(
                    Measured(DAYS[0], 240.0, None, None, None),
                    Measured(DAYS[1], 12.0, 240.0, 120.0, 360.0),
                ),
            ),
        ),
    )


class Seen(HTMLParser):
    """Elements of a page, and its text outside of script and style."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.scripts: list[str] = []
        self.text = ""
        self._inside = ""
        self.feed(html)
        self.text = " ".join(self.text.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        self._inside = tag
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside != "style":
            self.text += data


def test_page_says_what_there_is_to_say(page: Page) -> None:
    seen = Seen(render(page, DOCS))

    for words in (
        "16 January 2025",
        "97.25 of 100",
        "−2.75 since 15 Jan",
        "orders rows 12.00 is low, expected 240.00",
        "Half a file is missing.",
        "120.00 to 360.00",
        "96 of 100 rows are valid, 4 are in quarantine (4.0 %)",
        "Odd.",
        "Very.",
        "full load",
        "About orders_amount_valid.",
        "orders.csv rows 3, 1,200 and 5 more",
        "7 of 100",
        "Found across tables",
        "+10 opened · −4 closed",
        "5 new, 3 changed, 2 back again, 1 gone",
        "24,690.00",
        "+12,345.00 (+100.0 %)",
        "trigger.json since 2025-01-17 06:30",
        "A file is missing.",
        "2025-01-17 06:30 in 1 min 15 s",
        "no file in this batch",
    ):
        assert words in seen.text, words
    links = {attrs.get("href") for tag, attrs in seen.elements if tag == "a"}
    assert {
        f"{DOCS}/#!/model/model.ecomm_pipeline.base_orders",
        f"{DOCS}/#!/test/test.ecomm_pipeline.orders_without_shipping",
        f"{DOCS}/#!/snapshot/snapshot.ecomm_pipeline.orders_target",
    } <= links


def test_every_chart_has_its_place_and_its_numbers(page: Page) -> None:
    seen = Seen(render(page, DOCS))

    specs = json.loads(seen.scripts[0])["specs"]
    places = {attrs["id"] for tag, attrs in seen.elements if attrs.get("class") == "chart"}
    assert places == {f"chart-{name}" for name in specs}
    assert set(specs) == {
        "scores",
        "quarantined",
        "reasons",
        "odd-0",
        "days",
        "categories",
        "seasons",
        "segments",
        "performance",
    }
    for spec in specs.values():
        # As the whole schema of Vega-Lite has it.
        alt.Chart.from_dict(spec)
    assert all(
        chart.rows and len(chart.header) == len(chart.rows[0]) for chart in charts(page).values()
    )


def test_page_of_the_first_batch_without_any_trouble(page: Page) -> None:
    first = page.history[0]
    plain = Page(batch=first, history=(first,), rules=(rule("orders_address", "LOW", 0),))

    seen = Seen(render(plain, DOCS))

    assert "No rule was broken." in seen.text
    assert "since" not in seen.text
    assert "Triggers" not in seen.text


def test_feed_without_a_valid_row_is_told(page: Page) -> None:
    nothing = replace(page.batch, flows=(Flow("orders", 5, 5, 0, 5),))

    assert "None of its rows is valid." in Seen(render(replace(page, batch=nothing), DOCS)).text


def hostile(page: Page) -> Page:
    """The page with hostile text wherever text comes from data."""
    assert page.shop
    share = Share(HOSTILE, 10.0, 1, 10.0)
    return replace(
        page,
        batch=replace(page.batch, batch_id=HOSTILE),
        files=(replace(page.files[0], name=HOSTILE, warning=HOSTILE),),
        rules=(rule(HOSTILE, "HIGH", 2, description=HOSTILE, examples=(Place(HOSTILE, 1),)),),
        anomalies=(replace(page.anomalies[0], metric=HOSTILE, advice=HOSTILE),),
        targets=(replace(page.targets[0], columns=((HOSTILE, 1),)),),
        shop=replace(
            page.shop,
            categories=(share,),
            products=(Product("P1", HOSTILE, HOSTILE, 1, 1.0, None, HOSTILE, HOSTILE),),
        ),
        triggers=(OpenTrigger(HOSTILE, "REJECTED", AT, HOSTILE),),
    )


def test_hostile_text_stays_text(page: Page) -> None:
    kind, bad = Seen(render(page, DOCS)), Seen(render(hostile(page), DOCS))

    assert [tag for tag, _ in bad.elements if tag in {"script", "img", "iframe"}] == ["script"] * 2
    assert not [
        name
        for _, attrs in bad.elements
        for name in attrs
        if name.startswith("on") or name == "src"
    ]
    assert bad.scripts[1] == kind.scripts[1]
    assert "49" not in bad.text
    assert bad.text.count(HOSTILE) >= 8
    assert HOSTILE in json.dumps(json.loads(bad.scripts[0]), ensure_ascii=False).replace('\\"', '"')


def test_page_asks_the_network_for_nothing(page: Page) -> None:
    html = render(page, DOCS)
    seen = Seen(html)

    loading = {"src", "srcset", "data", "poster", "action"}
    assert not [attrs for _, attrs in seen.elements if loading & attrs.keys()]
    assert [attrs["href"] for tag, attrs in seen.elements if tag == "link"] == ["data:,"]
    style = re.search("<style>(.*?)</style>", html, re.DOTALL)
    assert style and "url(" not in style[1] and "@import" not in style[1]
    [policy] = [attrs["content"] for _, attrs in seen.elements if attrs.get("http-equiv")]
    assert policy and policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe-eval" not in policy
    assert len(html.encode()) < LIMIT


def test_same_facts_give_the_same_page(page: Page) -> None:
    assert render(page, DOCS) == render(page, DOCS)


def test_page_takes_the_place_of_an_earlier_one(page: Page, tmp_path: Path) -> None:
    out = tmp_path / "report.html"
    out.write_text("earlier")

    write_page(page, out, DOCS)

    assert out.read_text(encoding="utf-8") == render(page, DOCS)
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize("name", ["report.csv", "report", "missing/report.html"])
def test_page_is_an_html_file_in_a_folder_that_is_there(
    page: Page, tmp_path: Path, name: str
) -> None:
    with pytest.raises(ConfigError, match=r"html"):
        write_page(page, tmp_path / name, DOCS)

    assert list(tmp_path.iterdir()) == []
