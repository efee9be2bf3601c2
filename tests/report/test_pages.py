"""Every page of the report in a browser: nothing fails, nothing is asked of the network, everybody can read it."""

import functools
import http.server
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from report.pdf import chromium
from tests.report.conftest import Report
from warehouse.store import open_read_only

NARROW, WIDE = 320, 1280
# What a page says of itself, gathered in one go.
_GATHER = """() => ({
  language: document.documentElement.lang,
  title: document.title,
  links: [...document.querySelectorAll('a[href], link[href], script[src], img[src]')].map(e => e.href || e.src),
  ids: [...document.querySelectorAll('[id]')].map(e => e.id),
  doubled: [...document.querySelectorAll('[id]')].map(e => e.id).filter((id, i, all) => all.indexOf(id) !== i),
  cells: [...document.querySelectorAll('[data-field]')].map(e => ({...e.dataset, text: e.innerText})),
  sql: [...document.querySelectorAll('code.sql')].map(e => ({answers: e.dataset.answers, text: e.textContent})),
  unnamed: [...document.querySelectorAll('svg[role=img]')].filter(e =>
    !e.getAttribute('aria-labelledby').split(' ').every(id => document.getElementById(id)?.textContent)).length,
})"""


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Visit:
    """What was seen on a page."""

    errors: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    violations: list[str] = field(default_factory=list)
    narrow_width: int = 0
    seen: dict[str, Any] = field(default_factory=dict)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    path = chromium()
    assert path, "these tests need the Chromium of the system"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-quic"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def server(report: Report) -> Iterator[str]:
    """The site on the loopback address."""
    handler = functools.partial(_Quiet, directory=str(report.folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        thread = threading.Thread(target=served.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{served.server_port}/"
        served.shutdown()


def listen(page: Page, visit: Visit) -> None:
    page.on("console", lambda said: visit.errors.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: visit.errors.append(str(error)))
    page.on("requestfailed", lambda request: visit.errors.append(f"failed: {request.url}"))
    page.on("request", lambda request: visit.requests.append(request.url))
    page.on("response", lambda got: visit.errors.append(f"{got.status}: {got.url}") if not got.ok else None)


def violations(page: Page) -> list[str]:
    found = Axe().run(page, options={"resultTypes": ["violations"], "preload": False}).response["violations"]
    return [f"{one['id']}: {one['nodes'][0]['html'][:160]} ({len(one['nodes'])})" for one in found]


@pytest.fixture(scope="module")
def visits(browser: Browser, server: str, report: Report) -> dict[str, Visit]:
    """Each page once, wide with everything unfolded, and narrow."""
    found = {}
    for address in report.pages:
        visit = found[address] = Visit()
        page = browser.new_page(viewport={"width": WIDE, "height": 900})
        listen(page, visit)
        page.goto(server + address)
        page.evaluate("document.querySelectorAll('details').forEach(e => e.open = true)")
        visit.seen = page.evaluate(_GATHER)
        visit.violations = violations(page)
        page.set_viewport_size({"width": NARROW, "height": 700})
        visit.narrow_width = page.evaluate("document.documentElement.scrollWidth")
        page.close()
    return found


def test_there_are_pages_in_both_languages(report: Report, visits: dict[str, Visit]) -> None:
    assert len(visits) == report.built.pages + 1
    for address, visit in visits.items():
        language = address.split("/")[0]
        assert visit.seen["language"] == (language if language in {"lv", "en"} else "lv"), address
        assert visit.seen["title"]


def test_no_page_says_an_error_or_fails_a_request(visits: dict[str, Visit]) -> None:
    assert {address: visit.errors for address, visit in visits.items() if visit.errors} == {}


def test_no_page_asks_another_host(visits: dict[str, Visit], server: str) -> None:
    asked = {url for visit in visits.values() for url in visit.requests if not url.startswith((server, "data:"))}
    assert asked == set()


def test_axe_finds_no_violation(visits: dict[str, Visit]) -> None:
    assert {address: visit.violations for address, visit in visits.items() if visit.violations} == {}


def test_no_page_scrolls_sideways_on_a_narrow_screen(visits: dict[str, Visit]) -> None:
    assert {address: visit.narrow_width for address, visit in visits.items() if visit.narrow_width > NARROW} == {}


def test_every_link_leads_somewhere(visits: dict[str, Visit], server: str, report: Report) -> None:
    broken = []
    for address, visit in visits.items():
        for link in visit.seen["links"]:
            parts = urlsplit(urljoin(server + address, link))
            assert f"{parts.scheme}://{parts.netloc}/" == server, (address, link)
            path = parts.path.lstrip("/") or "index.html"
            path = f"{path}index.html" if path.endswith("/") else path
            if not (report.folder / path).is_file() or (
                parts.fragment and path in visits and parts.fragment not in visits[path].seen["ids"]
            ):
                broken.append((address, link))
    assert broken == []


def test_ids_are_unique_and_every_chart_has_its_name_and_description(visits: dict[str, Visit]) -> None:
    assert {address: visit.seen["doubled"] for address, visit in visits.items() if visit.seen["doubled"]} == {}
    assert {address: visit.seen["unnamed"] for address, visit in visits.items() if visit.seen["unnamed"]} == {}


def test_addresses_of_indicators_are_the_promised_ones(visits: dict[str, Visit]) -> None:
    assert {"lv/raditajs/07/index.html", "en/indicator/07/index.html", "lv/index.html", "en/index.html"} <= set(
        visits
    )


@pytest.mark.parametrize("address", ["lv/index.html", "en/indicator/07/index.html", "lv/raditajs/14/index.html"])
def test_a_page_opens_from_the_disk(browser: Browser, report: Report, address: str) -> None:
    visit = Visit()
    page = browser.new_page()
    listen(page, visit)
    page.goto((report.folder / address).as_uri())
    first = page.locator("nav a").first
    first.click()
    assert page.locator("h1").count() == 1
    page.close()
    assert visit.errors == []


@pytest.mark.parametrize(
    "address",
    [
        "en/index.html", "en/advantage/kp1/index.html", "en/indicator/07/index.html", "en/surveys/index.html",
        "en/actions/index.html", "en/breaks/index.html", "en/reconciliation/index.html",
    ],
)  # fmt: skip
def test_axe_finds_no_violation_on_a_dark_screen(browser: Browser, server: str, address: str) -> None:
    page = browser.new_page(color_scheme="dark")
    page.goto(server + address)
    found = violations(page)
    page.close()
    assert found == []


def test_search_finds_without_diacritics_and_says_how_much(browser: Browser, server: str) -> None:
    page = browser.new_page()
    page.goto(f"{server}lv/raditaji/index.html?q=iekļaujos")
    shown = page.locator(".results li:visible")
    with_marks = shown.count()
    assert 0 < with_marks < 31
    page.locator("#q").fill("IEKLAUJOS")
    assert shown.count() == with_marks
    assert str(with_marks) in page.locator("#found").inner_text()
    page.locator("#q").fill("zzzz")
    assert shown.count() == 0
    page.close()


def test_actions_are_filtered_without_a_script(browser: Browser, server: str, report: Report) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}en/actions/index.html")
    with open_read_only(report.published_file) as connection:
        counts = dict(
            connection.execute("select status_code, count(*) from marts.action_progress group by all").fetchall()
        )
    shown = page.locator("main tr[data-status]:visible")
    assert shown.count() == sum(counts.values())
    page.locator("#s-done").uncheck()
    assert shown.count() == sum(counts.values()) - counts["done"]
    context.close()


# --- Numbers ---

_FROM = {
    "value_numeric": "select series_key, period_key, value_numeric from marts.indicator_trend where has_value",
    "positive_share": "select series_key, period_key, positive_share from marts.survey_result",
    "count": "select series_key, period_key, learner_count from marts.enrolment_by_year "
    "union all select series_key, period_key, institution_count from marts.institution_by_year",
    **{
        column: f"select series_key, period_key, {column} from marts.indicator_progress"
        for column in ("baseline_value", "result_value", "change", "progress_share")
    },
}
# What is shown rounded: to so many decimals. Everything else is shown whole.
_DECIMALS = {"progress_share": 0, "positive_share": 1, "need_share": 1}


def displayed(text: str, language: str) -> float:
    """Read a number as a reader would."""
    text = text.replace("\N{NO-BREAK SPACE}", "").replace("−", "-").split("\n")[0]
    text = text.partition(":")[2] or text
    text = text.replace(",", ".") if language == "lv" else text.replace(",", "")
    match = re.search(r"[-+]?\d+(?:\.\d+)?", text)
    assert match, text
    return float(match[0])


def test_the_numbers_on_the_pages_are_those_of_the_marts(visits: dict[str, Visit], report: Report) -> None:
    with open_read_only(report.published_file) as connection:
        known: dict[tuple[str, str, str], set[float]] = {}
        for name, sql in _FROM.items():
            for series, period, value in connection.execute(sql).fetchall():
                known.setdefault((name, series, period), set()).update([] if value is None else [float(value)])
        cursor = connection.execute(
            "from marts.advantage_scorecard "
            "where period_key = (select max(period_key) from marts.advantage_scorecard)"
        )
        names = [column[0] for column in cursor.description]
        scorecard = {
            row[names.index("advantage_no")]: dict(zip(names, row, strict=True)) for row in cursor.fetchall()
        }
        claims = {
            no: (printed, recomputed)
            for no, printed, recomputed in connection.execute(
                "select claim_no, printed_value, recomputed_text from audit.reconciliation"
            ).fetchall()
        }
        respondents = {
            (survey, group): count
            for survey, group, count in connection.execute(
                "select survey_code, group_code, respondents from core.fct_survey_response"
            ).fetchall()
        }
    seen: dict[str, int] = {}
    for address, visit in visits.items():
        for cell in visit.seen["cells"]:
            name, shown = cell["field"], cell["value"]
            seen[name] = seen.get(name, 0) + 1
            if "claim" in cell:
                assert shown == (claims[cell["claim"]][name == "recomputed_text"] or ""), (address, cell)
                continue
            if "advantage" in cell:
                expected = {float(scorecard[int(cell["advantage"])][name])}
            elif "group" in cell:
                expected = {float(respondents[cell["survey"], cell["group"]])}
            else:
                expected = known.get((name, cell["series"], cell["period"]), set())
            if not shown:
                assert not expected or name == "value_numeric", (address, cell)
                continue
            assert float(shown) in expected, (address, cell)
            number = displayed(cell["text"], address.split("/")[0])
            assert number == pytest.approx(round(float(shown), _DECIMALS.get(name, 4)), abs=5e-5), (address, cell)
    assert {*_FROM, "respondents", "need_share", "comparable_count", "printed_value", "recomputed_text"} <= set(seen)


def test_every_series_and_period_of_the_marts_is_on_its_page(visits: dict[str, Visit], report: Report) -> None:
    with open_read_only(report.published_file) as connection:
        expected = set(
            connection.execute("select series_key, period_key, methodology_key from marts.indicator_trend").fetchall()
        )
    for language in ("lv/raditajs/", "en/indicator/"):
        shown = {
            (cell["series"], cell["period"], cell["method"])
            for address, visit in visits.items()
            if address.startswith(language)
            for cell in visit.seen["cells"]
            if cell["field"] == "value_numeric"
        }
        assert shown == expected


def test_the_sql_on_a_page_gives_the_numbers_of_the_page(visits: dict[str, Visit], report: Report) -> None:
    ran = 0
    with open_read_only(report.published_file) as connection:
        for address, visit in visits.items():
            cells = visit.seen["cells"]
            for sql in visit.seen["sql"]:
                cursor = connection.execute(sql["text"])
                names = [column[0] for column in cursor.description]
                rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
                fields = ("value_numeric",) if sql["answers"] == "values" else ("result_value", "change")
                for name in fields:
                    given = {
                        (row["series_key"], row["period_key"], float(row[name]))
                        for row in rows
                        if row[name] is not None
                    }
                    shown = {
                        (cell["series"], cell["period"], float(cell["value"]))
                        for cell in cells
                        if cell["field"] == name and cell["value"]
                    }
                    assert shown == given, (address, sql["text"])
                ran += 1
    assert ran >= 2 * 2 * 31
