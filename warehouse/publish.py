"""Publication: audited build file → one file that older DuckDB clients read, switched in by one atomic rename."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from warehouse.store import open_read_only
from warehouse.tables import quote_literal

PUBLISHED_SCHEMAS = ("core", "marts", "audit", "meta")
STORAGE_VERSION = "v1.2.0"
# What DuckDB 1.2 and the BI drivers built on it know. Newer types make the whole file unreadable there.
PLAIN_TYPES = frozenset({"VARCHAR", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"})
_WORKSPACE_PREFIX = ".publishing-"


class PublicationError(Exception):
    """The build file cannot be published; the file published before stays in place."""


def publish(build_file: Path, published_file: Path) -> dict[str, int]:
    """Copy the published schemas of a build file into a new file and switch it in.

    The new file is written beside the published one, flushed to disk, opened once for proof, and renamed over it:
    readers hold either the old file or the new one.

    Args:
        build_file: an audited build file.
        published_file: what users open.

    Returns:
        Rows by table (`schema.table`) of what was published.

    Raises:
        PublicationError: a column's type is not one that older clients read, the copy is not equal to the build, or
            a view cannot be read from it.
    """
    published_file.parent.mkdir(parents=True, exist_ok=True)
    with _workspace(published_file.parent) as folder:
        candidate = folder / published_file.name
        expected = _copy(build_file, candidate)
        _prove(candidate, expected)
        _flush(candidate)
        # Left by a user who wrote to the published file; DuckDB would replay it on the new one.
        published_file.with_name(published_file.name + ".wal").unlink(missing_ok=True)
        candidate.replace(published_file)
        _flush(published_file.parent)
    return expected


@contextmanager
def _workspace(parent: Path) -> Iterator[Path]:
    for killed_run in parent.glob(f"{_WORKSPACE_PREFIX}*"):
        shutil.rmtree(killed_run, ignore_errors=True)
    folder = Path(mkdtemp(prefix=_WORKSPACE_PREFIX, dir=parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _copy(build_file: Path, candidate: Path) -> dict[str, int]:
    # The copy passes through memory: schemas that stay inside are dropped there, so the candidate is compact.
    with duckdb.connect(":memory:", config={"autoinstall_known_extensions": False}) as connection:
        connection.execute(f"attach {quote_literal(str(build_file))} as build (read_only)")
        connection.execute("attach ':memory:' as selection")
        connection.execute("copy from database build to selection")
        _drop_inner_schemas(connection)
        _refuse_new_types(connection)
        connection.execute("update selection.audit.run set published_at = now() at time zone 'UTC'")
        connection.execute(
            f"attach {quote_literal(str(candidate))} as published (storage_version {quote_literal(STORAGE_VERSION)})"
        )
        connection.execute("copy from database selection to published")
        connection.execute("detach published")
        return _row_counts(connection, "selection")


def _drop_inner_schemas(connection: duckdb.DuckDBPyConnection) -> None:
    schemas = connection.execute(
        "select schema_name from duckdb_schemas() where database_name = 'selection' and not internal"
    ).fetchall()
    for (schema,) in schemas:
        if schema not in (*PUBLISHED_SCHEMAS, "main"):
            connection.execute(f'drop schema selection."{schema}" cascade')


def _refuse_new_types(connection: duckdb.DuckDBPyConnection) -> None:
    columns = connection.execute(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where database_name = 'selection' and not internal"
    ).fetchall()
    for schema, table, column, data_type in columns:
        if data_type not in PLAIN_TYPES:
            raise PublicationError(
                f"{schema}.{table}.{column} has the type {data_type}, which older clients cannot read. "
                f"Cast it in its model to one of {', '.join(sorted(PLAIN_TYPES))}."
            )


def _prove(candidate: Path, expected: dict[str, int]) -> None:
    with open_read_only(candidate) as connection:
        ((database,),) = connection.execute("select current_database()").fetchall()
        if _row_counts(connection, database) != expected:
            raise PublicationError("the written copy does not hold the rows of the build file: nothing was published")
        views = connection.execute("select schema_name, view_name from duckdb_views() where not internal").fetchall()
        for schema, view in views:
            try:
                connection.execute(f'select * from "{schema}"."{view}" limit 0')
            except duckdb.Error as error:
                raise PublicationError(
                    f"the view {schema}.{view} cannot be read from the published file, which holds only the schemas "
                    f"{', '.join(PUBLISHED_SCHEMAS)}: nothing was published. {error}"
                ) from error


def _row_counts(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, int]:
    tables = connection.execute(
        "select schema_name, table_name from duckdb_tables() where database_name = ? order by all", [database]
    ).fetchall()
    return {
        f"{schema}.{table}": connection.execute(f'select count(*) from "{database}"."{schema}"."{table}"').fetchall()[
            0
        ][0]
        for schema, table in tables
    }


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
