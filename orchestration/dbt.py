"""dbt in this process. dagster-dbt's own resource starts a new process for each command, which costs seconds each.

What dagster-dbt makes of dbt's events (assets, checks, column schema and lineage) is taken from it unchanged.
"""

import os
import pickle
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

import dagster as dg
from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings
from dagster_dbt.asset_utils import (
    DAGSTER_DBT_EXCLUDE_METADATA_KEY,
    DAGSTER_DBT_SELECT_METADATA_KEY,
    get_manifest_and_translator_from_dbt_assets,
    get_subset_selection_for_context,
)
from dagster_dbt.core.dbt_cli_event import DbtCoreCliEventMessage
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg
from google.protobuf.json_format import MessageToDict

from orchestration.fingerprint import is_prepared
from orchestration.lineage import read_lineage, write_lineage
from orchestration.settings import Settings
from warehouse.store import open_build

IndirectSelection = Literal["cautious", "eager"]
DbtEvent = dg.Output[None] | dg.AssetMaterialization | dg.AssetCheckResult | dg.AssetObservation

OWNER = "team:education-authority"
# What dbt_project/profiles.yml reads the build file's path from.
PROFILE_VARIABLE = "DBT_ENV_SECRET_BUILD_FILE"
_RESULT_EVENTS = frozenset({"LogSeedResult", "LogModelResult", "LogTestResult"})
_FAILED = frozenset({"error", "fail", "runtime error"})


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


class DbtError(Exception):
    """dbt could not do what it was asked; the message names the nodes and what to do."""


def prepare(settings: Settings) -> None:
    """Parse and compile the project and derive column lineage: what each run needs and none changes.

    Raises:
        DbtError: the project does not parse or compile.
    """
    _invoke(dbtRunner(), settings, ["compile"])
    _parsed_file(settings).write_bytes(pickle.dumps(_parse(settings)))
    write_lineage(settings, WarehouseTranslator())


@cache
def _parsed_project(settings: Settings) -> Manifest:
    """Return dbt's parsed project, once a process, since the stages of a run use the same one.

    It is what was kept when the project was prepared, if that is still this project: dbt takes a second to find out
    that nothing has changed.
    """
    if is_prepared(settings):
        # Not kept for this build file, or by other software: then parsing it helps.
        with suppress(Exception):
            return cast("Manifest", pickle.loads(_parsed_file(settings).read_bytes()))  # noqa: S301 - by prepare
    return _parse(settings)


def _parse(settings: Settings) -> Manifest:
    return cast("Manifest", _invoke(dbtRunner(), settings, ["--no-write-json", "parse"]).result)


def _parsed_file(settings: Settings) -> Path:
    # dbt writes the name of the database, which is the stem of the build file, into every node.
    return settings.dbt_target_dir / f"parsed_{settings.build_file.stem}.pickle"


def write_docs(settings: Settings) -> Path:
    """Write dbt's documentation as one page that needs no server.

    Returns:
        The page.

    Raises:
        DbtError: the project does not compile, or nothing has been built yet.
    """
    _invoke(dbtRunner(), settings, ["docs", "generate", "--static"])
    settings.docs_dir.mkdir(parents=True, exist_ok=True)
    page = settings.docs_dir / "dbt.html"
    page.write_bytes((settings.dbt_target_dir / "static_index.html").read_bytes())
    return page


def run_unit_tests(settings: Settings) -> int:
    """Run dbt's unit tests: made-up rows in, expected rows out. The build file gives them the columns' types.

    Returns:
        Number of tests that ran, all of them passed.

    Raises:
        DbtError: a test failed.
    """
    # The manifest it would write is one without the compiled SQL that `prepare` left there.
    result = _invoke(dbtRunner(), settings, ["--no-write-json", "test", "--select", "test_type:unit"])
    return len(cast("Any", result.result).results)


def build(
    context: dg.AssetExecutionContext,
    settings: Settings,
    indirect_selection: IndirectSelection,
    when_built: Callable[[], None],
) -> Iterator[DbtEvent]:
    """Run `dbt build` for the selected dbt assets of this step and report each node to Dagster.

    Unit tests are left to `make test`: they judge the SQL, not tonight's data.

    Args:
        context: the step's context.
        settings: where things lie.
        indirect_selection: whether a test runs only if all models it reads are selected, or if one of them is.
        when_built: called when all is built and the build file is closed, before Dagster is told. From then on the
            build file may be another's.

    Raises:
        DbtError: a model or a test failed. What ran before is reported first.
    """
    manifest, translator, _ = get_manifest_and_translator_from_dbt_assets([context.assets_def])
    selection, _ = get_subset_selection_for_context(
        context=context,
        manifest=manifest,
        select=context.op.tags.get(DAGSTER_DBT_SELECT_METADATA_KEY),
        exclude=context.op.tags.get(DAGSTER_DBT_EXCLUDE_METADATA_KEY),
        selector=None,
        dagster_dbt_translator=translator,
        current_dbt_indirect_selection_env=None,
    )
    raw_events: list[dict[str, Any]] = []

    def remember(event: EventMsg) -> None:
        if event.info.name in _RESULT_EVENTS:
            raw_events.append(MessageToDict(event, preserving_proto_field_name=True))

    runner = dbtRunner(
        manifest=_parsed_project(settings),
        callbacks=[remember],
    )
    failure: DbtError | None = None
    try:
        _invoke(
            runner,
            settings,
            [
                "--no-write-json",
                "build",
                *selection,
                f"--indirect-selection={indirect_selection}",
                "--exclude-resource-type=unit_test",
            ],
        )
    except DbtError as error:
        failure = error
    tables = _describe_tables(settings.build_file)
    if not failure:
        when_built()
    yield from _to_dagster_events(context, settings, raw_events, tables)
    if failure:
        raise failure


