"""What the tests of the whole house share: the published file, and dbt's manifest."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.build import is_up_to_date
from orchestration.settings import PROJECT_DIR, Settings
from warehouse.store import open_read_only


def _meraukla(*arguments: str) -> None:
    done = subprocess.run(  # noqa: S603 - fixed arguments
        [sys.executable, "-m", "orchestration", *arguments],
        cwd=PROJECT_DIR,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="session", autouse=True)
def _seeds_stay_as_they_are() -> Iterator[None]:
    """What is made up in a test must never reach the registry of the repository."""
    before = _seeds()
    yield
    changed = [str(path) for path, _ in (before.items() ^ _seeds().items())]
    assert not changed, f"changed while the tests ran: {sorted(set(changed))}"


def _seeds() -> dict[Path, bytes]:
    folder = Settings.from_environment().seeds_dir
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture(scope="session")
def published_file() -> Path:
    """The published file of this working copy, built first if anything that it depends on has changed."""
    settings = Settings.from_environment()
    if not is_up_to_date(settings):
        _meraukla("build")
    return settings.published_file


@pytest.fixture(scope="session")
def build_file(published_file: Path) -> Path:
    """The build file that the published file was made from, built again if another run has begun one since."""
    settings = Settings.from_environment()
    if _run_of(settings.build_file) != _run_of(published_file):
        _meraukla("build", "--force")
    return settings.build_file


def _run_of(file: Path) -> str | None:
    """Return the run that a file was published by; None if it was not, or there is none."""
    try:
        with open_read_only(file) as connection:
            ((run_id,),) = connection.execute("select run_id from audit.run").fetchall()
    except duckdb.Error:
        return None
    return str(run_id)


@pytest.fixture(scope="session")
def manifest() -> dict[str, Any]:
    """The description that dbt makes of the project, with compiled SQL; the asset graph is made from it."""
    settings = Settings.from_environment()
    _meraukla("prepare")
    content: dict[str, Any] = json.loads(settings.manifest_file.read_text("utf-8"))
    if not all("compiled_code" in node for node in content["nodes"].values() if node["resource_type"] == "model"):
        # dbt was run by hand since, and left a manifest of its own.
        settings.manifest_file.unlink()
        _meraukla("prepare")
        content = json.loads(settings.manifest_file.read_text("utf-8"))
    return content
