"""From files of the state register to the published figures: one warehouse with synthetic files beside the real ones.

What is expected is counted by hand from the model that the files were written from.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from orchestration.settings import PROJECT_DIR
from tests.enrolment.synthetic_viis import (
    PRIVATE,
    SCHOOL,
    Row,
    expected,
    institution_file,
    model,
    municipality_file,
    programme_file,
)
from warehouse.store import open_read_only

STRATEGY = "liepaja-2020-2025"
SMALL = 2
# The first is counted in September and in the old territories, the fourth in December.
DAYS = {
    "2020/2021": date(2020, 9, 1),
    "2021/2022": date(2021, 10, 1),
    "2022/2023": date(2022, 10, 1),
    "2023/2024": date(2023, 12, 1),
    "2024/2025": date(2024, 10, 1),
}
CITY = f"{STRATEGY}/enrolment/general/total/viis"


def rows_of(period: str) -> tuple[Row, ...]:
    rows = model(list(DAYS).index(period))
    return with_a_small_count(rows) if period == "2024/2025" else rows


def with_a_small_count(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Only two learners of the private school are in grade 9."""
    return tuple(
        replace(row, counts=(*row.counts[:10], SMALL, *row.counts[11:])) if row.institution is PRIVATE else row
        for row in rows
    )


