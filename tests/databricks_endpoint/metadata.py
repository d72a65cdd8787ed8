"""What the catalog holds, in Databricks' forms: information schema, DESCRIBE … AS JSON and such."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

import pyarrow as pa
from pyspark.sql import SparkSession
from pyspark.sql.types import ArrayType, DataType, DecimalType, MapType, StructType, TimestampType

if TYPE_CHECKING:
    from databricks_endpoint.emulated import Unity

_NOT_NULL = "__not_null_"
NOT_NULL_PROPERTY = f"delta.constraints.{_NOT_NULL}"
_TABLE = ("table_catalog", "table_schema", "table_name")
_TAG = ("catalog_name", "schema_name", "table_name")
_KEY = ("constraint_catalog", "constraint_schema", "constraint_name")
_NUMBERS = {"ordinal_position", "position_in_unique_constraint"}
_COLUMNS: dict[str, tuple[str, ...]] = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": (
        *_TABLE,
        "table_type",
        "table_owner",
        "data_source_format",
        "comment",
        "last_altered",
    ),
    "columns": (
        *_TABLE,
        "column_name",
        "ordinal_position",
        "is_nullable",
        "full_data_type",
        "comment",
    ),
    "table_tags": (*_TAG, "tag_name", "tag_value"),
    "column_tags": (*_TAG, "column_name", "tag_name", "tag_value"),
    "column_masks": (*_TABLE, "column_name", "mask_name", "using_columns"),
    "row_filters": (*_TABLE, "filter_name", "target_columns"),
    "table_constraints": (*_KEY, *_TABLE, "constraint_type"),
    "key_column_usage": (*_KEY, *_TABLE, "column_name", "ordinal_position"),
    "referential_constraints": (*_KEY, *(f"unique_{part}" for part in _KEY)),
    "table_privileges": (*_TABLE, "grantee", "privilege_type"),
}


def not_null_check(column: str) -> str:
    """Name of the CHECK that stands for a NOT NULL."""
    return f"`{_NOT_NULL}{column.strip('`').lower()}`"


def not_null_columns(session: SparkSession, table: str) -> set[str]:
    """Columns that take no NULL, by declaration or by a CHECK."""
    declared = {field.name.lower() for field in session.table(table).schema if not field.nullable}
    properties = [row["key"] for row in session.sql(f"show tblproperties {table}").collect()]
    return declared | {
        key.removeprefix(NOT_NULL_PROPERTY)
        for key in properties
        if key.startswith(NOT_NULL_PROPERTY)
    }


def describe_as_json(session: SparkSession, table: str) -> pa.Table:
    """Answer to DESCRIBE TABLE EXTENDED … AS JSON: the columns."""
    fields = [
        {
            "name": field.name,
            "type": _type(field.dataType),
            "comment": field.metadata.get("comment"),
            "nullable": field.nullable,
        }
        for field in session.table(table).schema
    ]
    return pa.table({"json_metadata": [json.dumps({"columns": fields})]})


def _type(kind: DataType) -> dict[str, Any]:
    if isinstance(kind, DecimalType):
        return {"name": "decimal", "precision": kind.precision, "scale": kind.scale}
    if isinstance(kind, ArrayType):
        return {"name": "array", "element_type": _type(kind.elementType)}
    if isinstance(kind, MapType):
        key, value = _type(kind.keyType), _type(kind.valueType)
        return {"name": "map", "key_type": key, "value_type": value}
    if isinstance(kind, StructType):
        fields = [{"name": field.name, "type": _type(field.dataType)} for field in kind]
        return {"name": "struct", "fields": fields}
    return {"name": "timestamp_ltz" if isinstance(kind, TimestampType) else kind.simpleString()}


def show_table_extended(session: SparkSession, schema: str, names: str) -> pa.Table:
    """Answer to SHOW TABLE EXTENDED, with the columns and comment that only Delta Lake knows."""
    rows = []
    for row in session.sql(f"show table extended in {schema} like {names}").collect():
        name = f"{row['namespace']}.{row['tableName']}"
        details = {
            line["col_name"]: line["data_type"]
            for line in session.sql(f"describe table extended {name}").collect()
        }
        lines = [line for line in row["information"].split("Schema: ")[0].splitlines() if line]
        lines += [f"Comment: {details['Comment']}"] if "Comment" in details else []
        tree = session.table(name)._jdf.schema().treeString()
        information = "\n".join([*lines, f"Schema: {tree}"])
        rows.append({"database": row["namespace"], "tableName": row["tableName"]})
        rows[-1] |= {"isTemporary": row["isTemporary"], "information": information}
    kinds = [("database", pa.string()), ("tableName", pa.string()), ("isTemporary", pa.bool_())]
    return pa.Table.from_pylist(rows, pa.schema([*kinds, ("information", pa.string())]))


def _comment(session: SparkSession, table: str) -> str | None:
    """Comment of a table or view; that of a Delta table is in its log alone."""
    described = session.sql(f"describe table extended {table}").collect()
    return next((row["data_type"] for row in described if row["col_name"] == "Comment"), None)


def _last_altered(table: Any) -> int:
    log = Path(unquote(urlparse(str(table.location())).path)) / "_delta_log"
    return int(log.stat().st_mtime * 1_000_000)


class InformationSchema:
    """The information schema of the endpoint's catalog, as far as dbt and the tests read it."""

    def __init__(self, unity: "Unity", catalog: str) -> None:
        self._unity = unity
        self._catalog = catalog

    def view(self, session: SparkSession, name: str, schemas: set[str] | None = None) -> pa.Table:
        """Rows of one view.

        Args:
            session: Session to look with.
            name: The view.
            schemas: Schemas to look into; None is all.

        Raises:
            KeyError: There is no such view here.
        """
        columns = _COLUMNS[name]
        kinds = [
            (column, pa.int32() if column in _NUMBERS else pa.string())
            for column in columns
            if column != "last_altered"
        ]
        kinds += [("last_altered", pa.timestamp("us", "UTC"))] if "last_altered" in columns else []
        rows = getattr(self, f"_{name}")(session, schemas)
        return pa.Table.from_pylist(rows, pa.schema(kinds))

    def _row(
        self, prefix: tuple[str, ...], table: tuple[str, ...], **more: object
    ) -> dict[str, Any]:
        return dict(zip(prefix, (self._catalog, *table), strict=False)) | more

    def _schemata(self, session: SparkSession, schemas: set[str] | None) -> list[dict[str, Any]]:
        found = [database.name for database in session.catalog.listDatabases()]
        return [
            self._row(("catalog_name", "schema_name"), (name,))
            for name in found
            if schemas is None or name in schemas
        ]

    def _each_table(self, session: SparkSession, schemas: set[str] | None) -> list[Any]:
        catalog = session._jsparkSession.sessionState().catalog().externalCatalog()
        tables = []
        for row in self._schemata(session, schemas):
            names = catalog.listTables(row["schema_name"])
            found = catalog.getTablesByName(row["schema_name"], names)
            tables += [found.apply(position) for position in range(found.size())]
        return tables

    def _tables(self, session: SparkSession, schemas: set[str] | None) -> list[dict[str, Any]]:
        rows = []
        for table in self._each_table(session, schemas):
            is_view = table.tableType().name() == "VIEW"
            name = f"{table.database()}.{table.identifier().table()}"
            rows.append(
                self._row(
                    _TABLE,
                    (table.database(), table.identifier().table()),
                    # What lies in the schema's folder would be a managed table of Unity.
                    table_type="VIEW" if is_view else "MANAGED",
                    table_owner=table.owner(),
                    data_source_format=None if is_view else table.provider().get().upper(),
                    comment=_comment(session, name),
                    last_altered=None if is_view else _last_altered(table),
                )
            )
        return rows

    def _columns(self, session: SparkSession, schemas: set[str] | None) -> list[dict[str, Any]]:
        rows = []
        for found in self._each_table(session, schemas):
            table = (found.database(), found.identifier().table())
            strict = not_null_columns(session, ".".join(table))
            for position, field in enumerate(session.table(".".join(table)).schema):
                more: dict[str, Any] = {
                    "column_name": field.name,
                    "ordinal_position": position,
                    "is_nullable": "NO" if field.name.lower() in strict else "YES",
                    "full_data_type": field.dataType.simpleString(),
                    "comment": field.metadata.get("comment"),
                }
                rows.append(self._row(_TABLE, table, **more))
        return rows

    def _table_tags(self, session: SparkSession, schemas: set[str] | None) -> list[dict[str, Any]]:
        return [
            self._row(_TAG, table, tag_name=name, tag_value=value)
            for (table, column), tags in self._unity.tags.items()
            if column is None and len(table) == 2
            for name, value in tags.items()
        ]

    def _column_tags(self, session: SparkSession, schemas: set[str] | None) -> list[dict[str, Any]]:
        return [
            self._row(_TAG, table, column_name=column, tag_name=name, tag_value=value)
            for (table, column), tags in self._unity.tags.items()
            if column is not None
            for name, value in tags.items()
        ]

    def _column_masks(
        self, session: SparkSession, schemas: set[str] | None
    ) -> list[dict[str, Any]]:
        return [
            self._row(
                _TABLE,
                table,
                column_name=column,
                mask_name=f"{self._catalog}.{function}",
                using_columns=", ".join(using) or None,
            )
            for table, masks in self._unity.masks.items()
            for column, (function, using) in masks.items()
        ]

    def _row_filters(self, session: SparkSession, schemas: object) -> list[dict[str, Any]]:
        """None: no rule sets one."""
        return []

    def _keys(self) -> list[tuple[dict[str, Any], Any]]:
        return [
            (self._row(_KEY, (table[0], name)) | self._row(_TABLE, table), key)
            for table, keys in self._unity.keys.items()
            for name, key in keys.items()
        ]

    def _table_constraints(self, session: SparkSession, schemas: object) -> list[dict[str, Any]]:
        return [
            row | {"constraint_type": "FOREIGN KEY" if key.parent else "PRIMARY KEY"}
            for row, key in self._keys()
        ]

    def _key_column_usage(self, session: SparkSession, schemas: object) -> list[dict[str, Any]]:
        return [
            row | {"column_name": column, "ordinal_position": position}
            for row, key in self._keys()
            for position, column in enumerate(key.columns, 1)
        ]

    def _referential_constraints(
        self, session: SparkSession, schemas: object
    ) -> list[dict[str, Any]]:
        rows = []
        for row, key in self._keys():
            for name, other in self._unity.keys.get(key.parent, {}).items():
                if not other.parent:
                    parent = (self._catalog, key.parent[0], name)
                    unique = zip((f"unique_{part}" for part in _KEY), parent, strict=True)
                    rows.append({column: row[column] for column in _KEY} | dict(unique))
        return rows

    def _table_privileges(self, session: SparkSession, schemas: object) -> list[dict[str, Any]]:
        return [
            self._row(_TABLE, name, grantee=who, privilege_type=privilege)
            for who, privilege, _, name in sorted(self._unity.grants)
            if len(name) == 2
        ]
