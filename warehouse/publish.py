"""Publication: audited build file → a snapshot that older DuckDB clients read, switched in by one atomic rename.

A snapshot holds the DuckDB file, a Parquet copy of each table, a manifest of all of it, and what changed since the
snapshot before. Memory stays bounded: rows stream from the build file into the new one.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb

from warehouse.clock import utc_now
from warehouse.difference import STAMPS, Difference, compare_attached
from warehouse.files import file_sha256, write_json
from warehouse.snapshot import CHANGES, MANIFEST, SnapshotDraft, SnapshotStore, listed_files
from warehouse.store import open_detached, open_read_only
from warehouse.tables import create_tables, insert_rows, load_table_definitions, quote_literal

PUBLISHED_SCHEMAS = ("core", "marts", "audit", "meta")
STORAGE_VERSION = "v1.2.0"
# What DuckDB 1.2 and the BI drivers built on it know. Newer types make the whole file unreadable there.
PLAIN_TYPES = frozenset({"VARCHAR", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"})
PARQUET = "parquet"
# Columns that Parquet copies are partitioned by → the name in the path. The columns stay in the files under their own
# names, so that a file is whole by itself and no reader has to guess a type from a path.
_PARTITIONS = {"strategy_code": "strategy", "advantage_no": "advantage", "period_key": "period"}
_PERIOD = "period_key"
# A table takes a block at least: with DuckDB's 256 KB a small warehouse is seven times as large. All clients back to
# 1.2 read both. Large tables are read faster in large blocks.
_SMALL_BLOCK, _LARGE_BLOCK = 16_384, 262_144
_SMALL_BUILD_BYTES = 256 * 1024 * 1024
_READ_ONLY = 0o444
_SOFTWARE = ("meraukla", "duckdb", "dagster", "dbt-core", "dbt-duckdb", "great-expectations", "pyarrow")

_Session = Callable[[], AbstractContextManager[duckdb.DuckDBPyConnection]]
Producer = Callable[[SnapshotDraft], None]
"""Adds something to a snapshot before it is switched in, a report for example: its folder becomes part of it."""


class PublicationError(Exception):
    """The build file cannot be published; the snapshot published before stays in place."""


@dataclass(frozen=True, slots=True)
class Publication:
    """What was published.

    Attributes:
        snapshot_id: name of the snapshot.
        path: its folder.
        tables: rows by table (`schema.table`).
        difference: what changed since the snapshot before; None if there was none that could be read.
    """

    snapshot_id: str
    path: Path
    tables: Mapping[str, int]
    difference: Difference | None


@dataclass(frozen=True, slots=True)
class _Stamp:
    row_count: int
    content_hash: str


def publish(
    build_file: Path,
    published_file: Path,
    *,
    keys: Mapping[str, Sequence[str]] | None = None,
    producers: Sequence[Producer] = (),
    memory_limit: str | None = None,
) -> Publication:
    """Make a snapshot of a build file and switch it in.

    The snapshot is written in a folder of its own, flushed to disk, opened for proof, and switched in by the rename
    of one link: readers have either the old snapshot or the new one, with all that belongs to it.

    Args:
        build_file: an audited build file. It stays as it is.
        published_file: what users open: a link into the current snapshot.
        keys: columns that tell the rows of a table apart, by table (`schema.table`).
        producers: what else belongs to the snapshot, made in this order before the switch. One that fails stops
            the publication.
        memory_limit: what DuckDB may take of the memory, e.g. `1GB`.

    Returns:
        What was published.

    Raises:
        PublicationError: a column's type is not one that older clients read, the copy is not equal to the build, or
            a view cannot be read from it.
        OSError: the folder cannot be written to, or the disk is full.
    """
    store = SnapshotStore(published_file.parent)
    # Without a folder of its own it would spill into the one the process runs in. What is left there by a run that is
    # killed is removed by the next one.
    session = partial(open_detached, memory_limit, build_file.with_name(f"{build_file.name}.publishing.tmp"))
    # One moment for all that tells when: a publication may begin before midnight and end after it.
    published_at = utc_now()
    with store.draft(_run_id(build_file), published_file.name, published_at) as draft:
        # Each session is closed before the next is opened: what DuckDB keeps in memory is limited a session.
        with session() as connection:
            stamps = _copy(connection, build_file, draft, published_at, keys or {})
        with session() as connection, ThreadPoolExecutor(1) as pool:
            connection.execute(f"attach {quote_literal(str(draft.database))} as published (read_only)")
            # DuckDB writes them beside the proof, which only reads the file too.
            copies = pool.submit(_write_parquet, connection.cursor(), draft)
            _prove(connection.cursor(), stamps)
            partitions = copies.result()
        difference = _compare(published_file, draft.database, session)
        changes = difference.as_json() if difference else {}
        write_json(
            draft.path / CHANGES,
            {"snapshot_id": draft.snapshot_id, "before": store.current_id, **changes},
        )
        for producer in producers:
            producer(draft)
        _write_manifest(draft, store, published_at, stamps, partitions)
        for path in draft.path.rglob("*"):
            if path.is_file() and not path.name.startswith("."):
                # Nothing ever writes to it again: who opens it for writing is told so instead of locking it.
                path.chmod(_READ_ONLY)
        store.switch_in(draft)
    rows = {table: stamp.row_count for table, stamp in stamps.items()}
    return Publication(draft.snapshot_id, draft.path, rows, difference)


# --- The DuckDB file ---


def _run_id(build_file: Path) -> str:
    with open_read_only(build_file) as connection:
        ((run_id,),) = connection.execute("select run_id from audit.run").fetchall()
    return str(run_id)


def _copy(
    connection: duckdb.DuckDBPyConnection,
    build_file: Path,
    draft: SnapshotDraft,
    published_at: datetime,
    keys: Mapping[str, Sequence[str]],
) -> dict[str, _Stamp]:
    connection.execute(f"attach {quote_literal(str(build_file))} as build (read_only)")
    # Schemas that stay inside are left out of an empty copy first, so nothing of them ever gets into the file.
    connection.execute("attach ':memory:' as selection")
    connection.execute("copy from database build to selection (schema)")
    _drop_inner_schemas(connection)
    _refuse_new_types(connection)
    block = _SMALL_BLOCK if build_file.stat().st_size < _SMALL_BUILD_BYTES else _LARGE_BLOCK
    connection.execute(
        f"attach {quote_literal(str(draft.database))} as published "
        f"(storage_version {quote_literal(STORAGE_VERSION)}, block_size {block})"
    )
    connection.execute("copy from database selection to published (schema)")
    connection.execute("detach selection")
    columns = _columns(connection, "published")
    connection.execute("begin")
    for table in columns:
        connection.execute(f"insert into published.{_quoted(table)} from build.{_quoted(table)}")
    connection.execute(
        "update published.audit.run set published_at = ?, snapshot_id = ?",
        [published_at.replace(tzinfo=None), draft.snapshot_id],
    )
    # What is right is known of the build file; only the row of the run is another one now.
    stamps = {
        table: _stamp(connection, "published" if table == "audit.run" else "build", table, columns[table])
        for table in sorted(columns)
        if table != STAMPS
    }
    _write_stamps(connection, draft.snapshot_id, stamps, keys)
    connection.execute("commit")
    connection.execute("detach published")
    return stamps


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


def _columns(connection: duckdb.DuckDBPyConnection, database: str) -> dict[str, list[str]]:
    rows = connection.execute(
        """
        select tables.schema_name || '.' || tables.table_name, columns.column_name
        from duckdb_tables() as tables
        inner join duckdb_columns() as columns using (database_name, schema_name, table_name)
        where tables.database_name = ?
        order by tables.table_oid, columns.column_index
        """,
        [database],
    ).fetchall()
    tables: dict[str, list[str]] = {}
    for table, column in rows:
        tables.setdefault(table, []).append(column)
    return tables


def _stamp(connection: duckdb.DuckDBPyConnection, database: str, table: str, columns: Sequence[str]) -> _Stamp:
    ((count, content_hash),) = connection.execute(stamp_sql(f'"{database}".{_quoted(table)}', columns)).fetchall()
    return _Stamp(count, content_hash)


def stamp_sql(relation: str, columns: Sequence[str]) -> str:
    """Return the query that gives a table's number of rows and content hash, in any DuckDB since 1.2.

    Args:
        relation: the table, quoted as it must be.
        columns: its columns in their order.
    """
    cells = ", ".join(f'coalesce("{column}"::varchar, chr(30))' for column in columns)
    row_hash = f"md5_number_lower(concat_ws(chr(31), {cells}))"
    return f"select count(*), coalesce(sum({row_hash}::hugeint), 0)::varchar from {relation}"


def _write_stamps(
    connection: duckdb.DuckDBPyConnection,
    snapshot_id: str,
    stamps: Mapping[str, _Stamp],
    keys: Mapping[str, Sequence[str]],
) -> None:
    known = {name: definition.key for name, definition in load_table_definitions().items()} | dict(keys)
    connection.execute("use published")
    create_tables(connection, only=(STAMPS,))
    connection.execute(f"delete from {STAMPS}")
    insert_rows(
        connection,
        STAMPS,
        [
            {
                "snapshot_id": snapshot_id,
                "table_name": table,
                "row_count": stamp.row_count,
                "content_hash": stamp.content_hash,
                "key_columns": ", ".join(known.get(table, ())) or None,
            }
            for table, stamp in stamps.items()
        ],
    )
    connection.execute("use memory")


def _prove(connection: duckdb.DuckDBPyConnection, stamps: Mapping[str, _Stamp]) -> None:
    """Prove the finished file, attached as `published`."""
    # Views name tables without a database: they must find them in this file.
    connection.execute("use published")
    columns = _columns(connection, "published")
    found = {
        table: _stamp(connection, "published", table, columns[table]) for table in sorted(columns) if table != STAMPS
    }
    if found != stamps:
        raise PublicationError("the written copy does not hold the rows of the build file: nothing was published")
    views = connection.execute(
        "select schema_name, view_name from duckdb_views() where database_name = 'published' and not internal"
    ).fetchall()
    for schema, view in views:
        try:
            connection.execute(f'select * from "{schema}"."{view}" limit 0')
        except duckdb.OutOfMemoryException:
            raise
        except duckdb.Error as error:
            raise PublicationError(
                f"the view {schema}.{view} cannot be read from the published file, which holds only the schemas "
                f"{', '.join(PUBLISHED_SCHEMAS)}: nothing was published. {error}"
            ) from error


# --- Parquet ---


def _write_parquet(connection: duckdb.DuckDBPyConnection, draft: SnapshotDraft) -> dict[str, list[str]]:
    """Write each table of the file attached as `published`: `parquet/<schema>/<table>.parquet`, or a folder so named.

    A table with periods is partitioned by those of strategy, advantage and period that it has.

    Returns:
        The partitions of each table; of one that is a single file, none.
    """
    partitions: dict[str, list[str]] = {}
    for table, columns in _columns(connection, "published").items():
        schema, _, name = table.partition(".")
        folder = draft.path / PARQUET / schema
        folder.mkdir(parents=True, exist_ok=True)
        by = [column for column in _PARTITIONS if column in columns] if _PERIOD in columns else []
        partitions[table] = [_PARTITIONS[column] for column in by]
        options = [
            "format parquet",
            "compression zstd",
            f"kv_metadata {{snapshot_id: {quote_literal(draft.snapshot_id)}}}",
        ]
        relation = f"published.{_quoted(table)}"
        if by:
            names = ", ".join(f'"{column}" as "{_PARTITIONS[column]}"' for column in by)
            query = f"select *, {names} from {relation}"
            target = folder / name
            options.append(f"partition_by ({', '.join(_PARTITIONS[column] for column in by)})")
        else:
            query, target = f"from {relation}", folder / f"{name}.parquet"
        connection.execute(f"copy ({query}) to {quote_literal(str(target))} ({', '.join(options)})")
    return partitions


# --- What is said of it ---


def _compare(published_file: Path, database: Path, session: _Session) -> Difference | None:
    if not published_file.is_file():
        return None
    try:
        with session() as connection:
            return compare_attached(connection, published_file, database)
    except duckdb.OutOfMemoryException:
        raise
    except duckdb.Error:
        # What was published is damaged: that must not keep a good file from replacing it.
        return None


def _write_manifest(
    draft: SnapshotDraft,
    store: SnapshotStore,
    published_at: datetime,
    stamps: Mapping[str, _Stamp],
    partitions: Mapping[str, Sequence[str]],
) -> None:
    with open_read_only(draft.database) as connection:
        run = _records(connection, "from audit.run")[0]
        sources = _records(
            connection, "select source_file, sha256, vintage, rows_read, rows_accepted, rows_quarantined "
            "from audit.source_file order by source_file"
        )  # fmt: skip
        columns = _records(
            connection,
            "select schema_name || '.' || table_name as relation, column_name as name, data_type as type, "
            "comment as description from duckdb_columns() where not internal order by 1, column_index",
        )
        comments = dict(
            connection.execute(
                "select schema_name || '.' || table_name, comment from duckdb_tables() union all "
                "select schema_name || '.' || view_name, comment from duckdb_views() where not internal"
            ).fetchall()
        )
    described: dict[str, list[dict[str, Any]]] = {}
    for column in columns:
        described.setdefault(column.pop("relation"), []).append(column)
    tables = {
        relation: {
            "description": comment,
            "row_count": stamps[relation].row_count if relation in stamps else None,
            "content_hash": stamps[relation].content_hash if relation in stamps else None,
            "parquet_partitions": partitions.get(relation),
            "columns": described.get(relation, []),
        }
        for relation, comment in sorted(comments.items())
    }
    files = listed_files(draft.path)
    write_json(
        draft.path / MANIFEST,
        {
            "snapshot_id": draft.snapshot_id,
            "number": _next_number(store),
            "published_at": published_at.isoformat(),
            "run": run,
            "storage_version": STORAGE_VERSION,
            "software": {"python": sys.version.split()[0], **{name: version(name) for name in _SOFTWARE}},
            "sources": sources,
            "relations": tables,
            "files": {
                path.relative_to(draft.path).as_posix(): {"bytes": path.stat().st_size, "sha256": file_sha256(path)}
                for path in files
            },
        },
    )


def _next_number(store: SnapshotStore) -> int:
    return max((one.number for one in store.snapshots()), default=0) + 1


def _records(connection: duckdb.DuckDBPyConnection, query: str) -> list[dict[str, Any]]:
    cursor = connection.execute(query)
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _quoted(table: str) -> str:
    schema, _, name = table.partition(".")
    return f'"{schema}"."{name}"'
