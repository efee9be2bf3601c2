"""A process for dbt: its import takes seconds, which pass while Dagster is imported and the landing files are read.

This module imports neither, so that a run can begin the process before anything else.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from orchestration.settings import Settings
from orchestration.worker_process import start_process

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor

    from orchestration.dbt_process import BuildOutcome, IndirectSelection


class DbtProcessEndedError(Exception):
    """The process that runs dbt is gone."""


@dataclass(frozen=True, slots=True)
class DbtWorker:
    """Runs dbt in a process of its own."""

    pool: "ProcessPoolExecutor"
    loading: "Future[None]"

    def build(
        self, settings: Settings, selection: Sequence[str], indirect_selection: "IndirectSelection"
    ) -> "BuildOutcome":
        """Run `dbt build` for what is selected, and return what became of it.

        Raises:
            DbtProcessEndedError: the process was ended from outside.
        """
        from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - see worker_process.py

        try:
            return self.pool.submit(_build, settings, selection, indirect_selection).result()
        except BrokenProcessPool as error:
            raise DbtProcessEndedError(
                "The process that builds the tables was ended from outside, perhaps for want of memory. "
                "Look at the system's log, and run again: meraukla build"
            ) from error

    def when_loaded(self, function: Callable[[], object]) -> None:
        """Call a function, in whatever thread, when dbt is loaded: before that, two imports would share a core."""
        self.loading.add_done_callback(lambda _: function())


def _load(settings: Settings) -> None:
    from orchestration import dbt_process  # noqa: PLC0415 - only the worker's process imports dbt

    dbt_process.load(settings)


def _build(settings: Settings, selection: Sequence[str], indirect_selection: "IndirectSelection") -> "BuildOutcome":
    from orchestration import dbt_process  # noqa: PLC0415 - only the worker's process imports dbt

    return dbt_process.build(settings, selection, indirect_selection)


@cache
def begin() -> DbtWorker:
    """Start the process, unless it is there."""
    pool = start_process()
    return DbtWorker(pool, pool.submit(_load, Settings.from_environment()))


def end() -> None:
    """Stop the process, if there is one; the next run begins another."""
    if begin.cache_info().currsize:
        begin().pool.shutdown()
        begin.cache_clear()
