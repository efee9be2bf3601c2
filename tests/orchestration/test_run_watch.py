"""A run that can no longer speak for itself is told of, once, and holds up no other."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import dagster as dg
import pytest

from orchestration.operations import load_operations
from orchestration.run_record import (
    begin_run,
    conclude_cut_off,
    end_run,
    fail_run,
    last_run,
    tell_locked_out,
    tell_untold_failure,
)
from orchestration.settings import Settings
from warehouse.alerts import LogSettings, is_logged
from warehouse.run_lock import Holder, RunLockedError, run_lock

BEGUN = "2026-01-31T00:00:00+00:00"


@pytest.fixture(autouse=True)
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MERAUKLA_BUILD_FILE", raising=False)
    return Settings.from_environment()


def leave_record(settings: Settings, run_id: str | None = "synthetic") -> None:
    """Leave what a run leaves that is cut off."""
    settings.last_run_file.parent.mkdir(parents=True, exist_ok=True)
    settings.last_run_file.write_text(
        json.dumps({"run_id": run_id, "state": "running", "started_at": BEGUN, "pid": 0}), "utf-8"
    )


def alerts(settings: Settings) -> list[tuple[str, str | None, str]]:
    lines = settings.alert_log.read_text("utf-8").splitlines() if settings.alert_log.is_file() else []
    return [(alert["kind"], alert["run_id"], alert["text_en"]) for alert in map(json.loads, lines)]


def monitor(settings: Settings) -> object:
    return json.loads((settings.published_dir / "status.json").read_text("utf-8"))["last_run"]["state"]


# --- A run that was cut off ---


def test_a_run_that_was_cut_off_is_noted_and_told_once(settings: Settings) -> None:
    leave_record(settings)
    record = conclude_cut_off(settings)
    assert record is not None
    assert (record.run_id, record.state) == ("synthetic", "killed")
    assert json.loads(settings.last_run_file.read_text("utf-8"))["state"] == "killed"
    assert monitor(settings) == "killed"
    ((kind, run_id, text),) = alerts(settings)
    assert (kind, run_id) == ("run_killed", "synthetic")
    assert f"begun at {BEGUN}, was cut off" in text

    assert conclude_cut_off(settings) is None
    begin_run(settings, "next")
    assert len(alerts(settings)) == 1


def test_a_run_under_way_is_not_cut_off(settings: Settings) -> None:
    leave_record(settings)
    with run_lock(settings.lock_file, "synthetic run"):
        assert conclude_cut_off(settings) is None
    assert json.loads(settings.last_run_file.read_text("utf-8"))["state"] == "running"
    assert alerts(settings) == []


def test_a_run_that_begins_while_one_looks_is_left_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_record(settings)

    def locked(*_: object) -> None:
        raise RunLockedError(Holder(4711, BEGUN, "synthetic"))

    monkeypatch.setattr("orchestration.run_record.run_lock", locked)
    assert conclude_cut_off(settings) is None
    assert alerts(settings) == []


def test_a_run_that_ends_while_one_looks_is_left_alone(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    leave_record(settings)
    looked = last_run(settings)
    end_run(settings, "synthetic")
    monkeypatch.setattr("orchestration.run_record.last_run", lambda _: looked)
    assert conclude_cut_off(settings) is None
    assert alerts(settings) == []


@pytest.mark.parametrize("end", [end_run, lambda settings, run: fail_run(settings, run, "synthetic", "reason")])
def test_a_run_that_ended_in_order_is_not_cut_off(settings: Settings, end: Callable[[Settings, str], None]) -> None:
    assert conclude_cut_off(settings) is None
    begin_run(settings, "synthetic")
    end(settings, "synthetic")
    before = alerts(settings)
    assert conclude_cut_off(settings) is None
    assert alerts(settings) == before


def test_a_folder_that_cannot_be_written_to_stops_nobody_who_looks(settings: Settings) -> None:
    leave_record(settings)
    settings.lock_file.mkdir()
    assert conclude_cut_off(settings) is None


# --- A failure that only Dagster knows ---


def test_a_failure_that_a_run_told_itself_is_not_told_again(settings: Settings) -> None:
    begin_run(settings, "synthetic")
    fail_run(settings, "synthetic", "core_models", "its own words")
    leave_record(settings, "cut off")
    conclude_cut_off(settings)
    tell_locked_out(settings, "locked out", RunLockedError(Holder(4711, BEGUN, "synthetic")))
    told = alerts(settings)
    for run in ("synthetic", "cut off", "locked out"):
        assert not tell_untold_failure(settings, run, "Dagster's words", datetime.now(UTC), is_publication=True)
    assert alerts(settings) == told


def test_a_failure_that_nobody_told_is_noted_and_told_with_what_to_do(settings: Settings) -> None:
    leave_record(settings, "before")
    conclude_cut_off(settings)
    assert tell_untold_failure(settings, "new", "No space left on device", datetime.now(UTC), is_publication=True)
    record = last_run(settings)
    assert record is not None
    assert (record.run_id, record.state, record.remedy) == ("new", "failed", "remedy_disk_full")
    assert monitor(settings) == "failed"
    kind, run_id, text = alerts(settings)[-1]
    assert (kind, run_id) == ("run_failed", "new")
    assert "No space left on device" in text


def test_what_is_noted_of_a_run_that_began_since_stays(settings: Settings) -> None:
    begin_run(settings, "since")
    end_run(settings, "since")
    failed_at = datetime.now(UTC) - timedelta(hours=1)
    assert tell_untold_failure(settings, "before", "synthetic", failed_at, is_publication=True)
    record = last_run(settings)
    assert record is not None
    assert (record.run_id, record.state) == ("since", "succeeded")
    assert [run_id for _, run_id, _ in alerts(settings)] == ["before"]


def test_another_job_that_failed_is_told_and_is_no_run_of_the_warehouse(settings: Settings) -> None:
    begin_run(settings, "synthetic")
    end_run(settings, "synthetic")
    assert tell_untold_failure(settings, "pruning", "synthetic", datetime.now(UTC), is_publication=False)
    record = last_run(settings)
    assert record is not None
    assert record.state == "succeeded"
    assert [run_id for _, run_id, _ in alerts(settings)] == ["pruning"]


def test_what_was_told_is_found_in_the_log_before_and_past_a_line_that_was_cut_short(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = load_operations().model_copy(
        update={"alerts": load_operations().alerts.model_copy(update={"log": LogSettings(max_bytes=1)})}
    )
    monkeypatch.setattr("orchestration.run_record.load_operations", lambda: small)
    for run in ("first", "second", "third"):
        fail_run(settings, run, "synthetic", "synthetic")
    settings.alert_log.write_text('{"at": "cut sh\n[]\n' + settings.alert_log.read_text("utf-8"), "utf-8")
    found = [is_logged(run, {"run_failed"}, settings.alert_log) for run in ("first", "second", "third")]
    assert found == [False, True, True]
    assert not is_logged("third", {"run_killed"}, settings.alert_log)


# --- The sensors ---


@dg.op
def nothing() -> None:
    """A step."""


@dg.job
def synthetic() -> None:
    """A job."""
    nothing()


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


class Looks:
    """Looks for lost runs one after the other, at times that the test sets."""

    def __init__(self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self._instance = instance
        self._cursor: str | None = None
        self._now = time.time()
        monkeypatch.setattr("orchestration.run_watch.time.time", lambda: self._now)

    def after(self, seconds: float) -> str:
        """Let time pass and look: what the sensor says."""
        from orchestration.run_watch import lost_run  # noqa: PLC0415 - needs dbt's manifest

        self._now += seconds
        data = lost_run.evaluate_tick(dg.build_sensor_context(instance=self._instance, cursor=self._cursor))
        self._cursor = data.cursor
        return data.skip_message or ""


@pytest.fixture
def looks(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, manifest: object) -> Looks:
    assert manifest
    return Looks(instance, monkeypatch)


def started(instance: dg.DagsterInstance) -> str:
    return instance.create_run_for_job(synthetic, status=dg.DagsterRunStatus.STARTED).run_id


def status(instance: dg.DagsterInstance, run_id: str) -> str:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status.value


def test_a_run_whose_process_is_gone_is_marked_as_failed_after_two_minutes(
    looks: Looks, instance: dg.DagsterInstance, settings: Settings
) -> None:
    run = started(instance)
    leave_record(settings, run)
    assert looks.after(0) == "No run is lost."
    # Whoever is on call need not wait for that.
    assert [(kind, told) for kind, told, _ in alerts(settings)] == [("run_killed", run)]
    assert looks.after(60) == "No run is lost."
    assert looks.after(59) == "No run is lost."
    assert status(instance, run) == "STARTED"
    assert looks.after(1) == f"Marked as failed: {run}."
    assert status(instance, run) == "FAILURE"
    assert looks.after(600) == "No run is lost."
    assert len(alerts(settings)) == 1


def test_a_run_that_waits_for_another_or_is_at_its_work_is_not_lost(
    looks: Looks, instance: dg.DagsterInstance, settings: Settings
) -> None:
    run = started(instance)
    looks.after(0)
    with run_lock(settings.lock_file, "another run"):
        assert looks.after(600) == "A run is under way."
    # The other one has ended this moment: this one is about to take the lock.
    assert looks.after(60) == "No run is lost."
    assert looks.after(60) == "No run is lost."
    assert status(instance, run) == "STARTED"


def test_a_run_that_ended_meanwhile_is_not_lost(looks: Looks, instance: dg.DagsterInstance) -> None:
    run = started(instance)
    looks.after(0)
    found = instance.get_run_by_id(run)
    assert found is not None
    instance.report_run_canceled(found)
    assert looks.after(600) == "No run is lost."
    assert status(instance, run) == "CANCELED"


@pytest.mark.parametrize("cursor", ["no json", "[]", '{"run": "yesterday"}', '{"run": null}', "3"])
def test_a_cursor_that_cannot_be_read_marks_nothing(
    looks: Looks, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch, cursor: str
) -> None:
    run = started(instance)
    monkeypatch.setattr(looks, "_cursor", cursor)
    assert looks.after(0) == "No run is lost."
    assert looks.after(120) == f"Marked as failed: {run}."


def fail(instance: dg.DagsterInstance, fault: Exception) -> dg.RunStatusSensorContext:
    """Run a job that fails before its first step, and return what the sensor is handed."""

    @dg.resource
    def broken(_: object) -> None:
        raise fault

    @dg.op(required_resource_keys={"broken"})
    def step() -> None:
        """Do nothing."""

    @dg.job(name="publish_warehouse", resource_defs={"broken": broken})
    def job() -> None:
        step()

    result = job.execute_in_process(instance=instance, raise_on_error=False)
    (event,) = [event for event in result.all_events if event.event_type == dg.DagsterEventType.RUN_FAILURE]
    return dg.build_run_status_sensor_context("failed_run", event, instance, result.dagster_run)


def test_a_run_that_fails_before_its_first_step_is_told_in_the_words_of_its_error(
    looks: Looks, instance: dg.DagsterInstance, settings: Settings
) -> None:
    from orchestration.run_watch import failed_run  # noqa: PLC0415 - needs dbt's manifest

    assert looks
    context = fail(instance, OSError(28, "No space left on device"))
    for _ in range(2):
        failed_run(context.for_run_failure())
    ((kind, run_id, text),) = alerts(settings)
    assert (kind, run_id) == ("run_failed", context.dagster_run.run_id)
    assert "No space left on device" in text
    assert f"The disk of {settings.data_dir} is full" in text
    record = last_run(settings)
    assert record is not None
    assert (record.run_id, record.state) == (context.dagster_run.run_id, "failed")


def test_a_failure_that_somebody_else_reports_is_told_in_his_words(
    looks: Looks, instance: dg.DagsterInstance, settings: Settings
) -> None:
    from orchestration.run_watch import failed_run  # noqa: PLC0415 - needs dbt's manifest

    assert looks
    run = instance.get_run_by_id(started(instance))
    assert run is not None
    instance.report_run_failed(run, "Its process is gone.")
    (entry,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_FAILURE)
    assert entry.dagster_event is not None
    failed_run(dg.build_run_status_sensor_context("failed_run", entry.dagster_event, instance, run).for_run_failure())
    ((kind, run_id, text),) = alerts(settings)
    assert (kind, run_id) == ("run_failed", run.run_id)
    assert "Its process is gone." in text
