"""The GRIM test: no whole number of 29 respondents is 65 % of them, 19 of them are 66 %."""

from tests.expectations.core_tables import Tables, measured, measurement
from tests.expectations.rule_cases import Case, Turn, flag


def share(text: str, respondents: int | None, unit: str = "percent", conf_status: str = "F") -> Tables:
    """Return one share as it is printed."""
    value = float(text.removesuffix(" %").replace(",", "."))
    return measured(
        measurement("2024/2025", value, text, respondents=respondents, unit=unit, conf_status=conf_status)
    )


CASES = [
    Case(
        "65_percent_of_29",
        share("65 %", 29),
        [
            flag(
                None,
                "2024/2025",
                kind="suspected",
                is_break=False,
                value_text="65 %",
                respondents=29,
                share_below=62.1,
                share_above=65.5,
                report_line=7,
                reason_lv="No 29 respondentiem neviens vesels skaits nedod 65 %: tuvākie ir 62,1 % un 65,5 %.",
                reason_en="No whole number of 29 respondents gives 65 %: the nearest are 62.1 % and 65.5 %.",
            )
        ],
    ),
    Case("66_percent_of_29", share("66 %", 29)),
    Case("62_percent_of_29", share("62 %", 29)),
    Case("one_decimal_of_29", share("65,5 %", 29)),
    Case(
        "no_such_decimal_of_29",
        share("65,6 %", 29),
        [flag(None, "2024/2025", share_below=65.52, share_above=68.97)],
    ),
    Case("two_decimals_of_29", share("65,52 %", 29)),
    Case("no_such_second_decimal_of_29", share("65,51 %", 29), [flag(None, "2024/2025", share_below=62.069)]),
    # An eighth is 12.5 %: 13 if halves are rounded up, 12 if to even. Three eighths are 37.5 %: 38 either way.
    Case("a_half_rounded_up", share("13 %", 8)),
    Case("a_half_rounded_to_even", share("12 %", 8)),
    Case("a_half_as_it_is", share("12,5 %", 8)),
    Case("beyond_a_half", share("14 %", 8), [flag(None, "2024/2025", share_below=12.5, share_above=25)]),
    Case("short_of_a_half", share("11 %", 8), [flag(None, "2024/2025", share_below=0, share_above=12.5)]),
    Case("a_half_of_a_tenth_rounded_up", share("6,3 %", 16)),
    Case("a_half_of_a_tenth_rounded_to_even", share("6,2 %", 16)),
    Case("none_of_them", share("0 %", 7)),
    Case("all_of_them", share("100 %", 7)),
    Case("more_than_all_of_them", share("101 %", 7), [flag(None, "2024/2025", respondents=7)]),
    Case("one_respondent_is_all_or_nothing", share("50 %", 1), [flag(None, "2024/2025", share_below=0)]),
    Case("many_respondents_give_any_whole_percent", share("65 %", 100)),
    Case("a_share_of_an_unknown_number", share("65 %", None)),
    Case("a_share_of_nobody", share("65 %", 0)),
    Case("a_number_that_is_no_share", share("65", 29, unit="learners")),
    Case("a_share_that_was_not_printed", measured(measurement("2024/2025", None, respondents=29))),
    Case("a_share_that_may_not_be_shown", share("65 %", 29, conf_status="A")),
]

TURNS = {"noise": Turn(share("65 %", 29), 0.02, fires_at_default=True)}
