"""What the tests of the report share: the report on the real published file, built once."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from report.build import Built, build_report
from report.published import Published, read_published, strategies
from report.views import Overview, overview
from warehouse.store import open_read_only


@dataclass(frozen=True, slots=True)
class Report:
    """The built site."""

    folder: Path
    built: Built
    published_file: Path

    @property
    def pages(self) -> list[str]:
        """The addresses of all pages, relative to the site's root."""
        return sorted(
            path.relative_to(self.folder).as_posix()
            for path in self.folder.rglob("*.html")
            if path.relative_to(self.folder).parts[0] != "editions"
        )


@pytest.fixture(scope="session")
def report(published_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Report:
    folder = tmp_path_factory.mktemp("site") / "report"
    return Report(folder, build_report(published_file, folder), published_file)


@pytest.fixture(scope="session")
def published(published_file: Path) -> Published:
    with open_read_only(published_file) as connection:
        return read_published(connection, strategies(connection)[0])


@pytest.fixture(scope="session")
def whole(published: Published) -> Overview:
    return overview(published)
