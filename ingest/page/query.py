"""Reads what the report page tells of a batch, in small queries, from the tables alone."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import yaml
from pyspark.sql import Row, SparkSession

from ingest.batches.processing_log import open_triggers
from ingest.batches.results import anomalies
from ingest.catalog import sql_text, tables_in, utc
from ingest.config import Settings
from ingest.contract import Feed, load_contract
from ingest.errors import ConfigError
from ingest.page.facts import (
    Batch,
    File,
    Flow,
    Measured,
    OddMetric,
    Outcome,
    Page,
    Place,
    Rule,
    Steps,
    TargetChange,
    Totals,
)
from ingest.page.shop_query import plain_number, read_shop

_HISTORY = 30
_EXAMPLES = 5
_TRIGGERS = 20
_SEVERITIES = ("HIGH", "MEDIUM", "LOW")
_CROSS_TABLE = "tests/cross_table"


def read_page(session: SparkSession, settings: Settings, batch_id: str | None = None) -> Page:
    """What there is to tell about an applied batch.

    Args:
        session: Where the tables are.
        settings: Names the schemas, and the project that declares the feeds.
        batch_id: Which batch; None means the newest.

    Raises:
        ConfigError: No batch is applied yet, or none with this id.
    """
    choice = _choose(session, settings, batch_id)
    reader = _Reader(session, settings, choice)
    history = reader.history()
    return Page(
        batch=history[-1],
        history=history,
        files=reader.files(),
        steps=reader.steps(),
        rules=reader.rules(),
        targets=reader.targets(),
        totals=reader.totals(),
        shop=read_shop(session, settings, choice.newest),
        triggers=tuple(open_triggers(session, settings, _TRIGGERS)),
        anomalies=reader.anomalies(),
    )


@dataclass(frozen=True)
class _Choice:
    """The batch, the first batch_date of its history, and the newest applied batch_date."""

    batch_id: str
    batch_date: date
    landing_number: int
    since: date
    newest: date


def _choose(session: SparkSession, settings: Settings, batch_id: str | None) -> _Choice:
    applied = session.sql(
        "select distinct batch_id, batch_date, landing_number"
        f" from {settings.table('ops', 'batch_reconciliation')} order by batch_date"
    ).collect()
    if not applied:
        raise ConfigError(
            "No batch is applied yet, so there is nothing to show: python -m ingest run lands and"
            " applies what has arrived."
        )
    chosen = [
        place for place, row in enumerate(applied) if batch_id is None or row.batch_id == batch_id
    ]
    if not chosen:
        raise ConfigError(
            f"No applied batch has the id {batch_id}: python -m ingest status lists the batches."
        )
    place = chosen[-1]
    batch = applied[place]
    since = applied[max(0, place + 1 - _HISTORY)].batch_date
    newest = applied[-1].batch_date
    return _Choice(batch.batch_id, batch.batch_date, batch.landing_number, since, newest)


class _Reader:
    """The queries about one batch."""

    def __init__(self, session: SparkSession, settings: Settings, choice: _Choice) -> None:
        self._session = session
        self._settings = settings
        self._choice = choice
        self._feeds = load_contract(settings.project_dir).feeds
        self._order = {feed: place for place, feed in enumerate(self._feeds)}
        self._at = f"date '{choice.batch_date}'"
        self._span = f"between date '{choice.since}' and {self._at}"
        # A feed that the contract has got since the last build has no tables yet.
        self._staging = set(tables_in(session, settings.schema_of("staging")))
        self._targets = set(tables_in(session, settings.schema_of("targets")))

    def history(self) -> tuple[Batch, ...]:
        """The batches up to the chosen one."""
        rows = self._rows(
            "select batch_id, batch_date, feed, file_rows, landed_rows, valid_rows,"
            f" quarantined_rows, batch_score, batch_status from {self._ops('batch_reconciliation')}"
            f" where batch_date {self._span} order by batch_date"
        )
        batches = []
        for (batch_id, day), group in groupby(rows, key=attrgetter("batch_id", "batch_date")):
            counted = sorted(group, key=lambda row: self._place(row.feed))
            flows = tuple(Flow(*row[2:7]) for row in counted)
            first = counted[0]
            batches.append(Batch(batch_id, day, first.batch_score, first.batch_status, flows))
        return tuple(batches)

    def files(self) -> tuple[File, ...]:
        """The batch's files, with what was odd about them."""
        warnings = {
            row.source_file: row.message
            for row in self._rows(
                f"select source_file, message from {self._ops('processing_log')}"
                f" where step = 'land' and status = 'WARNING' and {self._of_batch()}"
                " order by finished_at"
            )
        }
        rows = self._rows(
            "select feed, source_file, file_rows, load_type"
            f" from {self._settings.table('landing', 'landed_files')}"
            f" where landing_number = {self._choice.landing_number}"
        )
        files = [
            File(
                feed=row.feed,
                name=row.source_file,
                rows=row.file_rows,
                load_type=row.load_type,
                warning=warnings.get(row.source_file),
            )
            for row in rows
        ]
        return tuple(sorted(files, key=lambda file: (self._place(file.feed), file.name)))

    def steps(self) -> Steps:
        """The batch's landing and its last build that succeeded."""
        rows = self._rows(
            "select step, started_at, finished_at from"
            " (select *, row_number() over (partition by step order by finished_at desc) as age"
            f" from {self._ops('processing_log')} where {self._of_batch()}"
            " and (step = 'trigger' and status = 'LANDED' or step = 'build' and status = 'SUCCESS')"
            ") as steps where age = 1"
        )
        found = {row.step: (utc(row.finished_at), _seconds(row)) for row in rows}
        return Steps(*found.get("trigger", (None, None)), *found.get("build", (None, None)))

    def rules(self) -> tuple[Rule, ...]:
        """All rules of the batch, with their trend and the rows that broke them first."""
        rows = self._rows(
            "select batch_date, rule_id, feed, category, declared_severity, description, status,"
            f" checked_records, failed_records from {self._ops('validation_results')}"
            f" where batch_date {self._span} order by batch_date"
        )
        trend: dict[str, list[Outcome]] = defaultdict(list)
        for row in rows:
            outcome = Outcome(row.batch_date, row.checked_records, row.failed_records)
            trend[row.rule_id].append(outcome)
        examples = self._examples()
        folder = self._settings.project_dir / _CROSS_TABLE
        across = {path.stem for path in folder.glob("*.sql")}
        rules = [
            Rule(
                rule_id=row.rule_id,
                feed=row.feed,
                category=row.category,
                severity=row.declared_severity,
                description=row.description,
                status=row.status,
                checked=row.checked_records,
                failed=row.failed_records,
                is_row_level=row.rule_id not in across,
                trend=tuple(trend[row.rule_id]),
                examples=tuple(examples[row.feed, row.rule_id]),
            )
            for row in rows
            if row.batch_date == self._choice.batch_date
        ]
        return tuple(sorted(rules, key=_worst_first))

    def _examples(self) -> dict[tuple[str, str], list[Place]]:
        """The first rows that broke each rule, by feed and rule.

        The error tables have every batch's quarantined rows; the base tables have the rows that
        broke a rule and went on as well, of the batch that was built last.
        """
        broken = [
            f"select {sql_text(feed)} as feed, _source_file as source_file, _row_number as place,"
            f" explode(failed_rules) as rule_id from {self._settings.table('staging', table)}"
            f" where _batch_id = {sql_text(self._choice.batch_id)} and _batch_date = {self._at}"
            for feed in self._feeds
            for table in (f"base_{feed}", f"{feed}_errors")
            if table in self._staging
        ]
        found: dict[tuple[str, str], list[Place]] = defaultdict(list)
        if not broken:
            return found
        rows = self._rows(
            "select feed, rule_id, source_file, place from (select *, row_number() over"
            " (partition by feed, rule_id order by source_file, place) as nth"
            f" from ({' union '.join(broken)}) as broken) as ranked where nth <= {_EXAMPLES}"
            " order by feed, rule_id, nth"
        )
        for row in rows:
            found[row.feed, row.rule_id].append(Place(row.source_file, row.place))
        return found

    def targets(self) -> tuple[TargetChange, ...]:
        """What the batch opened and closed, a query for each feed."""
        return tuple(
            self._target(feed)
            for feed in self._feeds.values()
            if f"{feed.name}_target" in self._targets
        )

    def _target(self, feed: Feed) -> TargetChange:
        table = self._settings.table("targets", f"{feed.name}_target")
        present = set(self._session.table(table).columns)
        columns = [item.name for item in feed.columns if item.tracked and item.name in present]
        # A version that begins on the day on which its key's last one ended is a change of it.
        differences = ", ".join(
            f"sum(case when before.record_key is not null and not (opened.`{name}` <=>"
            f" before.`{name}`) then 1 else 0 end) as `{name}`"
            for name in columns
        )
        [counts] = self._rows(
            "select count(*) as opened, count(before.record_key) as changed,"
            f" count(earlier.record_key) as known, {differences}"
            f" from (select * from {table} where effective_date = {self._at}) as opened"
            f" left join (select * from {table} where expiry_date = {self._at}) as before"
            " on opened.record_key = before.record_key"
            " left join (select distinct record_key"
            f" from {table} where effective_date < {self._at}) as earlier"
            " on opened.record_key = earlier.record_key"
        )
        [held] = self._rows(
            f"select count(case when expiry_date = {self._at} then 1 end) as closed,"
            f" count(case when expiry_date is null or expiry_date > {self._at} then 1 end)"
            f" as current from {table} where effective_date <= {self._at}"
        )
        changed = sorted(
            ((name, counts[name]) for name in columns if counts[name]),
            key=lambda item: (-item[1], item[0]),
        )
        return TargetChange(
            feed=feed.name,
            new_keys=counts.opened - counts.known,
            changed_keys=counts.changed,
            reopened_keys=counts.known - counts.changed,
            closed_keys=held.closed - counts.changed,
            current_keys=held.current,
            columns=tuple(changed),
        )

    def totals(self) -> tuple[Totals, ...]:
        """The shop's figures after each batch of the history."""
        names = ", ".join(Totals.__dataclass_fields__)
        rows = self._rows(
            f"select {names} from {self._settings.table('marts', 'analytics_summary')}"
            f" where report_date {self._span} order by report_date"
        )
        return tuple(Totals(row[0], *map(plain_number, row[1:])) for row in rows)

    def anomalies(self) -> tuple[OddMetric, ...]:
        """What is odd in the batch, each with its curve over the history."""
        found = anomalies(self._session, self._ops("metric_anomalies"), self._choice.batch_date)
        curves = self._curves() if found else {}
        return tuple(
            OddMetric(
                feed=item.feed,
                metric=item.metric,
                direction=item.direction,
                value=item.value,
                expected=item.expected,
                score=item.score,
                advice=item.advice,
                curve=tuple(curves[item.feed, item.metric]),
            )
            for item in found
        )

    def _curves(self) -> dict[tuple[str, str], list[Measured]]:
        """Values and bands of the metrics that are odd in the batch, by feed and metric."""
        # Where the score reaches the threshold, which is in dbt's settings only.
        reach = anomaly_threshold(self._settings.project_dir)
        odd = self._ops("metric_anomalies")
        rows = self._rows(
            "select measured.feed, measured.metric, measured.batch_date, measured.value,"
            f" judged.expected, judged.expected - {reach} * judged.spread as low,"
            f" judged.expected + {reach} * judged.spread as high"
            f" from {self._ops('batch_metrics')} as measured"
            f" left join {odd} as judged on measured.batch_date = judged.batch_date"
            " and measured.feed = judged.feed and measured.metric = judged.metric"
            f" left semi join (select feed, metric from {odd}"
            f" where is_anomaly and batch_date = {self._at}) as odd"
            " on measured.feed = odd.feed and measured.metric = odd.metric"
            f" where measured.batch_date {self._span} and"
            # A feed that is missing has no value, and is judged as 0 rows.
            " coalesce(measured.value, judged.value) is not null order by measured.batch_date"
        )
        curves: dict[tuple[str, str], list[Measured]] = defaultdict(list)
        for row in rows:
            value = 0.0 if row.value is None else row.value
            point = Measured(row.batch_date, value, row.expected, row.low, row.high)
            curves[row.feed, row.metric].append(point)
        return curves

    def _rows(self, query: str) -> list[Row]:
        return self._session.sql(query).collect()

    def _ops(self, name: str) -> str:
        return self._settings.table("ops", name)

    def _of_batch(self) -> str:
        return f"batch_id = {sql_text(self._choice.batch_id)} and batch_date = {self._at}"

    def _place(self, feed: str) -> int:
        # A feed that has left the contract stands last.
        return self._order.get(feed, len(self._order))


def anomaly_threshold(project_dir: Path) -> float:
    """From which distance on, in spreads, a metric is an anomaly, as dbt_project.yml has it."""
    project = yaml.safe_load((project_dir / "dbt_project.yml").read_text(encoding="utf-8"))
    return float(project["vars"]["anomaly_threshold"])


def _worst_first(rule: Rule) -> tuple[int, bool, int, str]:
    return _SEVERITIES.index(rule.severity), rule.failed == 0, -rule.failed, rule.rule_id


def _seconds(row: Row) -> float:
    return float((row.finished_at - row.started_at).total_seconds())
