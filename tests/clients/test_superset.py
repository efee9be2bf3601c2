"""Apache Superset: the ready dashboards, imported by its API and looked at, and what it sees of a publication."""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Response, sync_playwright

from dashboards.superset.bundle import make_bundle, write_bundle
from orchestration.settings import PROJECT_DIR
from tests.clients.harness import QUERY, Press, Rows, snippet
from tests.clients.superset_server import USER, SupersetServer

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# Looked at by people after a change: they are left where `make clean` finds them.
PICTURES = PROJECT_DIR / "data" / "dashboards"
WIDTH = 1600
DASHBOARDS = 10  # the scorecard and four advantages, in two languages


@pytest.fixture(scope="module")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SupersetServer]:
    with SupersetServer(tmp_path_factory.mktemp("superset")) as server:
        yield server


@dataclass(frozen=True)
class Imported:
    """Superset with our dashboards in it, over yesterday's file."""

    server: SupersetServer
    press: Press
    dashboards: list[dict[str, Any]]

    @property
    def database_id(self) -> int:
        """Superset's number of our database."""
        (database,) = self.server.get("/api/v1/database/")["result"]
        return int(database["id"])

    def sql_lab(self, query: str) -> Rows:
        """Run a query in SQL Lab."""
        content = {"database_id": self.database_id, "sql": query, "runAsync": False}
        return [list(row.values()) for row in self.server.post("/api/v1/sqllab/execute/", content)["data"]]

    def chart(self) -> Rows:
        """Ask for the data of a chart over a dataset, as a dashboard does."""
        (dataset,) = [
            one
            for one in self.server.get("/api/v1/dataset/?q=(page_size:100)")["result"]
            if one["table_name"] == "scorecard_en"
        ]
        query = {
            "columns": ["advantage", "series_count", "open_suspicion_count"],
            "filters": [{"col": "period", "op": "==", "val": "2024/2025"}],
            "orderby": [["advantage", True]],
            "row_limit": 100,
        }
        content = {"datasource": {"id": dataset["id"], "type": "table"}, "queries": [query]}
        (result,) = self.server.post("/api/v1/chart/data", content)["result"]
        return [[row["advantage"][:3], *list(row.values())[1:]] for row in result["data"]]


def import_bundle(server: SupersetServer, press: Press) -> list[dict[str, Any]]:
    """Import our bundle by the program of docs/connect.md, and return the dashboards that there are then."""
    write_bundle(make_bundle(press.published_file, press.published_file), press.folder / "superset.zip")
    os.environ |= {
        "SUPERSET_ADDRESS": server.address,
        "SUPERSET_USER": USER,
        "SUPERSET_PASSWORD": server.password,
    }
    here: dict[str, Any] = {"open": lambda name, mode: (press.folder / name).open(mode)}
    exec(snippet("Apache Superset"), here)  # noqa: S102 - our own program
    dashboards: list[dict[str, Any]] = here["rows"]
    return dashboards


@pytest.fixture(scope="module")
def imported(
    superset: SupersetServer, builds: tuple[Path, Path], tmp_path_factory: pytest.TempPathFactory
) -> Imported:
    press = Press.start(builds, tmp_path_factory.mktemp("project"))
    return Imported(superset, press, import_bundle(superset, press))


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert CHROMIUM.exists(), "Chromium is not installed. On Debian: apt-get install chromium fonts-dejavu-core"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield browser
        browser.close()


def logged_in(browser: Browser, server: SupersetServer) -> Page:
    page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
    page.set_default_timeout(180_000)
    page.goto(f"{server.address}/login/")
    page.fill("#username", USER)
    page.fill("#password", server.password)
    page.keyboard.press("Enter")
    page.wait_for_url(lambda address: "/login" not in address)
    return page


def photograph(page: Page, address: str, picture: Path, chart_count: int) -> list[int]:
    """Open a dashboard, wait until each chart has its data and is drawn, and take a picture.

    Returns:
        The number of rows that each chart got.
    """
    answers: list[Response] = []

    def note(response: Response) -> None:
        if "/api/v1/chart/data" in response.url:
            answers.append(response)

    page.set_viewport_size({"width": WIDTH, "height": 1000})
    page.on("response", note)
    page.goto(address)
    page.wait_for_selector(".grid-container")
    # Charts are drawn when they come into view: so all of them are.
    height = page.evaluate("document.querySelector('.grid-container').scrollHeight")
    page.set_viewport_size({"width": WIDTH, "height": height + 150})
    deadline = time.monotonic() + 120
    while len(answers) < chart_count and time.monotonic() < deadline:
        page.wait_for_timeout(200)
    page.wait_for_load_state("networkidle")
    page.wait_for_selector(".loading", state="detached")
    page.wait_for_timeout(1500)  # lines and bars grow into their places
    page.remove_listener("response", note)
    picture.parent.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=picture)
    return [answer.json()["result"][0]["rowcount"] for answer in answers]


def test_every_dashboard_shows_all_its_charts_with_data(imported: Imported, browser: Browser) -> None:
    page = logged_in(browser, imported.server)
    for dashboard in imported.dashboards:
        charts = imported.server.get(f"/api/v1/dashboard/{dashboard['id']}/charts")["result"]
        drawn = [one for one in charts if one["form_data"]["viz_type"].startswith("echarts")]
        address = f"{imported.server.address}/superset/dashboard/{dashboard['slug']}/?standalone=1"
        row_counts = photograph(page, address, PICTURES / f"{dashboard['slug']}.png", len(charts))
        assert len(row_counts) == len(charts), dashboard["slug"]
        assert min(row_counts) > 0, dashboard["slug"]
        assert page.locator("canvas").count() == len(drawn), dashboard["slug"]
        assert page.get_by_text("No results were returned").count() == 0, dashboard["slug"]
        assert page.locator(".ant-alert-error").count() == 0, dashboard["slug"]
    page.close()


def test_a_bundle_that_is_imported_again_replaces_the_one_before(imported: Imported) -> None:
    again = import_bundle(imported.server, imported.press)
    assert {one["slug"]: one["id"] for one in again} == {one["slug"]: one["id"] for one in imported.dashboards}
    assert len(again) == DASHBOARDS


def test_superset_cannot_write_to_the_file(imported: Imported) -> None:
    content = {"database_id": imported.database_id, "sql": "drop table marts.indicator_trend", "runAsync": False}
    with pytest.raises(AssertionError):
        imported.server.post("/api/v1/sqllab/execute/", content)
    assert imported.sql_lab("select count(*) > 0 as is_there from marts.indicator_trend") == [[True]]
    # Not only because SQL Lab forbids it: the connection itself is read-only.
    connection = imported.server.get(f"/api/v1/database/{imported.database_id}/connection")["result"]
    assert json.loads(connection["extra"])["engine_params"] == {"connect_args": {"read_only": True}}


def test_a_publication_is_seen_by_the_next_query_in_sql_lab_and_by_the_next_chart(imported: Imported) -> None:
    # The last of the module: what is published here stays.
    press = imported.press
    assert imported.sql_lab(QUERY) == press.yesterday
    assert imported.chart() == press.yesterday

    press.publish_today()

    assert imported.sql_lab(QUERY) == press.today
    assert imported.chart() == press.today
