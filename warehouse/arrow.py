"""Arrow arrays and tables from Python's values, past pandas.

Of a list, and to make an empty table, pyarrow asks pandas first, and imports it for that: half a second of each run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa


def to_array(values: Sequence[object], arrow_type: pa.DataType) -> pa.Array:
    """Return values, None among them, as an array.

    Raises:
        pa.ArrowInvalid, pa.ArrowTypeError: a value is not of that type.
    """
    return pa.array(np.array(values, dtype=object), arrow_type)


def empty_table(schema: pa.Schema) -> pa.Table:
    """Return a table without rows."""
    return pa.Table.from_arrays([pa.nulls(0, field.type) for field in schema], schema=schema)


def to_table(rows: Sequence[Mapping[str, Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table; what a row does not have is NULL."""
    columns = [to_array([row.get(field.name) for row in rows], field.type) for field in schema]
    return pa.Table.from_arrays(columns, schema=schema)
