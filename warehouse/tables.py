"""Tables that Python writes, defined in `tables.yml`: DDL, comments and rows from one place."""

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
from pydantic import BaseModel, ConfigDict

from warehouse.yaml_files import read_yaml

TABLES_FILE = Path(__file__).parent / "tables.yml"


class TableDefinition(BaseModel):
    """One table: its description, its key if it has one, and for each column its SQL type and description."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    description: str
    key: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, str]]


@cache
def load_table_definitions() -> Mapping[str, TableDefinition]:
    """Read all definitions: `schema.table` → definition."""
    definitions = read_yaml(TABLES_FILE)
    return {name: TableDefinition.model_validate(definition) for name, definition in definitions.items()}


def create_tables(connection: duckdb.DuckDBPyConnection, only: Collection[str] | None = None) -> None:
    """Create the tables that are missing, or some of them only, with a comment on each table and column."""
    for name, definition in load_table_definitions().items():
        if only is not None and name not in only:
            continue
        schema, _, _ = name.partition(".")
        columns = ", ".join(f'"{column}" {sql_type}' for column, (sql_type, _) in definition.columns.items())
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(f"create table if not exists {name} ({columns})")
        connection.execute(f"comment on table {name} is {quote_literal(definition.description)}")
        for column, (_, description) in definition.columns.items():
            connection.execute(f'comment on column {name}."{column}" is {quote_literal(description)}')


def insert_rows(connection: duckdb.DuckDBPyConnection, name: str, rows: Iterable[Mapping[str, Any]]) -> int:
    """Append rows to one of the defined tables; a column that a row lacks becomes NULL.

    Returns:
        Number of rows written.
    """
    columns = list(load_table_definitions()[name].columns)
    values = [[row.get(column) for column in columns] for row in rows]
    if values:
        marks = ", ".join("?" * len(columns))
        connection.executemany(f"insert into {name} values ({marks})", values)
    return len(values)


def quote_literal(text: str) -> str:
    """Quote a text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"
