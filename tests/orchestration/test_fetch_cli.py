"""`meraukla fetch`: what it says and how it ends; and a run that fetches never fails for a portal."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
import yaml
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.fetch_cli import age_lines
from orchestration.settings import Settings
from tests.connectors.portal import Portal, Reply, ckan, serve

STRATEGY = "synthetic-strategy"
NAME = "izglitojamoskvispizglprogr_pa_progr_01102025"
CONTENT = b"PK synthetic workbook"

Fetch = Callable[..., tuple[int, str]]


@pytest.fixture
def portal() -> Iterator[Portal]:
    with serve() as running:
        yield running


@pytest.fixture
def landing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("MERAUKLA_LANDING_DIR", str(tmp_path / "landing"))
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MERAUKLA_BUILD_FILE", raising=False)
    folder = tmp_path / "landing" / STRATEGY
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def fetch() -> Fetch:
    def run(*arguments: str) -> tuple[int, str]:
        result = CliRunner().invoke(app, ["fetch", *arguments])
        return result.exit_code, result.output

    return run


def name_portal(landing: Path, portal: Portal) -> None:
    connector = {
        "source": "viis",
        "kind": "ckan",
        "address": f"{portal.address}/api/3/action",
        "limits": {"seconds_between_requests": 0, "attempts": 1},
        "datasets": [{"dataset": "d", "files": ".*", "as_of": r"(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4})$"}],
    }
    (landing / "connectors.yml").write_text(yaml.safe_dump({"connectors": [connector]}), "utf-8")
    resource = {"id": "r", "url": f"{portal.address}/download/{NAME}.xlsx", "name": "Synthetic"}
    portal.on("/api/3/action/package_show", ckan({"id": "d", "name": "d", "resources": [resource]}))
    portal.on(f"/download/{NAME}.xlsx", Reply(CONTENT, media_type="application/octet-stream"))


@pytest.mark.parametrize(("language", "word"), [("lv", "Nekas netiek"), ("en", "Nothing is fetched")])
def test_without_a_portal_nothing_is_done_and_it_says_so(
    landing: Path, fetch: Fetch, language: str, word: str
) -> None:
    code, output = fetch("--language", language)
    assert (code, word in output) == (0, True)
    assert list(landing.iterdir()) == []


def test_a_new_file_is_told_with_its_place(landing: Path, fetch: Fetch, portal: Portal) -> None:
    name_portal(landing, portal)
    code, output = fetch()
    assert code == 0
    (path,) = landing.rglob(f"{NAME}.xlsx")
    assert str(path) in output.replace("\n", "")
    assert hashlib.sha256(path.read_bytes()).digest() == hashlib.sha256(CONTENT).digest()
    assert "nothing new" in fetch()[1]


@pytest.mark.parametrize(("language", "word"), [("lv", "Ja tas atkārtojas"), ("en", "If it lasts")])
def test_a_portal_that_fails_is_told_and_the_command_fails(
    landing: Path, fetch: Fetch, portal: Portal, language: str, word: str
) -> None:
    name_portal(landing, portal)
    portal.on("/api/3/action/package_show", Reply(status=500))
    code, output = fetch("--language", language)
    assert code == 1
    assert word in " ".join(output.split())


def test_a_source_that_has_no_portal_is_named(landing: Path, fetch: Fetch, portal: Portal) -> None:
    name_portal(landing, portal)
    code, output = fetch("visi")
    assert code == 2
    assert "viis" in output
    assert portal.asked == []


def test_a_faulty_configuration_is_told(landing: Path, fetch: Fetch) -> None:
    (landing / "connectors.yml").write_text("connectors: 1", "utf-8")
    code, output = fetch()
    assert code == 2
    assert "connectors.yml is not in order" in " ".join(output.split())


def test_how_old_the_figures_are_is_told_in_both_languages(landing: Path, fetch: Fetch, portal: Portal) -> None:
    name_portal(landing, portal)
    fetch()
    settings = Settings.from_environment()
    assert [line for line in age_lines(settings) if "2025-10-01" in line and "did not" not in line]
    portal.on("/api/3/action/package_show", Reply(status=500))
    fetch()
    assert [line for line in age_lines(settings, "lv") if "2025-10-01" in line and "nedeva visu" in line]


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize("fault", ["portal", "configuration"])
def test_a_run_goes_on_whatever_a_portal_does(landing: Path, portal: Portal, fault: str) -> None:
    from orchestration.assets.landing import fetch_before_landing  # noqa: PLC0415 - needs dbt's manifest

    name_portal(landing, portal)
    portal.on("/api/3/action/package_show", Reply(b"<html>", media_type="text/html"))
    if fault == "configuration":
        (landing / "connectors.yml").write_text("connectors: 1", "utf-8")
    fetch_before_landing(dg.build_asset_context(), Settings.from_environment())
    assert [path.name for path in landing.iterdir()] == ["connectors.yml"]
