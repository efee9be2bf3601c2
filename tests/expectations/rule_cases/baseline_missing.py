"""A target needs a baseline, and the baseline a year."""

from tests.expectations.core_tables import SERIES, STRATEGY, UNKNOWN, Row, Tables, measurement
from tests.expectations.rule_cases import Case, flag


def series(*baselines: Row, target_years: tuple[int, ...] = (2025, 2023)) -> Tables:
    """Return a series with its targets and what there is of a baseline."""
    return {
        "dim_series": [{"series_key": SERIES, "strategy_code": STRATEGY}],
        "fct_target": [{"series_key": SERIES, "target_year": year} for year in target_years],
        "fct_measurement": baselines,
    }


def baseline(period: str, value: float | None, text: str, *, is_qualitative: bool = False) -> Row:
    """Return a baseline."""
    return measurement(period, value, text, is_baseline=True, is_qualitative=is_qualitative, report_line=680)


CASES = [
    Case(
        "a_target_without_any_baseline",
        series(measurement("2024/2025", 75)),
        [
            flag(
                None,
                "2023",
                kind="declared",
                severity="warning",
                is_break=False,
                baseline_state="no_baseline",
                target_count=2,
                report_line=None,
                reason_lv="Mērķis ir, bet nav bāzes vērtības.",
                reason_en="A target is set, but there is no baseline.",
            )
        ],
    ),
    Case(
        "a_target_and_a_mark_instead_of_a_baseline",
        series(baseline(UNKNOWN, None, "n/a")),
        [flag(UNKNOWN, "2023", baseline_state="no_baseline", value_text="n/a", report_line=680)],
    ),
    Case(
        "a_baseline_without_a_year",
        series(baseline(UNKNOWN, 29, "29%"), measurement("2023/2024", 60.1)),
        [
            flag(
                UNKNOWN,
                "2023",
                baseline_state="no_year",
                value_text="29%",
                report_line=680,
                reason_lv="Mērķis ir, bet bāzes vērtībai „29%” nav gada.",
                reason_en="A target is set, but the baseline “29%” has no year.",
            )
        ],
    ),
    Case("a_baseline_with_its_year", series(baseline("2021", 29, "29%"))),
    Case("a_baseline_of_0", series(baseline("2021", 0, "0"))),
    Case("a_baseline_in_words_with_its_year", series(baseline("2021", None, "visas", is_qualitative=True))),
    Case(
        "a_baseline_in_words_without_a_year",
        series(baseline(UNKNOWN, None, "visas", is_qualitative=True)),
        [
            flag(
                UNKNOWN,
                "2023",
                baseline_state="no_year",
                reason_lv="„visas” nav gada",
                reason_en="“visas” has no year",
            )
        ],
    ),
    Case("no_target_needs_no_baseline", series(target_years=())),
    Case("no_target_needs_no_year", series(baseline(UNKNOWN, 29, "29%"), target_years=())),
]
