"""Figures typed by hand from the printed report, with the line of its text, against the published file.

They are typed here a second time on purpose: nothing is read from the landing files that the warehouse reads.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from warehouse.store import open_read_only

STRATEGY = "liepaja-2020-2025"

# Series, period, value as printed, value as a number, line. What is no number is None, never 0.
OBSERVATIONS = [
    ("01/pii", "2021", "8", 8, 542),
    ("01/pii", "2023/2024", "23", 23, 542),
    ("01/pii", "2024/2025", "VISAS IESTĀDES", None, 542),
    ("01/schools", "2023/2024", "11", 11, 544),
    ("02/pii", "2023/2024", "1:12", 12, 552),
    ("02/schools", "2024/2025", "1:6", 6, 554),
    ("03/total", "2021", "10 %", 10, 565),
    ("03/total", "2023/2024", "Nav mērīts", None, 565),
    ("03/total", "2024/2025", "4,5 %", 4.5, 565),
    ("04/pii/emotional", "2020", "29 %", 29, 586),
    ("04/pii/physical", "2024/2025", "33 %", 33, 596),
    ("04/schools/physical", "2020", "73 %", 73, 607),
    ("04/schools/emotional", "2024/2025", "37 %", 37, 605),
    ("05/pii/parents", "2024/2025", "78,25 %", 78.25, 615),
    ("05/schools/teachers", "2024/2025", "89,3 %", 89.3, 643),
    ("05/schools/learners", "unknown", "n/a", None, 645),
    ("06/share", "2021", "35%", 35, 654),
    ("06/share", "2023/2024", "16 %", 16, 654),
    ("06/count", "2023/2024", "226", 226, 654),
    ("06/count", "2024/2025", "735", 735, 654),
    ("07/total", "2021", "1,09%", 1.09, 669),
    ("07/total", "2023/2024", "41%", 41, 669),
    ("07/total", "2024/2025", "2,2%", 2.2, 669),
    ("08/total", "unknown", "29%", 29, 680),
    ("08/total", "2024/2025", "49,36%", 49.36, 680),
    ("09/state_technical_school", "unknown", "5,2%", 5.2, 691),
    ("09/maritime_college", "2023/2024", "51 %", 51, 697),
    ("09/music_art_design_school", "2024/2025", "5,4%", 5.4, 704),
    ("10/total", "2023/2024", "4,2%", 4.2, 716),
    ("11/pii/parents", "2024/2025", "90 %", 90, 744),
    ("11/schools/parents", "2020", "86%", 86, 746),
    ("12/total", "2021", "72", 72, 757),
    ("13/aesthetics", "2023/2024", "0", 0, 769),
    ("13/sport", "2024/2025", "4", 4, 779),
    ("14/pii/steam", "2021", "-", None, 793),
    ("14/pii/sport", "2023/2024", "1116", 1116, 793),
    ("14/primary/culture", "2021", "926", 926, 795),
    ("14/basic/culture", "2024/2025", "1032", 1032, 797),
    ("14/secondary/steam", "2024/2025", "30", 30, 799),
    ("15/advanced", "unknown", "35,9 %", 35.9, 808),
    ("15/specialised", "2024/2025", "13 %", 13, 810),
    ("16/total", "2023/2024", "40,4 %", 40.4, 816),
    ("17/total", "unknown", "50,95%", 50.95, 834),
    ("17/total", "2023/2024", "NETIEK MĒRĪTS", None, 834),
    ("18/pii", "2023/2024", "19 %", 19, 844),
    ("18/secondary", "2024/2025", "51%", 51, 850),
    ("19/total", "2024/2025", "48%", 48, 864),
    ("20/rating_ll", "unknown", "5", 5, 875),
    ("20/rating_l", "2024/2025", "16", 16, 888),
    ("20/rating_nv", "2024/2025", "3", 3, 890),
    ("21/schools/yes", "2024/2025", "69 %", 69, 909),
    ("21/pii/no", "2024/2025", "20 %", 20, 921),
    ("22/schools/unknown", "2024/2025", "29 %", 29, 940),
    ("23/total", "2023/2024", "80 %", 80, 968),
    ("24/total", "2024/2025", "13", 13, 974),
    ("25/count", "2021", "13", 13, 982),
    ("25/share", "2021", "36%", 36, 982),
    ("26/total", "2024/2025", "1705", 1705, 992),
    ("27/total", "2023/2024", "70 %", 70, 1001),
    ("28/total", "2023/2024", "2,38 %", 2.38, 1012),
    ("29/total", "unknown", "n/a", None, 1021),
    ("30/liepaja/teachers", "2024/2025", "4208", 4208, 1032),
    ("30/dienvidkurzeme/residents", "2023/2024", "409", 409, 1042),
    ("31/total", "2024/2025", "94%", 94, 1062),
]

# Series, target year, comparator, value as printed, value as a number, line. U+F0DD is an arrow that most fonts lack.
TARGETS = [
    ("01/pii", 2023, "at_least", "10", 10, 542),
    ("02/schools", 2025, "at_most", "1:5", 5, 554),
    ("03/total", 2025, "at_most", "5 %", 5, 565),
    ("04/pii/emotional", 2025, "up", "\uf0dd", None, 589),
    ("05/schools/learners", 2023, "at_least", "+ 2%", 2, 645),
    ("06/share", 2025, "at_least", "65%", 65, 654),
    ("07/total", 2025, "at_least", "1,2%", 1.2, 669),
    ("09/maritime_college", 2025, "at_most", "18%", 18, 697),
    ("11/schools/learners", 2023, "exists", "pirmais mērījums", None, 741),
    ("12/total", 2025, "at_least", "78", 78, 757),
    ("13/music", 2025, "up", "⇧", None, 773),
    ("14/pii/sport", 2025, "at_least", "+3%", 3, 793),
    ("14/basic/steam", 2025, "at_least", "+8%", 8, 797),
    ("19/total", 2023, "up", "\uf0dd", None, 864),
    ("20/rating_l", 2025, "up", "⇧", None, 884),
    ("21/schools/yes", 2025, "exists", "ir", None, 905),
    ("26/total", 2025, "at_least", "3000", 3000, 992),
    ("28/total", 2025, "at_most", "2,2%", 2.2, 1012),
    ("30/liepaja/residents", 2025, "at_least", "40%", 40, 1031),
    ("31/total", 2023, "at_least", "70%", 70, 1062),
]

# Series, school year, gap closed and time elapsed in percent, Eurostat's CAGR measure: actual and required growth in
# percent a year, their ratio, class; line. Worked out by hand from the printed baseline, last target and result. The
# last target is due on 31 August 2025: 1,339 days after a baseline of 2021, 1,704 after one of 2020; a year has
# 365.25 days.
PROGRESS = [
    ("02/schools", "2024/2025", 50, 100, -4.118, -8.770, 47.0, "insufficient_progress", 554),
    ("28/total", "2023/2024", 74.286, 72.74, -7.142, -7.259, 98.4, "significant_progress", 1012),
    ("24/total", "2024/2025", -71.429, 100, -8.494, 9.375, -90.6, "movement_away", 974),
    ("05/schools/teachers", "2024/2025", 88.333, 100, 1.320, 1.490, 88.6, "moderate_progress", 643),
    # A direction is no quantified target; 0 has no rate of growth, a baseline without a year no time.
    ("04/schools/physical", "2024/2025", None, 100, -1.822, None, None, "significant_movement_away", 610),
    ("04/pii/emotional", "2024/2025", None, 100, 4.113, None, None, "significant_progress", 591),
    ("13/music", "2024/2025", None, 100, None, None, None, None, 773),
    ("16/total", "2024/2025", None, None, None, None, None, None, 816),
    # Across a break there is no change, nor while one is suspected: the share of children without a place fell to
    # less than half, and the academy is no longer the university it was.
    ("07/total", "2023/2024", None, 72.74, None, None, None, None, 669),
    ("03/total", "2024/2025", None, 100, None, None, None, None, 565),
    ("10/total", "2023/2024", None, 72.74, None, None, None, None, 716),
]

# Survey, item, group, share as printed, share as a number, line.
SURVEY_SHARES = [
    ("strategic_setting", "statehood", "pii_teachers", "94 %", 94, 466),
    ("strategic_setting", "vision", "pii_parents", "72 %", 72, 468),
    ("strategic_setting", "social_responsibility", "school_teachers", "73 %", 73, 473),
    ("strategic_setting", "vision", "school_parents", "64 %", 64, 478),
    ("strategic_setting", "mission", "learners_7_12", "n/a", None, 486),
    ("strategic_setting", "social_responsibility", "learners_7_12", "71 %", 71, 486),
    ("strategic_setting", "self_realisation", "institution_heads", "86 %", 86, 491),
    ("strategic_setting", "excellence", "lip_specialists", "40 %", 40, 501),
    ("development_need", "1.1", "institution_heads", "90 %", 90, 2576),
    ("development_need", "1.4", "lip_specialists", "100 %", 100, 2589),
    ("development_need", "2.1", "institution_heads", "65 %", 65, 2596),
    ("development_need", "2.3", "lip_specialists", "40 %", 40, 2663),
    ("development_need", "3.2", "lip_specialists", "70 %", 70, 2675),
    ("development_need", "4.3", "institution_heads", "93 %", 93, 2692),
]

# Group, respondents, share of the group as printed, line.
RESPONDENTS = [
    ("pii_teachers", 216, "~ 43%", 254),
    ("school_parents", 1148, "~ 15 %", 264),
    ("lip_specialists", 10, "n/a", 278),
]

# Action, status as printed, line.
ACTIONS = [
    ("1.1.1", "Īstenošanas procesā", 1135),
    ("1.1.2", "Nav īstenots", 1144),
    ("1.2.3", "Īstenots", 1236),
    ("1.3.1", "Īstenošanas procesā", 1308),
    ("1.3.4", "Atlikts", 1356),
    ("2.1.2", "Nav īstenots", 1404),
    ("3.1.4", "Daļēji īstenots", 1516),
    ("3.2.2", "Īstenots", 1537),
    ("4.3.1", "Īstenots", 1657),
]

# School year, stage, founder, what is counted, learners, line.
ENROLMENT = [
    ("2019/2020", "preschool", "total", "institution", 3512, 284),
    ("2019/2020", "preschool", "private", "institution", 106, 286),
    ("2019/2020", "general", "total", "institution", 8643, 286),
    ("2019/2020", "general", "private", "institution", 244, 288),
    ("2024/2025", "preschool", "total", "programme", 3472, 304),
    ("2024/2025", "general", "total", "programme", 8151, 308),
    ("2024/2025", "general", "municipal", "programme", 7924, 308),
]

# School year, type of institution, founder, institutions, line.
INSTITUTIONS = [
    ("2019/2020", "pii", "total", 22, 280),
    ("2019/2020", "secondary_school", "total", 7, 282),
    ("2024/2025", "pii", "total", 19, 294),
    ("2024/2025", "basic_school_development_centre", "total", 1, 300),
]


@pytest.fixture(scope="module")
def published(published_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_read_only(published_file) as connection:
        yield connection


def _ids(figures: list[tuple[object, ...]], length: int) -> list[str]:
    return [" ".join(str(part) for part in figure[:length]) for figure in figures]


@pytest.mark.parametrize("figure", OBSERVATIONS, ids=_ids(OBSERVATIONS, 2))
def test_observation(published: duckdb.DuckDBPyConnection, figure: tuple[object, ...]) -> None:
    series, period, *printed = figure
    rows = published.execute(
        """
        select value_text, value_numeric, report_line
        from core.fct_observation where series_key = ? and period_key = ?
        """,
        [f"{STRATEGY}/{series}", period],
    ).fetchall()
    assert rows == [tuple(printed)]


@pytest.mark.parametrize("figure", TARGETS, ids=_ids(TARGETS, 2))
def test_target(published: duckdb.DuckDBPyConnection, figure: tuple[object, ...]) -> None:
    series, year, *printed = figure
    rows = published.execute(
        """
        select comparator, value_text, value_numeric, report_line
        from core.fct_target where series_key = ? and target_year = ?
        """,
        [f"{STRATEGY}/{series}", year],
    ).fetchall()
    assert rows == [tuple(printed)]


@pytest.mark.parametrize("figure", PROGRESS, ids=_ids(PROGRESS, 2))
def test_progress(published: duckdb.DuckDBPyConnection, figure: tuple[object, ...]) -> None:
    series, period, *expected = figure
    rows = published.execute(
        """
        select
            round(progress_share, 3), round(elapsed_share, 2), round(cagr_measure, 3), round(cagr_required, 3),
            round(cagr_ratio_share, 1), cagr_assessment_code, report_line
        from marts.indicator_progress where series_key = ? and period_key = ?
        """,
        [f"{STRATEGY}/{series}", period],
    ).fetchall()
    assert rows == [tuple(expected)]


@pytest.mark.parametrize("figure", SURVEY_SHARES, ids=_ids(SURVEY_SHARES, 3))
def test_survey_share(published: duckdb.DuckDBPyConnection, figure: tuple[object, ...]) -> None:
    survey, item, group, *printed = figure
    rows = published.execute(
        """
        select share_text, positive_share, report_line
        from core.fct_survey_share where survey_code = ? and item_code = ? and group_code = ?
        """,
        [survey, item, group],
    ).fetchall()
    assert rows == [tuple(printed)]


@pytest.mark.parametrize("figure", RESPONDENTS, ids=_ids(RESPONDENTS, 1))
def test_respondents(published: duckdb.DuckDBPyConnection, figure: tuple[object, ...]) -> None:
    group, *printed = figure
    rows = published.execute(
        "select respondents, response_share_text, report_line from core.fct_survey_response where group_code = ?",
        [group],
    ).fetchall()
    assert rows == [tuple(printed)]


@pytest.mark.parametrize("figure", ACTIONS, ids=_ids(ACTIONS, 1))
def test_action_status(published: duckdb.DuckDBPyConnection, figure: tuple[object, ...]) -> None:
    action, *printed = figure
    rows = published.execute(
        "select status_text, report_line from core.fct_action_status where action_no = ?", [action]
    ).fetchall()
    assert rows == [tuple(printed)]


@pytest.mark.parametrize("figure", ENROLMENT, ids=_ids(ENROLMENT, 3))
def test_enrolment(published: duckdb.DuckDBPyConnection, figure: tuple[object, ...]) -> None:
    period, stage, founder, *printed = figure
    rows = published.execute(
        """
        select counted_by, learner_count, report_line
        from core.fct_enrolment where period_key = ? and stage_code = ? and ownership_code = ?
        """,
        [period, stage, founder],
    ).fetchall()
    assert rows == [tuple(printed)]


@pytest.mark.parametrize("figure", INSTITUTIONS, ids=_ids(INSTITUTIONS, 3))
def test_institution_count(published: duckdb.DuckDBPyConnection, figure: tuple[object, ...]) -> None:
    period, institution_type, founder, *printed = figure
    rows = published.execute(
        """
        select institution_count, report_line
        from core.fct_institution_count where period_key = ? and institution_type_code = ? and ownership_code = ?
        """,
        [period, institution_type, founder],
    ).fetchall()
    assert rows == [tuple(printed)]


@pytest.mark.parametrize(
    ("table", "count"),
    [
        ("dim_advantage", 4),
        ("dim_direction", 10),
        ("dim_indicator", 31),
        ("dim_series", 78),
        ("fct_observation", 234),
        ("dim_action", 47),
        ("dim_programme", 4),
        ("bridge_programme_direction", 20),
    ],
)
def test_nothing_is_lost_or_doubled(published: duckdb.DuckDBPyConnection, table: str, count: int) -> None:
    rows = published.execute(f"select count(*) from core.{table} where strategy_code = ?", [STRATEGY]).fetchone()
    assert rows == (count,)


def test_the_47_actions_by_status(published: duckdb.DuckDBPyConnection) -> None:
    rows = published.execute("select status_code, count(*) from core.fct_action_status group by all").fetchall()
    assert dict(rows) == {"done": 14, "in_progress": 16, "partly_done": 14, "postponed": 1, "not_done": 2}


def test_links_of_programmes_by_direction(published: duckdb.DuckDBPyConnection) -> None:
    # Table 2.3.2 (l. 2299-2361); 4.3 has none.
    rows = published.execute(
        "select direction_no, count(*) from core.bridge_programme_direction group by all"
    ).fetchall()
    counts = {"1.1": 3, "1.2": 3, "1.3": 1, "2.1": 4, "2.2": 2, "3.1": 2, "3.2": 2, "4.1": 2, "4.2": 1}
    assert dict(rows) == counts
