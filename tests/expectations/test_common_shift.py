"""The rule `common_shift` on synthetic panels: what must raise a suspicion, and what must stay silent."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from break_core import core_of, profile, rule_named
from expectations.guard import judge

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

RULE = rule_named("common_shift")
LENGTH, SERIES_COUNT, JUMP_AT = 16, 30, 8
Levels = npt.NDArray[np.float64]


def noise(seed: int, length: int = LENGTH, series_count: int = SERIES_COUNT) -> Levels:
    return 50 + np.random.default_rng(seed).normal(0, 1, (length, series_count))


def shifted(levels: Levels, period: int, size: float) -> Levels:
    """Move all series from a period on, half of them up and half of them down."""
    direction = np.where(np.arange(levels.shape[1]) % 2, 1, -1)
    return levels + size * direction * (np.arange(len(levels)) >= period)[:, None]


def synthetic_panel(*places: Levels) -> pd.DataFrame:
    """Make a synthetic table of places; a series has no number where its level is NaN."""
    rows = [
        {
            "dataset": "synthetic",
            "series_key": f"place {place}/series {series:02d}",
            "place": f"place {place}",
            "unit": "percent",
            "period": f"period {period:02d}",
            "period_order": period,
            "value_text": f"{level:.1f}",
            "value": round(level, 1),
            "is_break": False,
        }
        for place, levels in enumerate(places)
        for (period, series), level in np.ndenumerate(levels)
        if not np.isnan(level)
    ]
    return pd.DataFrame(rows)


def seen(panel: pd.DataFrame, **changes: float) -> pd.DataFrame:
    return profile(core_of(panel), RULE, changes)


def flagged(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[~rows["shift_found"].isin(RULE.expectation["value_set"])]


def flagged_periods(panel: pd.DataFrame, **changes: float) -> set[tuple[str, int]]:
    rows = flagged(seen(panel, **changes))
    return {
        (place, int(period[-2:])) for place, period in zip(rows["institution_key"], rows["to_period"], strict=True)
    }


def with_new_series(levels: Levels, period: int, count: int) -> Levels:
    """Let some series begin only in a period."""
    begun = levels.copy()
    begun[:period, :count] = np.nan
    return begun


def test_a_jump_of_all_series_is_flagged_in_exactly_that_period_and_for_each_of_them() -> None:
    rows = flagged(seen(synthetic_panel(shifted(noise(1), JUMP_AT, 5), noise(2))))
    assert set(rows["to_period"]) == {f"period {JUMP_AT:02d}"}
    assert set(rows["from_period"]) == {f"period {JUMP_AT - 1:02d}"}
    assert list(rows["series_key"]) == [f"synthetic/place 0/series {series:02d}" for series in range(SERIES_COUNT)]
    assert set(rows["shift_found"]) == {"own_jump"}


def test_the_smaller_of_two_jumps_close_by_is_not_hidden_by_the_bigger() -> None:
    levels = shifted(shifted(noise(1), JUMP_AT, 40), JUMP_AT + 2, 5)
    assert flagged_periods(synthetic_panel(levels)) == {("place 0", JUMP_AT), ("place 0", JUMP_AT + 2)}


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("accumulate", [np.asarray, lambda levels: np.cumsum(levels - 50, axis=0)])
def test_independent_noise_is_silent(seed: int, accumulate: Callable[[Levels], Levels]) -> None:
    panel = synthetic_panel(*(accumulate(noise(10 * seed + place, series_count=50)) for place in range(4)))
    assert flagged_periods(panel) == set()


def test_one_wild_series_among_calm_ones_is_silent() -> None:
    levels = noise(3)
    levels[JUMP_AT:, 0] += 1000
    assert flagged_periods(synthetic_panel(levels)) == set()


@pytest.mark.parametrize("scatter", [0, 1])
def test_a_steady_trend_is_silent(scatter: int) -> None:
    slopes = np.linspace(-3, 3, SERIES_COUNT)
    trend = np.arange(LENGTH)[:, None] * slopes
    assert flagged_periods(synthetic_panel(trend + scatter * noise(4))) == set()


def test_a_move_of_all_places_is_silent_without_new_series_and_without_a_jump_of_their_own() -> None:
    panel = synthetic_panel(*(shifted(noise(place), JUMP_AT, 0.9) for place in range(5)))
    rows = seen(panel)
    moved = rows[rows["to_period"] == f"period {JUMP_AT:02d}"]
    assert moved["dominance"].lt(RULE.thresholds["own_dominance"]).all()
    assert moved["peer_dominance"].ge(RULE.thresholds["peer_dominance"]).all()
    assert flagged(rows).empty


@pytest.mark.parametrize(("place_count", "is_flagged"), [(1, False), (3, False), (4, True), (6, True)])
def test_new_series_are_evidence_only_if_enough_other_places_move_too(place_count: int, is_flagged: bool) -> None:
    places = (with_new_series(shifted(noise(place), JUMP_AT, 0.9), JUMP_AT, 6) for place in range(place_count))
    rows = flagged(seen(synthetic_panel(*places)))
    assert set(rows["shift_found"]) == ({"source_change"} if is_flagged else set())
    assert set(rows["to_period"]) == ({f"period {JUMP_AT:02d}"} if is_flagged else set())
    assert rows["institution_key"].nunique() == (place_count if is_flagged else 0)


def test_new_series_at_one_place_of_many_say_nothing_of_the_source() -> None:
    places = [shifted(noise(place), JUMP_AT, 0.9) for place in range(5)]
    assert flagged_periods(synthetic_panel(with_new_series(places[0], JUMP_AT, 6), *places[1:])) == set()


def test_new_series_are_no_evidence_where_the_places_move_less_than_usual() -> None:
    places = [noise(place) for place in range(5)]
    for levels in places:
        levels[JUMP_AT] = levels[JUMP_AT - 1]
    assert flagged_periods(synthetic_panel(*(with_new_series(levels, JUMP_AT, 6) for levels in places))) == set()


@pytest.mark.parametrize("number_count", [2, 3])
def test_series_of_two_or_three_numbers_tell_nothing_even_if_all_jump_and_a_survey_brings_new_ones(
    number_count: int,
) -> None:
    places = (shifted(noise(place, number_count), 1, 40) for place in range(5))
    assert seen(synthetic_panel(*(with_new_series(levels, 1, 20) for levels in places))).empty


@pytest.mark.parametrize("length", range(5, LENGTH + 1))
def test_the_newest_period_is_not_flagged_for_being_the_newest(length: int) -> None:
    panel = synthetic_panel(*(noise(place, series_count=50)[:length] for place in range(6)))
    assert flagged_periods(panel) == set()


def test_a_jump_in_the_newest_period_is_flagged() -> None:
    panel = synthetic_panel(shifted(noise(1), LENGTH - 1, 8))
    assert flagged_periods(panel) == {("place 0", LENGTH - 1)}


@settings(max_examples=15, deadline=None)
@given(
    seed=st.integers(0, 1000),
    offset=st.integers(-1000, 1000),
    doublings=st.lists(st.integers(-4, 4), min_size=10, max_size=10),
)
def test_order_of_rows_calendar_and_scale_do_not_matter(seed: int, offset: int, doublings: list[int]) -> None:
    places = [
        with_new_series(shifted(noise(seed + place, series_count=10), JUMP_AT, 1), JUMP_AT, 3) for place in range(4)
    ]
    panel = synthetic_panel(*places)
    # Powers of two keep binary numbers exact.
    scale = panel["series_key"].str[-2:].astype(int).map(lambda series: 2.0 ** doublings[series])
    other = panel.assign(period_order=panel["period_order"] + offset, value=panel["value"] * scale)
    other = other.sample(frac=1, random_state=seed)
    pd.testing.assert_frame_equal(seen(panel), seen(other))


@pytest.mark.parametrize(
    ("name", "silent"),
    [("own_dominance", 1.01), ("neighbours", 0), ("few_series", 1e9)],
)
def test_the_thresholds_of_an_own_jump_are_respected(name: str, silent: float) -> None:
    panel = synthetic_panel(shifted(noise(1), JUMP_AT, 5))
    assert flagged_periods(panel) == {("place 0", JUMP_AT)}
    assert flagged_periods(panel, **{name: silent}) == set()


@pytest.mark.parametrize(
    ("name", "silent"),
    [("min_new_series_share", 20.1), ("peer_dominance", 0.9), ("min_peers", 4), ("peer_prior", 1e9)],
)
def test_the_thresholds_of_a_source_change_are_respected(name: str, silent: float) -> None:
    panel = synthetic_panel(*(with_new_series(shifted(noise(place), JUMP_AT, 0.9), JUMP_AT, 6) for place in range(4)))
    # With so many undecided places the others count as undecided, too: then any excess over one half is asked for.
    also = {"peer_dominance": 0.501} if name == "peer_prior" else {}
    assert {period for _, period in flagged_periods(panel)} == {JUMP_AT}
    assert flagged_periods(panel, **{name: silent, **also}) == set()


def test_a_higher_limit_of_clear_breaks_lets_the_bigger_jump_hide_the_smaller() -> None:
    panel = synthetic_panel(shifted(shifted(noise(1), JUMP_AT, 40), JUMP_AT + 2, 1.5))
    found = {limit: seen(panel, clear_dominance=limit) for limit in (0.8, 1.01)}
    low, high = (
        rows.loc[rows["to_period"] == f"period {JUMP_AT + 2:02d}", "dominance"].iloc[0] for rows in found.values()
    )
    assert low > high


@pytest.mark.parametrize(
    "statement",
    [
        "update core.fct_measurement set period_ends_on = null",
        "update core.fct_measurement set source = null",
        "update core.fct_measurement set value_numeric = null",
        "update core.fct_measurement set conf_status = 'A'",
    ],
    ids=["no_date", "no_source", "no_number", "not_free"],
)
def test_what_has_no_date_source_or_free_number_is_left_out(statement: str) -> None:
    connection = core_of(synthetic_panel(shifted(noise(1), JUMP_AT, 5)))
    connection.execute(statement)
    assert profile(connection, RULE, {}).empty


def test_an_undated_baseline_is_no_period_in_time_but_a_step_from_it_crosses_what_happened() -> None:
    connection = core_of(synthetic_panel(shifted(noise(1), JUMP_AT, 5)))
    before = profile(connection, RULE, {})
    _forget_date_of_first_number(connection, "synthetic/place 0/series 00", JUMP_AT)
    after = flagged(profile(connection, RULE, {}))
    assert len(before) > len(after) > 0
    assert after["from_period"].isin([f"period {JUMP_AT - 1:02d}", "unknown"]).all()
    assert after.loc[after["from_period"] == "unknown", "series_key"].tolist() == ["synthetic/place 0/series 00"]


def _forget_date_of_first_number(connection: duckdb.DuckDBPyConnection, series_key: str, until: int) -> None:
    """Keep one undated number of what a series had before a period."""
    chosen = f"series_key = '{series_key}' and period_order"
    connection.execute(f"delete from core.fct_measurement where {chosen} < {until} and period_order > 0")
    connection.execute(f"update core.fct_measurement set period_ends_on = null where {chosen} = 0")
    connection.execute(f"delete from core.fct_step where series_key = '{series_key}' and to_period_order < {until}")
    connection.execute(
        f"update core.fct_step set from_period = 'unknown' where series_key = '{series_key}' "
        f"and to_period_order = {until}"
    )


def test_a_flag_shows_its_evidence_and_asks_in_both_languages(context: "AbstractDataContext") -> None:
    places: Sequence[Levels] = [
        with_new_series(shifted(noise(place), JUMP_AT, 5 if place == 0 else 0.9), JUMP_AT, 6) for place in range(4)
    ]
    _, flags = judge(context, RULE, seen(synthetic_panel(*places)))
    by_part = {json.loads(flag["evidence"])["shift_found"]: flag for flag in flags}
    assert set(by_part) == {"own_jump_and_source_change", "source_change"}
    evidence = json.loads(by_part["own_jump_and_source_change"]["evidence"])
    assert set(evidence) == set(RULE.evidence)
    assert (evidence["peer_count"], evidence["new_series_share"], evidence["series_count"]) == (3, 20.0, SERIES_COUNT)
    assert evidence["won_count"] > 0.68 * evidence["comparison_count"]
    for flag in flags:
        assert flag["kind"] == "suspected"
        assert flag["is_break"]
        for reason in (flag["reason_lv"], flag["reason_en"]):
            assert "20 %" in reason
            assert reason.count(". ") == 1
