"""A count over a whole that grew or shrank by more than 2 % needs a share beside it."""

from tests.expectations.core_tables import Tables, measured, measurement
from tests.expectations.rule_cases import Case, Turn, flag


def sized(from_size: float | None, to_size: float | None) -> Tables:
    """Return two counts, with the count of the whole before the first and after the second."""
    rows = [measurement("2021", 8, unit="institutions"), measurement("2023/2024", 9, unit="institutions")]
    keys = [row["measurement_key"] for row in rows]
    return {
        **measured(*rows, is_count=True),
        "fct_universe": [
            {"measurement_key": keys[0], "size_before": from_size, "before_period": "2019/2020", "size_after": 70},
            {"measurement_key": keys[1], "size_after": to_size, "after_period": "2024/2025", "size_before": 70},
        ],
    }


CASES = [
    Case(
        "the_whole_shrank",
        sized(36, 32),
        [
            flag(
                "2021",
                "2023/2024",
                kind="declared",
                severity="info",
                is_break=False,
                from_size=36,
                from_size_period="2019/2020",
                to_size=32,
                to_size_period="2024/2025",
                universe_change=-11.1,
                reason_lv="Kopums mainījies no 36 (2019/2020) uz 32 (2024/2025), tas ir, par -11,1 %",
                reason_en="The whole changed from 36 (2019/2020) to 32 (2024/2025), by -11.1 %",
            )
        ],
    ),
    Case("the_whole_grew", sized(1000, 1021), [flag("2021", "2023/2024", universe_change=2.1)]),
    Case("the_whole_shrank_a_little_too_much", sized(1000, 979), [flag("2021", "2023/2024", universe_change=-2.1)]),
    Case("the_whole_may_grow_by_two_percent", sized(100, 102)),
    Case("the_whole_may_shrink_by_two_percent", sized(100, 98)),
    Case("the_whole_stayed_the_same", sized(100, 100)),
    Case("nobody_knows_what_it_was", sized(None, 100)),
    Case("nobody_knows_what_it_is", sized(100, None)),
    Case("there_was_nothing_to_count", sized(0, 100)),
    Case("the_whole_is_not_known", measured(measurement("2021", 8), measurement("2022", 9), is_count=True)),
]

TURNS = {"max_universe_change": Turn(sized(100, 102), 1.9)}
