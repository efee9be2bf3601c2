"""What `meraukla build` makes of a signal that comes between two steps, where no step can tell of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.settings import PROJECT_DIR

PROGRAM = """
import os, signal
from orchestration.build import BuildFailedError, run_build
from orchestration.settings import Settings

def listen(step, seconds, succeeded):
    if step == "landing__build_file":
        os.kill(os.getpid(), signal.SIGTERM)

try:
    run_build(Settings.from_environment(), listen)
except BuildFailedError as error:
    print("told:", error, error.is_stopped)
"""


@pytest.mark.usefixtures("manifest")
def test_a_signal_between_two_steps_stops_the_run_and_is_no_failure(tmp_path: Path) -> None:
    done = subprocess.run(  # noqa: S603 - a program of our own
        [sys.executable, "-c", PROGRAM],
        cwd=PROJECT_DIR,
        env=os.environ | {"MERAUKLA_DATA_DIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert "told: stopped True" in done.stdout, done.stdout + done.stderr
    record = json.loads((tmp_path / "build" / "last_run.json").read_text("utf-8"))
    assert (record["state"], record["remedy"]) == ("stopped", "remedy_stopped")