@dataclass(frozen=True)
class Published:
    """What was published, and what the run said."""

    file: Path
    output: str

    def query(self, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
        """Ask the published file."""
        with open_read_only(self.file) as connection:
            return connection.execute(sql, list(parameters)).fetchall()


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("synthetic_register")
    shutil.copytree(PROJECT_DIR / "data" / "landing", folder / "landing")
    source = folder / "landing" / STRATEGY / "viis"
    for period, day in DAYS.items():
        programme_file(source, day, rows_of(period))
    # One year was handed in wrong at first, and is corrected.
    corrected = DAYS["2022/2023"]
    programme_file(source, corrected, model(7))
    programme_file(source / "2026-11-24", corrected, rows_of("2022/2023"))
    # One institution's territory has a code that nobody knows.
    lost = replace(PRIVATE, code="4999999999", name="Sintētiskā pazudusī skola", territory="0005999")
    strayed = (
        *model(40),
        Row(lost, "21011111", "Pamatizglītības programma", (None, None, 9, *(9,) * 8, None, None, None)),
    )
    # A second count of the same school year: it is kept, but the series has one value a year.
    programme_file(source, date(2022, 12, 1), strayed)
    institution_file(source, DAYS["2021/2022"], rows_of("2021/2022"), off_by=1)
    municipality_file(source, DAYS["2021/2022"], rows_of("2021/2022"))
    (folder / "landing" / STRATEGY / "connectors.yml").write_text(
        "connectors: [{source: viis, kind: ckan, address: 'http://127.0.0.1:9/api/3/action', "
        "limits: {attempts: 1, connect_seconds: 1}, datasets: [{dataset: synthetic, files: '.*'}]}]",
        "utf-8",
    )
    environment = os.environ | {
        "MERAUKLA_DATA_DIR": str(folder / "data"),
        "MERAUKLA_LANDING_DIR": str(folder / "landing"),
        "COLUMNS": "200",
    }
    environment.pop("MERAUKLA_BUILD_FILE", None)
    done = subprocess.run(
        [sys.executable, "-m", "orchestration", "build"],
        cwd=PROJECT_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 0, output
    return Published(folder / "data" / "published" / "meraukla.duckdb", output)


# --- Figures ---


@pytest.mark.parametrize("period", DAYS)
def test_the_city_adds_up_from_its_institutions(published: Published, period: str) -> None:
    found = published.query(
        """
        select stage_code, ownership_code, learner_count
        from marts.enrolment_by_year where source_code = 'viis' and is_city and period_key = ?
        """,
        period,
    )
    assert {(stage, owner): count for stage, owner, count in found} == dict(expected(rows_of(period)))


def test_an_institution_has_its_own_series(published: Published) -> None:
    ((name, count, as_of_on, source_kind),) = published.query(
        """
        select institution_name_lv, learner_count, as_of_on, source_kind from marts.enrolment_by_year
        where series_key = ? and period_key = '2021/2022'
        """,
        f"{STRATEGY}/enrolment/secondary/institution/{SCHOOL.code}/viis",
    )
    assert (name, count, as_of_on, source_kind) == (SCHOOL.name, 22 + 21 + 20, DAYS["2021/2022"], "computed")


def test_printed_and_computed_figures_are_never_one_series(published: Published) -> None:
    assert (
        published.query(
            "select series_key from core.fct_enrolment group by all having count(distinct source_kind) > 1"
        )
        == []
    )
    printed = "select count(*) from core.fct_enrolment where source_kind = 'published' and report_line is not null"
    assert published.query(printed) == [(12,)]


def test_another_town_is_no_part_of_the_city(published: Published) -> None:
    assert published.query("select 1 from core.dim_institution where name_lv like '%lauku%'") == []


def test_a_school_year_has_one_value_and_every_count_is_kept(published: Published) -> None:
    assert published.query(
        "select as_of_on from core.fct_enrolment where series_key = ? and period_key = '2022/2023'", CITY
    ) == [(DAYS["2022/2023"],)]
    dates = "select distinct as_of_on from core.fct_programme_enrolment where period_key = '2022/2023' order by 1"
    assert published.query(dates) == [(date(2022, 10, 1),), (date(2022, 12, 1),)]


def test_programmes_are_taken_apart_as_far_as_sources_say(published: Published) -> None:
    ((name, kind, form_digits, form),) = published.query(
        "select group_name_en, kind_name_en, form_digits, form_name_en from core.dim_education_programme "
        "where programme_code = '01015611'"
    )
    assert (name, kind) == ("Special preschool education", "Mixed developmental disorders")
    assert (form_digits, form) == ("1", None)
    ((unmapped,),) = published.query(
        "select observed_value from audit.check_result where suite = 'core.dim_education_programme'"
    )
    assert "form 1 in 01011111" in unmapped


# --- Small counts ---


def test_small_counts_and_what_would_give_them_away_are_withheld(published: Published) -> None:
    newest = "core.fct_programme_enrolment where as_of_on = date '2024-10-01'"
    withheld = published.query(
        f"select institution_key, grade_code, learner_count, conf_status from {newest} and conf_status <> 'F'"
    )
    assert (f"{STRATEGY}/{PRIVATE.code}", "grade_9", None, "A") in withheld
    assert {status for *_, status in withheld} == {"A", "S"}
    assert {count for _, _, count, _ in withheld} == {None}
    # All others are there, and true.
    shown = published.query(f"select count(*), min(learner_count) from {newest} and conf_status = 'F'")
    assert shown[0][0] > len(withheld)
    assert shown[0][1] > SMALL


def test_no_small_count_stands_anywhere_in_what_is_published(published: Published) -> None:
    tables = published.query(
        "select schema_name, table_name from duckdb_tables() where not internal and schema_name <> 'meta'"
    )
    assert ("core", "fct_programme_enrolment") in tables
    assert not {schema for schema, _ in tables} & {"raw", "staging", "confidential"}
    ((revised,),) = published.query("select count(*) from audit.revision where source_file like '%viis%'")
    leaks = published.query(
        "select * from audit.revision where source_file like '%viis%' and coalesce(old_value, new_value) is not null"
    )
    assert leaks == [], revised


# --- Breaks ---


def compare(published: Published, from_period: str, to_period: str) -> tuple[Any, ...]:
    (row,) = published.query(
        "select difference, refusal_reason, reason_lv, reason_en from marts.compare(?, ?, ?)",
        CITY,
        from_period,
        to_period,
    )
    return row


def test_two_years_counted_alike_compare(published: Published) -> None:
    difference, refusal, *_ = compare(published, "2021/2022", "2022/2023")
    assert (difference, refusal) == (2, None)


def test_new_territories_are_a_declared_break(published: Published) -> None:
    difference, refusal, reason_lv, reason_en = compare(published, "2020/2021", "2021/2022")
    assert (difference, refusal) == (None, "break_declared")
    assert "ATVK 2021" in reason_lv
    assert "ATVK 2021" in reason_en


@pytest.mark.parametrize(("before", "after"), [("2022/2023", "2023/2024"), ("2023/2024", "2024/2025")])
def test_a_moved_reference_date_is_a_break_until_somebody_decides(
    published: Published, before: str, after: str
) -> None:
    difference, refusal, reason_lv, reason_en = compare(published, before, after)
    assert (difference, refusal) == (None, "break_suspected")
    assert "1. decembris" in reason_lv
    assert "1 December" in reason_en


def test_no_segment_reaches_over_a_break(published: Published) -> None:
    segments = published.query(
        "select period_key, segment_no from marts.enrolment_by_year where series_key = ? order by 1", CITY
    )
    assert [segment for _, segment in segments] == [1, 2, 2, 3, 4]


# --- Totals and portals ---


def test_an_institution_of_the_city_with_an_unknown_territory_is_missed(published: Published) -> None:
    ((found,),) = published.query(
        "select observed_value from audit.check_result where suite = 'core.fct_programme_enrolment'"
    )
    assert "pa_progr_01122022.xlsx, row 10: Liepāja 0005999" in found


def test_totals_of_files_are_checked_against_their_rows(published: Published) -> None:
    results = dict(
        published.query(
            "select suite, coalesce(observed_value, '') from audit.check_result "
            "where suite like 'raw.viis%' and outcome = 'failed'"
        )
    )
    assert set(results) == {"raw.viis__institution_enrolment", "raw.viis__municipality_enrolment"}
    assert "pa_iestadem_01102021.xlsx, row 2: total_count" in results["raw.viis__institution_enrolment"]
    assert "Liepāja has 500, its institutions add up to 501" in results["raw.viis__municipality_enrolment"]


def test_a_portal_out_of_reach_stops_nothing_and_is_told(published: Published) -> None:
    assert "The portal did not give everything when it was asked last" in published.output
