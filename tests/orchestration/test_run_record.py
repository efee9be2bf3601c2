"""How a run went is noted and told, whoever started it and however it ended."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

import dagster as dg
import pytest

from orchestration import run_guard as guarding
from orchestration.build import prepare_dagster_home
from orchestration.operations import OperationsError, load_operations
from orchestration.run_guard import JOB_NAME, note_failure, note_success, run_guard
from orchestration.run_record import begin_run, describe, end_run, fail_run, last_run, remedy_of, tell_suspicions
from orchestration.settings import PROJECT_DIR, Settings
from warehouse.suspicion import Suspicion


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MERAUKLA_BUILD_FILE", raising=False)
    return Settings.from_environment()


def alerts(settings: Settings) -> list[tuple[str, str]]:
    lines = settings.alert_log.read_text("utf-8").splitlines() if settings.alert_log.is_file() else []
    return [(alert["kind"], alert["text_en"]) for alert in map(json.loads, lines)]


def monitor(settings: Settings) -> dict[str, object]:
    content: dict[str, object] = json.loads((settings.published_dir / "status.json").read_text("utf-8"))["last_run"]
    return content


# --- A job of one step, with what every run has around it ---


def fail() -> None:
    raise ValueError("raw.synthetic: [0] is not 1.")


def run_job(act: Callable[[], None] = lambda: None, *, name: str = JOB_NAME) -> dg.ExecuteInProcessResult:
    @dg.op(name="published__meraukla", required_resource_keys={"run_guard"})
    def publish() -> None:
        act()

    @dg.job(name=name, hooks={note_success, note_failure}, resource_defs={"run_guard": run_guard})
    def job() -> None:
        publish()

    return job.execute_in_process(raise_on_error=False)


def test_a_run_that_dagster_started_is_noted_when_it_succeeds(settings: Settings) -> None:
    result = run_job()
    record = last_run(settings)
    assert record is not None
    assert (record.run_id, record.state) == (result.run_id, "succeeded")
    assert monitor(settings)["state"] == "succeeded"
    assert alerts(settings) == []


def test_a_run_that_dagster_started_is_noted_and_told_when_it_fails(settings: Settings) -> None:
    result = run_job(fail)
    record = last_run(settings)
    assert record is not None
    assert (record.run_id, record.state, record.failed_step) == (result.run_id, "failed", "published__meraukla")
    assert monitor(settings)["state"] == "failed"
    ((kind, text),) = alerts(settings)
    assert kind == "run_failed"
    assert "in published__meraukla: raw.synthetic: [0] is not 1." in text


def be_told_to_stop() -> None:
    os.kill(os.getpid(), signal.SIGTERM)
    # The interpreter handles it before the next line, at the latest.
    time.sleep(0.01)


def break_on_the_way_out() -> None:
    try:
        be_told_to_stop()
    finally:
        raise ValueError("connection is busy")


def break_before_the_signal_is_handled() -> None:
    handler = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        be_told_to_stop()
    finally:
        signal.signal(signal.SIGTERM, handler)
    raise ValueError("the process that builds the tables was ended from outside")


@pytest.mark.parametrize("act", [be_told_to_stop, break_on_the_way_out, break_before_the_signal_is_handled])
def test_a_run_that_was_told_to_stop_was_stopped_whatever_else_became_of_it(
    settings: Settings, act: Callable[[], None]
) -> None:
    assert not run_job(act).success
    record = last_run(settings)
    assert record is not None
    assert (record.state, record.remedy) == ("stopped", "remedy_stopped")
    assert record.failed_step == "published__meraukla"


def test_a_run_that_is_told_to_stop_between_two_steps_was_stopped(settings: Settings) -> None:
    @dg.success_hook
    def stop_now(_: dg.HookContext) -> None:
        be_told_to_stop()

    @dg.op(required_resource_keys={"run_guard"})
    def first() -> int:
        return 1

    @dg.op(name="published__meraukla", required_resource_keys={"run_guard"})
    def publish(before: int) -> None:
        raise AssertionError(before)

    @dg.job(name=JOB_NAME, hooks={note_success, note_failure}, resource_defs={"run_guard": run_guard})
    def job() -> None:
        publish(first.with_hooks({stop_now})())

    assert not job.execute_in_process(raise_on_error=False).success
    record = last_run(settings)
    assert record is not None
    assert record.state == "stopped"


def test_a_run_that_is_told_to_stop_as_it_begins_was_stopped(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def begin_and_be_told(settings: Settings, run_id: str | None) -> None:
        begin_run(settings, run_id)
        be_told_to_stop()

    monkeypatch.setattr(guarding, "begin_run", begin_and_be_told)
    with suppress(KeyboardInterrupt, dg.DagsterExecutionInterruptedError):
        run_job(fail)
    record = last_run(settings)
    assert record is not None
    assert record.state == "stopped"


def test_a_run_that_fails_after_one_that_was_stopped_has_failed(settings: Settings) -> None:
    run_job(be_told_to_stop)
    run_job(fail)
    record = last_run(settings)
    assert record is not None
    assert record.state == "failed"


def test_a_run_that_never_came_to_publication_has_failed(settings: Settings) -> None:
    @dg.op(required_resource_keys={"run_guard"})
    def other() -> None:
        pass

    @dg.job(name=JOB_NAME, resource_defs={"run_guard": run_guard})
    def job() -> None:
        other()

    assert job.execute_in_process().success
    record = last_run(settings)
    assert record is not None
    assert record.state == "failed"


def test_a_part_of_the_graph_that_is_run_by_hand_is_no_run_of_the_job(settings: Settings) -> None:
    assert run_job(name="synthetic_part").success
    record = last_run(settings)
    # Its success hook notes what it published; nothing says that it is still running.
    assert record is None or record.state == "succeeded"


def test_a_run_clears_up_what_a_killed_one_left_and_tells_of_it(settings: Settings) -> None:
    half = settings.published_dir / "snapshots" / "20260131T000000Z-synthetic"
    half.mkdir(parents=True)
    (half / ".unpublished").touch()
    spill = settings.build_file.with_name("meraukla.duckdb.copy.tmp")
    spill.mkdir(parents=True)
    (settings.last_run_file).write_text(
        json.dumps({"run_id": "killed", "state": "running", "started_at": "2026-01-31T02:00:00+00:00", "pid": 0})
    )
    assert run_job().success
    assert not half.exists()
    assert not spill.exists()
    ((kind, text),) = alerts(settings)
    assert kind == "run_killed"
    assert "begun at 2026-01-31T02:00:00+00:00, was cut off" in text


def test_a_run_that_finds_another_under_way_leaves_its_record_and_tells(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin_run(settings, "other")

    def locked(*_: object) -> None:
        raise guarding.RunLockedError(guarding_holder())

    monkeypatch.setattr(guarding, "run_lock", locked)
    assert not run_job().success
    assert json.loads(settings.last_run_file.read_text("utf-8"))["run_id"] == "other"
    assert [kind for kind, _ in alerts(settings)] == ["run_locked_out"]


def guarding_holder() -> object:
    from warehouse.run_lock import Holder  # noqa: PLC0415 - what the error is made of

    return Holder(4711, "2026-01-31 02:00:00", "synthetic")


JOB_THAT_LOOKS_WHERE_IT_WRITES = """
import os, sys
import dagster as dg

