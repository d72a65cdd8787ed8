"""What a person sees of the tables and of a file: tables, and lines."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date

from rich.box import SIMPLE
from rich.markup import escape
from rich.table import Column, Table

from ingest.batches.error_rows import ErrorRow
from ingest.batches.results import Anomaly, plain
from ingest.checkup import HeaderCheck, RowCheck
from ingest.contract import Feed, header_key
from ingest.messages import one_line
from ingest.overview import Report, Status
from ingest.reading.header import name_list

_ERRORS_SHOWN = 500
_SEVERITY_COLOURS = {"HIGH": "red", "MEDIUM": "yellow", "LOW": "cyan"}
COLOURS = {
    "LANDED": "green",
    "APPLIED": "green",
    "SKIPPED": "blue",
    "WAITING": "yellow",
    "NOTE": "yellow",
    "REJECTED": "red",
    "FAILED": "red",
    "PASS": "green",
    "WARN": "yellow",
    "FAIL": "red",
}


def status_tables(status: Status) -> list[Table]:
    """Tables of what is landed, and of the triggers that did not land."""
    odd_on = Counter(anomaly.batch_date for anomaly in status.anomalies)
    batches = Table(
        Column("batch_date", no_wrap=True),
        Column("batch", overflow="fold"),
        "state",
        *(Column(name, justify="right") for name in ("rows", "valid", "errors", "score")),
        "status",
        Column("odd", justify="right"),
        title="Batches",
        box=SIMPLE,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for landing in sorted(status.landings, key=lambda item: (item.batch_date, item.number)):
        rows = sum(file.file_rows for file in landing.files)
        result = status.results.get(landing.number)
        state = landing.state
        if result and result.feeds_without_valid_rows:
            state = "none valid"
        cells = ["", "", "", "", ""]
        if result:
            cells = [str(result.valid_rows), str(result.quarantined_rows)]
            cells += [f"{result.score:.2f}", coloured(result.status)]
            cells.append(str(odd_on[landing.batch_date] or ""))
        batches.add_row(
            str(landing.batch_date),
            escape(landing.batch_id),
            state,
            str(rows),
            *cells,
        )
    tables = [batches]
    if status.waiting or status.rejected:
        others = Table(
            Column("trigger", overflow="fold"),
            Column("state", no_wrap=True),
            Column("since", no_wrap=True),
            # As wide as the names of files, which are not folded then.
            Column("reason", overflow="fold", min_width=26),
            title="Triggers not archived",
            box=SIMPLE,
            padding=(0, 1, 0, 0),
        )
        for trigger in status.waiting:
            others.add_row(
                escape(trigger.name),
                coloured(trigger.state),
                trigger.since,
                escape(trigger.reason),
            )
        for refused in status.rejected:
            others.add_row(
                escape(refused.name),
                coloured(refused.status.lower()),
                f"{refused.since:%Y-%m-%d %H:%M}",
                escape(refused.reason),
            )
        tables.append(others)
    return tables


def errors_table(rows: list[ErrorRow]) -> Table:
    """Table of quarantined rows: where they stand and what they broke, nothing of what they say.

    Args:
        rows: The rows, in the order in which to show them.
    """
    shown = rows[:_ERRORS_SHOWN]
    table = Table(
        # Names of files and most rules stand in one line each; the batch that brought a row, and
        # the one that resolved it, may be longer and are folded.
        Column("file, batch", overflow="fold", min_width=24),
        Column("row", justify="right", no_wrap=True),
        Column("severity", no_wrap=True),
        Column("rules, resolved by", overflow="fold", min_width=36),
        title="Quarantined rows",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
        caption=f"and {len(rows) - len(shown)} more" if len(rows) > len(shown) else None,
    )
    for row in shown:
        rules = list(row.failed_rules)
        if row.resolved_by_batch_id:
            rules.append(f"[green]resolved by {escape(row.resolved_by_batch_id)}[/]")
        table.add_row(
            escape(f"{row.source_file}\n{row.batch_id}"),
            str(row.row_number),
            f"[{_SEVERITY_COLOURS[row.max_severity]}]{row.max_severity}[/]",
            "\n".join(rules),
        )
    return table


def report_tables(report: Report) -> list[Table]:
    """Tables of a run's triggers, and of a batch's failed rules and anomalies, if any."""
    triggers = Table(
        # Names as they are sent by custom are not folded; longer ones are.
        Column("trigger", overflow="fold", min_width=23),
        Column("batch", overflow="fold"),
        "outcome",
        Column("message", overflow="fold"),
        title="Last run",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
    )
    for result in report.taken:
        triggers.add_row(
            escape(result.trigger_file),
            escape(result.batch_id or ""),
            coloured(result.status),
            escape(result.message or ""),
        )
    failed, odd = report.failed_rules, report.anomalies
    batch = f"{failed[0].batch_date} {failed[0].batch_id}" if failed else "the batch"
    rules = Table(
        Column("status", no_wrap=True),
        Column("severity", no_wrap=True),
        Column("failed", justify="right", no_wrap=True),
        Column("checked", justify="right", no_wrap=True),
        # What the rule demands stands under its name.
        Column("rule", overflow="fold"),
        title=f"Failed rules of {escape(batch)}",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
    )
    for rule in failed:
        rules.add_row(
            coloured(rule.status),
            f"[{_SEVERITY_COLOURS[rule.severity]}]{rule.severity}[/]",
            str(rule.failed_records),
            str(rule.checked_records),
            f"{rule.rule_id}\n[dim]{escape(rule.description)}[/]",
        )
    return [triggers, rules, *([_anomalies_table(odd)] if odd else [])]


def report_lines(report: Report, apply: str, min_score: float | None = None) -> list[str]:
    """What a report says below its tables: what is still to do.

    Args:
        report: The report.
        apply: The command that applies what is pending.
        min_score: What the newest batch's score must reach; None asks for none.
    """
    lines = []
    for landing in report.pending:
        lines.append(f"Batch {landing.batch_id} of {landing.batch_date} is landed but not applied.")
        if reason := report.failed_builds.get(landing.batch_id):
            lines.append(f"    {reason}")
    if report.pending:
        lines.append(f"Mend what is told, if anything, and apply: {apply}")
    if report.newest:
        short = report.newest.shortcomings(min_score)
        lines += [f"The newest batch: {sentence}" for sentence in short]
    if report.is_withdrawal_open:
        lines.append(f"A batch was withdrawn, and the tables still hold it: {apply}")
        if not report.pending and (reason := report.failed_builds.get(None)):
            lines.append(f"    {reason}")
    return lines


def header_lines(found: HeaderCheck, feed: Feed) -> list[str]:
    """What a file's header is to the contract, and what to paste into it."""
    counts = (
        f"{len(found.matched)} columns matched, {len(found.missing)} required ones missing,"
        f" {len(found.absent)} optional ones absent, {len(found.unknown)} unknown"
    )
    lines = [f"Header: {counts}."]
    renamed = [
        f"{one_line(header)} = {name}"
        for name, header in found.matched.items()
        if header_key(header) != name
    ]
    for title, names in (
        ("Matched by an alias", renamed),
        ("Missing", found.missing),
        ("Optional, absent", found.absent),
        ("Unknown, kept in _extra", found.unknown),
    ):
        if names:
            lines.append(f"  {title}: {name_list(names)}")
    if found.likely:
        lines.append(f"  Perhaps meant; for the contract ({feed.declared_in}):")
    for name, header in found.likely.items():
        (column,) = (item for item in feed.columns if item.name == name)
        aliases = ", ".join(json.dumps(alias) for alias in (*column.aliases, header))
        lines.append(f"    {name}: aliases: [{one_line(aliases)}]")
    return lines


