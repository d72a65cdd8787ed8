"""The endpoint: HTTPS and Thrift in front, one Spark session for each session of a client."""

import re
import ssl
import threading
import traceback
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pyarrow as pa
import trustme
from databricks.sql.thrift_api.TCLIService import TCLIService, ttypes
from py4j.protocol import Py4JJavaError
from pyspark.errors import PySparkException
from pyspark.sql import DataFrame, SparkSession
from support.batches import FEW_ROWS, configure
from thrift.protocol.TBinaryProtocol import TBinaryProtocol
from thrift.transport.TTransport import TMemoryBuffer

from databricks_endpoint.emulated import Unity, UnityError
from databricks_endpoint.metadata import InformationSchema
from databricks_endpoint.results import OK, direct_results
from databricks_endpoint.translate import (
    MEMBERSHIPS,
    VIEW_PREFIX,
    UnknownCatalogError,
    translate,
)

HOST = "localhost"
HTTP_PATH = "/sql/1.0/warehouses/endpoint"
_SCHEMA_FILTER = re.compile(r"\b(?:table_schema|schema_name)='([^']*)'", re.IGNORECASE)
_SETTINGS = {
    # Databricks' defaults.
    "spark.sql.ansi.enabled": "true",
    "spark.sql.session.timeZone": "UTC",
    **FEW_ROWS,
    # For wide tables: no inference that grows with the square of the columns (a snapshot's merge
    # took a minute of it), and no thousands of tasks to list a folder.
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.sources.parallelPartitionDiscovery.parallelism": "2",
}


@dataclass(frozen=True)
class Statement:
    """A statement that a client sent.

    Attributes:
        text: The statement as it came.
        kinds: Kinds of emulation that it took; empty when Spark executed it as it was.
    """

    text: str
    kinds: frozenset[str]