@dg.op
def look():
    print([os.readlink(f"/proc/self/fd/{number}") for number in (1, 2)])

@dg.job
def job():
    look()

with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    job.execute_in_process(instance=instance)
"""


def test_what_a_run_says_does_not_go_through_a_file_that_a_full_disk_would_cut_off(
    settings: Settings, tmp_path: Path
) -> None:
    prepare_dagster_home(settings)
    with (tmp_path / "terminal").open("w+") as terminal:
        subprocess.run(  # noqa: S603 - a program of our own
            [sys.executable, "-c", JOB_THAT_LOOKS_WHERE_IT_WRITES, str(settings.dagster_home)],
            stdout=terminal,
            stderr=terminal,
            env=os.environ | {"DAGSTER_HOME": str(settings.dagster_home), "PYTHONPATH": str(PROJECT_DIR)},
            check=True,
        )
        terminal.seek(0)
        assert str([terminal.name, terminal.name]) in terminal.read()


# --- Records ---


def test_a_failure_is_told_once_though_two_notice_it(settings: Settings) -> None:
    begin_run(settings, "synthetic")
    for _ in range(2):
        fail_run(settings, "synthetic", "core_models", "synthetic reason")
    assert len(alerts(settings)) == 1


def test_a_run_keeps_its_beginning_when_dagster_gives_it_its_id(settings: Settings) -> None:
    begin_run(settings, None)
    record = json.loads(settings.last_run_file.read_text("utf-8"))
    record["started_at"] = "2026-01-31T23:59:59+00:00"
    settings.last_run_file.write_text(json.dumps(record))
    begin_run(settings, "synthetic")
    end_run(settings, "synthetic")
    ended = last_run(settings)
    assert ended is not None
    # It spans midnight: both days stand in the record.
    assert (ended.run_id, ended.started_at) == ("synthetic", "2026-01-31T23:59:59+00:00")
    assert alerts(settings) == []


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("IO Error: Could not write: No space left on device", "remedy_disk_full"),
        ("(sqlite3.OperationalError) database or disk is full", "remedy_disk_full"),
        ("OperationalError: (sqlite3.OperationalError) disk I/O error", "remedy_disk_full"),
        ("[Errno 30] Read-only file system: 'x'", "remedy_not_writable"),
        ("[Errno 13] Permission denied: 'x'", "remedy_not_writable"),
        ("Out of Memory Error: could not allocate block", "remedy_out_of_memory"),
        ("MemoryError", "remedy_out_of_memory"),
        ("[Errno 12] Cannot allocate memory", "remedy_out_of_memory"),
        ("RuntimeError: can't start new thread", "remedy_out_of_memory"),
        (
            "The process that builds the tables was ended from outside, perhaps for want of memory.",
            "remedy_out_of_memory",
        ),
        ("raw.synthetic: [0] is not 1.", "remedy_failed"),
    ],
)
def test_a_failure_comes_with_what_to_do_about_it(text: str, remedy: str) -> None:
    assert remedy_of(text) == remedy


@pytest.mark.parametrize("named", ["data", "temp", "nothing"])
def test_a_failure_of_writing_names_the_folder_in_both_languages(settings: Settings, named: str) -> None:
    places = {"data": settings.data_dir, "temp": Path(gettempdir()), "nothing": settings.data_dir}
    place = places[named]
    text = "No space left on device" + ("" if named == "nothing" else f": '{place / 'x' / 'synthetic.part'}'")
    begin_run(settings, "synthetic")
    fail_run(settings, "synthetic", "core_models", text)
    record = last_run(settings)
    assert record is not None
    assert f"The disk of {place} is full" in describe(record, "en")
    assert f"Disks, uz kura ir {place}, ir pilns" in describe(record, "lv")


def test_a_failure_is_noted_though_the_disk_has_no_room_for_another_file(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, _: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(path))

    begin_run(settings, "synthetic")
    monkeypatch.setattr("warehouse.files.write_whole", full)
    fail_run(settings, "synthetic", "core_models", "No space left on device")
    record = last_run(settings)
    assert record is not None
    assert (record.state, record.remedy) == ("failed", "remedy_disk_full")
    assert monitor(settings)["state"] == "failed"


def test_a_record_of_an_earlier_version_is_still_told(settings: Settings) -> None:
    settings.last_run_file.parent.mkdir(parents=True)
    settings.last_run_file.write_text(
        json.dumps({"run_id": "x", "state": "failed", "started_at": "2026-01-31", "remedy": "remedy_disk_full"})
    )
    record = last_run(settings)
    assert record is not None
    assert "is full" in describe(record, "en")


def test_new_suspicions_are_told_and_no_news_is_no_alert(settings: Settings) -> None:
    assert tell_suspicions(settings, "synthetic", []) == []
    assert alerts(settings) == []
    suspicions = [Suspicion(f"key{n}", f"id{n}", "level_shift", "synthetic/01", "lv", "en") for n in range(25)]
    assert tell_suspicions(settings, "synthetic", suspicions) == []
    ((kind, text),) = alerts(settings)
    assert kind == "new_suspicions"
    assert "id19" in text
    assert "id20" not in text
    assert "+ 5" in text


def test_a_folder_that_cannot_be_written_to_stops_no_run(settings: Settings) -> None:
    settings.data_dir.write_text("a file where the folder should be", "utf-8")
    begin_run(settings, "synthetic")
    fail_run(settings, "synthetic", "core_models", "synthetic reason")
    assert last_run(settings) is None


# --- Settings of an installation ---


def use_operations(monkeypatch: pytest.MonkeyPatch, file: Path, content: str) -> None:
    file.write_text(content, "utf-8")
    monkeypatch.setenv("MERAUKLA_OPERATIONS_FILE", str(file))


def test_an_installation_says_only_what_is_different(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use_operations(monkeypatch, tmp_path / "own.yml", "retention: {nights: 7}\nalerts: {language: en}\n")
    operations = load_operations()
    assert (operations.retention.nights, operations.retention.month_ends) == (7, 12)
    assert (operations.alerts.language, operations.late_after_hours) == ("en", 26)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("retention: {nigths: 7}", "retention.nigths"),
        ("retention: {latest: 0}", "retention.latest"),
        ("time_zone: Europe/Liepaja", "time_zone"),
        ("alerts: {email: {host: x, sender: x, recipients: [x], password: secret}}", "alerts.email.password"),
        ("- a list", "no list of settings"),
        ("{", "cannot be read"),
    ],
)
def test_a_setting_that_is_not_in_order_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str, named: str
) -> None:
    use_operations(monkeypatch, tmp_path / f"{abs(hash(content))}.yml", content)
    with pytest.raises(OperationsError, match=named):
        load_operations()
