"""Rows as the protocol carries them: a schema of Thrift and batches of Arrow."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
from databricks.sql.thrift_api.TCLIService import ttypes

OK = ttypes.TStatus(ttypes.TStatusCode.SUCCESS_STATUS)


def direct_results(rows: pa.Table) -> ttypes.TSparkDirectResults:
    """The whole answer to a statement, after which the server has closed it."""
    columns = [
        ttypes.TColumnDesc(field.name, ttypes.TTypeDesc([_type(field.type)]), position)
        for position, field in enumerate(rows.schema, 1)
    ]
    metadata = ttypes.TGetResultSetMetadataResp(
        OK,
        schema=ttypes.TTableSchema(columns),
        resultFormat=ttypes.TSparkRowSetType.ARROW_BASED_SET,
        lz4Compressed=False,
        arrowSchema=rows.schema.serialize().to_pybytes(),
    )
    batches = [
        ttypes.TSparkArrowBatch(batch.serialize().to_pybytes(), batch.num_rows)
        for batch in rows.to_batches()
    ]
    result = ttypes.TFetchResultsResp(
        OK,
        hasMoreRows=False,
        results=ttypes.TRowSet(startRowOffset=0, rows=[], arrowBatches=batches),
    )
    state = ttypes.TGetOperationStatusResp(OK, operationState=ttypes.TOperationState.FINISHED_STATE)
    return ttypes.TSparkDirectResults(state, metadata, result, ttypes.TCloseOperationResp(OK))


def _type(kind: pa.DataType) -> ttypes.TTypeEntry:
    ids = ttypes.TTypeId
    if pa.types.is_decimal(kind):
        numbers = {
            "precision": ttypes.TTypeQualifierValue(i32Value=kind.precision),
            "scale": ttypes.TTypeQualifierValue(i32Value=kind.scale),
        }
        entry = ttypes.TPrimitiveTypeEntry(ids.DECIMAL_TYPE, ttypes.TTypeQualifiers(numbers))
        return ttypes.TTypeEntry(primitiveEntry=entry)
    known: Iterable[tuple[Any, int]] = (
        (pa.types.is_boolean, ids.BOOLEAN_TYPE),
        (pa.types.is_int8, ids.TINYINT_TYPE),
        (pa.types.is_int16, ids.SMALLINT_TYPE),
        (pa.types.is_int32, ids.INT_TYPE),
        (pa.types.is_int64, ids.BIGINT_TYPE),
        (pa.types.is_float32, ids.FLOAT_TYPE),
        (pa.types.is_float64, ids.DOUBLE_TYPE),
        (pa.types.is_string, ids.STRING_TYPE),
        (pa.types.is_binary, ids.BINARY_TYPE),
        (pa.types.is_date, ids.DATE_TYPE),
        (pa.types.is_timestamp, ids.TIMESTAMP_TYPE),
        (pa.types.is_map, ids.MAP_TYPE),
        (pa.types.is_list, ids.ARRAY_TYPE),
        (pa.types.is_struct, ids.STRUCT_TYPE),
        (pa.types.is_null, ids.NULL_TYPE),
    )
    found = next(type_id for matches, type_id in known if matches(kind))
    return ttypes.TTypeEntry(primitiveEntry=ttypes.TPrimitiveTypeEntry(found))
