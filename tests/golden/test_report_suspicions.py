"""What is in the report that hinders a comparison is found by rule, at its series and its line of the report's text.

Each finding was read in the report and is typed here by hand; the rules know nothing of it.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.store import open_read_only

STRATEGY = "liepaja-2020-2025"

Evidence = dict[str, Any]
Place = tuple[str, str, str | None, str | None]

# What it is; rule, series, last period before, first period affected; part of the evidence, with its line if any.
FINDINGS: list[tuple[str, Place, Evidence]] = [
    (
        # 23 of the pre-schools, where there were 22 and then 19 (lines 542, 280, 294).
        "institutions_counted_beyond_those_that_exist",
        ("exceeds_universe", "01/pii", "2021", "2023/2024"),
        {"value_numeric": 23, "size_before": 22, "size_after": 19, "report_line": 542},
    ),
    *(
        (
            # A share is aimed at, and visits are counted.
            f"targets_and_results_in_different_units_{series}_{year}",
            ("unit_mismatch", series, None, year),
            {"printed_role": "target", "value_text": text, "printed_unit": "percent", "report_line": line},
        )
        for series, line, texts in (
            ("30/liepaja/teachers", 1031, {"2023": "30%", "2025": "40%"}),
            ("30/liepaja/residents", 1031, {"2023": "30%", "2025": "40%"}),
            ("30/dienvidkurzeme/teachers", 1039, {"2023": "15%", "2025": "20%"}),
            ("30/dienvidkurzeme/residents", 1039, {"2023": "15%", "2025": "20%"}),
        )
        for year, text in texts.items()
    ),
    *(
        (
            # 35 % of the teachers and then 735 of them; 36 % of the institutions and then 9 and 10 of them.
            f"a_share_that_becomes_a_count_{series}_{period}",
            ("unit_mismatch", series, None, period),
            {"printed_role": "result", "value_text": text, "series_unit": "percent", "report_line": line},
        )
        for series, period, text, line in (
            ("06/share", "2024/2025", "735", 654),
            ("25/share", "2023/2024", "9", 982),
            ("25/share", "2024/2025", "10", 982),
        )
    ),
    (
        "a_share_that_no_n_can_give",
        ("impossible_share", "survey/development_need/2.1/institution_heads", None, "2024/2025"),
        {"value_text": "65 %", "respondents": 29, "report_line": 2596},
    ),
    *(
        (
            # In three of four stages the result is the target, 55 %.
            f"values_repeated_digit_for_digit_over_a_block_{stage}_{step[1]}",
            ("repeated_value", f"18/{stage}", *step),
            {"period_key": "2023/2024", "value_text": "55%", "copied_count": 3, "pair_count": 4, "report_line": line},
        )
        for stage, line in (("primary", 846), ("basic", 848), ("secondary", 850))
        for step in (("2021", "2023/2024"), ("2023/2024", "2024/2025"))
    ),
    (
        "a_value_that_leaps_by_an_order_of_magnitude",
        ("level_shift", "07/total", "2021", "2023/2024"),
        {"from_value": 1.09, "to_value": 41, "seen": 37.61, "is_there_and_back": True},
    ),
    (
        "a_value_that_leaps_by_an_order_of_magnitude_and_back",
        ("level_shift", "07/total", "2023/2024", "2024/2025"),
        {"from_value": 41, "to_value": 2.2, "seen": 18.64, "is_there_and_back": True},
    ),
    (
        # The university became an academy of another one (lines 1357, 714).
        "an_institution_that_changed_its_identity",
        ("population_changed", "10/total", "2021", "2023/2024"),
        {"changed": "institution"},
    ),
    *(
        (
            f"a_baseline_without_a_year_{series}",
            ("baseline_missing", series, "unknown", "2023"),
            {"baseline_state": "no_year", "value_text": text, "report_line": line},
        )
        for series, text, line in (
            ("08/total", "29%", 680),
            ("09/maritime_college", "21%", 697),
            ("09/music_art_design_school", "5,05%", 704),
            ("15/advanced", "35,9 %", 808),
            ("16/total", "48,5%", 816),
            ("17/total", "50,95%", 834),
            ("20/rating_ll", "5", 875),
            ("23/total", "92%", 968),
        )
    ),
    *(
        (
            f"targets_on_something_that_has_no_baseline_{series}",
            ("baseline_missing", series, "unknown", "2023"),
            {"baseline_state": "no_baseline", "value_text": "n/a", "target_count": 2, "report_line": line},
        )
        for series, line in (
            ("05/schools/learners", 645),
            ("21/pii/yes", 905),
            ("29/total", 1021),
            ("30/liepaja/teachers", 1031),
            ("31/total", 1062),
        )
    ),
    (
        # Of all learners with special needs, then of those of one school (lines 664, 671).
        "a_share_of_one_denominator_against_another",
        ("population_changed", "07/total", "2021", "2023/2024"),
        {"changed": "population"},
    ),
    *(
        (
            f"enrolment_by_institution_in_one_year_and_by_programme_in_the_other_{stage}_{ownership}",
            ("population_changed", f"enrolment/{stage}/{ownership}", "2019/2020", "2024/2025"),
            {"changed": "counted_by"},
        )
        for stage in ("general", "preschool")
        for ownership in ("total", "municipal", "private")
    ),
]

Connection = duckdb.DuckDBPyConnection


@pytest.fixture(scope="module")
def published(published_file: Path) -> Iterator[Connection]:
    with open_read_only(published_file) as connection:
        yield connection


@pytest.fixture(scope="module")
def found(published: Connection) -> dict[Place, Evidence]:
    """Evidence of each finding of a rule."""
    rows = published.execute(
        "select rule, replace(series_key, ? || '/', ''), from_period, to_period, evidence "
        "from marts.comparability_flag where rule <> 'declared_break'",
        [STRATEGY],
    ).fetchall()
    return {(rule, series, *periods): json.loads(evidence) for rule, series, *periods, evidence in rows}


@pytest.mark.parametrize(
    ("place", "evidence"), [pytest.param(place, evidence, id=name) for name, place, evidence in FINDINGS]
)
def test_what_hinders_a_comparison_in_the_report_is_found_by_rule(
    found: dict[Place, Evidence], place: Place, evidence: Evidence
) -> None:
    assert place in found
    assert {column: found[place][column] for column in evidence} == evidence


# --- While a suspicion is open, the comparison is refused ---


def test_no_result_is_compared_with_its_baseline_while_a_suspicion_is_open(published: Connection) -> None:
    # Two values of indicator 10 lie on either side of the university's end, and nothing else is said against them.
    reasons = published.execute(
        "select distinct refusal_reason, is_comparable, change, progress_share from marts.indicator_progress "
        "where series_key = ?",
        [f"{STRATEGY}/10/total"],
    ).fetchall()
    assert reasons == [("break_suspected", False, None, None)]


OPEN_SUSPICIONS: list[Place] = [
    ("exceeds_universe", "01/pii", "2021", "2023/2024"),
    ("population_changed", "10/total", "2021", "2023/2024"),
    ("repeated_value", "18/primary", "2021", "2023/2024"),
    ("repeated_value", "18/primary", "2023/2024", "2024/2025"),
    ("population_changed", "enrolment/general/total", "2019/2020", "2024/2025"),
    ("population_changed", "enrolment/preschool/private", "2019/2020", "2024/2025"),
]


@pytest.mark.parametrize("place", OPEN_SUSPICIONS, ids="-".join)
@pytest.mark.parametrize("is_backwards", [False, True])
def test_a_comparison_across_an_open_suspicion_is_refused_and_says_what_to_decide(
    published: Connection, place: Place, *, is_backwards: bool
) -> None:
    rule, series, from_period, to_period = place
    key = f"{STRATEGY}/{series}"
    ((flag_id, kind),) = published.execute(
        "select flag_id, kind from marts.comparability_flag "
        "where series_key = ? and from_period = ? and to_period = ? and rule = ?",
        [key, from_period, to_period, rule],
    ).fetchall()
    assert kind == "suspected"
    periods = [to_period, from_period] if is_backwards else [from_period, to_period]
    ((difference, is_comparable, refusal_reason, *reasons),) = published.execute(
        "select difference, is_comparable, refusal_reason, reason_lv, reason_en from marts.compare(?, ?, ?)",
        [key, *periods],
    ).fetchall()
    assert (difference, is_comparable, refusal_reason) == (None, False, "break_suspected")
    assert all(f"[{flag_id}]" in reason for reason in reasons)


def test_no_segment_holds_two_values_with_an_open_suspicion_between_them(published: Connection) -> None:
    segments = published.execute(
        "select period_key, segment_no from marts.enrolment_by_year where series_key = ? order by period_key",
        [f"{STRATEGY}/enrolment/general/total"],
    ).fetchall()
    assert segments == [("2019/2020", 1), ("2024/2025", 2)]


def test_a_finding_that_is_no_break_refuses_nothing(published: Connection) -> None:
    # One year's share is impossible; the baseline of 16 has no year. Neither parts two values that have one.
    ((is_comparable,),) = published.execute(
        "select is_comparable from marts.compare(?, '2023/2024', '2024/2025')", [f"{STRATEGY}/16/total"]
    ).fetchall()
    assert is_comparable
