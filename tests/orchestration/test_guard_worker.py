"""What the guard's worker is asked early is asked once, and only by a run that goes on to publication."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import dagster as dg
import pytest

from expectations.guard import Outcomes
from orchestration import guard_process
from orchestration.guard_worker import PUBLISHED_KEY, GuardProcessEndedError, GuardWorker, is_whole_job
from orchestration.run_record import remedy_of
from orchestration.settings import Settings
from orchestration.worker_process import start_process


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """What the worker's process was asked to do."""
    asked: list[object] = []

    def suites(_: Path, stages: object) -> Outcomes:
        asked.append(stages)
        return Outcomes()

    def rules(_: Path) -> Outcomes:
        asked.append("rules")
        return Outcomes()

    monkeypatch.setattr(guard_process, "run_suites", suites)
    monkeypatch.setattr(guard_process, "run_rules", rules)
    return asked


def worker_in_a_thread(pool: ThreadPoolExecutor) -> GuardWorker:
    return GuardWorker(cast("Any", pool))


def test_what_was_begun_is_not_run_again_when_it_is_asked_for(calls: list[object], tmp_path: Path) -> None:
    settings = replace(Settings.from_environment(), data_dir=tmp_path)
    with ThreadPoolExecutor(1) as pool:
        worker = worker_in_a_thread(pool)
        worker.begin_suites(settings, ("landing", "guard"))
        worker.run_suites(settings, ("landing", "guard"))
        worker.begin_rules(settings)
        worker.run_rules(settings)
    assert calls == [("landing", "guard"), "rules"]


def test_a_second_question_is_a_new_one(calls: list[object], tmp_path: Path) -> None:
    # A result is handed out once: what is asked again is asked of the tables as they are then.
    settings = replace(Settings.from_environment(), data_dir=tmp_path)
    with ThreadPoolExecutor(1) as pool:
        worker = worker_in_a_thread(pool)
        worker.begin_suites(settings, ("audit",))
        worker.run_suites(settings, ("audit",))
        worker.run_suites(settings, ("audit",))
    assert calls == [("audit",), ("audit",)]


@pytest.mark.parametrize(("selected", "is_whole"), [({PUBLISHED_KEY}, True), ({dg.AssetKey("core")}, False)])
def test_only_a_run_that_publishes_is_the_whole_job(selected: set[dg.AssetKey], is_whole: bool) -> None:
    layer = SimpleNamespace(selected_asset_keys=selected)
    context = cast("Any", SimpleNamespace(job_def=SimpleNamespace(asset_layer=layer)))
    assert is_whole_job(context) is is_whole


def test_a_worker_that_is_killed_is_told_in_words_with_what_to_do(tmp_path: Path) -> None:
    settings = replace(Settings.from_environment(), data_dir=tmp_path)
    with start_process() as pool:
        os.kill(pool.submit(os.getpid).result(), signal.SIGKILL)
        worker = GuardWorker(pool)
        with pytest.raises(GuardProcessEndedError, match="for want of memory") as told:
            worker.run_suites(settings, ("audit",))
        with pytest.raises(GuardProcessEndedError):
            worker.run_rules(settings)
    assert remedy_of(str(told.value)) == "remedy_out_of_memory"
