"""A baseline that another vintage changes is a question; one that the methodology restates is declared."""

from typing import Any

from tests.expectations.core_tables import SERIES, STRATEGY, Row, Tables, measured, measurement
from tests.expectations.rule_cases import Case, flag


def baseline(
    vintage: str,
    value: float,
    text: str,
    version: int = 1,
    **others: Any,  # noqa: ANN401
) -> Row:
    """Return a baseline of fct_observation."""
    return {
        "strategy_code": STRATEGY,
        "series_key": SERIES,
        "period_key": "2021",
        "is_baseline": True,
        "is_bridged": False,
        "value_numeric": value,
        "value_text": text,
        "conf_status": "F",
        "vintage": vintage,
        "methodology_key": f"{SERIES}/v{version}",
        "report_line": 586,
    } | others


def known(*baselines: Row) -> Tables:
    """Return baselines as known over time; version 2 restates them, and a result follows."""
    versions = [{"methodology_key": f"{SERIES}/v{version}", "baseline_restated": version == 2} for version in (1, 2)]
    return {
        **measured(measurement("2021", 29), measurement("2024/2025", 35)),
        "fct_observation": [*baselines, {**baselines[0], "period_key": "2024/2025", "is_baseline": False}],
        "dim_methodology": versions,
    }


CASES = [
    Case(
        "a_vintage_changes_the_baseline",
        known(baseline("2025-01-31", 39, "39 %"), baseline("2026-01-31", 29, "29 %")),
        [
            flag(
                "2021",
                "2024/2025",
                kind="suspected",
                severity="error",
                is_break=True,
                earlier_text="39 %",
                later_text="29 %",
                earlier_vintage="2025-01-31",
                later_vintage="2026-01-31",
                report_line=586,
                reason_lv="Bāzes vērtība ir mainīta: „39 %” → „29 %”.",
                reason_en="The baseline was changed: “39 %” → “29 %”.",
            )
        ],
    ),
    Case(
        "a_vintage_dates_the_baseline_anew",
        known(baseline("2025-01-31", 29, "29 %", period_key="2020"), baseline("2026-01-31", 29, "29 %")),
        [flag("2021", "2024/2025", kind="suspected", later_vintage="2026-01-31")],
    ),
    Case(
        "changed_and_changed_back_is_one_question_about_the_last_change",
        known(
            baseline("2024-01-31", 29, "29 %"),
            baseline("2025-01-31", 39, "39 %"),
            baseline("2026-01-31", 29, "29 %"),
        ),
        [flag("2021", "2024/2025", earlier_text="39 %", later_text="29 %", later_vintage="2026-01-31")],
    ),
    Case(
        "the_methodology_restates_the_baseline",
        known(baseline("2026-01-31", 29, "29 %", version=2)),
        [
            flag(
                "2021",
                "2024/2025",
                kind="declared",
                earlier_text=None,
                later_text="29 %",
                reason_lv="„?” → „29 %”",
                reason_en="“?” → “29 %”",
            )
        ],
    ),
    Case(
        "a_vintage_brings_the_restated_baseline",
        known(baseline("2025-01-31", 39, "39 %"), baseline("2026-01-31", 29, "29 %", version=2)),
        [flag("2021", "2024/2025", kind="declared", earlier_text="39 %", later_text="29 %")],
    ),
    Case(
        "changed_once_and_kept_since",
        known(
            baseline("2024-01-31", 39, "39 %"),
            baseline("2025-01-31", 29, "29 %"),
            baseline("2026-01-31", 29, "29 %"),
        ),
        [flag("2021", "2024/2025", earlier_text="39 %", later_text="29 %", later_vintage="2025-01-31")],
    ),
    Case(
        "a_baseline_taken_over_a_break_is_no_revision",
        known(baseline("2026-01-31", 29, "29 %"), baseline("2026-01-31", 35, "35", is_bridged=True)),
    ),
    Case(
        "a_vintage_changes_the_baseline_before_there_is_a_result",
        {**known(baseline("2025-01-31", 39, "39 %"), baseline("2026-01-31", 29, "29 %")), "fct_step": []},
        [flag("2021", "2021", kind="suspected", later_text="29 %")],
    ),
    Case("one_vintage", known(baseline("2026-01-31", 29, "29 %"))),
    Case("the_same_in_two_vintages", known(baseline("2025-01-31", 29, "29 %"), baseline("2026-01-31", 29, "29 %"))),
    Case(
        "the_same_number_printed_otherwise",
        known(baseline("2025-01-31", 29, "29 %"), baseline("2026-01-31", 29, "29,0")),
    ),
    Case(
        "a_baseline_that_may_not_be_shown",
        known(baseline("2025-01-31", 3, "3", conf_status="A"), baseline("2026-01-31", 4, "4", conf_status="A")),
    ),
]