def rows_lines(found: RowCheck, day: date) -> list[str]:
    """What the rules say of a file's first rows: counts and numbers of rows, no data."""
    lines = [
        f"Rules, as of {day}: {found.valid_rows} of the first {found.rows} rows are valid."
        " Rules across tables are judged in a run only."
    ]
    for item in found.broken:
        rows = ", ".join(map(str, item.first_rows)) + (
            ", ..." if item.rows > len(item.first_rows) else ""
        )
        lines.append(
            f"  {item.rule.severity:<6} {item.rule_id}: {item.rows} rows ({rows})."
            f" {item.rule.description}"
        )
    return lines


def coloured(outcome: str) -> str:
    """An outcome in its colour, spelled as it is."""
    colour = COLOURS.get(outcome.upper())
    return f"[{colour}]{outcome}[/]" if colour else outcome


def _anomalies_table(odd: Sequence[Anomaly]) -> Table:
    table = Table(
        Column("anomaly", overflow="fold", min_width=24),
        *(Column(name, justify="right") for name in ("found", "expected", "score")),
        Column("what to look at", overflow="fold", min_width=24),
        title=f"Anomalies of {odd[0].batch_date} {escape(odd[0].batch_id)}",
        box=SIMPLE,
        padding=(0, 1, 0, 0),
    )
    for item in odd:
        numbers = plain(item.value), plain(item.expected), f"{item.score:.1f}"
        table.add_row(f"{item.feed} {escape(item.metric)}", *numbers, escape(item.advice))
    return table
