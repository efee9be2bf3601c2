"""dbt's models as assets: staging and core before the guard, marts and audit after it."""

from collections.abc import Iterator

import dagster as dg
from dagster_dbt import dbt_assets

from expectations.catalogue import Stage
from orchestration import dbt
from orchestration.guard_worker import GuardWorker, is_whole_job
from orchestration.settings import Settings

_SETTINGS = Settings.from_environment()
# Stages of dbt_project.yml. fct_break lies in core but comes after the guard: it reads what the guard found.
_BEFORE_GUARD = "config.meta.stage:before_guard"
_AFTER_GUARD = "config.meta.stage:after_guard"


@dbt_assets(
    manifest=_SETTINGS.manifest_file,
    select=_BEFORE_GUARD,
    dagster_dbt_translator=dbt.WarehouseTranslator(),
    name="core_models",
    required_resource_keys={"guard_worker"},
)
def core_models(context: dg.AssetExecutionContext) -> Iterator[dbt.DbtEvent]:
    """Reference data, staging and the star schema."""
    yield from _build(context, "cautious", ("landing", "guard"))


@dbt_assets(
    manifest=_SETTINGS.manifest_file,
    select=_AFTER_GUARD,
    dagster_dbt_translator=dbt.WarehouseTranslator(),
    name="mart_models",
    required_resource_keys={"guard_worker"},
)
def mart_models(context: dg.AssetExecutionContext) -> Iterator[dbt.DbtEvent]:
    """Breaks, marts and reconciliation: what obeys the guard's flags."""
    yield from _build(context, "eager", ("audit",))


def _build(
    context: dg.AssetExecutionContext, indirect_selection: dbt.IndirectSelection, judged_next: tuple[Stage, ...]
) -> Iterator[dbt.DbtEvent]:
    """Build the models. While Dagster is told of each, the worker already judges what a whole job asks next."""
    settings = Settings.from_environment()
    worker: GuardWorker = context.resources.guard_worker

    def begin_suites() -> None:
        if is_whole_job(context):
            worker.begin_suites(settings, judged_next)

    yield from dbt.build(context, settings, indirect_selection, when_built=begin_suites)
