"""dbt's models as assets: staging and core before the guard, marts and audit after it."""

from collections.abc import Iterator

import dagster as dg
from dagster_dbt import dbt_assets

from orchestration import dbt
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
)
def core_models(context: dg.AssetExecutionContext) -> Iterator[dbt.DbtEvent]:
    """Reference data, staging and the star schema."""
    yield from dbt.build(context, Settings.from_environment(), indirect_selection="cautious")


@dbt_assets(
    manifest=_SETTINGS.manifest_file,
    select=_AFTER_GUARD,
    dagster_dbt_translator=dbt.WarehouseTranslator(),
    name="mart_models",
)
def mart_models(context: dg.AssetExecutionContext) -> Iterator[dbt.DbtEvent]:
    """Breaks, marts and reconciliation: what obeys the guard's flags."""
    yield from dbt.build(context, Settings.from_environment(), indirect_selection="eager")
