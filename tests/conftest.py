"""What the tests of the whole house share: the published file, and dbt's manifest."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from orchestration.build import is_up_to_date
from orchestration.settings import PROJECT_DIR, Settings


def _meraukla(command: str) -> None:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-m", "orchestration", command],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session")
def published_file() -> Path:
    """The published file of this working copy, built first if anything that it depends on has changed."""
    settings = Settings.from_environment()
    if not is_up_to_date(settings):
        _meraukla("build")
    return settings.published_file


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The description that dbt makes of the project; the asset graph is made from it."""
    _meraukla("prepare")
    content: dict[str, Any] = json.loads(Settings.from_environment().manifest_file.read_text("utf-8"))
    return content
