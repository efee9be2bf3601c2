"""dbt runs in a process of its own: the main one does not spend its seconds importing it, and tells what it said."""

import subprocess
import sys
from pathlib import Path

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


@pytest.mark.usefixtures("manifest")
def test_what_fails_in_the_process_of_dbt_is_told_by_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERAUKLA_BUILD_FILE", str(tmp_path / "meraukla.duckdb"))
    worker = dbt_worker.begin()
    try:
        # Nothing was landed, so the table that it reads is not there.
        outcome = worker.build(Settings.from_environment(), ["--select", "stg_actions__action"], "cautious")
    finally:
        dbt_worker.end()
    assert outcome.failure
    assert "stg_actions__action (error)" in outcome.failure
    assert [event["data"]["node_info"]["node_status"] for event in outcome.events] == ["error"]
