"""dbt's nodes as Dagster assets and checks; dbt itself runs in a process of its own (`dbt_process.py`).

dagster-dbt's own decorator needs dbt in this process, and its resource starts a process for each command, which costs
seconds each. What dagster-dbt makes of dbt's nodes and events (specs, checks, column schema and lineage) is taken
from it unchanged.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

import dagster as dg

from orchestration import dbt_worker
from orchestration.dagster_dbt_alone import (
    DagsterDbtTranslator,
    DagsterDbtTranslatorSettings,
    DbtCoreCliEventMessage,
    get_subset_selection_for_context,
)
from orchestration.lineage import read_lineage
from orchestration.settings import Settings

if TYPE_CHECKING:
    from orchestration.dbt_process import IndirectSelection

DbtEvent = dg.Output[None] | dg.AssetMaterialization | dg.AssetCheckResult | dg.AssetObservation

OWNER = "team:education-authority"
_TABLES = frozenset({"model", "seed"})


class WarehouseTranslator(DagsterDbtTranslator):
    """Names, groups and owners of dbt's assets: a schema is a group, and the key's first part."""

    def __init__(self) -> None:
        super().__init__(DagsterDbtTranslatorSettings(enable_source_tests_as_checks=True))

    def get_group_name(self, dbt_resource_props: Mapping[str, Any]) -> str | None:
        """Return the schema as the group."""
        return str(dbt_resource_props["schema"])

    def get_owners(self, dbt_resource_props: Mapping[str, Any]) -> Sequence[str] | None:
        """Return the team that answers for the tables."""
        return [OWNER]

    def get_description(self, dbt_resource_props: Mapping[str, Any]) -> str:
        """Return the description alone: the SQL is linked, not repeated."""
        return str(dbt_resource_props["description"])


@dg.resource(description="dbt in a process of its own.")
@contextmanager
def dbt_resource(_: dg.InitResourceContext) -> Iterator[dbt_worker.DbtWorker]:
    """Start the process with the run, if not before, and stop it with the run."""
    try:
        yield dbt_worker.begin()
    finally:
        dbt_worker.end()


@cache
def _manifest() -> Mapping[str, Any]:
    manifest: Mapping[str, Any] = json.loads(Settings.from_environment().manifest_file.read_bytes())
    return manifest


@cache
def _translator() -> WarehouseTranslator:
    return WarehouseTranslator()


def specs_of_stage(stage: str) -> tuple[list[dg.AssetSpec], list[dg.AssetCheckSpec]]:
    """Return an asset for each model and seed of a stage of dbt_project.yml, and a check for each of their tests."""
    manifest, translator = _manifest(), _translator()
    assets: list[dg.AssetSpec] = []
    checks: dict[dg.AssetCheckKey, dg.AssetCheckSpec] = {}
    for node_id, node in manifest["nodes"].items():
        if node["resource_type"] not in _TABLES or node["config"]["meta"]["stage"] != stage:
            continue
        asset = translator.get_asset_spec(manifest, node_id, None)
        assets.append(asset)
        for child_id in manifest["child_map"][node_id]:
            if manifest["nodes"].get(child_id, {}).get("resource_type") == "test":
                check = translator.get_asset_check_spec(asset, manifest, child_id, None)
                if check:
                    checks[check.key] = check
    return assets, list(checks.values())


def table_keys(stage: str) -> dict[str, tuple[str, ...]]:
    """Return the columns of each model's own key, by table (`schema.table`), as its test `keys` declares them."""
    nodes = _manifest()["nodes"]
    keys: dict[str, tuple[str, ...]] = {}
    for node in nodes.values():
        test = node.get("test_metadata") or {}
        if test.get("name") == "keys" and (columns := test["kwargs"].get("columns")):
            table = nodes[node["attached_node"]]
            if table["config"]["meta"]["stage"] == stage:
                keys[_relation(table)] = tuple(columns)
    return keys


def build(
    context: dg.AssetExecutionContext,
    worker: dbt_worker.DbtWorker,
    stage: str,
    indirect_selection: "IndirectSelection",
    when_built: Callable[[], None],
) -> Iterator[DbtEvent]:
    """Run `dbt build` for the selected dbt assets of this step and report each node to Dagster.

    Args:
        context: the step's context.
        worker: the process that runs dbt.
        stage: the stage of dbt_project.yml that the step's assets are of.
        indirect_selection: whether a test runs only if all models it reads are selected, or if one of them is.
        when_built: called when all is built and the build file is closed, before Dagster is told. From then on the
            build file may be another's.

    Raises:
        DbtBuildError: a model or a test failed. What ran before is reported first.
    """
    settings = Settings.from_environment()
    manifest, translator, lineage = _manifest(), _translator(), read_lineage(settings)
    selection, _ = get_subset_selection_for_context(
        context=context,
        manifest=manifest,
        select=f"config.meta.stage:{stage}",
        exclude=None,
        selector=None,
        dagster_dbt_translator=translator,
        current_dbt_indirect_selection_env=None,
    )
    for result in worker.build(settings, selection, indirect_selection, when_built):
        node_id = result.event.get("data", {}).get("node_info", {}).get("unique_id", "")
        message = DbtCoreCliEventMessage(
            raw_event=dict(result.event), event_history_metadata=_event_history(manifest, node_id, result.columns)
        )
        for event in message.to_default_asset_events(
            manifest=manifest, dagster_dbt_translator=translator, context=context, target_path=settings.dbt_target_dir
        ):
            if isinstance(event, dg.Output):
                metadata = {} if result.row_count is None else {"dagster/row_count": result.row_count}
                yield event.with_metadata({**event.metadata, **metadata, **lineage.get(node_id, {})})
            else:
                yield event  # type: ignore[misc]


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('identifier') or node.get('alias') or node['name']}"


def _event_history(manifest: Mapping[str, Any], node_id: str, columns: Mapping[str, str]) -> dict[str, Any]:
    """Give dagster-dbt the columns of a node as they were built, with their descriptions."""
    if not columns:
        return {}
    described = manifest["nodes"][node_id]["columns"]
    return {
        "columns": {
            name: {"data_type": data_type, "description": described.get(name, {}).get("description")}
            for name, data_type in columns.items()
        }
    }
