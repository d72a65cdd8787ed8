"""Makes the page: one HTML file with its styles, its script and its data in it."""

import base64
import hashlib
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import vl_convert
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from ingest.errors import ConfigError
from ingest.page import formats
from ingest.page.charts import CONFIG, charts
from ingest.page.facts import File, Outcome, Page, Rule, Totals

_ASSETS = Path(__file__).parent / "assets"
_SUFFIXES = (".html", ".htm")
_PROJECT = "ecomm_pipeline"
_SPARK_WIDTH, _SPARK_HEIGHT = 100, 26


@dataclass(frozen=True)
class Figure:
    """A figure of the shop, and how it has changed since the batch before.

    Attributes:
        name: What it is.
        shown: Its value.
        change: The change in words; empty when there was no batch before.
        direction: `up`, `down` or `same`.
        line: Points of its line over the batches, for SVG; empty for a single batch.
    """

    name: str
    shown: str
    change: str
    direction: str
    line: str


def write_page(page: Page, out: Path, docs: str) -> None:
    """Write the page, in place of an earlier one.

    Args:
        page: What it tells.
        out: File to write; its name ends in .html.
        docs: Address of the dbt docs, which it links to.

    Raises:
        ConfigError: The file has another kind of name, or cannot be written.
    """
    check_name(out)
    part = out.with_name(f".{out.name}.part")
    try:
        part.write_text(render(page, docs), encoding="utf-8")
        # Whoever reads the page meanwhile sees the old one or the new one.
        os.replace(part, out)
    except OSError as error:
        with suppress(OSError):
            part.unlink()
        raise ConfigError(f"{out} cannot be written: {error.strerror}.") from None


def check_name(out: Path) -> None:
    """Refuse to write a page under another kind of name, or where there is no folder.

    Raises:
        ConfigError: The file cannot be a page.
    """
    if out.suffix.lower() not in _SUFFIXES:
        raise ConfigError(f"--html writes an HTML file: name it {out.name}.html, say.")
    if not out.parent.is_dir():
        raise ConfigError(f"There is no folder {out.parent}: make it, or name another file.")


def render(page: Page, docs: str) -> str:
    """The page as HTML; the same facts give the same text.

    Args:
        page: What it tells.
        docs: Address of the dbt docs.
    """
    drawn = charts(page)
    script = _script()
    return (
        _environment(docs)
        .get_template("page.html.j2")
        .render(
            page=page,
            charts=drawn,
            drawing={
                "config": CONFIG,
                "specs": {name: chart.spec for name, chart in drawn.items()},
            },
            figures=_figures(page.totals),
            severities=[
                (severity, list(rules))
                for severity, rules in groupby(page.rules, key=attrgetter("severity"))
            ],
            style=Markup((_ASSETS / "page.css").read_text(encoding="utf-8")),
            script=Markup(script),
            script_hash=_sha256(script),
        )
    )


def _environment(docs: str) -> Environment:
    environment = Environment(
        loader=PackageLoader("ingest.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": formats.number,
        "count": formats.count,
        "money": formats.money,
        "percent": formats.percent,
        "signed": formats.signed,
        "day": formats.day,
        "short_day": formats.short_day,
        "moment": formats.moment,
        "duration": formats.duration,
        "warnings": _warnings,
        "bars": _bars,
    }
    environment.globals["docs_of"] = _docs_links(docs)
    return environment


@cache
def _script() -> str:
    """Vega, Vega-Lite, what puts them on the page, and the page's own lines."""
    library = vl_convert.javascript_bundle()  # type: ignore[call-arg]
    own = (_ASSETS / "page.js").read_text(encoding="utf-8")
    # Nothing in it may end the element that it stands in.
    return f"{library}\n{own}".replace("</script", "<\\/script").replace("\r", "")


def _sha256(script: str) -> str:
    """Hash by which the page's policy allows this script, and no other."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode('ascii')}"


def _docs_links(docs: str) -> Callable[[str, str], str]:
    def link(kind: str, name: str) -> str:
        """Address of a node in the dbt docs: of a model, a snapshot or a test of the project."""
        return f"{docs.rstrip('/')}/#!/{kind}/{kind}.{_PROJECT}.{name}"

    return link


def _warnings(file: File) -> list[str]:
    """What was odd about a file, sentence by sentence, without its name before each."""
    if not file.warning:
        return []
    parts = file.warning.split(f"{file.name}: ")
    return [part[:1].upper() + part[1:].strip() for part in parts if part.strip()]


def _bars(rule: Rule) -> list[tuple[Outcome, int]]:
    """A rule's outcomes, each with its height of 20 beside the worst one."""
    worst = max(outcome.share for outcome in rule.trend)
    return [
        (outcome, max(4, round(20 * outcome.share / worst)) if outcome.failed else 2)
        for outcome in rule.trend
    ]


# Name, field, decimals, and whether it is itself a percentage.
_FIGURES: tuple[tuple[str, str, int, bool], ...] = (
    ("Revenue, USD", "total_revenue", 2, False),
    ("Orders", "total_orders", 0, False),
    ("Average order, USD", "avg_order_value", 2, False),
    ("Profit, USD", "total_profit", 2, False),
    ("Profit margin, %", "profit_margin_pct", 2, True),
    ("Customers who bought", "unique_customers", 0, False),
    ("Products sold", "unique_products", 0, False),
    ("Revenue per customer, USD", "revenue_per_customer", 2, False),
    ("Orders per customer", "orders_per_customer", 2, False),
    ("Estimated lifetime value, USD", "avg_estimated_clv", 2, False),
)


def _figures(totals: tuple[Totals, ...]) -> list[Figure]:
    if not totals:
        return []
    return [_figure(totals, *definition) for definition in _FIGURES]


def _figure(
    totals: tuple[Totals, ...], name: str, field: str, decimals: int, is_percentage: bool
) -> Figure:
    values: list[float | None] = [getattr(item, field) for item in totals]
    now = values[-1]
    before = values[-2] if len(values) > 1 else None
    change, direction = "", "same"
    if now is not None and before is not None:
        change = formats.signed(now - before, decimals)
        if is_percentage:
            change += " points"
        elif before:
            change += f" ({formats.signed(100 * (now - before) / abs(before), 1)} %)"
        if change[0] in "+\N{MINUS SIGN}":
            direction = "up" if now > before else "down"
    shown = formats.number(now, decimals)
    return Figure(name, shown, change, direction, _line([v for v in values if v is not None]))


def _line(values: list[float]) -> str:
    """Points of a line over the batches, within the spark's width and height."""
    if len(values) < 2:
        return ""
    low, high = min(values), max(values)
    # What hardly changes shall not look as if it did.
    span = max(high - low, 0.05 * max(abs(low), abs(high))) or 1.0
    middle = (low + high) / 2
    step = _SPARK_WIDTH / (len(values) - 1)
    points = (
        (place * step, _SPARK_HEIGHT / 2 - (_SPARK_HEIGHT - 4) * (value - middle) / span)
        for place, value in enumerate(values)
    )
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
