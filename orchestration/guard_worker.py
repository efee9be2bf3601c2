"""A second process for Great Expectations: its import takes seconds, which pass while the models are built."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

import dagster as dg

from expectations.catalogue import Stage
from expectations.guard import Outcomes, run_rules, run_suites, warm_up
from orchestration.settings import Settings


@dataclass(frozen=True, slots=True)
class GuardWorker:
    """Runs the guard's functions in a process of its own, one after the other."""

    pool: ProcessPoolExecutor

    def run_suites(self, settings: Settings, stages: tuple[Stage, ...]) -> Outcomes:
        """Run the suites of some stages against the build file."""
        return self.pool.submit(run_suites, settings.build_file, stages, settings.data_docs_dir).result()

    def run_rules(self, settings: Settings) -> Outcomes:
        """Run the comparability rules against the build file."""
        return self.pool.submit(run_rules, settings.build_file, settings.data_docs_dir).result()


@dg.resource(description="Great Expectations in a process of its own.")
@contextmanager
def guard_worker(_: dg.InitResourceContext) -> Iterator[GuardWorker]:
    """Start the worker with the run and stop it with the run."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        pool.submit(warm_up)
        yield GuardWorker(pool)
