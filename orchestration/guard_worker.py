"""A second process for Great Expectations: its import takes seconds, which pass while the models are built."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from expectations.catalogue import Stage
from expectations.guard import Outcomes, new_context, run_rules, run_suites, write_data_docs
from orchestration.settings import Settings

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext


@dataclass(frozen=True, slots=True)
class GuardWorker:
    """Runs the guard's functions in a process of its own, one after the other."""

    pool: ProcessPoolExecutor

    def run_suites(self, settings: Settings, stages: tuple[Stage, ...]) -> Outcomes:
        """Run the suites of some stages against the build file."""
        return self.pool.submit(_run_suites, settings.build_file, stages).result()

    def run_rules(self, settings: Settings) -> Outcomes:
        """Run the comparability rules against the build file."""
        return self.pool.submit(_run_rules, settings.build_file).result()


@dg.resource(description="Great Expectations in a process of its own.")
@contextmanager
def guard_worker(_: dg.InitResourceContext) -> Iterator[GuardWorker]:
    """Start the worker with the run and stop it with the run; whatever it checked goes into Data Docs."""
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        pool.submit(_context)
        yield GuardWorker(pool)
        pool.submit(_write_data_docs, Settings.from_environment().data_docs_dir)


# What follows runs in the worker. Its one context holds the results of the whole run.


@cache
def _context() -> "AbstractDataContext":
    return new_context()


def _run_suites(build_file: Path, stages: tuple[Stage, ...]) -> Outcomes:
    return run_suites(build_file, stages, _context())


def _run_rules(build_file: Path) -> Outcomes:
    return run_rules(build_file, _context())


def _write_data_docs(docs_dir: Path) -> None:
    write_data_docs(_context(), docs_dir)
