"""`meraukla superset`: where the bundle goes, which address it gives Superset, and what it says if it cannot."""

from pathlib import Path
from zipfile import ZipFile

import pytest
import yaml
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.console import EXIT_NOTHING_PUBLISHED, EXIT_USAGE
from orchestration.settings import DATA_VARIABLE

ELSEWHERE = "/srv/synthetic/meraukla.duckdb"


def address_in(bundle: Path) -> str:
    with ZipFile(bundle) as archive:
        database = yaml.safe_load(archive.read("meraukla/databases/meraukla.yaml"))
    return str(database["sqlalchemy_uri"])


def test_the_bundle_names_the_published_file_of_this_machine(published_file: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "superset.zip"
    done = CliRunner().invoke(app, ["superset", "--out", str(bundle)])
    assert done.exit_code == 0, done.output
    # The link, not the snapshot that it points to today.
    assert address_in(bundle) == f"duckdb:///{published_file}"
    assert "10 dashboards" in done.output


def test_the_bundle_names_the_file_as_another_machine_sees_it(published_file: Path, tmp_path: Path) -> None:
    assert published_file.is_file()
    bundle = tmp_path / "below" / "superset.zip"
    done = CliRunner().invoke(app, ["superset", "--out", str(bundle), "--published", ELSEWHERE])
    assert done.exit_code == 0, done.output
    assert address_in(bundle) == f"duckdb:///{ELSEWHERE}"


def test_an_address_that_is_no_whole_path_is_refused(published_file: Path, tmp_path: Path) -> None:
    assert published_file.is_file()
    bundle = tmp_path / "superset.zip"
    done = CliRunner().invoke(app, ["superset", "--out", str(bundle), "--published", "meraukla.duckdb"])
    assert done.exit_code == EXIT_USAGE
    assert not bundle.exists()


def test_without_a_published_file_it_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(DATA_VARIABLE, str(tmp_path))
    done = CliRunner().invoke(app, ["superset"])
    assert done.exit_code == EXIT_NOTHING_PUBLISHED
    assert "meraukla build" in done.output
