"""Dagster's event log in one SQLite file over pooled connections."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from dagster._core.storage.event_log import ConsolidatedSqliteEventLogStorage
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from sqlalchemy import Connection, Engine, create_engine, event, inspect

_BUSY_TIMEOUT_SECONDS = 60


class PooledSqliteEventLogStorage(ConsolidatedSqliteEventLogStorage):
    """Dagster's own storage, without a new engine and a flush to disk for each of a run's thousand events.

    A run's events are history, not data: losing the last ones in a power cut is a fair price for a third of the run's
    time (measured: 56 s against 35 s on two busy cores).
    """

    @cached_property
    def _tables_found(self) -> set[str]:
        return set()

    @cached_property
    def _engine(self) -> Engine:
        engine = create_engine(self._conn_string, connect_args={"timeout": _BUSY_TIMEOUT_SECONDS})

        @event.listens_for(engine, "connect")
        def _flush_with_the_log_only(connection: Any, _: object) -> None:  # noqa: ANN401 - a driver's connection
            connection.execute("pragma synchronous = normal")

        return engine

    @contextmanager
    def _connect(self) -> Iterator[Connection]:
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def delete_events_for_run(self, conn: Connection, run_id: str) -> None:
        """Remove the events of a run, and its results of checks, which Dagster itself would keep for ever."""
        super().delete_events_for_run(conn, run_id)
        conn.execute(AssetCheckExecutionsTable.delete().where(AssetCheckExecutionsTable.c.run_id == run_id))

    def has_table(self, table_name: str) -> bool:
        """Whether there is such a table: asked for each check, and a table that is there does not go away."""
        if table_name not in self._tables_found and inspect(self._engine).has_table(table_name):
            self._tables_found.add(table_name)
        return table_name in self._tables_found
