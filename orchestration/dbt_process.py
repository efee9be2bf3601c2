"""What runs dbt. A run does so in a process of its own, which imports no Dagster.

dbt is called through its own runner: a process for each command would load it again each time.
"""

import os
import pickle
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal, cast

from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner, dbtRunnerResult
from dbt.contracts.graph.manifest import Manifest
from dbt_common.events.base_types import EventMsg
from google.protobuf.json_format import MessageToDict

from orchestration.fingerprint import is_prepared
from orchestration.settings import Settings

IndirectSelection = Literal["cautious", "eager"]

# What dbt_project/profiles.yml reads the build file's path from.
PROFILE_VARIABLE = "DBT_ENV_SECRET_BUILD_FILE"
_RESULT_EVENTS = frozenset({"LogSeedResult", "LogModelResult", "LogTestResult"})
_RELATIONS = frozenset({"model", "seed"})
_FAILED = frozenset({"error", "fail", "runtime error"})


class DbtError(Exception):
    """dbt could not do what it was asked; the message names the nodes and what to do."""


@dataclass(frozen=True, slots=True)
class NodeResult:
    """What became of one node of a `dbt build`.

    Attributes:
        event: dbt's own event of the result.
        columns: data types of what was built, by column, in their order; empty for a test, and for what failed.
        row_count: rows of the table that was built; None for anything else.
    """

    event: Mapping[str, Any]
    columns: Mapping[str, str]
    row_count: int | None


def load(settings: Settings) -> None:
    """Load the parsed project before it is needed.

    To list nothing makes dbt read its own files and build its own classes, which would take its first build a second.
    It does not open the build file.
    """
    if is_prepared(settings):
        runner = dbtRunner(manifest=_parsed_project(settings))
        _invoke(runner, settings, ["--no-write-json", "list", "--select=resource_type:exposure"])


def compile_project(settings: Settings) -> None:
    """Parse and compile the project, and keep it parsed.

    Raises:
        DbtError: the project does not parse or compile.
    """
    _invoke(dbtRunner(), settings, ["compile"])
    _parsed_file(settings).write_bytes(pickle.dumps(_parse(settings)))


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
    settings: Settings,
    selection: Sequence[str],
    indirect_selection: IndirectSelection,
    tell: Callable[[NodeResult], None],
) -> str | None:
    """Run `dbt build` for what is selected.

    Unit tests are left to `make test`: they judge the SQL, not tonight's data.

    Args:
        settings: where things lie.
        selection: dbt's own arguments of selection.
        indirect_selection: whether a test runs only if all models it reads are selected, or if one of them is.
        tell: called with the result of each node as soon as it is there.

    Returns:
        What failed, None if nothing did.
    """

    def pass_on(event: EventMsg) -> None:
        if event.info.name in _RESULT_EVENTS:
            tell(_to_result(MessageToDict(event, preserving_proto_field_name=True)))

    runner = dbtRunner(manifest=_parsed_project(settings), callbacks=[pass_on])
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
        return str(error)
    return None


def _to_result(event: dict[str, Any]) -> NodeResult:
    node = event["data"]["node_info"]
    if node["resource_type"] not in _RELATIONS or node["node_status"] != "success":
        return NodeResult(event, {}, None)
    relation = node["node_relation"]["relation_name"]
    with closing(DuckDBConnectionManager.env().handle()) as handle:
        cursor = handle.cursor()
        columns = {name: data_type for name, data_type, *_ in cursor.execute(f"describe {relation}").fetchall()}
        if node["materialized"] == "view":
            return NodeResult(event, columns, None)
        ((row_count,),) = cursor.execute(f"select count(*) from {relation}").fetchall()
    return NodeResult(event, columns, row_count)


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
