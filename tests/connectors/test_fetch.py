"""From a portal to a file of the landing zone: what is new lands whole, with its origin; all else leaves no trace."""

import csv
import hashlib
import io
import json
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.connectors.conftest import STRATEGY
from tests.connectors.portal import Asked, Portal, Reply, ckan, ckan_error
from warehouse.connectors.config import ConnectorConfigError, read_connectors
from warehouse.connectors.fetch import Outcome, fetch, source_ages

Configure = Callable[..., Path]
NAME = "izglitojamoskvispizglprogr_pa_progr_01102025"
AS_OF = r"_(?P<day>\d{2})(?P<month>\d{2})(?P<year>\d{4})$"
XLSX = b"PK\x03\x04 synthetic workbook"
NIGHT = datetime(2026, 1, 10, 0, 0, tzinfo=UTC)
NEXT_NIGHT = datetime(2026, 1, 11, 0, 0, tzinfo=UTC)


def connector(portal: Portal, **dataset: object) -> dict[str, Any]:
    chosen = dataset or {
        "dataset": "enrolment",
        "files": r"izglitojamoskvispizglprogr_pa_progr_\d{8}",
        "as_of": AS_OF,
    }
    return {"source": "viis", "kind": "ckan", "address": f"{portal.address}/api/3/action", "datasets": [chosen]}


def resource(portal: Portal, name: str = f"{NAME}.xlsx", identity: str = "r1") -> dict[str, Any]:
    # As CKAN writes it, with much that nobody here reads.
    return {
        "id": identity,
        "package_id": "p1",
        "name": "Synthetic learners by programme",
        "url": f"{portal.address}/download/{name}",
        "format": "XLSX",
        "datastore_active": False,
        "last_modified": "2025-10-20T09:00:00.000000",
        "hash": "",
        "size": None,
    }


def package(*resources: dict[str, Any]) -> Reply:
    return ckan(
        {
            "id": "p1",
            "name": "enrolment",
            "title": "Synthetic enrolment",
            "license_title": "Creative Commons CCZero",
            "organization": {"id": "o1", "title": "Synthetic ministry"},
            "resources": list(resources),
            "num_resources": len(resources),
            "tags": [],
        }
    )


def offer(portal: Portal, content: bytes = XLSX, **headers: str) -> None:
    """Offer one file, as a portal that knows its versions does."""

    def answer(asked: Asked) -> Reply:
        tag = f'"{hashlib.sha256(content).hexdigest()[:8]}"'
        if asked.headers.get("If-None-Match") == tag:
            return Reply(status=304)
        return Reply(content, media_type="application/octet-stream", headers={"ETag": tag, **headers})

    portal.on("/api/3/action/package_show", package(resource(portal)))
    portal.on(f"/download/{NAME}.xlsx", answer)


def run(landing: Path, moment: datetime = NIGHT, *sources: str) -> list[Outcome]:
    return fetch(landing, landing.parent / "data" / "log.json", sources, now=lambda: moment)


def files(landing: Path) -> list[str]:
    folder = landing / STRATEGY
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


# --- Files of a dataset ---


