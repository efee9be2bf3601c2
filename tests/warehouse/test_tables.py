"""Tables that Python writes: one definition for DDL, comments and rows."""

import duckdb
import pytest

from warehouse.publish import PLAIN_TYPES, PUBLISHED_SCHEMAS
from warehouse.tables import create_tables, insert_rows, load_table_definitions, quote_literal

RUN = {
    "run_id": "synthetic-run",
    "started_at": "2026-01-31 02:00:00",
    "input_fingerprint": "synthetic",
    "meraukla_version": "0",
    "duckdb_version": "0",
}


@pytest.fixture
def connection() -> duckdb.DuckDBPyConnection:
    connection = duckdb.connect()
    create_tables(connection)
    return connection


def test_every_table_and_column_carries_its_comment(connection: duckdb.DuckDBPyConnection) -> None:
    tables = connection.execute("select schema_name || '.' || table_name, comment from duckdb_tables()").fetchall()
    columns = connection.execute(
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() where not internal"
    ).fetchall()
    definitions = load_table_definitions()
    assert dict(tables) == {name: definition.description for name, definition in definitions.items()}
    assert {(table, column): comment for table, column, comment in columns} == {
        (name, column): description
        for name, definition in definitions.items()
        for column, (_, description) in definition.columns.items()
    }


def test_every_column_is_of_a_type_that_may_be_published(connection: duckdb.DuckDBPyConnection) -> None:
    types = connection.execute(
        "select distinct data_type from duckdb_columns() where schema_name in ?", [list(PUBLISHED_SCHEMAS)]
    ).fetchall()
    assert {data_type for (data_type,) in types} <= PLAIN_TYPES


def test_tables_that_stand_already_keep_their_rows(connection: duckdb.DuckDBPyConnection) -> None:
    insert_rows(connection, "audit.run", [RUN])
    create_tables(connection)
    assert connection.execute("select run_id from audit.run").fetchall() == [("synthetic-run",)]


def test_a_column_that_a_row_lacks_becomes_null(connection: duckdb.DuckDBPyConnection) -> None:
    assert insert_rows(connection, "audit.run", [RUN, RUN]) == 2
    assert connection.execute("select distinct published_at from audit.run").fetchall() == [(None,)]


def test_a_row_that_lacks_what_it_needs_is_refused(connection: duckdb.DuckDBPyConnection) -> None:
    with pytest.raises(duckdb.ConstraintException, match="run_id"):
        insert_rows(connection, "audit.run", [RUN | {"run_id": None}])


def test_no_rows_are_no_error(connection: duckdb.DuckDBPyConnection) -> None:
    assert insert_rows(connection, "audit.run", []) == 0
    assert connection.execute("select count(*) from audit.run").fetchall() == [(0,)]


@pytest.mark.parametrize("text", ["it's", "''", "a\nb", "bļoda", ""])
def test_a_quoted_text_is_itself_in_sql(text: str) -> None:
    assert duckdb.sql(f"select {quote_literal(text)}").fetchall() == [(text,)]
