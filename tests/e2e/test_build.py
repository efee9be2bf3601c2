"""`meraukla build` from landing files to the published file: it publishes whole and right, or not at all."""

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from expectations.guard import Outcomes, run_rules
from orchestration.settings import PROJECT_DIR, Settings
from tests.expectations.core_tables import create_core
from warehouse.store import open_build, open_read_only, start_build

STRATEGY = "liepaja-2020-2025"
VALUES = f"{STRATEGY}/indicators/value.csv"
SURVEYS = f"{STRATEGY}/surveys/positive_share.csv"
LEARNERS = f"{STRATEGY}/enrolment/learner_count.csv"
# The 2023 target of indicator 1 in pre-schools (report, line 542: "10"), made unreadable. Rows count from the header.
BAD_ROW = 3
BAD_VALUE = "desmit vai vairāk"

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Warehouse:
    """A warehouse of its own below a temporary folder: landing files to spoil, data to look at."""

    landing: Path
    data: Path

    @property
    def published_file(self) -> Path:
        """What users of this warehouse open."""
        return self.data / "published" / "meraukla.duckdb"

    def command(self, *arguments: str) -> Run:
        """Run the command line as a user would: in a process of its own."""
        environment = os.environ | {
            "MERAUKLA_DATA_DIR": str(self.data),
            "MERAUKLA_LANDING_DIR": str(self.landing),
            "COLUMNS": "200",
        }
        environment.pop("MERAUKLA_BUILD_FILE", None)
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sys.executable, "-m", "orchestration", *arguments],
            cwd=PROJECT_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def change(self, name: str, change: Callable[[list[list[str]]], None]) -> None:
        """Change the cells of a landing file; the header is row 0."""
        path = self.landing / name
        with path.open(encoding="utf-8", newline="") as file:
            cells = list(csv.reader(file))
        change(cells)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(cells)


def rows(file: Path, query: str) -> list[Row]:
    with open_read_only(file) as connection:
        return connection.execute(query).fetchall()


def set_cell(row: int, column: str, value: str) -> Callable[[list[list[str]]], None]:
    def change(cells: list[list[str]]) -> None:
        cells[row][cells[0].index(column)] = value

    return change


