"""The schedule through the nights in which clocks change, and when what is published counts as late."""

from datetime import datetime, timedelta
from itertools import pairwise

import dagster as dg
import pytest

from fault_clocks import night_starts
from orchestration.operations import load_operations
from orchestration.schedules import nightly


@pytest.mark.parametrize(
    ("first", "hours_of_the_next_night"),
    [
        # Clocks go back from 04:00 to 03:00 that morning: 02:00 is there once, and the next run is 25 hours away.
        ("2026-10-25T00:00", 25),
        # Clocks go forward from 03:00 to 04:00 that morning: 02:00 is there, and the next run is 23 hours away.
        ("2027-03-28T00:00", 23),
        ("2026-12-31T00:00", 24),
    ],
)
def test_a_run_starts_once_each_night_at_two_by_the_clock_in_riga(first: str, hours_of_the_next_night: int) -> None:
    starts = night_starts(datetime.fromisoformat(first), 4)
    assert nightly.execution_timezone == "Europe/Riga"
    assert [f"{start:%H:%M}" for start in starts] == ["02:00"] * 4
    days = [start.date() for start in starts]
    assert days == [datetime.fromisoformat(first).date() + timedelta(days=number) for number in range(4)]
    # By the clock they are all a day apart: only the seconds tell.
    hours = [(after.timestamp() - before.timestamp()) / 3600 for before, after in pairwise(starts)]
    assert hours == [hours_of_the_next_night, 24, 24]


def test_the_longest_night_does_not_make_the_warehouse_late() -> None:
    assert timedelta(hours=25) < load_operations().late_after


def test_dagster_knows_when_what_is_published_is_late() -> None:
    from orchestration.assets.publish import PUBLISHED_KEY, published_file  # noqa: PLC0415 - needs dbt's manifest

    spec = published_file.specs_by_key[PUBLISHED_KEY]
    assert spec.freshness_policy == dg.FreshnessPolicy.time_window(fail_window=load_operations().late_after)
