"""Two yardsticks: a place's series all jump in one period, or a source renews its series while its places move on."""

from typing import Any

from tests.expectations.core_tables import Row, Tables, measured, measurement
from tests.expectations.rule_cases import Case, Turn, flag

FIRST_YEAR = 2019
Line = tuple[float | None, ...]


def place(*lines: Line, name: str = "city", **said: Any) -> list[Row]:  # noqa: ANN401
    """Return the series of one place, called a, b, c …: a value a year, None is a year without a number."""
    return [
        measurement(
            str(FIRST_YEAR + year),
            value,
            series=f"synthetic/{name}/{letter}",
            **{"institution_key": f"synthetic/{name}", **said},
        )
        for letter, line in zip("abcdefgh", lines, strict=False)
        for year, value in enumerate(line)
    ]


def places(count: int, *lines: Line, **said: Any) -> Tables:  # noqa: ANN401
    """Return places that all have the same numbers."""
    return measured(*(row for no in range(1, count + 1) for row in place(*lines, name=f"place_{no}", **said)))


# In 2022 both series move by ten, one up and one down; in all other years by one.
JUMP: tuple[Line, ...] = ((10, 11, 12, 22, 23), (90, 89, 88, 78, 77))
STEADY: tuple[Line, ...] = ((10, 11, 12, 13, 14), (90, 88, 86, 84, 82))
# In 2022 they move by what is usual for them, in all other years by more or by less.
CALM: tuple[Line, ...] = ((10, 11, 14, 16, 17, 20), (90, 89, 86, 84, 83, 80))
FROM_2022: Line = (None, None, None, 5, 5)
# 2020 and 2021 stand out beside 2022 and 2023, and each takes votes from the other.
TWO_IN_A_ROW: tuple[Line, ...] = ((20, 21, 29, 30, 31), (20, 28, 30, 32, 34), (20, 28, 29, 33, 37))
# A step from 2021 to 2023, over the jump of the others.
OVER_2022: Line = (50, 51, 52, None, 53)

