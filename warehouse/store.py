"""DuckDB files: the build file that one run writes, and read-only access to the published one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.contract import Contract
from warehouse.landing import Strategy
from warehouse.readers import ReadResult
from warehouse.tables import create_tables, insert_rows

# Extensions would be downloaded at run time: everything needed is built in.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}


@contextmanager
def open_build(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build file for writing. Leave the block soon: a writer locks every other process out."""
    with duckdb.connect(str(path), config=_CONFIG) as connection:
        yield connection


def start_build(path: Path, run: Mapping[str, Any]) -> None:
    """Begin an empty build file, removing what an earlier run left there, and record the run in `audit.run`."""
    for leftover in (path, path.with_name(path.name + ".wal")):
        leftover.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    with open_build(path) as connection:
        connection.execute("create schema raw")
        create_tables(connection)
        insert_rows(connection, "audit.run", [{"started_at": datetime.now(UTC).replace(tzinfo=None), **run}])


@contextmanager
def open_read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file read-only, without access to other files or the network."""
    with duckdb.connect(str(path), read_only=True, config=_CONFIG) as connection:
        connection.execute("set enable_external_access = false")
        yield connection


def write_raw_table(connection: duckdb.DuckDBPyConnection, contract: Contract, results: Sequence[ReadResult]) -> int:
    """Write one raw table anew from the accepted rows of all strategies' files.

    Returns:
        Number of rows written.
    """
    rows = pa.concat_tables([contract.schema.empty_table(), *(result.accepted for result in results)])
    connection.register("accepted_rows", rows)
    connection.execute(f'create or replace table raw."{contract.raw_table}" as select * from accepted_rows')
    connection.unregister("accepted_rows")
    return int(rows.num_rows)


def record_files(connection: duckdb.DuckDBPyConnection, contract: Contract, results: Sequence[ReadResult]) -> None:
    """Record what was read, accepted and quarantined of a contract's files, replacing what stood there of them."""
    for result in results:
        file = result.file
        for table in ("audit.source_file", "audit.quarantine"):
            connection.execute(f"delete from {table} where source_file = ?", [file.name])
        insert_rows(
            connection,
            "audit.source_file",
            [
                {
                    "strategy_code": file.strategy_code,
                    "source_name": contract.source,
                    "table_name": contract.table,
                    "source_file": file.name,
                    "sha256": result.sha256,
                    "vintage": file.vintage,
                    "rows_read": result.rows_read,
                    "rows_accepted": result.accepted.num_rows,
                    "rows_quarantined": result.rows_quarantined,
                }
            ],
        )
        insert_rows(
            connection,
            "audit.quarantine",
            [
                {
                    "strategy_code": file.strategy_code,
                    "source_file": file.name,
                    "row_number": rejection.row_number,
                    "column_name": rejection.column_name or None,
                    "value": rejection.value or None,
                    "rule": rejection.rule,
                    "message_lv": rejection.message("lv"),
                    "message_en": rejection.message("en"),
                    "row_json": rejection.row_json or None,
                }
                for rejection in result.rejections
            ],
        )


def write_source_documents(connection: duckdb.DuckDBPyConnection, strategies: Sequence[Strategy]) -> int:
    """Write `meta.source_document` anew.

    Returns:
        Number of rows written.
    """
    connection.execute("delete from meta.source_document")
    rows = [{"strategy_code": strategy.code} | strategy.document.model_dump() for strategy in strategies]
    return insert_rows(connection, "meta.source_document", rows)
