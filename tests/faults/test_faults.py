"""The short version of `bench/faults.py`: kills, readers and full disks under publication."""

import os
import subprocess
import sys
from pathlib import Path

from orchestration.settings import PROJECT_DIR


def test_what_readers_see_is_whole_whatever_happens_to_publications(build_file: Path) -> None:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "bench/faults.py", "--short", str(build_file)],
        cwd=PROJECT_DIR,
        env=os.environ | {"PYTHONPATH": str(PROJECT_DIR)},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "(a) kill -9 of publications" in done.stdout
    assert "(b) 4 readers, 6 publications" in done.stdout