def files_below(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


# --- One warehouse, four runs: a bad row; nothing new; critical failures; the same input again ---


@dataclass(frozen=True)
class History:
    """Four runs on one warehouse, each with what was published after it."""

    warehouse: Warehouse
    bad_row: Run
    bad_row_file: Path
    nothing_new: Run
    mtime_after_bad_row: int
    mtime_after_nothing_new: int
    critical: Run
    bytes_after_critical: bytes
    published_folder_before_critical: set[str]
    published_folder_after_critical: set[str]
    status_after_critical: Run
    forced: Run


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """Builds take most of the time of these tests, so all tests look at the same few."""
    folder = tmp_path_factory.mktemp("synthetic_city")
    warehouse = Warehouse(folder / "landing", folder / "data")
    shutil.copytree(PROJECT_DIR / "data" / "landing", warehouse.landing)
    warehouse.change(VALUES, set_cell(BAD_ROW - 1, "value_printed", BAD_VALUE))

    bad_row = warehouse.command("build")
    assert bad_row.exit_code == 0, bad_row.output
    bad_row_file = folder / "bad_row.duckdb"
    shutil.copyfile(warehouse.published_file, bad_row_file)
    mtime_after_bad_row = warehouse.published_file.stat().st_mtime_ns
    nothing_new = warehouse.command("build")
    mtime_after_nothing_new = warehouse.published_file.stat().st_mtime_ns

    shutil.copytree(warehouse.landing, folder / "landing_before")
    warehouse.change(SURVEYS, set_cell(1, "share_printed", "140 %"))
    warehouse.change(LEARNERS, set_cell(0, "stage_code", "stage"))
    published_folder_before_critical = files_below(warehouse.published_file.parent)
    critical = warehouse.command("build")
    bytes_after_critical = warehouse.published_file.read_bytes()
    published_folder_after_critical = files_below(warehouse.published_file.parent)
    status_after_critical = warehouse.command("status")

    shutil.rmtree(warehouse.landing)
    (folder / "landing_before").rename(warehouse.landing)
    forced = warehouse.command("build", "--force")
    return History(
        warehouse=warehouse,
        bad_row=bad_row,
        bad_row_file=bad_row_file,
        nothing_new=nothing_new,
        mtime_after_bad_row=mtime_after_bad_row,
        mtime_after_nothing_new=mtime_after_nothing_new,
        critical=critical,
        bytes_after_critical=bytes_after_critical,
        published_folder_before_critical=published_folder_before_critical,
        published_folder_after_critical=published_folder_after_critical,
        status_after_critical=status_after_critical,
        forced=forced,
    )


def test_a_row_that_cannot_be_read_is_quarantined_with_a_message_in_both_languages(history: History) -> None:
    ((file, row, column, value, rule, message_lv, message_en, row_json),) = rows(
        history.bad_row_file,
        "select source_file, row_number, column_name, value, rule, message_lv, message_en, row_json "
        "from audit.quarantine",
    )
    assert (file, row, column, value, rule) == (VALUES, BAD_ROW, "value_printed", BAD_VALUE, "unreadable_value")
    for message in (message_lv, message_en):
        assert all(fact in message for fact in (VALUES, str(BAD_ROW), "value_printed", BAD_VALUE, "nav mērīts"))
    assert "rinda" in message_lv
    assert "row" in message_en
    # Nothing of the row is lost.
    assert json.loads(row_json) == {
        "indicator_no": "01",
        "breakdown": "pii",
        "cell": "target_2023",
        "value_printed": BAD_VALUE,
        "period_printed": "",
        "cell_printed": "10",
        "is_merged": "no",
        "report_line": "542",
    }


def test_all_other_rows_are_published_beside_a_quarantined_one(history: History) -> None:
    with (history.warehouse.landing / VALUES).open(encoding="utf-8", newline="") as file:
        handed_in = sum(1 for _ in csv.reader(file)) - 1
    assert rows(
        history.bad_row_file,
        "select rows_read, rows_accepted, rows_quarantined from audit.source_file "
        "where source_name = 'indicators' and table_name = 'value'",
    ) == [(handed_in, handed_in - 1, 1)]
    assert rows(
        history.bad_row_file, "select sum(rows_quarantined), min(rows_accepted) > 0 from audit.source_file"
    ) == [(1, True)]
    assert rows(
        history.bad_row_file,
        f"select target_year, value_text from core.fct_target where series_key = '{STRATEGY}/01/pii'",
    ) == [(2025, "12")]
    assert rows(
        history.bad_row_file,
        f"""
        select period_label, target_value, final_target_value from marts.indicator_progress
        where series_key = '{STRATEGY}/01/pii' order by all
        """,
    ) == [("2023/2024", None, 12.0), ("2024/2025", 12.0, 12.0)]


def test_the_summary_of_a_run_counts_the_rows_that_were_quarantined(history: History) -> None:
    ((read,),) = rows(history.bad_row_file, "select sum(rows_read) from audit.source_file")
    assert f"{read} read, {read - 1} accepted, 1 quarantined" in history.bad_row.output


def test_a_second_build_without_a_change_says_so_and_leaves_the_file_alone(history: History) -> None:
    assert history.nothing_new.exit_code == 0
    assert "Nothing new" in history.nothing_new.output
    assert "--force" in history.nothing_new.output
    assert history.mtime_after_nothing_new == history.mtime_after_bad_row


def test_after_a_critical_failure_the_file_published_before_keeps_its_bytes(history: History) -> None:
    assert history.critical.exit_code == 1
    assert history.bytes_after_critical == history.bad_row_file.read_bytes()


def test_a_failed_run_leaves_nothing_half_written_beside_the_published_file(history: History) -> None:
    assert history.published_folder_after_critical == history.published_folder_before_critical
    # A report lies in a hidden folder that a link leads to; drafts would be hidden too.
    assert not [
        name
        for name in history.published_folder_after_critical
        if "/." in f"/{name}" and "/.report-" not in f"/{name}"
    ]


def test_a_critical_failure_names_the_table_the_value_and_what_is_expected(history: History) -> None:
    (line,) = (
        line for line in history.critical.output.splitlines() if "raw.surveys__positive_share.share_numeric" in line
    )
    assert "between 0 and 100 percent" in line
    assert "140.0" in line


def test_a_critical_failure_names_the_file_that_was_not_accepted_and_the_remedy(history: History) -> None:
    # The reason lies in the quarantine of a file that is not published: only the message can tell it.
    (line,) = (
        line for line in history.critical.output.splitlines() if f"{LEARNERS} has no column stage_code" in line
    )
    assert "Nothing of it was loaded" in line
    assert "↔ stage?" in line
    (line,) = (
        line for line in history.critical.output.splitlines() if f"{VALUES}, row {BAD_ROW}: value_printed" in line
    )
    assert f"is “{BAD_VALUE}”" in line
    assert "The file published before stays in place" in history.critical.output


def test_a_failure_is_told_in_words_without_a_stack_trace(history: History) -> None:
    assert "The build stopped at guard_checks. Nothing was published" in history.critical.output
    assert "Traceback" not in history.critical.output
    assert 'File "' not in history.critical.output
    assert "GuardError" not in history.critical.output


def test_status_tells_that_the_last_run_failed_and_that_the_published_file_stands(history: History) -> None:
    ((run_id,),) = rows(history.bad_row_file, "select run_id from audit.run")
    # A monitor shall notice, though a good file stands.
    assert history.status_after_critical.exit_code == 4
    assert f"by run {run_id}" in history.status_after_critical.output
    assert "The last run failed" in history.status_after_critical.output
    assert "in guard_checks" in history.status_after_critical.output
    assert "raw.surveys__positive_share.share_numeric" in history.status_after_critical.output


def test_a_forced_build_publishes_anew_after_a_failed_one(history: History) -> None:
    assert history.forced.exit_code == 0, history.forced.output
    before, now = (
        rows(file, "select run_id from audit.run")
        for file in (history.bad_row_file, history.warehouse.published_file)
    )
    assert before != now
    folder = history.warehouse.published_file.parent
    assert len(list((folder / "snapshots").iterdir())) == 2
    assert json.loads((folder / "status.json").read_text("utf-8"))["last_run"]["state"] == "succeeded"
    kinds = [
        json.loads(line)["kind"]
        for line in (history.warehouse.data / "logs" / "alerts.jsonl").read_text("utf-8").splitlines()
    ]
    assert kinds == ["new_suspicions", "run_failed"]


def test_the_changes_between_two_publications_are_those_of_the_input(history: History) -> None:
    folder = history.warehouse.published_file.parent
    changes = json.loads((folder / "changes.json").read_text("utf-8"))
    assert changes["tables"] == []
    assert changes["flags_new"] == []


def test_the_same_input_gives_the_same_rows(history: History) -> None:
    tables = "select schema_name || '.' || table_name from duckdb_tables() where not internal order by all"
    once, again = history.bad_row_file, history.warehouse.published_file
    names = [name for (name,) in rows(once, tables)]
    assert rows(again, tables) == [(name,) for name in names]
    # audit.run and the stamps tell runs apart; everything else is computed from the input alone.
    compared = [name for name in names if name not in {"audit.run", "meta.published_table"}]
    assert {"core.fct_observation", "marts.indicator_progress", "audit.reconciliation"} <= set(compared)
    different = [
        name
        for name in compared
        if rows(once, f"from {name} order by all") != rows(again, f"from {name} order by all")
    ]
    assert different == []


def test_dagster_knows_rows_columns_and_lineage_of_each_published_model(
    history: History, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What dagster-dbt cannot fetch it logs, and the run goes on: nobody would see that it is missing.
    home = history.warehouse.data / "dagster"
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    file = history.warehouse.published_file
    tables = rows(
        file,
        "select schema_name, table_name from duckdb_tables() where schema_name in ('core', 'marts') order by all",
    )
    assert ("core", "fct_observation") in tables
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for schema, table in tables:
            event = instance.get_latest_materialization_event(dg.AssetKey([schema, table]))
            assert event is not None, f"{schema}.{table} was not materialised"
            assert event.asset_materialization is not None
            metadata = event.asset_materialization.metadata
            ((count,),) = rows(file, f"select count(*) from {schema}.{table}")
            assert metadata["dagster/row_count"].value == count, f"{schema}.{table}"
            columns = [column for (column, *_) in rows(file, f"describe {schema}.{table}")]
            described = metadata["dagster/column_schema"].value
            assert isinstance(described, dg.TableSchema)
            assert sorted(column.name for column in described.columns) == sorted(columns), f"{schema}.{table}"
            lineage = metadata["dagster/column_lineage"].value
            assert isinstance(lineage, dg.TableColumnLineage)
            assert set(lineage.deps_by_column) <= set(columns), f"{schema}.{table}"
            assert any(lineage.deps_by_column.values()), f"{schema}.{table}"


# --- A definition that changes without a declared break, on synthetic core tables ---


SYNTHETIC_METHODOLOGY = """
insert into core.dim_methodology (
    strategy_code, methodology_key, previous_methodology_key, series_key, version_no, valid_from, valid_to,
    definition_hash, sealed_hash, is_break_declared, documentation, evidence_document, evidence_line
) values
    ('synthetic', 'synthetic/01/v1', null, 'synthetic/01', 1, null, '2022/2023', 'a', 'a', false,
        'described', 'x', 1),
    ('synthetic', 'synthetic/01/v2', 'synthetic/01/v1', 'synthetic/01', 2, '2023/2024', null, 'b', 'b', false,
        'described', 'x', 2);
"""


class GuardInThisProcess:
    """Stands in for the guard's worker process: the same functions, called directly."""

    def run_rules(self, settings: Settings) -> Outcomes:
        """Judge the build file by the real rules."""
        return run_rules(settings.build_file)


@pytest.fixture
def synthetic_build_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "build" / "meraukla.duckdb"
    monkeypatch.setenv("MERAUKLA_BUILD_FILE", str(path))
    run = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}
    start_build(path, run)
    with open_build(path) as connection:
        create_core(connection)
        connection.execute(SYNTHETIC_METHODOLOGY)
    return path


def judge_synthetic_build() -> dg.ExecuteInProcessResult:
    """Materialise the guard's flags as a run does."""
    from orchestration.assets.guard import flag  # noqa: PLC0415 - needs dbt's manifest

    return dg.materialize([flag], resources={"guard_worker": GuardInThisProcess()}, raise_on_error=False)


def flags(build_file: Path) -> list[Row]:
    with open_build(build_file) as connection:
        return connection.execute(
            "select rule, series_key, from_period, to_period, severity, is_break from guard.flag"
        ).fetchall()


@pytest.mark.usefixtures("manifest")
def test_a_definition_changed_without_a_declared_break_stops_the_build(synthetic_build_file: Path) -> None:
    result = judge_synthetic_build()
    assert not result.success
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    error = failure.step_failure_data.error
    assert error is not None
    told = error.to_string()
    assert "rule.definition_changed.is_explained" in told
    assert "a break is declared" in told
    assert flags(synthetic_build_file) == [
        ("definition_changed", "synthetic/01", "2022/2023", "2023/2024", "critical", True)
    ]


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize(
    "repair",
    [
        "is_break_declared = true where version_no = 2",
        "definition_hash = 'a', sealed_hash = 'a' where version_no = 2",
    ],
    ids=["break declared", "same definition"],
)
def test_a_declared_break_or_an_unchanged_definition_lets_the_build_go_on(
    synthetic_build_file: Path, repair: str
) -> None:
    with open_build(synthetic_build_file) as connection:
        connection.execute(f"update core.dim_methodology set {repair}")
    assert judge_synthetic_build().success
    assert flags(synthetic_build_file) == []


@pytest.mark.usefixtures("manifest")
def test_a_definition_changed_in_place_stops_the_build(synthetic_build_file: Path) -> None:
    with open_build(synthetic_build_file) as connection:
        connection.execute("update core.dim_methodology set is_break_declared = true where version_no = 2")
        connection.execute("update core.dim_methodology set definition_hash = 'c' where version_no = 1")
    assert not judge_synthetic_build().success
    assert flags(synthetic_build_file) == [
        ("definition_changed", "synthetic/01", None, "2022/2023", "critical", True)
    ]