class Endpoint(TCLIService.Iface):
    """A SQL warehouse with one Unity catalog, on a port of this machine.

    Attributes:
        statements: What clients sent and the endpoint carried out, in the order of arrival.
        token: The access token that it takes.
        port: Where it listens.
        certificate: File of the authority that signed its certificate, for this time only.
    """

    def __init__(
        self, spark: SparkSession, catalog: str, folder: Path, groups: frozenset[str] = frozenset()
    ) -> None:
        """Describe the endpoint.

        Args:
            spark: A session of the Spark that is to execute everything.
            catalog: Name of the Unity catalog, which stands for Spark's only one.
            folder: Where to write the certificate.
            groups: Groups that the bearer of the token is in.
        """
        self.catalog = catalog
        self.statements: list[Statement] = []
        self.unity = Unity()
        self.token = uuid.uuid4().hex
        self.certificate = folder / "certificate.pem"
        self._spark = spark
        self._groups = groups
        self._information_schema = InformationSchema(self.unity, catalog)
        self._sessions: dict[bytes, SparkSession] = {}
        processor = TCLIService.Processor(self)

        class Handler(_Handler):
            token, thrift = self.token, processor

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority = trustme.CA()
        authority.issue_cert(HOST).configure_cert(context)
        authority.cert_pem.write_to_path(self.certificate)
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self.port = self._http.server_port
        self._thread = threading.Thread(target=self._http.serve_forever)

    @contextmanager
    def as_member_of(self, *groups: str) -> Iterator[None]:
        """Let views be read by somebody who is in these groups, and no others."""
        before, self._groups = self._groups, frozenset(groups)
        self._write_memberships()
        yield
        self._groups = before
        self._write_memberships()

    def _write_memberships(self) -> None:
        groups = [f"({name!r})" for name in sorted(self._groups)]
        names = ", ".join(groups or ["(cast(null as string))"])
        self._spark.sql(f"create schema if not exists {MEMBERSHIPS.rpartition('.')[0]}")
        self._spark.sql(
            f"create or replace table {MEMBERSHIPS} using delta as select * from values {names} as"
            " known (member_of)"
        )

    def __enter__(self) -> Self:
        self._write_memberships()
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def emulated(self) -> Counter[str]:
        """How many statements took which kind of emulation."""
        return Counter(kind for statement in self.statements for kind in statement.kinds)

    def execute(self, session: SparkSession, sql: str) -> pa.Table:
        """Carry out a statement.

        Raises:
            PySparkException: Spark refuses it.
            Py4JJavaError: Delta Lake refuses it, for example a row that breaks a constraint.
            UnityError: Unity Catalog would refuse it.
            UnknownCatalogError: It names a catalog that is not here.
        """
        translation = translate(sql, self.catalog, self._groups)
        schemas = set(_SCHEMA_FILTER.findall(translation.canonical)) or None
        for view in translation.views:
            try:
                rows = self._information_schema.view(session, view, schemas)
            except KeyError:
                raise UnityError(f"the endpoint has no information_schema.{view}") from None
            session.createDataFrame(rows).createOrReplaceTempView(VIEW_PREFIX + view)
        kinds, outcome = translation.kinds, translation.sql
        emulated = self.unity.run(session, translation.canonical)
        if emulated:
            kinds |= {emulated[0]}
            outcome = emulated[1]
        if isinstance(outcome, str):
            outcome = _rows(session.sql(outcome))
            self.unity.note(translation.canonical)
        self.statements.append(Statement(sql, kinds))
        return pa.table({}) if outcome is None else outcome

    # The protocol. Every result goes out whole with the answer, so that nothing is left to fetch.

    def OpenSession(self, req: ttypes.TOpenSessionReq) -> ttypes.TOpenSessionResp:
        """Open a session; the catalog must be the endpoint's."""
        space = req.initialNamespace
        if space and space.catalogName and space.catalogName.lower() != self.catalog:
            error = UnknownCatalogError(space.catalogName)
            return ttypes.TOpenSessionResp(
                _failure(error), ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7
            )
        session = self._spark.newSession()
        configure(session, _SETTINGS)
        handle = _identifier()
        self._sessions[handle.guid] = session
        return ttypes.TOpenSessionResp(
            OK,
            ttypes.TProtocolVersion.SPARK_CLI_SERVICE_PROTOCOL_V7,
            sessionHandle=ttypes.TSessionHandle(handle),
            initialNamespace=space,
            canUseMultipleCatalogs=True,
        )

    def CloseSession(self, req: ttypes.TCloseSessionReq) -> ttypes.TCloseSessionResp:
        """Forget a session and its temporary views."""
        self._sessions.pop(req.sessionHandle.sessionId.guid, None)
        return ttypes.TCloseSessionResp(OK)

    def ExecuteStatement(self, req: ttypes.TExecuteStatementReq) -> ttypes.TExecuteStatementResp:
        """Execute a statement and answer with its rows."""
        return ttypes.TExecuteStatementResp(**self._operation(req, req.statement))

    def GetSchemas(self, req: ttypes.TGetSchemasReq) -> ttypes.TGetSchemasResp:
        """List the catalog's schemas."""
        sql = "select schema_name as TABLE_SCHEM, catalog_name as TABLE_CATALOG"
        return ttypes.TGetSchemasResp(
            **self._listing(req, sql, "schemata", schema_name=req.schemaName)
        )

    def GetTables(self, req: ttypes.TGetTablesReq) -> ttypes.TGetTablesResp:
        """List tables."""
        sql = (
            "select table_catalog as TABLE_CAT, table_schema as TABLE_SCHEM,"
            " table_name as TABLE_NAME, if(table_type = 'VIEW', 'VIEW', 'TABLE') as TABLE_TYPE"
        )
        return ttypes.TGetTablesResp(
            **self._listing(
                req, sql, "tables", table_schema=req.schemaName, table_name=req.tableName
            )
        )

    def GetColumns(self, req: ttypes.TGetColumnsReq) -> ttypes.TGetColumnsResp:
        """List columns."""
        sql = (
            "select table_catalog as TABLE_CAT, table_schema as TABLE_SCHEM,"
            " table_name as TABLE_NAME, column_name as COLUMN_NAME, full_data_type as TYPE_NAME"
        )
        return ttypes.TGetColumnsResp(
            **self._listing(
                req, sql, "columns", table_schema=req.schemaName, table_name=req.tableName
            )
        )

    def _listing(self, req: Any, sql: str, view: str, **filters: str | None) -> dict[str, Any]:
        catalog = req.catalogName or self.catalog
        conditions = [
            f"{column} like '{pattern}'" for column, pattern in filters.items() if pattern
        ]
        where = f" where {' and '.join(conditions)}" if conditions else ""
        return self._operation(req, f"{sql} from `{catalog}`.information_schema.{view}{where}")

    def _operation(self, req: Any, sql: str) -> dict[str, Any]:
        """Fields of an answer: the rows, or why there are none."""
        session = self._sessions.get(req.sessionHandle.sessionId.guid)
        if session is None:
            status = ttypes.TStatus(
                ttypes.TStatusCode.INVALID_HANDLE_STATUS, errorMessage="Invalid SessionHandle"
            )
            return {"status": status}
        try:
            results = direct_results(self.execute(session, sql))
        except (PySparkException, Py4JJavaError, UnityError, UnknownCatalogError) as error:
            state = ttypes.TGetOperationStatusResp(
                OK,
                operationState=ttypes.TOperationState.ERROR_STATE,
                displayMessage=_message(error),
            )
            results = ttypes.TSparkDirectResults(operationStatus=state)
        handle = ttypes.TOperationHandle(
            _identifier(), ttypes.TOperationType.EXECUTE_STATEMENT, hasResultSet=True
        )
        return {"status": OK, "operationHandle": handle, "directResults": results}

    def CloseOperation(self, req: ttypes.TCloseOperationReq) -> ttypes.TCloseOperationResp:
        """Nothing to close: results went out with the answer."""
        return ttypes.TCloseOperationResp(OK)

    def CancelOperation(self, req: ttypes.TCancelOperationReq) -> ttypes.TCancelOperationResp:
        """Nothing to cancel: a statement is done when its answer goes out."""
        return ttypes.TCancelOperationResp(OK)


