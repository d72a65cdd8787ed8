"""What Unity Catalog has and open-source Spark lacks: one rule per kind of statement.

A rule's pattern is strict, so that a mistyped clause goes to Spark and fails there. A rule checks
what Unity Catalog would check (that tables, columns and functions exist, that a key's columns are
not null) and records what it was told; constraints and comments that Delta Lake has in another form
are carried out. `RULES` is the reviewed list of what may be emulated.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
from pyspark.sql import SparkSession

from databricks_endpoint import metadata
from databricks_endpoint.refused import refused
from databricks_endpoint.translate import SPARK_CATALOG

# What an action gives: rows, or SQL for Spark to execute; None is a statement without a result.
Outcome = pa.Table | str | None
Object = tuple[str, ...]

_N = r"(?:`(?:``|[^`])+`|\w+)"
_NAMES = rf"{_N}(?:,{_N})*"
_TABLE = rf"{_N}(?:\.{_N}){{1,2}}"
_S = r"'(?:\\.|''|[^'\\])*'"
_PAIRS = rf"{_S}=(?:{_S})(?:,{_S}={_S})*"
_SECURABLE = r"(?:CATALOG|SCHEMA|TABLE|VIEW|VOLUME|FUNCTION)"
_ALTER_COLUMN = rf"ALTER TABLE (?P<table>{_TABLE}) (?:ALTER|CHANGE) COLUMN (?P<column>{_N})"
_KEY_OPTIONS = r"(?: ?(?:NOT ENFORCED|RELY|NORELY|NOT DEFERRABLE|INITIALLY DEFERRED))*"
_PRIVILEGES = {
    "CATALOG": {"USE CATALOG", "CREATE SCHEMA", "BROWSE"},
    "SCHEMA": {"USE SCHEMA", "CREATE TABLE", "CREATE FUNCTION", "CREATE VOLUME"},
    "TABLE": {"SELECT", "MODIFY", "APPLY TAG"},
    "VOLUME": {"READ VOLUME", "WRITE VOLUME"},
    "FUNCTION": {"EXECUTE"},
}


class UnityError(Exception):
    """Unity Catalog would refuse the statement."""


@dataclass(frozen=True)
class Key:
    """An informational primary or foreign key; the parent is empty for a primary key."""

    columns: tuple[str, ...]
    parent: Object = ()
    parent_columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A kind of statement, and what becomes of it."""

    kind: str
    pattern: re.Pattern[str]
    action: Callable[..., Outcome]


RULES: list[Rule] = []


def _rule(kind: str, pattern: str) -> Callable[[Callable[..., Outcome]], Callable[..., Outcome]]:
    def register(action: Callable[..., Outcome]) -> Callable[..., Outcome]:
        RULES.append(Rule(kind, re.compile(pattern, re.IGNORECASE), action))
        return action

    return register


def parts(name: str) -> Object:
    """The parts of a qualified name in lower case, the catalog left out."""
    found = [part.strip("`").replace("``", "`").lower() for part in re.findall(_N, name)]
    return tuple(found[1:] if found[0] == SPARK_CATALOG else found)


def _list(names: str | None) -> tuple[str, ...]:
    return tuple(part.strip("`").lower() for part in re.findall(_N, names or ""))


def _pairs(text: str) -> dict[str, str]:
    values = [value[1:-1] for value in re.findall(_S, text)]
    return dict(zip(values[::2], values[1::2], strict=True))


