"""Column lineage of the dbt models, derived once a project change and read by every run.

dagster-dbt derives it from the compiled SQL with sqlglot, which takes longer than building the models. The SQL does
not change between runs, so neither does the lineage: it is written beside the manifest when the project is prepared.
"""

import json
from collections.abc import Mapping
from typing import Any

import dagster as dg

from orchestration.dagster_dbt_alone import DagsterDbtTranslator, EventHistoryMetadata, build_column_lineage_metadata
from orchestration.settings import Settings
from warehouse.contract import load_contracts
from warehouse.tables import load_table_definitions

Lineage = Mapping[str, Mapping[str, list[tuple[list[str], str]]]]
"""dbt node → column → (asset key, column) it depends on."""

_LINEAGE_FILE = "column_lineage.json"
_COLUMN_LINEAGE = "dagster/column_lineage"
_UNKNOWN_TYPE = "varchar"


def write_lineage(settings: Settings, translator: DagsterDbtTranslator) -> None:
    """Derive the lineage of all models from compiled SQL and described columns."""
    manifest = json.loads(settings.manifest_file.read_text("utf-8"))
    for node in (*manifest["nodes"].values(), *manifest["sources"].values()):
        # The models name relations without the database (macros/without_database.sql); lineage matches by name.
        node["relation_name"] = f'"{node["schema"]}"."{node.get("identifier") or node.get("alias")}"'
    columns = _columns_by_relation(manifest)
    lineage = {
        node_id: _lineage_of(node, manifest, columns, settings, translator)
        for node_id, node in manifest["nodes"].items()
        # What Python computes has no lineage that could be read off.
        if node["resource_type"] == "model" and node["language"] == "sql"
    }
    (settings.dbt_target_dir / _LINEAGE_FILE).write_text(json.dumps(lineage), "utf-8")


def read_lineage(settings: Settings) -> dict[str, dict[str, Any]]:
    """Return the lineage of each dbt node as Dagster metadata; empty if it was not derived."""
    file = settings.dbt_target_dir / _LINEAGE_FILE
    lineage: Lineage = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    return {
        node_id: {
            _COLUMN_LINEAGE: dg.TableColumnLineage(
                {
                    column: [dg.TableColumnDep(dg.AssetKey(key), name) for key, name in dependencies]
                    for column, dependencies in columns.items()
                }
            )
        }
        for node_id, columns in lineage.items()
    }


def _lineage_of(
    node: dict[str, Any],
    manifest: Mapping[str, Any],
    columns: Mapping[str, dict[str, dict[str, Any]]],
    settings: Settings,
    translator: DagsterDbtTranslator,
) -> dict[str, list[tuple[list[str], str]]]:
    parents = [manifest["nodes"].get(parent) or manifest["sources"][parent] for parent in node["depends_on"]["nodes"]]
    metadata = build_column_lineage_metadata(
        event_history_metadata=EventHistoryMetadata(
            columns=columns[node["relation_name"]],
            parents={parent["relation_name"]: columns[parent["relation_name"]] for parent in parents},
        ),
        dbt_resource_props=node,
        manifest=manifest,
        dagster_dbt_translator=translator,
        target_path=settings.dbt_target_dir,
        project=None,
    )
    lineage: dg.TableColumnLineage = metadata[_COLUMN_LINEAGE]
    return {
        column: sorted((list(dependency.asset_key.path), dependency.column_name) for dependency in dependencies)
        for column, dependencies in lineage.deps_by_column.items()
    }


def _columns_by_relation(manifest: Mapping[str, Any]) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the columns of each relation: dbt describes its own, the contracts and table definitions the rest."""
    described = {
        f"raw.{contract.raw_table}": [field.name for field in contract.schema] for contract in load_contracts()
    }
    described |= {name: list(definition.columns) for name, definition in load_table_definitions().items()}
    relations: dict[str, dict[str, dict[str, Any]]] = {}
    for source in manifest["sources"].values():
        names = described[f"{source['schema']}.{source['identifier']}"]
        relations[source["relation_name"]] = {name: {"data_type": _UNKNOWN_TYPE} for name in names}
    for node in manifest["nodes"].values():
        if node["resource_type"] == "model":
            relations[node["relation_name"]] = {
                name: {"data_type": column.get("data_type") or _UNKNOWN_TYPE}
                for name, column in node["columns"].items()
            }
        elif node["resource_type"] == "seed":
            types = node["config"]["column_types"]
            relations[node["relation_name"]] = {name: {"data_type": types[name]} for name in types}
    return relations