def _invoke(runner: dbtRunner, settings: Settings, arguments: Sequence[str]) -> dbtRunnerResult:
    os.environ[PROFILE_VARIABLE] = str(settings.build_file)
    settings.build_file.parent.mkdir(parents=True, exist_ok=True)
    try:
        result: dbtRunnerResult = runner.invoke(
            [
                "--quiet",
                "--log-level=none",
                "--log-level-file=none",
                *arguments,
                f"--project-dir={settings.dbt_project_dir}",
                f"--profiles-dir={settings.dbt_project_dir}",
                f"--target-path={settings.dbt_target_dir}",
            ]
        )
    finally:
        # dbt keeps the build file open between nodes, which is fast; the next stage must find it closed.
        DuckDBConnectionManager.close_all_connections()
    if result.success:
        return result
    if result.exception:
        raise DbtError(f"dbt {_command(arguments)} stopped: {result.exception}") from result.exception
    nodes: list[Any] = [node for node in cast("Any", result.result) if node.status in _FAILED]
    details = "\n".join(f"- {node.node.name} ({node.status}): {_one_line(node.message)}" for node in nodes)
    raise DbtError(f"dbt {_command(arguments)}: {len(nodes)} nodes failed\n{details}")


def _command(arguments: Sequence[str]) -> str:
    return next(argument for argument in arguments if not argument.startswith("-"))


def _one_line(message: str | None) -> str:
    return " ".join((message or "").split())


def _to_dagster_events(
    context: dg.AssetExecutionContext,
    settings: Settings,
    raw_events: Sequence[dict[str, Any]],
    tables: Mapping[str, "_Table"],
) -> Iterator[DbtEvent]:
    manifest, translator, _ = get_manifest_and_translator_from_dbt_assets([context.assets_def])
    lineage = read_lineage(settings)
    for raw_event in raw_events:
        node_id = raw_event.get("data", {}).get("node_info", {}).get("unique_id", "")
        history = _event_history(manifest, node_id, tables)
        message = DbtCoreCliEventMessage(raw_event=raw_event, event_history_metadata=history)
        for event in message.to_default_asset_events(
            manifest=manifest, dagster_dbt_translator=translator, context=context, target_path=settings.dbt_target_dir
        ):
            if isinstance(event, dg.Output):
                table = tables.get(_relation(manifest["nodes"][node_id]), _Table({}, None))
                metadata = {} if table.row_count is None else {"dagster/row_count": table.row_count}
                yield event.with_metadata({**event.metadata, **metadata, **lineage.get(node_id, {})})
            else:
                yield event  # type: ignore[misc]


class _Table:
    def __init__(self, columns: dict[str, dict[str, Any]], row_count: int | None) -> None:
        self.columns = columns
        self.row_count = row_count


def _relation(node: Mapping[str, Any]) -> str:
    return f"{node['schema']}.{node.get('identifier') or node.get('alias') or node['name']}"


def _describe_tables(build_file: Path) -> dict[str, _Table]:
    """Read columns of all tables and views, and row counts of the tables, in one go."""
    tables: dict[str, _Table] = {}
    with open_build(build_file) as connection:
        counts = dict(
            connection.execute(
                "select schema_name || '.' || table_name, estimated_size from duckdb_tables() where not internal"
            ).fetchall()
        )
        for name, column, data_type in connection.execute(
            "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
            "where not internal order by all"
        ).fetchall():
            tables.setdefault(name, _Table({}, counts.get(name))).columns[column] = {"data_type": data_type}
    return tables


def _event_history(manifest: Mapping[str, Any], node_id: str, tables: Mapping[str, _Table]) -> dict[str, Any]:
    """Give dagster-dbt the columns of a node as they were built, with their descriptions."""
    node = manifest["nodes"].get(node_id)
    if node is None or node["resource_type"] not in {"model", "seed"} or _relation(node) not in tables:
        return {}
    descriptions = {name: column.get("description") for name, column in node["columns"].items()}
    return {
        "columns": {
            name: {**column, "description": descriptions.get(name)}
            for name, column in tables[_relation(node)].columns.items()
        }
    }
