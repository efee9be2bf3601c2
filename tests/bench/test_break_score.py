"""Events, scores and cross-validation of the benchmark, against counts made by hand on synthetic events."""

import numpy as np
import pandas as pd
import pytest

from break_score import (
    Candidate,
    Score,
    at_events,
    best_of,
    candidates_of_score,
    cross_validated,
    events_of,
    most_frequent_periods,
)


def synthetic_values(*rows: tuple[str, int, str, bool]) -> pd.DataFrame:
    values = pd.DataFrame(rows, columns=["place", "period_order", "series_key", "is_break"])
    return values.assign(period=values["period_order"].astype(str))


def synthetic_events(*rows: tuple[str, str, bool]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["place", "period", "is_declared"])


def test_a_break_is_declared_if_more_than_half_of_the_values_are_flagged_and_the_first_period_is_no_event() -> None:
    values = synthetic_values(
        ("B", 3, "one", True),
        ("A", 1, "one", True),
        ("A", 2, "one", True),
        ("A", 2, "two", True),
        ("A", 2, "three", False),
        ("A", 3, "one", True),
        ("A", 3, "two", False),
        ("B", 2, "one", True),
    )
    assert list(events_of(values).itertuples(index=False, name=None)) == [
        ("A", "2", True),
        ("A", "3", False),
        ("B", "3", True),
    ]


def test_scores_are_those_counted_by_hand() -> None:
    # Three hits, one false alarm, two misses, four rightly silent.
    declared = np.array([1, 1, 1, 0, 1, 1, 0, 0, 0, 0], dtype=bool)
    alarms = np.array([1, 1, 1, 1, 0, 0, 0, 0, 0, 0], dtype=bool)
    score = Score.of(alarms, declared)
    assert score == Score(hits=3, false_alarms=1, misses=2, rightly_silent=4)
    assert score.precision == pytest.approx(3 / 4)
    assert score.recall == pytest.approx(3 / 5)
    assert score.f1 == pytest.approx(2 * (3 / 4) * (3 / 5) / (3 / 4 + 3 / 5))
    assert score.false_alarms_in_20 == pytest.approx(20 * 1 / 5)


def test_a_detector_that_says_nothing_about_nothing_scores_zero() -> None:
    nothing = np.array([], dtype=bool)
    score = Score.of(nothing, nothing)
    assert (score.precision, score.recall, score.f1, score.false_alarms_in_20) == (0, 0, 0, 0)


def test_the_most_frequent_periods_are_those_with_most_breaks_the_earlier_of_equal_ones_first() -> None:
    events = synthetic_events(
        ("A", "1", True), ("A", "2", True), ("A", "3", True), ("B", "3", True), ("B", "2", False), ("B", "4", True)
    )
    assert most_frequent_periods(events, 2) == ["3", "1"]
    assert most_frequent_periods(events.assign(is_declared=False), 2) == []


def test_findings_come_in_the_order_of_the_events_and_nothing_found_is_no_alarm() -> None:
    events = synthetic_events(("A", "1", True), ("A", "2", False), ("B", "1", False))
    found = pd.DataFrame({"place": ["B", "A"], "period": ["1", "1"], "is_alarm": [False, True]})
    assert at_events(events, found, "is_alarm", 0).tolist() == [True, 0, False]


def test_each_place_is_judged_with_the_setting_that_is_best_on_the_others() -> None:
    events = synthetic_events(
        ("A", "1", True), ("A", "2", False), ("B", "1", True), ("B", "2", False), ("C", "1", False), ("C", "2", True)
    )
    # "first" is right at A and B, "second" at C alone.
    candidates = [
        Candidate("first", np.array([1, 0, 1, 0, 1, 0], dtype=bool)),
        Candidate("second", np.array([0, 1, 0, 1, 0, 1], dtype=bool)),
    ]
    alarms, settings = cross_validated(events, candidates)
    assert settings == ["first", "first", "first"]
    assert alarms.tolist() == [True, False, True, False, True, False]
    assert best_of(candidates, events["is_declared"].to_numpy(), 1.0).setting == "first"


def test_the_limit_of_false_alarms_comes_before_the_best_score() -> None:
    declared = np.array([1, 1, 0, 0, 0, 0], dtype=bool)
    eager = Candidate("eager", np.array([1, 1, 1, 0, 0, 0], dtype=bool))
    shy = Candidate("shy", np.array([1, 0, 0, 0, 0, 0], dtype=bool))
    assert best_of([eager, shy], declared, 1.0).setting == "eager"
    assert best_of([eager, shy], declared, 0.2).setting == "shy"


def test_a_score_becomes_thresholds_and_silence() -> None:
    candidates = candidates_of_score(np.array([0.1, np.nan, 0.9]), 2, "method")
    assert [candidate.setting for candidate in candidates] == [("method", 0.1), ("method", 0.9), ("method", "silent")]
    assert [candidate.alarms.tolist() for candidate in candidates] == [
        [True, False, True],
        [False, False, True],
        [False, False, False],
    ]
