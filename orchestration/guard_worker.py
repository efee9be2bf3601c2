"""A second process for Great Expectations: its import takes seconds, which pass while the models are built."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import dagster as dg

from expectations.catalogue import Stage
from expectations.guard import Outcomes
from orchestration import guard_process
from orchestration.dbt_worker import DbtWorker
from orchestration.settings import Settings
from orchestration.worker_process import start_process

PUBLISHED_KEY = dg.AssetKey(["published", "meraukla"])
_RULES = "rules"


class GuardProcessEndedError(Exception):
    """The process that runs the guard's checks is gone."""


@dataclass(slots=True)
class GuardWorker:
    """Runs the guard's functions in a process of its own, one after the other.

    What is begun early runs while the main process does other things, until its results are asked for. The build file
    belongs to the worker until then.
    """

    pool: ProcessPoolExecutor
    is_documented: bool = True
    begun: dict[object, Future[Outcomes]] = field(default_factory=dict)

    def begin_suites(self, settings: Settings, stages: tuple[Stage, ...]) -> None:
        """Begin to run the suites of some stages against the build file."""
        self._begin(stages, guard_process.run_suites, settings.build_file, stages)

    def begin_rules(self, settings: Settings) -> None:
        """Begin to run the comparability rules against the build file."""
        self._begin(_RULES, guard_process.run_rules, settings.build_file)

    def run_suites(self, settings: Settings, stages: tuple[Stage, ...]) -> Outcomes:
        """Return what the suites of some stages found in the build file; run them now unless that was begun."""
        if stages not in self.begun:
            self.begin_suites(settings, stages)
        return self._outcomes(stages)

    def run_rules(self, settings: Settings) -> Outcomes:
        """Return what the comparability rules found in the build file; run them now unless that was begun."""
        if _RULES not in self.begun:
            self.begin_rules(settings)
        return self._outcomes(_RULES)

    def _begin(self, name: object, function: Callable[..., Outcomes], *arguments: object) -> None:
        self.is_documented = False
        try:
            self.begun[name] = self.pool.submit(function, *arguments)
        except BrokenProcessPool as error:
            raise _ended() from error

    def _outcomes(self, name: object) -> Outcomes:
        try:
            return self.begun.pop(name).result()
        except BrokenProcessPool as error:
            raise _ended() from error

    def write_data_docs(self, settings: Settings) -> None:
        """Begin to write Data Docs of all that was checked so far, unless that was done; nobody waits for them."""
        if not self.is_documented:
            self.is_documented = True
            self.pool.submit(guard_process.write_data_docs, settings.data_docs_dir)


def _ended() -> GuardProcessEndedError:
    return GuardProcessEndedError(
        "The process that checks the tables was ended from outside, perhaps for want of memory. "
        "Look at the system's log, and run again: meraukla build"
    )


def is_whole_job(context: dg.AssetExecutionContext | dg.AssetCheckExecutionContext) -> bool:
    """Whether a run goes on to the published file: only then is it known which stage of the guard comes next."""
    return PUBLISHED_KEY in context.job_def.asset_layer.selected_asset_keys


@dg.resource(
    description="Great Expectations in a process of its own.", required_resource_keys={"dbt_worker", "run_guard"}
)
@contextmanager
def guard_worker(context: dg.InitResourceContext) -> Iterator[GuardWorker]:
    """Start the worker with the run and stop it with the run; whatever it checked goes into Data Docs."""
    with start_process() as pool:
        dbt: DbtWorker = context.resources.dbt_worker
        dbt.when_loaded(lambda: pool.submit(guard_process.context))
        worker = GuardWorker(pool)
        yield worker
        # A worker that was killed has failed its step; there is nobody left to write anything.
        with suppress(BrokenProcessPool):
            worker.write_data_docs(Settings.from_environment())
