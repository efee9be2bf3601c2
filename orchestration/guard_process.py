"""What runs in the guard's own process. It imports neither Dagster nor dbt: they would take longer than the checks.

One context holds the results of the whole run.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from expectations import guard
from expectations.catalogue import Stage

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext


@cache
def context() -> "AbstractDataContext":
    """Return the run's context. The first call imports Great Expectations."""
    return guard.new_context()


def run_suites(build_file: Path, stages: Sequence[Stage]) -> guard.Outcomes:
    """Run the suites of some stages against the build file."""
    return guard.run_suites(build_file, stages, context())


def run_rules(build_file: Path) -> guard.Outcomes:
    """Run the comparability rules against the build file."""
    return guard.run_rules(build_file, context())


def write_data_docs(docs_dir: Path) -> None:
    """Write Data Docs of everything that was checked so far."""
    guard.write_data_docs(context(), docs_dir)
