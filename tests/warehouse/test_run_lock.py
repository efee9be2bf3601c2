"""One run at a time, and no lock that outlives its process."""

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from warehouse.run_lock import Holder, RunLockedError, lock_holder, run_lock

PROJECT = Path(__file__).parents[2]
HOLDING = """
import sys, time
from pathlib import Path
from warehouse.run_lock import run_lock

with run_lock(Path(sys.argv[1]), "synthetic run"):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


@pytest.fixture
def lock_file(tmp_path: Path) -> Path:
    return tmp_path / "build" / "run.lock"


@pytest.fixture
def other_run(lock_file: Path) -> Iterator["Other"]:
    other = Other(lock_file)
    yield other
    other.end()


class Other:
    """Another process that holds the lock."""

    def __init__(self, lock_file: Path) -> None:
        self.lock_file = lock_file
        self.processes: list[subprocess.Popen[str]] = []

    def hold(self, seconds: float = 60) -> int:
        """Begin to hold it; return the process."""
        process = subprocess.Popen(  # noqa: S603 - fixed arguments
            [sys.executable, "-c", HOLDING, self.lock_file, str(seconds)],
            stdout=subprocess.PIPE,
            text=True,
            cwd=PROJECT,
        )
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        self.processes.append(process)
        return process.pid

    def end(self) -> None:
        """Kill it."""
        while self.processes:
            process = self.processes.pop()
            process.kill()
            process.communicate()


def test_a_second_run_stops_and_names_the_process_that_holds_the_lock_and_since_when(
    lock_file: Path, other_run: Other
) -> None:
    pid = other_run.hold()
    with (
        pytest.raises(RunLockedError, match=rf"process {pid}, since \d{{4}}-.* UTC \(synthetic run\).*--wait"),
        run_lock(lock_file, "second"),
    ):
        pytest.fail("two runs at once")
    holder = lock_holder(lock_file)
    assert holder is not None
    assert (holder.pid, holder.purpose) == (pid, "synthetic run")


def test_a_second_run_that_waits_begins_when_the_first_has_ended(lock_file: Path, other_run: Other) -> None:
    pid = other_run.hold(0.5)
    told: list[Holder] = []
    with run_lock(lock_file, "second", wait_seconds=30, when_waiting=told.append):
        assert other_run.processes[0].wait(10) == 0
    assert [holder.pid for holder in told] == [pid]


def test_a_wait_ends_when_its_time_is_over(lock_file: Path, other_run: Other) -> None:
    other_run.hold()
    begun = time.monotonic()
    with pytest.raises(RunLockedError), run_lock(lock_file, "second", wait_seconds=0.5):
        pass
    assert 0.4 < time.monotonic() - begun < 10


def test_the_lock_dies_with_a_process_that_is_killed(lock_file: Path, other_run: Other) -> None:
    other_run.hold()
    other_run.end()
    assert lock_file.exists()
    assert lock_holder(lock_file) is None
    with run_lock(lock_file, "second"):
        pass


def test_a_step_of_a_run_finds_the_lock_that_its_run_holds(lock_file: Path) -> None:
    with run_lock(lock_file, "run"):
        with run_lock(lock_file, "step"):
            pass
        # The step's end is not the run's.
        done = subprocess.run(  # noqa: S603 - fixed arguments
            [sys.executable, "-c", HOLDING, lock_file, "0"], check=False, cwd=PROJECT, capture_output=True, text=True
        )
        assert "RunLockedError" in done.stderr
    assert lock_holder(lock_file) is None


def test_a_lock_is_let_go_when_a_run_fails(lock_file: Path) -> None:
    with pytest.raises(ValueError, match="failed"), run_lock(lock_file, "run"):
        raise ValueError("failed")
    assert lock_holder(lock_file) is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": 1}'])
def test_a_lock_file_that_cannot_be_read_locks_nobody_out(lock_file: Path, content: str) -> None:
    lock_file.parent.mkdir()
    lock_file.write_text(content, "utf-8")
    with run_lock(lock_file, "run"):
        pass
    assert lock_holder(lock_file) is None


def test_asking_who_holds_a_lock_leaves_nothing_behind(tmp_path: Path) -> None:
    assert lock_holder(tmp_path / "no" / "run.lock") is None
    assert list(tmp_path.iterdir()) == []
