"""Three yardsticks: the sampling error, the series' own history, or else a factor; small counts scatter."""

from typing import Any

from tests.expectations.core_tables import Row, Tables, measured, measurement
from tests.expectations.rule_cases import Case, Turn, flag

YEARS = [str(year) for year in range(2010, 2030)]


def line(*values: float, **said: Any) -> Tables:  # noqa: ANN401
    """Return a series with a value a year."""
    return measured(*(measurement(year, value, **said) for year, value in zip(YEARS, values, strict=False)))


def count_line(*values: float) -> Tables:
    """Return a series of counts with a value a year."""
    rows = (measurement(year, value, unit="learners") for year, value in zip(YEARS, values, strict=False))
    return measured(*rows, is_count=True)


def wave(period: str, value: float, respondents: int | None = 100, population: int | None = None) -> Row:
    """Return a share of some respondents."""
    return measurement(period, value, f"{value:g} %", respondents=respondents, population_size=population)


# Eight steps; the last is five and six more than the one that is usual.
FIVE_MORE = line(10, 11, 12, 13, 14, 15, 16, 17, 22)
SIX_MORE = line(10, 11, 12, 13, 14, 15, 16, 17, 23)

CASES = [
    # By sampling error: of 100 and 100 respondents, 21 points are 2.97 standard errors and 22 are 3.11.
    Case("a_share_may_move_by_three_standard_errors", measured(wave("2021", 40), wave("2022", 61))),
    Case(
        "a_share_moves_beyond_three_standard_errors",
        measured(wave("2021", 40), wave("2022", 62)),
        [
            flag(
                "2021",
                "2022",
                kind="suspected",
                severity="warning",
                is_break=True,
                obs_status=None,
                yardstick="sampling_error",
                seen=3.11,
                from_respondents=100,
                to_respondents=100,
                reason_lv="No 40 % (2021) uz 62 % (2022): standartkļūdas 3,11, pieļauts 3.",
                reason_en="From 40 % (2021) to 62 % (2022): 3.11 standard errors, 3 allowed.",
            )
        ],
    ),
    Case("a_sample_of_an_endless_group_errs_more", measured(wave("2021", 40), wave("2022", 60))),
    Case(
        "a_sample_of_most_of_a_small_group_errs_less",
        measured(wave("2021", 40, population=120), wave("2022", 60, population=120)),
        [flag("2021", "2022", yardstick="sampling_error", seen=6.83)],
    ),
    Case(
        "of_a_whole_group_only_rounding_is_left_and_no_point_is_news",
        measured(wave("2021", 40, population=100), wave("2022", 41, population=100)),
    ),
    Case(
        "of_a_whole_group_two_points_are_news",
        measured(wave("2021", 40, population=100), wave("2022", 42, population=100)),
        [flag("2021", "2022", seen=4.9)],
    ),
    Case(
        "respondents_of_one_side_alone_give_no_sampling_error",
        measured(wave("2021", 40), wave("2022", 62, respondents=None)),
    ),
    Case("a_few_respondents_may_halve_a_share", measured(wave("2021", 60, 10), wave("2022", 20, 10))),
    # By the series' own history, from eight steps on.
    Case("a_long_series_may_move_by_four_times_its_usual_scatter", FIVE_MORE),
    Case(
        "a_long_series_moves_beyond_its_usual_scatter",
        SIX_MORE,
        [flag("2017", "2018", yardstick="own_history", seen=5, from_value=17, to_value=23)],
    ),
    Case("a_shorter_series_has_no_history_yet", line(11, 12, 13, 14, 15, 16, 17, 23)),
    Case("a_long_series_may_grow_steadily", line(*(2.0 * year for year in range(1, 12)))),
    Case(
        "a_long_series_that_always_grew_and_now_falls",
        line(10, 12, 14, 16, 18, 20, 22, 24, 26, 23),
        [flag("2018", "2019", yardstick="own_history", seen=5)],
    ),
    # Otherwise by a factor.
    Case("a_number_may_double", line(10, 20)),
    Case("a_number_more_than_doubles", line(10, 20.1), [flag("2010", "2011", yardstick="factor", seen=2.01)]),
    Case("a_number_may_halve", line(20, 10)),
    Case(
        "a_number_falls_to_less_than_half",
        line(20.1, 10),
        [flag("2010", "2011", yardstick="factor", seen=2.01, is_there_and_back=False)],
    ),
    Case(
        "a_leap_by_an_order_of_magnitude_and_back",
        line(1.09, 41, 2.2),
        [
            flag("2010", "2011", seen=37.61, is_there_and_back=True),
            flag("2011", "2012", seen=18.64, is_there_and_back=True),
        ],
    ),
    Case(
        "a_leap_and_a_small_step_back_is_no_there_and_back",
        line(10, 50, 45),
        [flag("2010", "2011", seen=5, is_there_and_back=False)],
    ),
    Case(
        "a_leap_upon_a_leap_is_no_there_and_back",
        line(10, 50, 250),
        [flag("2010", "2011", is_there_and_back=False), flag("2011", "2012", is_there_and_back=False)],
    ),
    Case("a_missing_year_lies_between", measured(measurement("2020", 10), measurement("2022", 15))),
    Case("nothing_stays_nothing", line(0, 0)),
    Case("a_printed_0_may_have_been_a_half", line(0, 1)),
    Case("out_of_nothing_comes_something", line(0, 2), [flag("2010", "2011", seen=4)]),
    Case("something_comes_to_nothing", line(2, 0), [flag("2010", "2011", seen=4)]),
    Case("a_number_changes_its_sign", line(-5, 5), [flag("2010", "2011", seen=None, reason_en="-5 (2010) to 5")]),
    Case("a_negative_number_may_double", line(-5, -10)),
    Case("a_negative_number_more_than_doubles", line(-5, -11), [flag("2010", "2011", seen=2.2)]),
    # Counts: 1 to 10 is 9 / √11 = 2.71 standard errors, 0 to 9 exactly 3, 1 to 12 is 3.05.
    Case("a_small_count_doubles_by_chance", count_line(2, 6)),
    Case("a_small_count_grows_tenfold_by_chance", count_line(1, 10)),
    Case("a_count_may_grow_by_three_standard_errors", count_line(0, 9)),
    Case("a_count_grows_beyond_chance", count_line(1, 12), [flag("2010", "2011", yardstick="factor", seen=12)]),
    Case("a_large_count_grows_beyond_chance_but_not_twice", count_line(1000, 1900)),
    Case("a_count_out_of_nothing", count_line(0, 10), [flag("2010", "2011", from_value=0, to_value=10)]),
    # What has no step is not judged.
    Case(
        "two_units_have_no_common_size",
        measured(measurement("2021", 35), measurement("2022", 226, unit="learners")),
    ),
    Case("one_number_is_no_step", line(10)),
    Case(
        "each_series_is_judged_by_itself",
        measured(
            measurement("2021", 10, series="synthetic/01/a"),
            measurement("2021", 90, series="synthetic/01/b"),
            measurement("2022", 11, series="synthetic/01/a"),
            measurement("2022", 30, series="synthetic/01/b"),
        ),
        [flag("2021", "2022", series_key="synthetic/01/b", seen=3)],
    ),
]

TURNS = {
    "sampling_z": Turn(measured(wave("2021", 40), wave("2022", 61)), 2.9),
    "min_history": Turn(SIX_MORE, 9, fires_at_default=True),
    "history_z": Turn(FIVE_MORE, 3.9),
    "max_factor": Turn(line(10, 20), 1.9),
    "count_z": Turn(count_line(0, 9), 2.9),
}
