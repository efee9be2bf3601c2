"""dbt runs in a process of its own: the main one does not spend its seconds importing it, and tells what it said."""

import subprocess
import sys
import time
from collections.abc import Iterator
from multiprocessing import active_children
from pathlib import Path
from threading import Event, Timer

import pytest

from orchestration import dbt_worker
from orchestration.settings import PROJECT_DIR, Settings


@pytest.mark.usefixtures("manifest")
def test_the_definitions_load_without_dbt() -> None:
    code = "import sys, orchestration.definitions; print({'dbt', 'great_expectations'} & set(sys.modules))"
    loaded = subprocess.run(  # noqa: S603 - a program of our own
        [sys.executable, "-c", code], cwd=PROJECT_DIR, capture_output=True, text=True, check=True
    )
    assert loaded.stdout.strip() == "set()"


@pytest.mark.usefixtures("manifest")
def test_a_process_begun_early_is_the_one_that_the_run_uses_and_ends_with_it() -> None:
    begun = dbt_worker.begin()
    try:
        assert dbt_worker.begin() is begun
    finally:
        dbt_worker.end()
    with pytest.raises(RuntimeError, match="shutdown"):
        begun.pool.submit(print)


@pytest.fixture
def worker(manifest: object, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[dbt_worker.DbtWorker]:
    """A process of dbt whose build file is empty."""
    monkeypatch.setenv("MERAUKLA_BUILD_FILE", str(tmp_path / "meraukla.duckdb"))
    yield dbt_worker.begin()
    dbt_worker.end()


def test_what_fails_in_the_process_of_dbt_is_told_by_name(worker: dbt_worker.DbtWorker) -> None:
    results = []
    # Nothing was landed, so the table that it reads is not there.
    with pytest.raises(dbt_worker.DbtBuildError, match=r"stg_actions__action \(error\)"):
        results.extend(
            worker.build(Settings.from_environment(), ["--select", "stg_actions__action"], "cautious", pytest.fail)
        )
    # `extend` keeps what was yielded before the error.
    assert [(result.event["data"]["node_info"]["node_status"], result.row_count) for result in results] == [
        ("error", None)
    ]


def test_each_table_is_told_with_its_rows_and_columns_while_others_are_still_built(
    worker: dbt_worker.DbtWorker,
) -> None:
    built = Event()
    names = ("action_status", "break_reason")
    building = worker.build(Settings.from_environment(), ["--select", *names], "cautious", built.set)
    results = {result.event["data"]["node_info"]["node_name"]: result for result in building}
    assert built.wait(10)
    for name in names:
        header, *rows = (PROJECT_DIR / f"dbt_project/seeds/code_list/{name}.csv").read_text("utf-8").splitlines()
        assert list(results[name].columns) == header.split(",")
        assert results[name].row_count == len(rows)


def test_a_run_that_takes_no_more_results_ends_though_the_pipe_is_full(worker: dbt_worker.DbtWorker) -> None:
    (process,) = active_children()
    building = worker.build(Settings.from_environment(), ["--select", "resource_type:seed"], "cautious")
    next(building)
    # By now it waits for somebody who takes them: all seeds tell more than a pipe holds.
    time.sleep(5)
    assert process.is_alive()
    end = Timer(60, process.kill)
    end.start()
    dbt_worker.end()
    assert end.is_alive(), "it had to be killed"
    end.cancel()


def test_a_process_ended_from_outside_is_told_and_nobody_waits_for_it(worker: dbt_worker.DbtWorker) -> None:
    (process,) = active_children()
    worker.loading.result()
    building = worker.build(Settings.from_environment(), ["--select", "resource_type:seed"], "cautious")
    next(building)
    process.kill()
    with pytest.raises(dbt_worker.DbtProcessEndedError, match="ended from outside"):
        list(building)
