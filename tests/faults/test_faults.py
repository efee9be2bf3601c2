"""The short version of `bench/faults.py`: publications that are killed, read, out of room, and dated."""

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
    for tried in (
        "(a) kill -9 of publications",
        "(b) 4 readers, 4 publications",
        "(c) disk full",
        "(c) no right to write",
        "(d) DuckDB in 2 MB, spilling off",
        "(e) schedule",
        "(e) publication across midnight",
        "(e) clock set right again",
    ):
        assert tried in done.stdout
