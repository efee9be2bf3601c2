"""What Dagster loads and what dbt describes: nothing phantom, nothing nameless, layers that point one way."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from orchestration.build import prepare_dagster_home
from orchestration.settings import PROJECT_DIR, Settings

SNAPSHOT = Path(__file__).with_name("asset_keys.txt")
RENEWAL = ".venv/bin/python tests/orchestration/test_definitions.py"

Manifest = Mapping[str, Any]
Node = Mapping[str, Any]


def load_definitions() -> dg.Definitions:
    from orchestration.definitions import defs  # noqa: PLC0415 - needs dbt's manifest

    return defs


def asset_keys(defs: dg.Definitions) -> list[str]:
    return sorted(key.to_user_string() for key in defs.resolve_asset_graph().get_all_asset_keys())


@pytest.fixture(scope="module")
def defs(manifest: Manifest) -> dg.Definitions:
    """The definitions, loaded once dbt's manifest is there."""
    assert manifest["nodes"]
    return load_definitions()


# --- The asset graph ---


def test_every_asset_can_be_materialised(defs: dg.Definitions) -> None:
    # A key that is slightly wrong makes a phantom asset, and the order of the real ones is lost without a word.
    phantoms = [
        node.key.to_user_string() for node in defs.resolve_asset_graph().asset_nodes if not node.is_materializable
    ]
    assert phantoms == []


def test_the_asset_keys_are_those_of_the_snapshot(defs: dg.Definitions) -> None:
    # Keys are what history, bookmarks and alerts hang on: they change on purpose, or not at all.
    known, actual = set(SNAPSHOT.read_text("utf-8").split()), set(asset_keys(defs))
    assert actual == known, (
        f"Asset keys changed. New: {sorted(actual - known)}. Gone: {sorted(known - actual)}. "
        f"If that is meant, renew the snapshot and commit it: {RENEWAL}"
    )


@pytest.mark.parametrize("attribute", ["owners", "group_name", "kinds", "description"])
def test_every_asset_carries_what_a_person_looks_for_in_the_catalogue(defs: dg.Definitions, attribute: str) -> None:
    nodes = defs.resolve_asset_graph().asset_nodes
    assert [
        node.key.to_user_string() for node in nodes if getattr(node, attribute) in (None, "", "default", set(), [])
    ] == []


def test_an_asset_of_a_table_is_grouped_by_the_layer_that_its_key_begins_with(defs: dg.Definitions) -> None:
    layers = {"reference", "staging", "core", "guard", "marts", "audit"}
    nodes = [node for node in defs.resolve_asset_graph().asset_nodes if node.key.path[0] in layers]
    assert {node.key.path[0] for node in nodes} == layers
    assert [node.key.to_user_string() for node in nodes if node.group_name != node.key.path[0]] == []