class _Handler(BaseHTTPRequestHandler):
    """Thrift calls as the bodies of HTTP requests."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    token: str
    thrift: TCLIService.Processor

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Authorization"] != f"Bearer {self.token}" or self.path != HTTP_PATH:
            self.send_error(403)
            return
        answer = TMemoryBuffer()
        try:
            self.thrift.process(TBinaryProtocol(TMemoryBuffer(body)), TBinaryProtocol(answer))
        except Exception:
            traceback.print_exc()
            self.send_error(500)
            return
        self.send_response(200)
        self.send_header("Content-Type", "application/x-thrift")
        self.send_header("Content-Length", str(len(answer.getvalue())))
        self.end_headers()
        self.wfile.write(answer.getvalue())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


def _rows(frame: DataFrame) -> pa.Table:
    # Not toArrow: its cast fails on the nested types of what OPTIMIZE answers.
    return pa.Table.from_batches(frame._collect_as_arrow(empty_list_if_zero_records=False))


def _failure(error: Exception) -> ttypes.TStatus:
    return ttypes.TStatus(ttypes.TStatusCode.ERROR_STATUS, errorMessage=_message(error))


def _message(error: Exception) -> str:
    if isinstance(error, Py4JJavaError):
        return str(error.java_exception.toString())
    text = str(error) or getattr(error, "desc", "") or type(error).__name__
    # To Spark another catalog is a schema that cannot be.
    found = re.search(r"\[REQUIRES_SINGLE_PART_NAMESPACE\].* but got `([^`]*)`", text)
    return str(UnknownCatalogError(found[1])) if found else text


def _identifier() -> ttypes.THandleIdentifier:
    return ttypes.THandleIdentifier(guid=uuid.uuid4().bytes, secret=uuid.uuid4().bytes)
