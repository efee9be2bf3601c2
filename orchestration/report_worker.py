"""A process for the report: its templates and the drawing of charts are loaded while the marts are built."""

from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from orchestration import report_process
from orchestration.worker_process import start_process
from warehouse.publish import PublicationError

if TYPE_CHECKING:
    from report.build import Built


@dataclass(frozen=True, slots=True)
class ReportWorker:
    """Writes the report in a process of its own."""

    pool: ProcessPoolExecutor

    def begin_loading(self) -> None:
        """Begin to load what the report is written with; nobody waits for it."""
        self.pool.submit(report_process.load)

    def publish(self, published_file: Path, place: Path, editions_dir: Path) -> "Built":
        """Write the report on a published file; see `report.build.publish_report`.

        Raises:
            OSError: the folder cannot be written to, or the disk is full.
            PublicationError: it could not be written for another reason.
        """
        try:
            writing = self.pool.submit(report_process.publish, published_file, place, editions_dir)
            try:
                return writing.result()
            finally:
                # Whoever stops the run clears up next: nobody may still write there.
                wait([writing])
        except OSError:
            raise
        except BrokenProcessPool as error:
            raise PublicationError(
                "The process that writes the monitoring report was ended from outside, perhaps for want of memory. "
                "The report belongs to what is published, so nothing was. Look at the system's log, and run again: "
                "meraukla build"
            ) from error
        except Exception as error:
            raise PublicationError(
                f"The monitoring report could not be written ({type(error).__name__}: {error}). It belongs to what "
                "is published, so nothing was. This is a fault of the program: tell those who keep it."
            ) from error


@dg.resource(description="The report's templates and charts in a process of its own.")
@contextmanager
def report_worker(_: dg.InitResourceContext) -> Iterator[ReportWorker]:
    """Start the process when it is first asked for something, and stop it with the run."""
    with start_process() as pool:
        yield ReportWorker(pool)
