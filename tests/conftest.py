"""The warehouse as users open it, for the tests that look at the real figures."""

import subprocess
import sys
from pathlib import Path

import pytest

from orchestration.build import is_up_to_date
from orchestration.settings import PROJECT_DIR, Settings


@pytest.fixture(scope="session")
def published_file() -> Path:
    """The published file of this working copy, built first if anything that it depends on has changed."""
    settings = Settings.from_environment()
    if not is_up_to_date(settings):
        build = subprocess.run(
            [sys.executable, "-m", "orchestration", "build"],
            cwd=PROJECT_DIR,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        assert build.returncode == 0, build.stdout + build.stderr
    return settings.published_file