CASES = [
    # A jump of one's own.
    Case(
        "the_series_of_a_place_jump_together",
        measured(*place(*JUMP)),
        [
            flag(
                "2021",
                "2022",
                series_key="synthetic/city/a",
                kind="suspected",
                severity="warning",
                is_break=True,
                obs_status=None,
                shift_period="2022",
                shift_found="own_jump",
                dominance=0.724,
                won_count=6,
                comparison_count=6,
                peer_dominance=0.5,
                peer_count=0,
                new_series_share=0,
                series_count=2,
                reason_lv="2022: šīs vietas datu rindas (2) mainījās kopā, un 100 % no 6 salīdzinājumiem",
                reason_en="2022: the series of this place (2) moved together, and in 100 % of 6 comparisons",
            ),
            flag("2021", "2022", series_key="synthetic/city/b", shift_found="own_jump"),
        ],
    ),
    Case(
        "the_series_jump_in_the_newest_period",
        measured(*place((10, 11, 12, 22), (90, 89, 88, 78))),
        [flag("2021", "2022", shift_period="2022"), flag("2021", "2022", shift_period="2022")],
    ),
    Case(
        "a_step_that_leaps_over_the_shifted_period_is_flagged_too",
        measured(*place(*JUMP, OVER_2022)),
        [
            flag("2021", "2022", series_key="synthetic/city/a", shift_period="2022"),
            flag("2021", "2022", series_key="synthetic/city/b", shift_period="2022"),
            flag(
                "2021",
                "2023",
                series_key="synthetic/city/c",
                shift_period="2022",
                shift_found="own_jump",
                series_count=2,
                reason_lv="2022: šīs vietas",
                reason_en="2022: the series of this place",
            ),
        ],
    ),
    Case(
        "a_series_too_short_to_vote_crosses_what_the_others_found",
        measured(*place(*JUMP, (None, None, 7, 7), (None, 7, None, None, 7))),
        [
            flag("2021", "2022", series_key="synthetic/city/a"),
            flag("2021", "2022", series_key="synthetic/city/b"),
            flag("2021", "2022", series_key="synthetic/city/c", shift_period="2022"),
            flag("2020", "2023", series_key="synthetic/city/d", shift_period="2022"),
        ],
    ),
    Case(
        "a_step_over_two_shifts_is_one_question_about_the_first",
        measured(
            *place(
                (10, 11, 12, 22, 23, 24, 34, 35),
                (90, 89, 88, 78, 77, 76, 66, 65),
                (10, 11, 12, 22, 23, 24, 34, 35),
                (50, 50, None, None, None, None, None, 50),
            )
        ),
        [
            flag("2021", "2022", series_key="synthetic/city/a", shift_period="2022"),
            flag("2024", "2025", series_key="synthetic/city/a", shift_period="2025"),
            flag("2021", "2022", series_key="synthetic/city/b", shift_period="2022"),
            flag("2024", "2025", series_key="synthetic/city/b", shift_period="2025"),
            flag("2021", "2022", series_key="synthetic/city/c", shift_period="2022"),
            flag("2024", "2025", series_key="synthetic/city/c", shift_period="2025"),
            flag("2020", "2026", series_key="synthetic/city/d", shift_period="2022"),
        ],
    ),
    Case("every_series_goes_its_steady_way", measured(*place(*STEADY))),
    Case("a_step_that_leaps_over_a_quiet_period", measured(*place(*STEADY, (50, 51, 52, None, 90)))),
    Case("one_series_jumps_alone", measured(*place((10, 11, 12, 99, 100), *STEADY, *STEADY))),
    Case("of_three_numbers_nobody_can_tell_what_is_usual", measured(*place((10, 11, 30), (90, 89, 50), (5, 6, 40)))),
    Case("what_has_no_source_has_no_peers", measured(*place(*JUMP, source=None))),
    Case("suppressed_numbers_have_no_vote", measured(*place(*JUMP, conf_status="A"))),
    Case("two_places_with_one_series_each_do_not_vote_together", places(2, JUMP[0])),
    # The source renews its series.
    Case(
        "a_source_changes_its_set_of_series",
        places(4, *STEADY, FROM_2022),
        [
            flag(
                "2021",
                "2022",
                series_key=f"synthetic/place_{no}/{letter}",
                shift_period="2022",
                shift_found="source_change",
                peer_dominance=0.5,
                peer_count=3,
                new_series_share=33.3,
                series_count=3,
                reason_lv="2022: avots mainīja savu datu rindu kopumu (33 % ir jaunas), un skaitļi citās vietās (3)",
                reason_en="2022: the source changed its set of series (33 % are new), and the other places (3)",
            )
            for no in range(1, 5)
            for letter in "ab"
        ],
    ),
    Case(
        "a_source_changes_its_set_of_series_and_its_places_jump",
        places(4, *JUMP, FROM_2022),
        [
            flag(
                "2021",
                "2022",
                shift_found="own_jump_and_source_change",
                reason_lv="; avots mainīja",
                reason_en="; the source changed",
            )
            for _ in range(8)
        ],
    ),
    Case("three_places_are_not_evidence_enough_about_their_source", places(3, *STEADY, FROM_2022)),
    Case("a_source_renews_its_series_where_all_places_are_calm", places(4, *CALM, FROM_2022)),
    Case("the_first_period_shows_nothing_but_new_series", places(4, *STEADY)),
]

TURNS = {
    "neighbours": Turn(measured(*place(*JUMP)), 0, fires_at_default=True),
    "few_series": Turn(measured(*place(*JUMP)), 12, fires_at_default=True),
    # With the one no neighbour any more, the other stands out.
    "clear_dominance": Turn(measured(*place(*TWO_IN_A_ROW)), 0.6),
    "own_dominance": Turn(measured(*place(*JUMP)), 0.73, fires_at_default=True),
    "min_new_series_share": Turn(places(4, *STEADY, FROM_2022), 33.4, fires_at_default=True),
    "peer_dominance": Turn(places(4, *STEADY, FROM_2022), 0.51, fires_at_default=True),
    "min_peers": Turn(places(4, *STEADY, FROM_2022), 4, fires_at_default=True),
    # A million undecided places beside three calm ones: together they are undecided.
    "peer_prior": Turn(places(4, *CALM, FROM_2022), 1_000_000),
}
