"""A block of values that repeats another period, or the target, digit for digit."""

from collections.abc import Sequence

from tests.expectations.core_tables import Row, Tables, measured, measurement
from tests.expectations.rule_cases import Case, Turn, flag

LETTERS = "abcdefgh"


def block(earlier: Sequence[float], later: Sequence[float], *, conf_status: str = "F") -> Tables:
    """Return the series of a block in two periods."""
    rows = []
    for letter, *values in zip(LETTERS, earlier, later, strict=False):
        rows += [
            measurement(period, value, series=f"synthetic/01/{letter}", conf_status=conf_status)
            for period, value in zip(("2022/2023", "2023/2024"), values, strict=True)
        ]
    return measured(*rows)


def against_target(
    values: Sequence[float],
    targets: Sequence[float | None],
    *,
    target_year: int = 2023,
    is_baseline: bool = False,
) -> Tables:
    """Return the series of a block in one period, and their targets."""
    keys = [f"synthetic/01/{letter}" for letter in LETTERS[: len(values)]]
    rows = [
        measurement("2023/2024", value, series=key, is_baseline=is_baseline)
        for key, value in zip(keys, values, strict=True)
    ]
    targets_of_series: list[Row] = [
        {"series_key": key, "target_year": target_year, "resolved_value": target}
        for key, target in zip(keys, targets, strict=True)
    ]
    return {**measured(*rows), "fct_target": targets_of_series}


CASES = [
    Case(
        "three_of_four_values_copied_from_the_year_before",
        block([50, 51, 52, 53], [50, 51, 52, 60]),
        [
            flag(
                "2022/2023",
                "2023/2024",
                series_key=f"synthetic/01/{letter}",
                kind="suspected",
                is_break=True,
                other_period="2022/2023",
                copied_count=3,
                pair_count=4,
                reason_lv="3 no 4 bloka vērtībām periodā 2023/2024 cipars ciparā atkārto 2022/2023.",
                reason_en="3 of 4 values of the block in 2023/2024 repeat 2022/2023 digit for digit.",
            )
            for letter in "abc"
        ],
    ),
    Case(
        "a_whole_block_copied_from_the_target",
        against_target([55, 55, 55], [55, 55, 55]),
        [
            flag(
                None,
                "2023/2024",
                series_key=f"synthetic/01/{letter}",
                other_period="2023",
                copied_count=3,
                reason_lv="cipars ciparā atkārto mērķi 2023.",
                reason_en="repeat the target of 2023 digit for digit",
            )
            for letter in "abc"
        ],
    ),
    Case(
        "a_value_between_two_others_parts_both_steps",
        measured(
            *(
                measurement(period, value, series=f"synthetic/01/{letter}")
                for letter in "abc"
                for period, value in (("2021", 50), ("2022", 50), ("2023", 57))
            )
        ),
        [
            flag(*step, series_key=f"synthetic/01/{letter}", period_key="2022", other_period="2021")
            for letter in "abc"
            for step in (("2021", "2022"), ("2022", "2023"))
        ],
    ),
    Case(
        "a_step_between_two_copies_is_one_question_about_the_later",
        measured(
            *(
                measurement(period, value, series=f"synthetic/01/{letter}")
                for letter in "abc"
                for period, value in (("2021", 50), ("2022", 50), ("2023", 50))
            )
        ),
        [
            flag(*step, series_key=f"synthetic/01/{letter}", period_key=period, other_period=other)
            for letter in "abc"
            for period, other, *step in (
                ("2022", "2021", "2021", "2022"),
                ("2023", "2022", "2022", "2023"),
            )
        ],
    ),
    Case("two_copies_are_chance", block([50, 51], [50, 51])),
    Case("two_copies_of_the_target_are_chance", against_target([55, 55], [55, 55])),
    Case("three_of_five_are_too_small_a_share", block([50, 51, 52, 53, 54], [50, 51, 52, 60, 61])),
    Case("numbers_of_one_digit_repeat_by_chance", block([5, 6, 7, 0], [5, 6, 7, 0])),
    Case("nine_tenths_have_one_digit_too", block([0.9, 0.8, 0.7], [0.9, 0.8, 0.7])),
    Case(
        "one_digit_and_a_decimal_are_two_digits",
        block([5.5, 6.5, 7.5], [5.5, 6.5, 7.5]),
        [flag("2022/2023", "2023/2024", series_key=f"synthetic/01/{letter}") for letter in "abc"],
    ),
    Case(
        "ten_has_two_digits",
        block([10, 10, 10], [10, 10, 10]),
        [flag("2022/2023", "2023/2024", value_text="10") for _ in "abc"],
    ),
    Case("values_that_were_measured_anew", block([50, 51, 52], [51, 52, 53])),
    Case("a_target_that_was_surpassed", against_target([56, 57, 58], [55, 55, 55])),
    Case("a_target_of_another_year", against_target([55, 55, 55], [55, 55, 55], target_year=2025)),
    Case("a_target_that_is_no_number", against_target([55, 55, 55], [None, None, None])),
    Case("a_baseline_may_be_its_target", against_target([55, 55, 55], [55, 55, 55], is_baseline=True)),
    Case(
        "copies_in_different_blocks",
        measured(
            *(
                measurement(period, 50, series=f"synthetic/0{number}/total")
                for number in (1, 2, 3)
                for period in ("2021", "2022")
            )
        ),
    ),
    Case("copies_that_may_not_be_shown", block([50, 51, 52], [50, 51, 52], conf_status="A")),
]

TURNS = {
    "min_digits": Turn(block([5, 6, 7], [5, 6, 7]), 1),
    "min_series": Turn(block([50, 51], [50, 51]), 2),
    "min_share": Turn(block([50, 51, 52, 53, 54], [50, 51, 52, 60, 61]), 0.6),
}
