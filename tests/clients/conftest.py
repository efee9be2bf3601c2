"""Fixtures of the tests of clients: two publications, and sessions that end with the test."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.clients.harness import CHANGE, OpenSession, Press, Session
from warehouse.store import open_build


@pytest.fixture(scope="session")
def builds(build_file: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Yesterday's build file, and today's: the same with another run and other figures."""
    folder = tmp_path_factory.mktemp("builds")
    files = (folder / "yesterday" / "meraukla.duckdb", folder / "today" / "meraukla.duckdb")
    for file in files:
        file.parent.mkdir()
        shutil.copyfile(build_file, file)
        with open_build(file) as connection:
            connection.execute("update audit.run set run_id = ?", [f"synthetic-{file.parent.name}"])
            if file.parent.name == "today":
                connection.execute(CHANGE)
    return files


@pytest.fixture
def press(builds: tuple[Path, Path], tmp_path: Path) -> Press:
    return Press.start(builds, tmp_path)


@pytest.fixture
def open_session() -> Iterator[OpenSession]:
    """Open sessions of clients, and close them in the end."""
    sessions: list[Session] = []

    def open_one(command: Sequence[str | Path], folder: Path) -> Session:
        sessions.append(Session(command, folder))
        return sessions[-1]

    yield open_one
    for session in sessions:
        session.close()
