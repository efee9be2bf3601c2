"""Column schemas for Dagster's catalogue, from the same definitions that make the tables."""

from collections.abc import Mapping
from typing import Any

import dagster as dg

from warehouse.contract import Contract
from warehouse.tables import load_table_definitions


def raw_table_schema(contract: Contract) -> Mapping[str, Any]:
    """Return the column schema of a contract's raw table as asset metadata."""
    descriptions = {column.name: column.description for column in contract.columns}
    columns = [
        dg.TableColumn(field.name, str(field.type), description=descriptions.get(field.name))
        for field in contract.schema
    ]
    return {"dagster/column_schema": dg.TableSchema(columns), "dagster/table_name": f"raw.{contract.raw_table}"}


def defined_table_schema(name: str) -> Mapping[str, Any]:
    """Return the column schema of a table of `warehouse/tables.yml` as asset metadata."""
    columns = [
        dg.TableColumn(column, sql_type, description=description)
        for column, (sql_type, description) in load_table_definitions()[name].columns.items()
    ]
    return {"dagster/column_schema": dg.TableSchema(columns), "dagster/table_name": name}
