"""The sensor that watches the landing zone, and what is noted by school year."""

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from orchestration.fingerprint import input_fingerprint
from orchestration.settings import PROJECT_DIR, Settings
from warehouse.store import open_build, start_build

STRATEGY = "liepaja-2020-2025"
LEARNERS = f"{STRATEGY}/enrolment/learner_count.csv"
RUN = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}

pytestmark = pytest.mark.usefixtures("manifest")


@pytest.fixture(autouse=True)
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the landing folder."""
    monkeypatch.setenv("MERAUKLA_LANDING_DIR", str(tmp_path / "landing"))
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    shutil.copytree(PROJECT_DIR / "data" / "landing", tmp_path / "landing")
    return tmp_path / "landing"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.instance_for_test() as made:
        yield made


class Looks:
    """Looks at the landing zone one after the other, at times that the test sets."""

    def __init__(self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self._instance = instance
        self._cursor: str | None = None
        self._now = time.time()
        monkeypatch.setattr("orchestration.sensors.time.time", lambda: self._now)

    def after(self, seconds: float) -> list[str]:
        """Let time pass and look: the keys of the runs that are started, else why there is none."""
        from orchestration.definitions import defs  # noqa: PLC0415 - needs dbt's manifest
        from orchestration.sensors import landing_zone  # noqa: PLC0415

        self._now += seconds
        context = dg.build_sensor_context(
            instance=self._instance, cursor=self._cursor, definitions=defs, sensor_name="landing_zone"
        )
        data = landing_zone.evaluate_tick(context)
        self._cursor = data.cursor
        return [str(request.run_key) for request in data.run_requests or ()] or [data.skip_message or ""]


@pytest.fixture
def looks(instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> Looks:
    return Looks(instance, monkeypatch)


def publish(run_id: str) -> None:
    """Write a file that stands for the published one, made from what lies here now."""
    settings = Settings.from_environment()
    run = {**RUN, "run_id": run_id, "input_fingerprint": input_fingerprint(settings)}
    start_build(settings.published_file, run)
    with open_build(settings.published_file) as connection:
        connection.execute("update audit.run set published_at = started_at")


def touch(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_a_new_file_starts_one_run_once_the_zone_is_quiet(looks: Looks, landing: Path) -> None:
    publish("first")
    assert "waiting until it is quiet" in looks.after(0)[0]
    assert looks.after(150) == ["What lies here is published already."]
    assert looks.after(60) == ["Nothing new in the landing zone."]

    touch(landing / LEARNERS, "\n")
    assert "waiting until it is quiet" in looks.after(60)[0]
    assert "until the landing zone is quiet" in looks.after(60)[0]
    # The copy goes on: what has been seen of it is no whole file yet.
    touch(landing / LEARNERS, "\n")
    assert "waiting until it is quiet" in looks.after(61)[0]
    (run_key,) = looks.after(121)
    assert run_key == f"first/{input_fingerprint(Settings.from_environment())}"
    # Whatever becomes of the run, it is not started again for the same files.
    assert looks.after(600) == ["Nothing new in the landing zone."]


def test_a_clock_that_is_set_back_delays_a_run_by_no_more_than_the_quiet_time(looks: Looks, landing: Path) -> None:
    publish("first")
    looks.after(0)
    looks.after(121)
    looks.after(365 * 24 * 3600)  # The clock jumps a year ahead …
    touch(landing / LEARNERS, "\n")
    assert "waiting until it is quiet" in looks.after(0)[0]
    # … and is set right again.
    assert "until the landing zone is quiet" in looks.after(-365 * 24 * 3600)[0]
    assert looks.after(121)[0].startswith("first/")


def test_the_first_look_starts_a_run_if_nothing_is_published(looks: Looks) -> None:
    looks.after(0)
    (run_key,) = looks.after(121)
    assert run_key.startswith("nothing published/")


def test_a_file_that_is_changed_back_is_worth_a_run_again(looks: Looks, landing: Path) -> None:
    content = (landing / LEARNERS).read_bytes()
    publish("first")
    keys = []
    for run_id, change in (("second", content + b"\n"), ("third", content), ("fourth", content + b"\n")):
        (landing / LEARNERS).write_bytes(change)
        os.utime(landing / LEARNERS, ns=(0, len(keys)))
        looks.after(60)
        keys += looks.after(121)
        publish(run_id)
    assert len(set(keys)) == 3
    assert [key.split("/")[0] for key in keys] == ["first", "second", "third"]


def test_a_file_that_is_gone_is_a_change_and_a_lock_file_is_none(looks: Looks, landing: Path) -> None:
    publish("first")
    looks.after(0)
    looks.after(121)
    (landing / STRATEGY / "enrolment" / "~$learner_count.xlsx").touch()
    assert looks.after(60) == ["Nothing new in the landing zone."]
    (landing / LEARNERS).unlink()
    assert "waiting until it is quiet" in looks.after(60)[0]
    assert looks.after(121)[0].startswith("first/")


def test_while_a_run_is_under_way_none_is_started(looks: Looks, landing: Path, instance: dg.DagsterInstance) -> None:
    from orchestration.definitions import defs  # noqa: PLC0415 - needs dbt's manifest

    run = instance.create_run_for_job(defs.resolve_job_def("publish_warehouse"), status=dg.DagsterRunStatus.STARTED)
    looks.after(0)
    assert looks.after(121) == ["A run is under way: waiting for its end."]
    instance.delete_run(run.run_id)
    assert looks.after(60)[0].startswith("nothing published/")


@pytest.mark.parametrize("cursor", ["no json", "[]", '{"unknown": 1}', ""])
def test_a_cursor_that_cannot_be_read_is_no_cursor(cursor: str) -> None:
    from orchestration.sensors import Watch  # noqa: PLC0415 - needs dbt's manifest

    assert Watch.from_cursor(cursor) == Watch()
    kept = Watch("a", 1.0, "b")
    assert Watch.from_cursor(json.dumps({"seen": "a", "since": 1.0, "dealt_with": "b"})) == kept


# --- What was received, by school year ---


def materialize_landing(instance: dg.DagsterInstance) -> None:
    from orchestration.assets.landing import landing_files  # noqa: PLC0415 - needs dbt's manifest
    from orchestration.run_guard import run_guard  # noqa: PLC0415 - with it

    settings = Settings.from_environment()
    start_build(settings.build_file, RUN)
    key = dg.AssetKey(["landing", "enrolment", "learner_count"])
    resources = {"run_guard": run_guard}
    assert dg.materialize([landing_files], selection=[key], instance=instance, resources=resources).success


def received(instance: dg.DagsterInstance) -> dict[str, int]:
    key = dg.AssetKey(["received", "enrolment", "learner_count"])
    records = instance.fetch_materializations(key, limit=100).records
    return {
        str(record.partition_key): int(str(record.asset_materialization.metadata["dagster/row_count"].value))
        for record in records
        if record.asset_materialization
    }


def test_a_run_notes_for_which_school_years_new_files_hold_rows(instance: dg.DagsterInstance) -> None:
    materialize_landing(instance)
    # Report, lines 284 to 289 and 299 to 304: six counts a year.
    assert received(instance) == {"2019/2020": 6, "2024/2025": 6}
    assert instance.get_dynamic_partitions("school_year") == ["2019/2020", "2024/2025"]


def test_one_school_year_can_be_read_by_hand(instance: dg.DagsterInstance, landing: Path) -> None:
    from orchestration.assets.received import received_files  # noqa: PLC0415 - needs dbt's manifest

    touch(landing / LEARNERS, "2023/2024,preschool,total,institution,3,,1\n")
    instance.add_dynamic_partitions("school_year", ["2023/2024"])
    key = dg.AssetKey(["received", "enrolment", "learner_count"])
    result = dg.materialize([received_files], selection=[key], instance=instance, partition_key="2023/2024")
    assert result.success
    (event,) = result.get_asset_materialization_events()
    assert (event.asset_key, event.partition) == (key, "2023/2024")
    assert received(instance) == {"2023/2024": 1}


def test_the_nightly_job_asks_for_no_partition(instance: dg.DagsterInstance) -> None:
    from orchestration.definitions import defs  # noqa: PLC0415 - needs dbt's manifest

    job = defs.resolve_job_def("publish_warehouse")
    assert job.partitions_def is None
    assert not [key for key in job.asset_layer.selected_asset_keys if key.path[0] == "received"]
