"""The report as PDF: the site's print page, printed by the Chromium of the system, tagged and with an outline."""

import os
import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

CHROMIUM_VARIABLE = "MERAUKLA_CHROMIUM"
_NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_TIMEOUT_SECONDS = 300
# It must not ask the network for anything, and leaves nothing behind.
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-extensions",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--no-pdf-header-footer",
    "--generate-pdf-document-outline",
    "--export-tagged-pdf",
    "--virtual-time-budget=10000",
)


class PdfError(Exception):
    """The PDF could not be made; the site is not touched by that."""


def chromium() -> str | None:
    """Return the Chromium to print with: the one the environment names, else the first on the path."""
    named = os.environ.get(CHROMIUM_VARIABLE)
    if named is not None:
        return shutil.which(named) if named else None
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


class Printing:
    """A page that is being printed into a PDF file, by a process of its own: meanwhile there is other work.

    Args:
        page: the HTML file.
        target: the PDF file.
        written_at: what the PDF tells as its time, so that two builds of one file are equal.
        browser: path of Chromium.

    Raises:
        PdfError: Chromium could not be started.
    """

    def __init__(self, page: Path, target: Path, written_at: datetime, browser: str) -> None:
        self._target, self._written_at = target, written_at
        self._what = f"Chromium ({browser}) did not print {page.name}"
        self._profile = TemporaryDirectory(ignore_cleanup_errors=True)
        # Into a file: nobody reads a pipe until the end.
        self._log = Path(self._profile.name) / "printing.log"
        command = [browser, *_FLAGS, f"--user-data-dir={self._profile.name}", f"--print-to-pdf={target}"]
        try:
            with self._log.open("w") as log:
                self._process = subprocess.Popen(  # noqa: S603 - fixed arguments, paths of our own
                    [*command, page.resolve().as_uri()], stdout=log, stderr=log
                )
        except OSError as error:
            self._profile.cleanup()
            raise PdfError(f"{self._what}: {error}") from error

    def finish(self) -> None:
        """Wait for the PDF.

        Raises:
            PdfError: Chromium did not print it.
        """
        try:
            code = self._process.wait(_TIMEOUT_SECONDS)
            if code != 0 or not self._target.is_file():
                last = (self._log.read_text("utf-8", "replace").strip().splitlines() or ["no message"])[-1]
                raise PdfError(f"{self._what}: {last}")
        except subprocess.TimeoutExpired as error:
            raise PdfError(f"{self._what} within {_TIMEOUT_SECONDS} s") from error
        finally:
            self.stop()
        self._target.write_bytes(_with_fixed_time(self._target.read_bytes(), self._written_at))

    def stop(self) -> None:
        """End the process, if it still runs, and remove what it left."""
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        self._profile.cleanup()


def _with_fixed_time(content: bytes, written_at: datetime) -> bytes:
    """Put one time into the PDF's places for time. They keep their length, so that nothing else moves."""
    stamp = f"{written_at:%Y%m%d%H%M%S}".encode()
    return re.sub(rb"(/(?:CreationDate|ModDate) ?\(D:)\d{14}", rb"\g<1>" + stamp, content)