def test_a_new_file_lands_under_its_day_with_its_origin(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    offer(portal)
    (outcome,) = run(landing)
    assert (outcome.state, outcome.as_of_on) == ("new", date(2025, 10, 1))
    path = landing / STRATEGY / "viis" / "2026-01-10" / f"{NAME}.xlsx"
    assert outcome.path == path
    assert path.read_bytes() == XLSX
    origin = yaml.safe_load(path.with_name(f"{NAME}.origin.yml").read_text("utf-8"))
    assert origin == {
        "publisher": "Synthetic ministry",
        "title": "Synthetic learners by programme",
        "licence": "Creative Commons CCZero",
        "url": f"{portal.address}/download/{NAME}.xlsx",
        "as_of_on": date(2025, 10, 1),
        "retrieved_at": NIGHT,
        "sha256": hashlib.sha256(XLSX).hexdigest(),
        "etag": f'"{hashlib.sha256(XLSX).hexdigest()[:8]}"',
        "last_modified": None,
    }


def test_nothing_new_leaves_the_landing_folder_untouched(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    offer(portal)
    run(landing)
    before = {path: path.stat().st_mtime_ns for path in landing.rglob("*")}
    (outcome,) = run(landing, NEXT_NIGHT)
    assert outcome.state == "unchanged"
    assert {path: path.stat().st_mtime_ns for path in landing.rglob("*")} == before
    # It was the portal that said so: nothing was sent twice.
    assert "If-None-Match" in portal.asked[-1].headers


def test_the_same_content_under_a_new_tag_is_nothing_new(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    offer(portal)
    run(landing)
    portal.on(f"/download/{NAME}.xlsx", Reply(XLSX, media_type="application/octet-stream", headers={"ETag": '"x"'}))
    assert [outcome.state for outcome in run(landing, NEXT_NIGHT)] == ["unchanged"]
    assert len(files(landing)) == 3


def test_a_changed_file_lands_beside_the_older_one(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    offer(portal)
    run(landing)
    offer(portal, XLSX + b" corrected")
    run(landing, NEXT_NIGHT)
    assert files(landing) == [
        "connectors.yml",
        f"viis/2026-01-10/{NAME}.origin.yml",
        f"viis/2026-01-10/{NAME}.xlsx",
        f"viis/2026-01-11/{NAME}.origin.yml",
        f"viis/2026-01-11/{NAME}.xlsx",
    ]
    assert (landing / STRATEGY / "viis" / "2026-01-10" / f"{NAME}.xlsx").read_bytes() == XLSX


def test_what_landed_today_is_not_written_over(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    offer(portal)
    run(landing)
    offer(portal, XLSX + b" corrected")
    (outcome,) = run(landing)
    assert outcome.state == "failed"
    assert "tomorrow" in outcome.message_en
    assert (landing / STRATEGY / "viis" / "2026-01-10" / f"{NAME}.xlsx").read_bytes() == XLSX


def test_a_file_handed_in_by_hand_is_known(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    (landing / STRATEGY / "viis").mkdir()
    (landing / STRATEGY / "viis" / f"{NAME}.xlsx").write_bytes(XLSX)
    offer(portal)
    assert [outcome.state for outcome in run(landing)] == ["unchanged"]


def test_only_the_files_that_are_wanted_are_fetched(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    other = resource(portal, "izglitojamoskprofesionalasizglprogr_pa_progr_01102025.xlsx", "r2")
    offer(portal)
    portal.on("/api/3/action/package_show", package(other, resource(portal)))
    run(landing)
    assert portal.paths() == ["/api/3/action/package_show", f"/download/{NAME}.xlsx"]


def test_files_that_were_renamed_are_missed_and_listed(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    portal.on("/api/3/action/package_show", package(resource(portal, "skolenu_skaits.xlsx")))
    (outcome,) = run(landing)
    assert outcome.state == "failed"
    assert "skolenu_skaits.xlsx" in outcome.message_lv


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (f"{NAME}.xlsx", b"<html>maintenance</html>"),
        (f"{NAME}.xlsx", b"not a workbook"),
        (f"{NAME}.xlsx", b""),
        (f"{NAME}.exe", b"MZ"),
        (f"..%2F..%2F{NAME}.xlsx", XLSX),
        (f"{NAME}%00.xlsx", XLSX),
        (f".{NAME}.xlsx", XLSX),
    ],
    ids=["page", "other content", "empty", "programme", "path", "NUL", "hidden"],
)
def test_what_is_no_data_file_does_not_land(portal: Portal, configure: Configure, name: str, content: bytes) -> None:
    landing = configure(connector(portal, dataset="enrolment", files=".*"))
    portal.on("/api/3/action/package_show", package(resource(portal, name)))
    portal.on(f"/download/{name}", Reply(content, media_type="application/octet-stream"))
    run(landing)
    everything = [path for path in landing.parent.rglob("*") if path.is_file()]
    allowed = {landing / STRATEGY / "connectors.yml", landing.parent / "data" / "log.json"}
    inside = landing / STRATEGY / "viis"
    strays = [path for path in everything if path not in allowed]
    # A name is cut to its last part: such a file lies where it belongs, or not at all.
    assert strays == [] or (all(path.is_relative_to(inside) for path in strays) and "%2F" in name)


def test_a_download_that_breaks_off_leaves_nothing(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    offer(portal)
    portal.on(f"/download/{NAME}.xlsx", Reply(XLSX, media_type="application/octet-stream", announced=5000))
    (outcome,) = run(landing)
    assert outcome.state == "failed"
    assert files(landing) == ["connectors.yml"]


@pytest.mark.parametrize(
    "reply",
    [
        ckan_error("Not Found Error", "Not found"),
        Reply(json.dumps({"success": False, "error": {"message": "no"}}).encode()),
        Reply(b'{"success": true, "result": {"id": 1, "files": []}}'),
        Reply(b'{"help": "synthetic"}'),
        Reply(b"[]"),
        Reply(b"<html></html>", media_type="text/html"),
        Reply(status=500),
    ],
    ids=["not found", "refused with 200", "other schema", "no envelope", "list", "page", "500"],
)
def test_a_portal_out_of_order_is_reported_and_nothing_lands(
    portal: Portal, configure: Configure, reply: Reply
) -> None:
    landing = configure(connector(portal))
    portal.on("/api/3/action/package_show", reply)
    (outcome,) = run(landing)
    assert outcome.state == "failed"
    assert outcome.message_lv
    assert outcome.message_en != outcome.message_lv
    assert files(landing) == ["connectors.yml"]


def test_a_refusal_in_a_sound_answer_gives_its_reason(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    portal.on("/api/3/action/package_show", Reply(b'{"success": false, "error": {"message": "synthetic reason"}}'))
    (outcome,) = run(landing)
    assert "refused the request" in outcome.message_en
    assert "synthetic reason" in outcome.message_lv


def test_a_file_that_moved_is_asked_for_without_the_old_tag(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    offer(portal)
    run(landing)

    def never_newer(asked: Asked) -> Reply:
        return Reply(status=304) if "If-None-Match" in asked.headers else Reply(XLSX + b" moved", media_type="x/y")

    moved = resource(portal) | {"url": f"{portal.address}/moved/{NAME}.xlsx"}
    portal.on("/api/3/action/package_show", package(moved))
    portal.on(f"/moved/{NAME}.xlsx", never_newer)
    assert [outcome.state for outcome in run(landing, NEXT_NIGHT)] == ["new"]


def test_one_file_that_fails_keeps_no_other_from_landing(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal, dataset="enrolment", files=".*"))
    portal.on(
        "/api/3/action/package_show", package(resource(portal, "a.xlsx"), resource(portal, "b.xlsx", identity="r2"))
    )
    portal.on("/download/b.xlsx", Reply(XLSX, media_type="application/octet-stream"))
    assert [(outcome.name, outcome.state) for outcome in run(landing)] == [("a.xlsx", "failed"), ("b.xlsx", "new")]


def test_a_single_resource_can_be_named(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal, resource="r1", as_of=AS_OF))
    offer(portal)
    portal.on("/api/3/action/resource_show", ckan(resource(portal)))
    (outcome,) = run(landing)
    assert outcome.state == "new"
    assert portal.asked[0].parameters == {"id": "r1"}


# --- Rows of the portal's own table ---


def pages(total: int, rows: int) -> Callable[[Asked], Reply]:
    """A table in the portal's datastore, page by page."""

    def answer(asked: Asked) -> Reply:
        offset, limit = int(asked.parameters["offset"]), int(asked.parameters["limit"])
        records = [
            {"_id": number, "Pasvaldiba": f"Synthetic {number}", "10_klase": None if number == 2 else number}
            for number in range(offset + 1, min(offset + limit, rows) + 1)
        ]
        fields = [
            {"id": "_id", "type": "int"},
            {"id": "Pasvaldiba", "type": "text"},
            {"id": "10_klase", "type": "numeric"},
        ]
        links = {"start": "/api/3/action/datastore_search", "next": "/api/3/action/datastore_search?offset=2"}
        return ckan({"fields": fields, "records": records, "total": total, "limit": limit, "_links": links})

    return answer


def table(portal: Portal, **more: object) -> dict[str, Any]:
    own = connector(portal, dataset="enrolment", files=".*", as_table=True, stem="learners")
    return own | {"page_rows": 2} | more


def test_a_table_is_read_page_by_page_and_lands_as_csv(portal: Portal, configure: Configure) -> None:
    landing = configure(table(portal))
    portal.on("/api/3/action/package_show", package(resource(portal)))
    portal.on("/api/3/action/datastore_search", pages(5, 5))
    (outcome,) = run(landing)
    assert outcome.path
    rows = list(csv.reader(io.StringIO(outcome.path.read_text("utf-8"))))
    assert rows[0] == ["Pasvaldiba", "10_klase"]
    assert rows[1:] == [[f"Synthetic {n}", "" if n == 2 else str(n)] for n in range(1, 6)]
    assert [asked.parameters.get("offset") for asked in portal.asked[1:]] == ["0", "2", "4"]
    assert [o.state for o in run(landing, NEXT_NIGHT)] == ["unchanged"]


def test_a_table_that_is_not_whole_does_not_land(portal: Portal, configure: Configure) -> None:
    landing = configure(table(portal))
    portal.on("/api/3/action/package_show", package(resource(portal)))
    portal.on("/api/3/action/datastore_search", pages(5, 4))
    (outcome,) = run(landing)
    assert "4 of 5" in outcome.message_en
    assert files(landing) == ["connectors.yml"]


def test_a_table_that_changes_while_it_is_read_does_not_land(portal: Portal, configure: Configure) -> None:
    landing = configure(table(portal))
    portal.on("/api/3/action/package_show", package(resource(portal)))
    portal.on("/api/3/action/datastore_search", pages(5, 5), pages(6, 6))
    (outcome,) = run(landing)
    assert "changed while" in outcome.message_en


def test_a_portal_that_sends_one_page_again_and_again_is_found_out(portal: Portal, configure: Configure) -> None:
    landing = configure(table(portal))
    first = pages(4, 4)(Asked("GET", "", {"offset": "0", "limit": "2"}, {}, None, 0))
    portal.on("/api/3/action/package_show", package(resource(portal)))
    portal.on("/api/3/action/datastore_search", first)
    (outcome,) = run(landing)
    assert outcome.state == "failed"


def test_a_table_larger_than_allowed_is_not_read(portal: Portal, configure: Configure) -> None:
    landing = configure(table(portal, max_rows=3))
    portal.on("/api/3/action/package_show", package(resource(portal)))
    portal.on("/api/3/action/datastore_search", pages(5, 5))
    (outcome,) = run(landing)
    assert "max_rows" in outcome.message_en
    assert len(portal.asked) == 2


# --- PxWeb ---

VARIABLES = {
    "title": "Synthetic table",
    "variables": [
        {"code": "AREA", "text": "Teritorija", "values": ["LV0005000", "LV0027000"], "valueTexts": ["A", "B"]},
        {"code": "TIME", "text": "Gads", "values": ["2023", "2024"], "valueTexts": ["2023", "2024"], "time": True},
    ],
}
CUBE = {
    "class": "dataset",
    "version": "2.0",
    "label": "Synthetic learners by territory and year",
    "source": "Synthetic statistics office",
    "updated": "2025-11-01T11:00:00Z",
    "id": ["AREA", "TIME"],
    "size": [2, 2],
    "role": {"time": ["TIME"], "geo": ["AREA"]},
    "dimension": {
        "AREA": {
            "label": "Teritorija",
            # Given out of order: the position counts.
            "category": {"index": {"LV0027000": 1, "LV0005000": 0}, "label": {"LV0005000": "A", "LV0027000": "B"}},
        },
        "TIME": {"label": "Gads", "category": {"index": ["2023", "2024"], "label": {"2023": "2023", "2024": "2024"}}},
    },
    "value": [10, 10.5, None, 12],
    "status": {"2": "..."},
}


def pxweb(portal: Portal, **more: object) -> dict[str, Any]:
    query = {"AREA": {"filter": "item", "values": ["LV0005000", "LV0027000"]}}
    tables = [{"table": "START/IZG/SYN010", "stem": "syn010", "query": query}]
    return {"source": "pxweb", "kind": "pxweb", "address": f"{portal.address}/api/v1/lv/OSP", "tables": tables} | more


def answer_pxweb(portal: Portal, cube: object = CUBE) -> None:
    def answer(asked: Asked) -> Reply:
        return Reply(json.dumps(VARIABLES if asked.method == "GET" else cube).encode())

    portal.on("/api/v1/lv/OSP/START/IZG/SYN010", answer)


def test_a_statistical_table_lands_as_one_row_a_cell(portal: Portal, configure: Configure) -> None:
    landing = configure(pxweb(portal))
    answer_pxweb(portal)
    (outcome,) = run(landing)
    assert outcome.path, outcome.message_en
    with outcome.path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    found = [(row["cell_key"], row["period_code"], row["value_printed"], row["status_code"]) for row in rows]
    assert found == [
        ("AREA=LV0005000/TIME=2023", "2023", "10", ""),
        ("AREA=LV0005000/TIME=2024", "2024", "10.5", ""),
        ("AREA=LV0027000/TIME=2023", "2023", "", "..."),
        ("AREA=LV0027000/TIME=2024", "2024", "12", ""),
    ]
    assert rows[2]["cell_label"] == "Teritorija: B; Gads: 2023"
    assert {row["table_code"] for row in rows} == {"SYN010"}
    body = portal.asked[-1].body
    assert body["response"] == {"format": "json-stat2"}
    assert body["query"] == [{"code": "AREA", "selection": {"filter": "item", "values": ["LV0005000", "LV0027000"]}}]


def test_cells_may_be_given_by_their_position(portal: Portal, configure: Configure) -> None:
    landing = configure(pxweb(portal))
    answer_pxweb(portal, CUBE | {"value": {"0": 10, "3": 12}, "status": "p"})
    (outcome,) = run(landing)
    assert outcome.path
    rows = list(csv.DictReader(io.StringIO(outcome.path.read_text("utf-8"))))
    assert [row["value_printed"] for row in rows] == ["10", "", "", "12"]
    assert {row["status_code"] for row in rows} == {"p"}


def test_a_query_of_too_many_cells_is_not_sent(portal: Portal, configure: Configure) -> None:
    landing = configure(pxweb(portal, max_cells=3))
    answer_pxweb(portal)
    (outcome,) = run(landing)
    assert "4 cells" in outcome.message_en
    assert [asked.method for asked in portal.asked] == ["GET"]


@pytest.mark.parametrize(
    "change",
    [
        {"value": [1, 2, 3]},
        {"value": {"7": 1}},
        {"size": [2, 3]},
        {"value": ["a", "b", "c", "d"]},
        {"id": ["AREA"]},
        {"dimension": {}},
    ],
    ids=["too few values", "a value outside", "another size", "words", "a lost dimension", "no dimensions"],
)
def test_a_cube_that_does_not_add_up_does_not_land(
    portal: Portal, configure: Configure, change: dict[str, Any]
) -> None:
    landing = configure(pxweb(portal))
    answer_pxweb(portal, CUBE | change)
    (outcome,) = run(landing)
    assert outcome.state == "failed"
    assert files(landing) == ["connectors.yml"]


def test_a_variable_that_the_table_does_not_have_is_named(portal: Portal, configure: Configure) -> None:
    wrong = {"table": "START/IZG/SYN010", "stem": "syn010", "query": {"REGION": {"values": ["x"]}}}
    landing = configure(pxweb(portal, tables=[wrong]))
    answer_pxweb(portal)
    (outcome,) = run(landing)
    assert "REGION" in outcome.message_en
    assert "AREA, TIME" in outcome.message_en


# --- What is configured, and how old it is ---


def test_without_connectors_nothing_is_asked_and_nothing_written(tmp_path: Path) -> None:
    (tmp_path / "landing" / STRATEGY).mkdir(parents=True)
    assert run(tmp_path / "landing") == []
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    "content",
    [
        "connectors: [{source: ../up, kind: ckan, address: 'http://x', datasets: [{dataset: a, files: b}]}]",
        "connectors: [{source: viis, kind: ftp, address: 'http://x'}]",
        "connectors: [{source: viis, kind: ckan, address: 'file:///x', datasets: [{dataset: a, files: b}]}]",
        "connectors: [{source: viis, kind: ckan, address: 'http://x', datasets: [{dataset: a, files: '('}]}]",
        "connectors: [{source: viis, kind: ckan, address: 'http://x', datasets: [{dataset: a}]}]",
        "connectors: [{source: viis, kind: ckan, address: 'http://x', datasets: [{dataset: a, files: b, as_of: c}]}]",
        "connectors: [{source: viis, kind: ckan, address: 'http://x', pages: 1, datasets: [{dataset: a, files: b}]}]",
        "connectors: {",
        "[]",
    ],
)
def test_a_faulty_configuration_names_its_file(tmp_path: Path, content: str) -> None:
    (tmp_path / "connectors.yml").write_text(content, "utf-8")
    with pytest.raises(ConnectorConfigError, match=r"connectors\.yml is not in order"):
        read_connectors(tmp_path)


def test_how_old_what_landed_is_can_be_told_offline(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal))
    log = landing.parent / "data" / "log.json"
    offer(portal)
    run(landing)
    portal.on("/api/3/action/package_show", Reply(status=503))
    run(landing, NEXT_NIGHT)
    (age,) = source_ages(landing, log)
    assert (age.retrieved_at, age.as_of_on) == (NIGHT, date(2025, 10, 1))
    assert (age.asked_at, age.answered_at) == (NEXT_NIGHT, NIGHT)


def test_a_source_can_be_fetched_alone(portal: Portal, configure: Configure) -> None:
    landing = configure(connector(portal), pxweb(portal))
    answer_pxweb(portal)
    assert [outcome.source for outcome in run(landing, NIGHT, "pxweb")] == ["pxweb"]