def test_the_guard_waits_for_core_the_marts_for_the_guard_and_publication_for_the_marts(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()

    def ancestors(*path: str) -> set[str]:
        return {key.to_user_string() for key in graph.get_ancestor_asset_keys(dg.AssetKey(path))}

    assert "core/fct_observation" in ancestors("guard", "flag")
    assert "guard/flag" in ancestors("marts", "indicator_progress")
    assert {"marts/indicator_progress", "audit/reconciliation", "landing/indicators/value"} <= ancestors(
        "published", "meraukla"
    )


def test_a_dbt_test_that_reads_several_tables_is_a_check_of_the_one_it_is_about(
    defs: dg.Definitions, manifest: Manifest
) -> None:
    # Without a table of its own, Dagster notes it as an observation of each table it reads, and fails nobody's check.
    singular = {
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test" and "test_metadata" not in node
    }
    checks = {key.name for key in defs.resolve_asset_graph().asset_check_keys}
    # It is about all code lists alike.
    assert singular - checks == {"code_lists_have_unique_codes"}


# --- Job and schedule ---


def test_the_job_covers_every_asset_and_every_check(defs: dg.Definitions) -> None:
    graph = defs.resolve_asset_graph()
    layer = defs.resolve_job_def("publish_warehouse").asset_layer
    # What was received is noted by the way: its partitions would make the job ask for one.
    received = {key for key in graph.get_all_asset_keys() if key.path[0] == "received"}
    assert received
    assert layer.selected_asset_keys == graph.get_all_asset_keys() - received
    assert layer.asset_graph.asset_check_keys == graph.asset_check_keys


def test_the_schedules_are_on_and_start_their_jobs_at_night_in_riga(defs: dg.Definitions) -> None:
    found = {}
    for schedule in defs.schedules or []:
        assert isinstance(schedule, dg.ScheduleDefinition)
        assert schedule.execution_timezone == "Europe/Riga"
        assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING
        found[schedule.job_name] = schedule.cron_schedule
    assert found == {"publish_warehouse": "0 2 * * *", "prune_history": "30 5 * * *"}


def test_the_sensors_are_on(defs: dg.Definitions) -> None:
    found = {sensor.name: sensor.default_status for sensor in defs.sensors or []}
    assert found == dict.fromkeys(("landing_zone", "lost_run", "failed_run"), dg.DefaultSensorStatus.RUNNING)


# --- Import ---

# Reports what the import opens and lists; DuckDB opens its files outside Python, so connecting is forbidden outright.
_IMPORT_UNDER_WATCH = """
import json, os, sys
import duckdb
def refuse(*arguments, **options):
    raise AssertionError(f"the import connected to a database: {arguments}")
duckdb.connect = refuse
touched = []
def watch(event, arguments):
    if event in ("open", "os.listdir", "os.scandir") and arguments and isinstance(arguments[0], (str, bytes)):
        touched.append(os.path.abspath(os.fsdecode(arguments[0])))
sys.addaudithook(watch)
import orchestration.definitions
assert orchestration.definitions.defs
print(json.dumps({"touched": touched, "modules": sorted(sys.modules)}))
"""


@pytest.mark.usefixtures("manifest")
def test_importing_the_definitions_reads_no_data_file(tmp_path: Path) -> None:
    data, landing = tmp_path / "data", tmp_path / "landing"
    (landing / "synthetic-strategy").mkdir(parents=True)
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-c", _IMPORT_UNDER_WATCH],
        cwd=PROJECT_DIR,
        env=os.environ | {"MERAUKLA_DATA_DIR": str(data), "MERAUKLA_LANDING_DIR": str(landing)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout.splitlines()[-1])
    touched = [Path(path) for path in seen["touched"]]
    assert Settings.from_environment().manifest_file in touched, "the watch saw nothing: it cannot prove anything"
    data_folders = (data, landing, PROJECT_DIR / "data", PROJECT_DIR / "dbt_project" / "seeds")
    assert [path for path in touched if any(path.is_relative_to(folder) for folder in data_folders)] == []
    assert not data.exists()
    # Its import takes seconds, which belong to the guard's own process.
    assert "great_expectations" not in seen["modules"]


# --- Layers ---

MAY_READ = {
    "staging": {"raw", "reference"},
    "confidential": {"staging", "confidential", "reference"},
    "core": {"staging", "confidential", "core", "reference"},
    "marts": {"core", "marts", "guard", "reference"},
    "audit": {"staging", "core", "marts", "audit", "reference"},
}
# The audit of what is suppressed reads what is published.
MAY_READ_PUBLISHED_TOO = {"shown_figure"}
# What became of a finding: the one table of core that needs what the guard found.
MAY_READ_GUARD_TOO = {"fct_flag"}


def models(manifest: Manifest) -> Iterator[Node]:
    return (node for node in manifest["nodes"].values() if node["resource_type"] == "model")


def parents(manifest: Manifest, node: Node) -> Iterator[Node]:
    for key in node["depends_on"]["nodes"]:
        yield manifest["nodes"].get(key) or manifest["sources"][key]


def test_models_lie_in_the_known_layers_only(manifest: Manifest) -> None:
    assert {node["schema"] for node in models(manifest)} == set(MAY_READ)


def test_layers_point_one_way(manifest: Manifest) -> None:
    wrong = [
        f"{node['schema']}.{node['name']} reads {parent['schema']}.{parent['name']}"
        for node in models(manifest)
        for parent in parents(manifest, node)
        if parent["schema"] not in MAY_READ[node["schema"]]
        and not (parent["schema"] == "guard" and node["name"] in MAY_READ_GUARD_TOO)
        and not (parent["schema"] in {"core", "marts"} and node["name"] in MAY_READ_PUBLISHED_TOO)
    ]
    assert wrong == []


def test_every_fact_that_is_made_of_confidential_counts_is_audited(manifest: Manifest) -> None:
    # Marts are made of core and cannot tell more than core: what core shows is all that can give anything away.
    audited = {
        parent["name"]
        for node in models(manifest)
        if node["name"] == "shown_figure"
        for parent in parents(manifest, node)
    }
    facts = {
        node["name"]
        for node in models(manifest)
        if node["name"].startswith("fct_")
        and any(parent["schema"] == "confidential" for parent in parents(manifest, node))
    }
    assert facts - audited == set(), "add what they show to confidential/shown_figure.sql"


def test_confidential_tables_are_read_by_core_and_their_own_kind_only(manifest: Manifest) -> None:
    readers = {
        node["schema"]
        for node in models(manifest)
        if any(parent["schema"] == "confidential" for parent in parents(manifest, node))
    }
    assert readers <= {"confidential", "core"}


def test_nothing_that_is_built_before_the_guard_reads_what_is_built_after_it(manifest: Manifest) -> None:
    stages = {node["name"]: node["config"]["meta"].get("stage") for node in models(manifest)}
    assert set(stages.values()) == {"before_guard", "after_guard"}
    wrong = [
        f"{node['name']} reads {parent['name']}"
        for node in models(manifest)
        if stages[node["name"]] == "before_guard"
        for parent in parents(manifest, node)
        if parent["schema"] == "guard" or stages.get(parent["name"]) == "after_guard"
    ]
    assert wrong == []


def test_the_marts_obey_the_guard(manifest: Manifest) -> None:
    # What reads no flag cannot obey one: each mart that compares must stand behind the guard.
    def reads_guard(node: Node) -> bool:
        return any(
            parent["schema"] == "guard" or (parent.get("resource_type") == "model" and reads_guard(parent))
            for parent in parents(manifest, node)
        )

    by_name = {node["name"]: node for node in models(manifest)}
    behind = {name for name, node in by_name.items() if reads_guard(node)}
    assert {"indicator_progress", "indicator_trend", "comparability_flag", "advantage_scorecard"} <= behind


# --- Descriptions and contracts ---


def described(manifest: Manifest) -> Iterator[tuple[str, str | None]]:
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in {"model", "seed"}]
    for node in [*nodes, *manifest["sources"].values()]:
        name = f"{node['schema']}.{node['name']}"
        yield name, node["description"]
        for column in node["columns"].values():
            yield f"{name}.{column['name']}", column["description"]
    for source in manifest["sources"].values():
        yield f"source {source['source_name']}", source["source_description"]


