"""DuckDB files: the build file that one run writes, and read-only access to the published one."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.arrow import empty_table
from warehouse.clock import utc_now_plain
from warehouse.contract import Contract
from warehouse.detection import Detection
from warehouse.landing import RefusedFile, Strategy
from warehouse.loading import LoadedFile, PublishedFile
from warehouse.quarantine import quarantine_rows
from warehouse.tables import create_tables, insert_rows

# Extensions would be downloaded at run time: everything needed is built in.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

_SHOWN_DELIMITERS = {"\t": "tab"}


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
        insert_rows(connection, "audit.run", [{"started_at": utc_now_plain(), **run}])


@contextmanager
def open_detached(memory_limit: str | None = None, spill: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a session without a file of its own, to which files can be attached.

    Args:
        memory_limit: what DuckDB may take, e.g. `2GB`; four fifths of the machine's memory if None.
        spill: folder for what it has no room for in memory; one in the folder the process runs in if None.
    """
    limit = {"memory_limit": memory_limit} if memory_limit else {}
    if spill:
        limit["temp_directory"] = str(spill)
    with duckdb.connect(":memory:", config={**_CONFIG, **limit}) as connection:
        yield connection


@contextmanager
def open_read_only(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a DuckDB file read-only, without access to other files or the network."""
    with duckdb.connect(str(path), read_only=True, config=_CONFIG) as connection:
        connection.execute("set enable_external_access = false")
        yield connection


def write_raw_table(connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[LoadedFile]) -> int:
    """Write one raw table anew from the accepted rows of all strategies' files, all vintages of them.

    Returns:
        Number of rows written.
    """
    rows = pa.concat_tables([empty_table(contract.schema), *map(_dated_rows, files)])
    connection.register("accepted_rows", rows)
    connection.execute(f'create or replace table raw."{contract.raw_table}" as select * from accepted_rows')
    connection.unregister("accepted_rows")
    return int(rows.num_rows)


def _dated_rows(loaded: LoadedFile) -> pa.Table:
    """Return the accepted rows of a file with the day on which it was replaced."""
    rows = loaded.result.accepted
    position = rows.schema.get_field_index("_superseded_on")
    day = pa.scalar(loaded.superseded_on, pa.date32())
    return rows.set_column(position, rows.schema.field(position), pa.repeat(day, rows.num_rows))


def record_files(connection: duckdb.DuckDBPyConnection, contract: Contract, files: Sequence[LoadedFile]) -> None:
    """Record what was read, accepted and quarantined of a contract's files, replacing what stood there of them."""
    for loaded in files:
        file, result = loaded.found.file, loaded.result
        _forget(connection, file.name)
        detection = result.detection
        insert_rows(
            connection,
            "audit.source_file",
            [
                {
                    "strategy_code": file.strategy_code,
                    "source_name": contract.source,
                    "table_name": contract.table,
                    "label_lv": contract.label("lv"),
                    "label_en": contract.label("en"),
                    "source_file": file.name,
                    "sha256": result.sha256 or None,
                    "mapping_sha256": result.mapping_sha256 or None,
                    "overwritten_sha256": loaded.overwritten_sha256,
                    "vintage": file.vintage,
                    "superseded_on": loaded.superseded_on,
                    "is_accepted": not result.is_rejected_whole,
                    "rows_read": result.rows_read,
                    "rows_accepted": result.accepted.num_rows,
                    "rows_quarantined": result.rows_quarantined,
                    **(_of_detection(detection) if detection else {}),
                }
            ],
        )
        insert_rows(connection, "audit.quarantine", quarantine_rows(file.strategy_code, contract, result.rejections))
        if loaded.found.origin:
            origin = loaded.found.origin.model_dump()
            insert_rows(connection, "meta.source_origin", [_naive(origin) | _of_file(loaded)])


def record_refused(connection: duckdb.DuckDBPyConnection, files: Sequence[RefusedFile]) -> None:
    """Record the files that were quarantined whole before they were read, replacing what stood there of them."""
    for refused in files:
        _forget(connection, refused.name)
        contract = refused.contract
        insert_rows(
            connection,
            "audit.source_file",
            [
                {
                    "strategy_code": refused.strategy_code,
                    "source_name": refused.source or None,
                    "table_name": contract.table if contract else None,
                    "label_lv": contract.label("lv") if contract else None,
                    "label_en": contract.label("en") if contract else None,
                    "source_file": refused.name,
                    "sha256": refused.sha256,
                    "vintage": refused.vintage,
                    "is_accepted": False,
                    "rows_read": 0,
                    "rows_accepted": 0,
                    "rows_quarantined": 0,
                }
            ],
        )
        rows = quarantine_rows(refused.strategy_code, contract, [refused.rejection], source=refused.source)
        insert_rows(connection, "audit.quarantine", rows)


def published_files(published_file: Path) -> Mapping[str, PublishedFile]:
    """Return the files that were accepted for the published file, by name; none if it is not there or unreadable."""
    if not published_file.is_file():
        return {}
    try:
        with open_read_only(published_file) as connection:
            rows = connection.execute(
                "select source_file, vintage, sha256, overwritten_sha256, mapping_sha256 "
                "from audit.source_file where is_accepted"
            ).fetchall()
    except duckdb.Error:
        # Damaged, or made before these columns were there: then nothing is known of earlier files.
        return {}
    return {name: PublishedFile(*known) for name, *known in rows}


def _forget(connection: duckdb.DuckDBPyConnection, name: str) -> None:
    for table in ("audit.source_file", "audit.quarantine", "meta.source_origin"):
        connection.execute(f"delete from {table} where source_file = ?", [name])


def _of_detection(detection: Detection) -> Mapping[str, Any]:
    return {
        "container": detection.container or None,
        "format": detection.format,
        "encoding": detection.encoding or None,
        "delimiter": _SHOWN_DELIMITERS.get(detection.delimiter, detection.delimiter) or None,
        "sheet": detection.sheet or None,
        "header_row": detection.header_row,
    }


def _of_file(loaded: LoadedFile) -> dict[str, Any]:
    return {"strategy_code": loaded.found.file.strategy_code, "source_file": loaded.found.file.name}


def _naive(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values with points of time in UTC and without their zone: older clients read no other."""
    return {
        name: value.astimezone(UTC).replace(tzinfo=None) if isinstance(value, datetime) and value.tzinfo else value
        for name, value in values.items()
    }


def write_source_documents(connection: duckdb.DuckDBPyConnection, strategies: Sequence[Strategy]) -> int:
    """Write `meta.source_document` anew.

    Returns:
        Number of rows written.
    """
    connection.execute("delete from meta.source_document")
    rows = [{"strategy_code": strategy.code} | strategy.document.model_dump() for strategy in strategies]
    return insert_rows(connection, "meta.source_document", rows)
