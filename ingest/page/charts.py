"""The page's charts, as Vega-Lite by Altair.

Colours are the CSS variables of `assets/page.css`, so that a chart follows the page's colour scheme
without being drawn again. Texts come as data, never as expressions.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import altair as alt

from ingest.page.facts import OddMetric, Page, Rule, Share
from ingest.page.formats import count, day, money, number, percent

_REASONS = 10
_SEVERITY_COLOURS = {"HIGH": "var(--high)", "MEDIUM": "var(--medium)", "LOW": "var(--low)"}
_SERIES = [f"var(--series-{number})" for number in range(1, 6)]
_FONT = "-apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
_ACCENT = "var(--accent)"
_Drawing = alt.Chart | alt.LayerChart | alt.FacetChart

# What all charts share; given once to the script that draws them.
CONFIG: dict[str, Any] = {
    "background": None,
    "padding": {"left": 0, "right": 0, "top": 4, "bottom": 4},
    "font": _FONT,
    "view": {"stroke": None},
    "axis": {
        "domain": False,
        "grid": False,
        "labelColor": "var(--muted)",
        "labelFontSize": 12,
        "labelPadding": 8,
        "ticks": False,
        "title": None,
    },
    "axisY": {"grid": True, "gridColor": "var(--line)", "tickCount": 4},
    "bar": {"color": _ACCENT},
    "line": {"color": _ACCENT, "strokeWidth": 2},
    "legend": {
        "labelColor": "var(--muted)",
        "labelFontSize": 12,
        "orient": "top",
        "symbolType": "circle",
        "title": None,
        # On a phone five names take two lines.
        "columns": 3,
    },
    "text": {"color": "var(--ink)", "fontSize": 13},
}


@dataclass(frozen=True)
class Chart:
    """A chart, and the same figures as a table for those who cannot see it.

    Attributes:
        name: Its id on the page.
        title: What it shows.
        spec: Vega-Lite.
        header: Names of the table's columns.
        rows: The table's cells.
    """

    name: str
    title: str
    spec: dict[str, Any]
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def charts(page: Page) -> dict[str, Chart]:
    """The charts that a page has data for, by name."""
    found = [_scores(page), _quarantined(page), _reasons(page.rules)]
    found += [_odd(place, metric) for place, metric in enumerate(page.anomalies)]
    if page.shop:
        found += [
            _days(page),
            _shares("categories", "Revenue by category", page.shop.categories, "order"),
            _shares("seasons", "Revenue by season", page.shop.seasons, "order"),
            _shares("segments", "Revenue by customer segment", page.shop.segments, "customer"),
            _performance(page),
        ]
    return {chart.name: chart for chart in found if chart.rows}


def _scores(page: Page) -> Chart:
    values = [
        {"day": batch.batch_date.isoformat(), "score": batch.score, "status": batch.status}
        for batch in page.history
    ]
    lowest = min(batch.score for batch in page.history)
    base = alt.Chart(alt.Data(values=values)).encode(
        x=_by_day(),
        y=alt.Y("score:Q", scale=alt.Scale(domain=[max(0, lowest // 10 * 10 - 10), 100])),
        tooltip=[
            alt.Tooltip("day:N", title="Batch"),
            alt.Tooltip("score:Q", title="Score", format=".2f"),
            alt.Tooltip("status:N", title="Validation"),
        ],
    )
    dots = base.mark_point(filled=True, size=60, opacity=1).encode(
        color=alt.Color(
            "status:N",
            scale=alt.Scale(domain=["PASS", "FAIL"], range=["var(--good)", "var(--high)"]),
        )
    )
    rows = [
        (day(batch.batch_date), f"{batch.score:.2f}", batch.status)
        for batch in reversed(page.history)
    ]
    return _chart(
        "scores", "Score of each batch", base.mark_line() + dots, ("Batch", "Score", "Status"), rows
    )


def _quarantined(page: Page) -> Chart:
    feeds = [flow.feed for flow in page.batch.flows]
    flows = [(batch, flow) for batch in page.history for flow in batch.flows]
    values = [
        {
            "day": batch.batch_date.isoformat(),
            "feed": flow.feed,
            "share": flow.quarantined_rows / flow.landed_rows,
            "rows": flow.quarantined_rows,
        }
        for batch, flow in flows
        if flow.landed_rows
    ]
    chart = (
        alt.Chart(alt.Data(values=values))
        .mark_line(point=alt.OverlayMarkDef(filled=True, size=40))
        .encode(
            x=_by_day(),
            y=alt.Y("share:Q", axis=alt.Axis(format=".0%"), scale=alt.Scale(zero=True)),
            color=alt.Color("feed:N", scale=alt.Scale(domain=feeds, range=_SERIES), sort=None),
            tooltip=[
                alt.Tooltip("day:N", title="Batch"),
                alt.Tooltip("feed:N", title="Feed"),
                alt.Tooltip("rows:Q", title="Quarantined"),
                alt.Tooltip("share:Q", title="Share", format=".1%"),
            ],
        )
    )
    rows = [
        (
            day(batch.batch_date),
            flow.feed,
            number(flow.quarantined_rows),
            percent(flow.quarantined_rows, flow.landed_rows),
        )
        for batch, flow in reversed(flows)
    ]
    header = ("Batch", "Feed", "Quarantined", "Share")
    return _chart("quarantined", "Share of rows in quarantine", chart, header, rows)


def _reasons(rules: Iterable[Rule]) -> Chart:
    broken = sorted(
        (rule for rule in rules if rule.failed), key=lambda rule: (-rule.failed, rule.rule_id)
    )[:_REASONS]
    rows = [(rule.rule_id, rule.severity, number(rule.failed)) for rule in broken]
    bars = [
        _Bar(
            rule.rule_id,
            rule.failed,
            f"{rule.severity} · {count(rule.failed, 'row')}",
            _SEVERITY_COLOURS[rule.severity],
        )
        for rule in broken
    ]
    header = ("Rule", "Severity", "Rows")
    return _chart(
        "reasons", "Top reasons: the rules that most rows broke", _ranked(bars), header, rows
    )


def _odd(place: int, metric: OddMetric) -> Chart:
    """The metric over the batches, on the band in which it was expected."""
    values = [
        {
            "day": point.batch_date.isoformat(),
            "value": point.value,
            "low": point.low,
            "high": point.high,
            "is": _SEVERITY_COLOURS["HIGH"] if point is metric.curve[-1] else _ACCENT,
        }
        for point in metric.curve
    ]
    base = alt.Chart(alt.Data(values=values)).encode(x=_by_day())
    scale = alt.Scale(zero=False)
    band = base.mark_area(color="var(--accent-soft)", interpolate="step").encode(
        y=alt.Y("low:Q", scale=scale), y2="high:Q"
    )
    line = base.mark_line().encode(y="value:Q")
    dots = base.mark_point(filled=True, size=50, opacity=1).encode(
        y="value:Q",
        color=alt.Color("is:N", scale=None),
        tooltip=[
            alt.Tooltip("day:N", title="Batch"),
            alt.Tooltip("value:Q", title="Value", format=",.2f"),
            alt.Tooltip("low:Q", title="Expected from", format=",.2f"),
            alt.Tooltip("high:Q", title="to", format=",.2f"),
        ],
    )
    rows = [
        (
            day(point.batch_date),
            number(point.value, 2),
            number(point.expected, 2),
            f"{number(point.low, 2)} to {number(point.high, 2)}",
        )
        for point in reversed(metric.curve)
    ]
    title = f"{metric.feed}: {metric.metric}, and where it was expected"
    header = ("Batch", "Value", "Median before", "Expected")
    return _chart(f"odd-{place}", title, band + line + dots, header, rows)


def _days(page: Page) -> Chart:
    days = page.shop.days if page.shop else ()
    values = [
        {
            "day": item.order_date.isoformat(),
            "revenue": item.revenue,
            "orders": item.orders,
            "shown": money(item.revenue),
        }
        for item in days
    ]
    x = alt.X(
        "day:T",
        timeUnit=alt.TimeUnitParams(unit="utcyearmonthdate"),
        axis=alt.Axis(format="%-d %b", labelOverlap="greedy", tickCount=6, labelFlush=True),
    )
    base = alt.Chart(alt.Data(values=values))
    bars = base.mark_bar(color="var(--accent-soft)").encode(
        x=x,
        y=alt.Y("revenue:Q", axis=alt.Axis(format="~s")),
        tooltip=[
            alt.Tooltip("day:N", title="Day"),
            alt.Tooltip("shown:N", title="Revenue, USD"),
            alt.Tooltip("orders:Q", title="Orders"),
        ],
    )
    mean = (
        base.transform_window(mean="mean(revenue)", frame=[-6, 0])
        .mark_line(interpolate="monotone")
        .encode(x=x.bandPosition(0.5), y="mean:Q")
    )
    rows = [
        (day(item.order_date), number(item.orders), money(item.revenue))
        for item in reversed(days)
        if item.orders
    ]
    title = "Revenue by day of the order, and its mean over seven days"
    return _chart("days", title, bars + mean, ("Day", "Orders", "Revenue, USD"), rows)


def _shares(name: str, title: str, shares: Sequence[Share], counted: str) -> Chart:
    bars = [
        _Bar(
            share.name,
            share.revenue,
            f"{money(share.revenue, 0)} · {count(share.count, counted)}",
            _ACCENT,
        )
        for share in shares
    ]
    rows = [
        (share.name, number(share.count), money(share.average), money(share.revenue))
        for share in shares
    ]
    header = ("Name", f"{counted.capitalize()}s", "Average, USD", "Revenue, USD")
    return _chart(name, f"{title}, USD", _ranked(bars), header, rows)


def _performance(page: Page) -> Chart:
    performance = page.shop.performance if page.shop and page.shop.products_count else ()
    bars = [_Bar(name, products, number(products), _ACCENT) for name, products in performance]
    rows = [(name, number(products)) for name, products in performance]
    return _chart(
        "performance", "Products by performance", _ranked(bars), ("Category", "Products"), rows
    )


@dataclass(frozen=True)
class _Bar:
    """A bar of a ranking: its name, its length, what is written at its end, its colour."""

    name: str
    value: float
    shown: str
    colour: str


def _ranked(bars: Sequence[_Bar]) -> _Drawing:
    """Bars under their names, which so have the whole width, on a phone too."""
    values = [
        {"place": place, "name": bar.name, "value": bar.value, "shown": bar.shown, "is": bar.colour}
        for place, bar in enumerate(bars)
    ]
    base = alt.Chart(alt.Data(values=values)).encode(
        y=alt.Y("place:O", axis=None),
        tooltip=[alt.Tooltip("name:N", title="Name"), alt.Tooltip("shown:N", title="Value")],
    )
    track = base.mark_bar(height=8, yOffset=11, color="var(--line)", cornerRadius=4).encode(
        x=alt.value(0), x2=alt.value("width")
    )
    fill = base.mark_bar(height=8, yOffset=11, cornerRadius=4).encode(
        x=alt.X("value:Q", axis=None, scale=alt.Scale(zero=True, nice=False)),
        color=alt.Color("is:N", scale=None),
    )
    name = base.mark_text(align="left", dy=-6, limit=alt.ExprRef("width * 0.6")).encode(
        x=alt.value(0), text="name:N"
    )
    shown = base.mark_text(align="right", dy=-6, color="var(--muted)").encode(
        x=alt.value("width"), text="shown:N"
    )
    return alt.layer(track, fill, name, shown).properties(height=44 * max(1, len(bars)))


def _by_day() -> alt.X:
    """Batches side by side, named by their dates."""
    return alt.X(
        "day:O",
        timeUnit=alt.TimeUnitParams(unit="utcyearmonthdate"),
        axis=alt.Axis(format="%-d %b", labelAngle=0, labelOverlap="greedy"),
    )


def _chart(
    name: str,
    title: str,
    chart: _Drawing,
    header: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
) -> Chart:
    sized = chart.properties(width="container")
    # Checking it against the whole schema of Vega-Lite takes longer than all else; a test does.
    spec = sized.to_dict(validate=False)
    # It says what CONFIG says better.
    spec.pop("config", None)
    spec.setdefault("height", 220)
    return Chart(name, title, spec, header, tuple(rows))
