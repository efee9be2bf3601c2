"""Dagster's history of runs is kept for so many days, and never at the price of what its catalogue rests on."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.build import prepare_dagster_home
from orchestration.history import history_job, make_databases, prune_history
from orchestration.settings import Settings

YEARS = dg.StaticPartitionsDefinition(["2019/2020", "2024/2025"])
NOW = datetime(2026, 11, 24, 5, 30, tzinfo=UTC)
LIMIT = NOW - timedelta(days=90)


@dg.asset(check_specs=[dg.AssetCheckSpec("synthetic_check", asset="table")])
def table(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """A table that every run makes anew."""
    context.log.info("synthetic")
    yield dg.MaterializeResult()
    yield dg.AssetCheckResult(check_name="synthetic_check", passed=True)


@dg.asset(partitions_def=YEARS)
def received() -> None:
    """What is received once a school year."""


@dg.op
def nothing() -> None:
    """A step."""


@dg.job
def other() -> None:
    """A job without an asset."""
    nothing()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Dagster's home as an installation has it."""
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("DAGSTER_HOME", "overwritten")
    monkeypatch.setenv("GX_ANALYTICS_ENABLED", "overwritten")
    settings = Settings.from_environment()
    prepare_dagster_home(settings)
    return settings.dagster_home


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    assert home.is_dir()
    with dg.DagsterInstance.get() as made:
        yield made


def backdate(home: Path, run_id: str, days: float) -> str:
    """Have a run been created so many days ago."""
    created = (NOW - timedelta(days=days)).strftime("%Y-%m-%d %H:%M:%S.%f")
    with sqlite3.connect(home / "history" / "runs.db") as database:
        changed = database.execute("update runs set create_timestamp = ? where run_id = ?", [created, run_id])
    assert changed.rowcount == 1
    return run_id


def make(instance: dg.DagsterInstance, asset: dg.AssetsDefinition, partition: str | None = None) -> str:
    return dg.materialize([asset], instance=instance, partition_key=partition).run_id


def rows(home: Path, table_name: str, run_id: str) -> int:
    """Count what a table holds of a run, in whichever of Dagster's files it lies."""
    count = 0
    for path in home.rglob("*.db"):
        with sqlite3.connect(path) as database:
            if database.execute("select 1 from sqlite_master where name = ?", [table_name]).fetchone():
                ((more,),) = database.execute(f"select count(*) from {table_name} where run_id = ?", [run_id])
                count += more
    return count


def test_the_databases_are_there_before_page_and_daemon_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "overwritten")
    settings = Settings(tmp_path / "landing", tmp_path / "data", tmp_path / "data" / "build.duckdb")
    prepare_dagster_home(settings)
    make_databases()
    names = {path.relative_to(settings.dagster_home).as_posix() for path in settings.dagster_home.rglob("*.db")}
    assert names >= {"schedules/schedules.db", "history/runs.db", "event_log.db"}


def test_an_old_run_goes_with_its_events_and_its_checks(instance: dg.DagsterInstance, home: Path) -> None:
    old, new = make(instance, table), make(instance, table)
    backdate(home, old, 91)
    backdate(home, new, 89)
    tables = ("runs", "event_logs", "asset_check_executions")
    assert [bool(rows(home, name, old)) for name in tables] == [True] * 3

    assert prune_history(instance, LIMIT) == [old]

    assert [rows(home, name, old) for name in tables] == [0] * 3
    assert [bool(rows(home, name, new)) for name in tables] == [True] * 3
    assert prune_history(instance, LIMIT) == []


@pytest.mark.parametrize(
    "status",
    [
        dg.DagsterRunStatus.NOT_STARTED,
        dg.DagsterRunStatus.STARTING,
        dg.DagsterRunStatus.STARTED,
        dg.DagsterRunStatus.CANCELING,
    ],
)
def test_a_run_under_way_stays_however_old_it_is(
    instance: dg.DagsterInstance, home: Path, status: dg.DagsterRunStatus
) -> None:
    run = instance.create_run_for_job(other, status=status).run_id
    backdate(home, run, 1000)
    assert prune_history(instance, LIMIT) == []
    assert instance.has_run(run)


@pytest.mark.parametrize("status", [dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED])
def test_an_old_run_that_failed_or_was_cancelled_goes(
    instance: dg.DagsterInstance, home: Path, status: dg.DagsterRunStatus
) -> None:
    run = backdate(home, instance.create_run_for_job(other, status=status).run_id, 91)
    assert prune_history(instance, LIMIT) == [run]


def test_the_newest_note_of_a_table_and_of_each_school_year_stays(instance: dg.DagsterInstance, home: Path) -> None:
    of_table = make(instance, table)
    replaced, first, second = (make(instance, received, year) for year in ("2019/2020", "2019/2020", "2024/2025"))
    for run in (of_table, replaced, first, second):
        backdate(home, run, 400)

    assert prune_history(instance, LIMIT) == [replaced]

    assert {run.run_id for run in instance.get_runs()} == {of_table, first, second}
    assert instance.get_materialized_partitions(dg.AssetKey("received")) == {"2019/2020", "2024/2025"}
    assert instance.get_latest_materialization_event(dg.AssetKey("table")) is not None


def test_more_runs_than_a_page_go_at_once(
    instance: dg.DagsterInstance, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orchestration.history._PAGE", 2)
    runs = [instance.create_run_for_job(other, status=dg.DagsterRunStatus.SUCCESS).run_id for _ in range(5)]
    for run in runs:
        backdate(home, run, 91)
    assert prune_history(instance, LIMIT) == runs


def test_the_job_keeps_as_many_days_as_the_installation_says(
    instance: dg.DagsterInstance, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "operations.yml").write_text("history_days: 7")
    monkeypatch.setenv("MERAUKLA_OPERATIONS_FILE", str(tmp_path / "operations.yml"))
    now = datetime.now(UTC)
    old, new = (instance.create_run_for_job(other, status=dg.DagsterRunStatus.SUCCESS).run_id for _ in range(2))
    backdate(home, old, (NOW - now).days + 8)
    backdate(home, new, (NOW - now).days + 5)
    result = history_job.execute_in_process(instance=instance)
    assert result.success
    assert {run.run_id for run in instance.get_runs()} == {new, result.run_id}