def test_every_model_seed_source_and_column_has_a_description(manifest: Manifest) -> None:
    descriptions = dict(described(manifest))
    assert {"core.fct_observation", "core.fct_observation.value_text", "reference.series"} <= set(descriptions)
    assert [name for name, description in descriptions.items() if not (description or "").strip()] == []


def test_no_column_of_a_seed_is_left_undescribed(manifest: Manifest) -> None:
    undescribed = []
    for node in manifest["nodes"].values():
        if node["resource_type"] == "seed":
            with (PROJECT_DIR / "dbt_project" / node["original_file_path"]).open(
                encoding="utf-8", newline=""
            ) as file:
                header = next(csv.reader(file))
            undescribed += [f"{node['name']}.{column}" for column in header if column not in node["columns"]]
    assert undescribed == []


def test_every_model_of_core_marts_and_audit_has_an_enforced_contract(manifest: Manifest) -> None:
    guarded = [node for node in models(manifest) if node["schema"] in {"core", "marts", "audit"}]
    assert {node["schema"] for node in guarded} == {"core", "marts", "audit"}
    assert [node["name"] for node in guarded if not node["config"]["contract"]["enforced"]] == []


def test_every_model_has_a_description_file_of_its_own_name_beside_it(manifest: Manifest) -> None:
    elsewhere = [
        node["name"]
        for node in models(manifest)
        if node["patch_path"].partition("://")[2] != str(Path(node["original_file_path"]).with_suffix(".yml"))
    ]
    assert elsewhere == []


# --- Telemetry ---


def test_dbt_sends_no_usage_statistics() -> None:
    project = yaml.safe_load((PROJECT_DIR / "dbt_project" / "dbt_project.yml").read_text("utf-8"))
    assert project["flags"]["send_anonymous_usage_stats"] is False


def test_dagster_and_great_expectations_send_no_telemetry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "overwritten")
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "true")
    settings = Settings(tmp_path / "landing", tmp_path / "data", tmp_path / "data" / "build.duckdb")
    prepare_dagster_home(settings)
    assert os.environ["GX_ANALYTICS_ENABLED"] == "false"
    assert os.environ["DAGSTER_HOME"] == str(settings.dagster_home)
    with dg.DagsterInstance.get() as instance:
        assert instance.telemetry_enabled is False


if __name__ == "__main__":
    SNAPSHOT.write_text("\n".join(asset_keys(load_definitions())) + "\n", "utf-8")
