"""The report is written in a process of its own, and what goes wrong there stops publication with plain words."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from orchestration.report_worker import ReportWorker
from orchestration.worker_process import start_process
from warehouse.publish import PublicationError


@pytest.fixture
def worker() -> Iterator[ReportWorker]:
    """A process for reports."""
    with start_process() as pool:
        yield ReportWorker(pool)


def test_what_is_not_a_published_file_stops_publication_with_the_reason(worker: ReportWorker, tmp_path: Path) -> None:
    (tmp_path / "meraukla.duckdb").write_text("synthetic: no database")
    with pytest.raises(PublicationError, match=r"could not be written \(.*meraukla\.duckdb"):
        worker.publish(tmp_path / "meraukla.duckdb", tmp_path / "snapshot", tmp_path / "editions")


def test_a_full_disk_is_told_as_such_by_its_own_error(worker: ReportWorker, tmp_path: Path) -> None:
    (tmp_path / "snapshot").write_text("synthetic: a file where a folder should be")
    with pytest.raises(OSError, match="snapshot"):
        worker.publish(tmp_path / "meraukla.duckdb", tmp_path / "snapshot", tmp_path / "editions")


def test_a_process_ended_from_outside_stops_publication(worker: ReportWorker, tmp_path: Path) -> None:
    os.kill(worker.pool.submit(os.getpid).result(), signal.SIGKILL)
    with pytest.raises(PublicationError, match="ended from outside"):
        worker.publish(tmp_path / "meraukla.duckdb", tmp_path / "snapshot", tmp_path / "editions")