@dataclass
class Unity:
    """What was recorded: keys and masks of tables, tags, and who was granted what."""

    keys: dict[Object, dict[str, Key]] = field(default_factory=dict)
    masks: dict[Object, dict[str, tuple[str, tuple[str, ...]]]] = field(default_factory=dict)
    tags: dict[tuple[Object, str | None], dict[str, str]] = field(default_factory=dict)
    grants: set[tuple[str, str, str, Object]] = field(default_factory=set)

    def run(self, session: SparkSession, canonical: str) -> tuple[str, Outcome] | None:
        """Emulate a statement.

        Returns:
            Kind and outcome; None when no rule fits, and Spark is to execute the statement.

        Raises:
            UnityError: Unity Catalog would refuse it.
        """
        if refusal := refused(self, session, canonical):
            raise UnityError(
                f"[{refusal.error_class}] {refusal.what} is not supported, see {refusal.page}"
            )
        for rule in RULES:
            if found := rule.pattern.fullmatch(canonical):
                return rule.kind, rule.action(self, session, **found.groupdict())
        return None

    def note(self, canonical: str) -> None:
        """Forget what a table that Spark has just replaced or dropped had.

        Tags, grants and masks survive a replacement, keys do not.
        """
        found = re.match(
            rf"(CREATE OR REPLACE|DROP) TABLE (?:IF EXISTS )?({_TABLE})", canonical, re.IGNORECASE
        )
        if found:
            table = parts(found[2])
            self.keys.pop(table, None)
            if found[1].upper() == "DROP":
                self.masks.pop(table, None)
                self.tags = {on: tags for on, tags in self.tags.items() if on[0] != table}
                self.grants = {grant for grant in self.grants if grant[3] != table}

    def deploy(self, grants: dict[tuple[str, Object], dict[str, set[str]]]) -> None:
        """Do to the grants what the deployment of a bundle does: those it names are all there are.

        Args:
            grants: Privileges by principal, by kind and name of each securable of the bundle.
        """
        kept = {grant for grant in self.grants if (grant[2], grant[3]) not in grants}
        self.grants = kept | {
            (principal, privilege, *securable)
            for securable, principals in grants.items()
            for principal, privileges in principals.items()
            for privilege in privileges
        }

    def may(self, principal: str, privilege: str, kind: str, name: Object) -> bool:
        """Whether a principal holds a privilege on a securable, by a grant on it or above it."""
        above = {(kind, name), ("SCHEMA", name[:1]), ("CATALOG", ())}
        return any((principal, privilege, *securable) in self.grants for securable in above)

    @_rule("use catalog", rf"USE CATALOG (?P<catalog>{_N})")
    def _use_catalog(self, session: SparkSession, catalog: str) -> Outcome:
        return f"set catalog {catalog}"

    @_rule("describe as json", rf"DESC(?:RIBE)? TABLE EXTENDED (?P<table>{_TABLE}|{_N}) AS JSON")
    def _describe(self, session: SparkSession, table: str) -> Outcome:
        return metadata.describe_as_json(session, table)

    @_rule(
        "show table extended",
        rf"SHOW TABLE EXTENDED IN (?P<schema>{_TABLE}|{_N}) LIKE (?P<names>{_S})",
    )
    def _show_extended(self, session: SparkSession, schema: str, names: str) -> Outcome:
        return metadata.show_table_extended(session, schema, names)

    @_rule("show tblproperties", rf"SHOW TBLPROPERTIES (?P<table>{_TABLE})")
    def _show_properties(self, session: SparkSession, table: str) -> Outcome:
        """All but the CHECKs that stand for NOT NULL: dbt would drop them as strangers."""
        rows = session.sql(f"show tblproperties {table}")
        return rows.where(f"not startswith(key, '{metadata.NOT_NULL_PROPERTY}')").toArrow()

    @_rule(
        "comment on column",
        rf"COMMENT ON COLUMN (?P<table>{_TABLE})\.(?P<column>{_N}) IS (?P<text>{_S})",
    )
    def _comment(self, session: SparkSession, table: str, column: str, text: str) -> Outcome:
        return f"alter table {table} alter column {column} comment {text}"

    @_rule("set not null", rf"{_ALTER_COLUMN} SET NOT NULL")
    def _set_not_null(self, session: SparkSession, table: str, column: str) -> Outcome:
        """Delta Lake cannot set NOT NULL later, but a CHECK means the same and is enforced."""
        self._need_columns(session, table, column)
        if column.strip("`").lower() in metadata.not_null_columns(session, table):
            return None
        name = metadata.not_null_check(column)
        return f"alter table {table} add constraint {name} check ({column} is not null)"

    @_rule("drop not null", rf"{_ALTER_COLUMN} DROP NOT NULL")
    def _drop_not_null(self, session: SparkSession, table: str, column: str) -> Outcome:
        self._need_columns(session, table, column)
        return f"alter table {table} drop constraint if exists {metadata.not_null_check(column)}"

    @_rule(
        "primary key",
        rf"ALTER TABLE (?P<table>{_TABLE}) ADD CONSTRAINT (?P<name>{_N})"
        rf" PRIMARY KEY\((?P<columns>{_NAMES})\){_KEY_OPTIONS}",
    )
    def _primary_key(self, session: SparkSession, table: str, name: str, columns: str) -> Outcome:
        self._need_columns(session, table, columns)
        nullable = set(_list(columns)) - metadata.not_null_columns(session, table)
        if nullable:
            raise UnityError(f"primary key column {min(nullable)} of {table} must be NOT NULL")
        if any(not key.parent for key in self.keys.get(parts(table), {}).values()):
            raise UnityError(f"{table} has a primary key already")
        self._add_key(table, name, Key(_list(columns)))
        return None

    @_rule(
        "foreign key",
        rf"ALTER TABLE (?P<table>{_TABLE}) ADD CONSTRAINT (?P<name>{_N})"
        rf" FOREIGN KEY\((?P<columns>{_NAMES})\)REFERENCES (?P<parent>{_TABLE})"
        rf"(?:\((?P<parent_columns>{_NAMES})\))?{_KEY_OPTIONS}",
    )
    def _foreign_key(
        self,
        session: SparkSession,
        table: str,
        name: str,
        columns: str,
        parent: str,
        parent_columns: str | None,
    ) -> Outcome:
        self._need_columns(session, table, columns)
        keys = self.keys.get(parts(parent), {}).values()
        primary = next((key.columns for key in keys if not key.parent), ())
        referred = _list(parent_columns) or primary
        if not primary or set(referred) != set(primary) or len(referred) != len(_list(columns)):
            raise UnityError(f"{parent} has no primary key on the columns that {name} refers to")
        self._add_key(table, name, Key(_list(columns), parts(parent), referred))
        return None

    @_rule(
        "drop constraint",
        rf"ALTER TABLE (?P<table>{_TABLE}) DROP CONSTRAINT (?P<if_exists>IF EXISTS )?(?P<name>{_N})"
        r"(?: CASCADE)?",
    )
    def _drop_constraint(
        self, session: SparkSession, table: str, if_exists: str | None, name: str
    ) -> Outcome:
        if self.keys.get(parts(table), {}).pop(_list(name)[0], None):
            return None
        return f"alter table {table} drop constraint {if_exists or ''}{name}"

    @_rule("set tags", rf"ALTER {_SECURABLE} (?P<on>{_TABLE}|{_N}) SET TAGS\((?P<tags>{_PAIRS})\)")
    def _set_tags(self, session: SparkSession, on: str, tags: str) -> Outcome:
        self._need(session, on)
        self.tags.setdefault((parts(on), None), {}).update(_pairs(tags))
        return None

    @_rule("set column tags", rf"{_ALTER_COLUMN} SET TAGS\((?P<tags>{_PAIRS})\)")
    def _set_column_tags(
        self, session: SparkSession, table: str, column: str, tags: str
    ) -> Outcome:
        self._need_columns(session, table, column)
        self.tags.setdefault((parts(table), _list(column)[0]), {}).update(_pairs(tags))
        return None

    @_rule(
        "set mask",
        rf"{_ALTER_COLUMN} SET MASK (?P<function>{_TABLE})"
        rf"(?: USING COLUMNS\((?P<using>{_NAMES})\))?",
    )
    def _set_mask(
        self, session: SparkSession, table: str, column: str, function: str, using: str | None
    ) -> Outcome:
        arguments = ", ".join([column, *([using] if using else [])])
        # Spark resolves the function and its arguments; nothing is read.
        masked = session.sql(
            f"select {column} as plain, {function}({arguments}) as masked from {table}"
        )
        plain, other = (field.dataType.simpleString() for field in masked.schema)
        if plain != other:
            raise UnityError(f"{function} gives another type than column {column} of {table} has")
        self.masks.setdefault(parts(table), {})[_list(column)[0]] = (
            ".".join(parts(function)),
            _list(using),
        )
        return None

    @_rule("drop mask", rf"{_ALTER_COLUMN} DROP MASK")
    def _drop_mask(self, session: SparkSession, table: str, column: str) -> Outcome:
        if not self.masks.get(parts(table), {}).pop(_list(column)[0], None):
            raise UnityError(f"column {column} of {table} has no mask")
        return None

    @_rule(
        "grant",
        rf"(?P<verb>GRANT|REVOKE) (?P<privileges>[A-Z ]+(?:,[A-Z ]+)*) ON"
        rf" (?:(?P<kind>{_SECURABLE}) )?(?P<on>{_TABLE}|{_N}) (?:TO|FROM) (?P<principal>{_N})",
    )
    def _grant(
        self,
        session: SparkSession,
        verb: str,
        privileges: str,
        kind: str | None,
        on: str,
        principal: str,
    ) -> Outcome:
        self._need(session, on)
        securable = {"VIEW": "TABLE"}.get((kind or "TABLE").upper(), (kind or "TABLE").upper())
        # What is granted on a catalog or schema holds for everything in it.
        levels = [*_PRIVILEGES][[*_PRIVILEGES].index(securable) :]
        inner = levels if securable in ("CATALOG", "SCHEMA") else [securable]
        allowed = set[str]().union(*(_PRIVILEGES[level] for level in inner))
        for privilege in [name.strip().upper() for name in privileges.split(",")]:
            if privilege not in {*allowed, "ALL PRIVILEGES", "MANAGE"}:
                raise UnityError(f"{privilege} cannot be granted on a {securable}")
            grant = (principal.strip("`"), privilege, securable, parts(on))
            (self.grants.add if verb.upper() == "GRANT" else self.grants.discard)(grant)
        return None

    @_rule("show grants", rf"SHOW GRANTS ON (?:{_SECURABLE} )?(?P<on>{_TABLE}|{_N})")
    def _show_grants(self, session: SparkSession, on: str) -> Outcome:
        self._need(session, on)
        rows = [
            {"Principal": who, "ActionType": privilege, "ObjectType": kind, "ObjectKey": on}
            for who, privilege, kind, name in sorted(self.grants)
            if name == parts(on)
        ]
        names = ("Principal", "ActionType", "ObjectType", "ObjectKey")
        return pa.Table.from_pylist(rows, pa.schema([(name, pa.string()) for name in names]))

    @_rule(
        "analyze table",
        rf"ANALYZE TABLE (?P<table>{_TABLE}) COMPUTE (?:DELTA )?STATISTICS"
        rf"(?: NOSCAN| FOR ALL COLUMNS| FOR COLUMNS (?P<columns>{_NAMES}))?",
    )
    def _analyze(self, session: SparkSession, table: str, columns: str | None) -> Outcome:
        self._need_columns(session, table, columns)
        return None

    def _add_key(self, table: str, name: str, key: Key) -> None:
        keys = self.keys.setdefault(parts(table), {})
        if _list(name)[0] in keys:
            raise UnityError(f"{table} has a constraint {name} already")
        keys[_list(name)[0]] = key

    @staticmethod
    def _need(session: SparkSession, name: str) -> None:
        path = parts(name)
        exists: Any = True
        if len(path) == 2:
            full = ".".join(path)
            exists = session.catalog.tableExists(full) or session.catalog.functionExists(full)
        elif len(path) == 1:
            exists = session.catalog.databaseExists(path[0])
        if not exists:
            raise UnityError(f"[TABLE_OR_VIEW_NOT_FOUND] {name} does not exist")

    @staticmethod
    def _need_columns(session: SparkSession, table: str, columns: str | None) -> None:
        there = {name.lower() for name in session.table(table).columns}
        for column in _list(columns):
            if column not in there:
                raise UnityError(f"[UNRESOLVED_COLUMN] {table} has no column {column}")
