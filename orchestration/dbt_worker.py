"""A process for dbt: its import takes seconds, which pass while Dagster is imported and the landing files are read.

This module imports neither, so that a run can begin the process before anything else.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from orchestration.settings import Settings
from orchestration.worker_process import pipe, start_process

if TYPE_CHECKING:
    from concurrent.futures import Future, ProcessPoolExecutor
    from multiprocessing.connection import Connection

    from orchestration.dbt_process import IndirectSelection, NodeResult

_LOOK_AGAIN_SECONDS = 1.0
# Of dbt's process alone: through what it tells of results.
_senders: "list[Connection[NodeResult | None, None]]" = []


class DbtProcessEndedError(Exception):
    """The process that runs dbt is gone."""


class DbtBuildError(Exception):
    """A model or a test failed; the message names the nodes."""


@dataclass(frozen=True, slots=True)
class DbtWorker:
    """Runs dbt in a process of its own."""

    pool: "ProcessPoolExecutor"
    results: "Connection[None, NodeResult | None]"
    loading: "Future[None]"

    def build(
        self,
        settings: Settings,
        selection: Sequence[str],
        indirect_selection: "IndirectSelection",
        when_built: Callable[[], None] = lambda: None,
    ) -> "Iterator[NodeResult]":
        """Run `dbt build` for what is selected, and yield the result of each node as soon as it is there.

        Args:
            settings: where things lie.
            selection: dbt's own arguments of selection.
            indirect_selection: whether a test runs only if all models it reads are selected, or if one of them is.
            when_built: called, in another thread, when all is built and the build file is closed, whether or not
                the results have been taken by then. From then on the build file may be another's.

        Raises:
            DbtBuildError: a model or a test failed. What ran before has been yielded.
            DbtProcessEndedError: the process was ended from outside.
        """
        from concurrent.futures.process import BrokenProcessPool  # noqa: PLC0415 - see worker_process.py

        def ended(building: "Future[str | None]") -> None:
            if not building.exception() and building.result() is None:
                when_built()

        try:
            building = self.pool.submit(_build, settings, selection, indirect_selection)
            building.add_done_callback(ended)
            while not (building.done() and not self.results.poll()):
                if self.results.poll(_LOOK_AGAIN_SECONDS):
                    if (result := self.results.recv()) is None:
                        break
                    yield result
            failure = building.result()
        except (BrokenProcessPool, EOFError) as error:
            raise DbtProcessEndedError(
                "The process that builds the tables was ended from outside, perhaps for want of memory. "
                "Look at the system's log, and run again: meraukla build"
            ) from error
        if failure:
            raise DbtBuildError(failure)

    def when_loaded(self, function: Callable[[], object]) -> None:
        """Call a function, in whatever thread, when dbt is loaded: before that, two imports would share a core."""
        self.loading.add_done_callback(lambda _: function())


def _keep(sender: "Connection[NodeResult | None, None]") -> None:
    _senders.append(sender)


def _load(settings: Settings) -> None:
    from orchestration import dbt_process  # noqa: PLC0415 - only the worker's process imports dbt

    dbt_process.load(settings)


def _build(settings: Settings, selection: Sequence[str], indirect_selection: "IndirectSelection") -> str | None:
    from orchestration import dbt_process  # noqa: PLC0415 - only the worker's process imports dbt

    (sender,) = _senders

    def tell(result: "NodeResult") -> None:
        try:
            sender.send(result)
        except OSError:
            # The run is over and has closed its end. dbt would go on, or wait for a node that never ends.
            os._exit(1)

    try:
        return dbt_process.build(settings, selection, indirect_selection, tell)
    finally:
        # Nothing more will come.
        with suppress(OSError):
            sender.send(None)


@cache
def begin() -> DbtWorker:
    """Start the process, unless it is there."""
    receiver, sender = pipe()
    pool = start_process(_keep, sender)
    worker = DbtWorker(pool, receiver, pool.submit(_load, Settings.from_environment()))
    # The other end is the process's alone: when that is gone, nobody waits for its words.
    sender.close()
    return worker


def end() -> None:
    """Stop the process, if there is one; the next run begins another. What it still builds is cut off."""
    if begin.cache_info().currsize:
        # First: a pipe that is full and that nobody reads would let it wait for ever, and the run for its end.
        begin().results.close()
        begin().pool.shutdown()
        begin.cache_clear()
