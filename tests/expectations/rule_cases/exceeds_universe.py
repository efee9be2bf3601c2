"""A count against the nearest counts of the whole, before and after it."""

from typing import Any

from tests.expectations.core_tables import Row, Tables, measured, measurement
from tests.expectations.rule_cases import Case, flag

BEFORE_AND_AFTER = {
    "before_period": "2019/2020",
    "size_before": 22,
    "after_period": "2024/2025",
    "size_after": 19,
    "largest_size": 22,
}


def universe(measured_row: Row, **sizes: Any) -> Row:  # noqa: ANN401
    """Return a row of fct_universe."""
    return {name: measured_row[name] for name in ("measurement_key", "series_key", "period_key")} | sizes


def counted(value: float | None, *, conf_status: str = "F", **sizes: Any) -> Tables:  # noqa: ANN401
    """Return one count and its whole."""
    row = measurement("2023/2024", value, unit="institutions", report_line=542, conf_status=conf_status)
    return {**measured(row, is_count=True), "fct_universe": [universe(row, **sizes)]}


EARLIER, COUNT, LATER = (
    measurement(period, value, unit="institutions") for period, value in (("2021", 8), ("2022", 23), ("2023", 9))
)
LARGER = measurement("2023", 24, unit="institutions")

CASES = [
    Case(
        "more_than_there_were_before_and_after",
        counted(23, **BEFORE_AND_AFTER),
        [
            flag(
                None,
                "2023/2024",
                kind="suspected",
                severity="error",
                is_break=True,
                value_numeric=23,
                size_before=22,
                size_after=19,
                report_line=542,
                reason_lv="saskaitīti 23, bet pavisam to bija 22 (2019/2020) un 19 (2024/2025)",
                reason_en="23 are counted in 2023/2024, but in all there were 22 (2019/2020) and 19 (2024/2025)",
            )
        ],
    ),
    Case("as_many_as_there_were_before", counted(22, **BEFORE_AND_AFTER)),
    Case("between_the_counts_before_and_after", counted(20, **BEFORE_AND_AFTER)),
    Case(
        "more_than_there_were_before",
        counted(23, before_period="2019/2020", size_before=22, largest_size=22),
        [flag(None, "2023/2024", size_before=22, size_after=None, reason_en="22 (2019/2020) and ? (?)")],
    ),
    Case(
        "more_than_there_were_after",
        counted(20, after_period="2024/2025", size_after=19, largest_size=19),
        [flag(None, "2023/2024", size_before=None, size_after=19)],
    ),
    Case(
        "more_than_there_were_in_the_same_period",
        counted(
            20,
            before_period="2023/2024",
            size_before=19,
            after_period="2023/2024",
            size_after=19,
            largest_size=19,
        ),
        [flag(None, "2023/2024", size_before=19, size_after=19)],
    ),
    Case("nobody_knows_how_many_there_were", counted(23)),
    Case("nothing_was_counted", counted(None, **BEFORE_AND_AFTER)),
    Case("a_whole_is_known_of_another_series", measured(COUNT, is_count=True)),
    Case("a_count_that_may_not_be_shown", counted(23, conf_status="A", **BEFORE_AND_AFTER)),
    Case(
        "neither_the_step_to_it_nor_the_step_from_it_can_be_trusted",
        {
            **measured(EARLIER, COUNT, LATER, is_count=True),
            "fct_universe": [universe(row, size_before=22, largest_size=22) for row in (EARLIER, COUNT, LATER)],
        },
        [flag("2021", "2022", period_key="2022"), flag("2022", "2023", period_key="2022")],
    ),
    Case(
        "a_step_between_two_that_exceed_is_one_question_about_the_larger",
        {
            **measured(COUNT, LARGER, is_count=True),
            "fct_universe": [universe(row, size_before=22, largest_size=22) for row in (COUNT, LARGER)],
        },
        [flag("2022", "2023", period_key="2023", value_numeric=24)],
    ),
]
