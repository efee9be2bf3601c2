"""Baseline, targets and results of a series in one unit."""

from collections.abc import Mapping
from typing import Any

from tests.expectations.core_tables import SERIES, STRATEGY, Row, Tables, measurement
from tests.expectations.rule_cases import Case, flag


def printed(
    value: float | None,
    text: str,
    unit: str,
    period: str = "2023/2024",
    **others: Any,  # noqa: ANN401
) -> Row:
    """Return a baseline or a result."""
    return measurement(period, value, text, unit=unit, report_line=654, **others)


def target(text: str, unit: str | None, year: int = 2025) -> Row:
    """Return a row of fct_target."""
    return {
        "strategy_code": STRATEGY,
        "series_key": SERIES,
        "target_year": year,
        "value_text": text,
        "unit": unit,
        "report_line": 655,
    }


def series(unit: str, *rows: Row) -> Tables:
    """Return a series in a unit with what is printed of it."""
    return {
        "dim_series": [{"series_key": SERIES, "strategy_code": STRATEGY, "unit": unit}],
        "fct_measurement": [row for row in rows if "period_key" in row],
        "fct_target": [row for row in rows if "target_year" in row],
    }


def two_measures(shares: Mapping[str, float], counts: Mapping[str, float], other_level: str = "pii") -> Tables:
    """Return a share and a count of one indicator, with values by year; 2021 is the baseline."""
    measures = (("share", "percent", "pii", shares), ("count", "teachers", other_level, counts))
    return {
        "dim_series": [
            {
                "series_key": f"synthetic/01/{measure}",
                "strategy_code": STRATEGY,
                "indicator_key": "synthetic/01",
                "measure_code": measure,
                "level_code": level,
                "unit": unit,
            }
            for measure, unit, level, _ in measures
        ],
        "fct_measurement": [
            measurement(year, value, series=f"synthetic/01/{measure}", unit=unit, is_baseline=year == "2021")
            for measure, unit, _, values in measures
            for year, value in values.items()
        ],
    }


def mismatch(period: str, role: str, text: str, unit: str, line: int, **said: Any) -> Any:  # noqa: ANN401
    """Return a flag about a printed value."""
    return flag(None, period, printed_role=role, value_text=text, printed_unit=unit, report_line=line, **said)


BASELINE = printed(35, "35%", "percent", "2021", is_baseline=True)

CASES = [
    Case(
        "a_share_becomes_a_count",
        series("percent", BASELINE, printed(226, "226", "teachers"), target("50%", "percent")),
        [
            mismatch(
                "2023/2024",
                "result",
                "226",
                "teachers",
                654,
                kind="declared",
                severity="error",
                series_unit="percent",
                reason_lv="Vērtība „226” (654. rinda) ir mērvienībā teachers, bet datu rinda – mērvienībā percent.",
                reason_en="The result “226” (line 654) is in the unit teachers, the series in percent.",
            )
        ],
    ),
    Case(
        "a_share_is_printed_as_a_count_from_one_period_on",
        two_measures({"2021": 35, "2023": 16}, {"2023": 226, "2024": 735}),
        [
            mismatch("2021", "baseline", "35", "percent", 7, series_key="synthetic/01/count", series_unit="teachers"),
            mismatch(
                "2024",
                "result",
                "735",
                "teachers",
                7,
                series_key="synthetic/01/share",
                series_unit="percent",
                reason_lv="Vērtība „735” (7. rinda) ir mērvienībā teachers, bet datu rinda – mērvienībā percent.",
                reason_en="The result “735” (line 7) is in the unit teachers, the series in percent.",
            ),
        ],
    ),
    Case("share_and_count_of_the_same_periods", two_measures({"2021": 35, "2023": 16}, {"2021": 95, "2023": 44})),
    Case("a_share_that_was_never_printed", two_measures({}, {"2021": 95, "2023": 44})),
    Case("share_and_count_of_different_things", two_measures({"2021": 35}, {"2023": 44}, other_level="schools")),
    Case(
        "targets_in_another_unit_than_results",
        series("visits", printed(1636, "1636", "visits"), target("30%", "percent", 2023), target("40%", "percent")),
        [
            mismatch("2023", "target", "30%", "percent", 655, series_unit="visits"),
            mismatch("2025", "target", "40%", "percent", 655, series_unit="visits"),
        ],
    ),
    Case(
        "a_baseline_in_another_unit",
        series("institutions", printed(36, "36%", "percent", "2021", is_baseline=True), target("16", "institutions")),
        [mismatch("2021", "baseline", "36%", "percent", 654)],
    ),
    Case(
        "a_target_that_something_exists_for_a_share",
        series("percent", target("ir", "existence")),
        [mismatch("2025", "target", "ir", "existence", 655)],
    ),
    Case(
        "result_and_target_of_one_period_are_one_question_about_the_result",
        series("percent", printed(226, "226", "teachers", "2023"), target("12", "number", 2023)),
        [mismatch("2023", "result", "226", "teachers", 654)],
    ),
    Case(
        "of_result_and_target_of_one_period_the_one_in_another_unit",
        series("percent", printed(65, "65 %", "percent", "2023"), target("226", "teachers", 2023)),
        [mismatch("2023", "target", "226", "teachers", 655)],
    ),
    Case("all_in_one_unit", series("percent", BASELINE, printed(16, "16 %", "percent"), target("50%", "percent"))),
    Case("a_target_relative_to_the_baseline", series("percent", BASELINE, target("+2%", "percent_of_baseline"))),
    Case("a_target_that_is_a_direction", series("percent", BASELINE, target("⇧", None))),
    Case("words_have_no_unit_of_their_own", series("percent", printed(None, "visas", "institutions"))),
    Case("a_value_that_may_not_be_shown", series("percent", printed(3, "3", "teachers", conf_status="A"))),
]
