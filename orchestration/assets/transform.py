"""dbt's models as assets: staging and core before the guard, marts and audit after it."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import dagster as dg

from expectations.catalogue import Stage
from orchestration import dbt
from orchestration.guard_worker import GuardWorker, is_whole_job
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.dbt_process import IndirectSelection

# Stages of dbt_project.yml. fct_break lies in core but comes after the guard: it reads what the guard found.
BEFORE_GUARD = "before_guard"
AFTER_GUARD = "after_guard"
_WORKERS = {"dbt_worker", "guard_worker"}
_CORE_ASSETS, _CORE_CHECKS = dbt.specs_of_stage(BEFORE_GUARD)
_MART_ASSETS, _MART_CHECKS = dbt.specs_of_stage(AFTER_GUARD)


@dg.multi_asset(specs=_CORE_ASSETS, check_specs=_CORE_CHECKS, can_subset=True, required_resource_keys=_WORKERS)
def core_models(context: dg.AssetExecutionContext) -> Iterator[dbt.DbtEvent]:
    """Reference data, staging and the star schema."""
    yield from _build(context, BEFORE_GUARD, "cautious", ("landing", "guard"))


@dg.multi_asset(specs=_MART_ASSETS, check_specs=_MART_CHECKS, can_subset=True, required_resource_keys=_WORKERS)
def mart_models(context: dg.AssetExecutionContext) -> Iterator[dbt.DbtEvent]:
    """Breaks, marts and reconciliation: what obeys the guard's flags."""
    yield from _build(context, AFTER_GUARD, "eager", ("audit",))


def _build(
    context: dg.AssetExecutionContext,
    stage: str,
    indirect_selection: "IndirectSelection",
    judged_next: tuple[Stage, ...],
) -> Iterator[dbt.DbtEvent]:
    """Build the models. While Dagster is told of each, the worker already judges what a whole job asks next."""
    worker: GuardWorker = context.resources.guard_worker

    def begin_suites() -> None:
        if is_whole_job(context):
            worker.begin_suites(Settings.from_environment(), judged_next)

    yield from dbt.build(context, context.resources.dbt_worker, stage, indirect_selection, when_built=begin_suites)
