"""The benchmark runs the project's own models and rules, and what it measures keeps the aims."""

from typing import Any

import pytest
import yaml

from break_core import common_shift_by_period, core_of, rule_named
from break_data import load
from break_detection import DEFAULT_FILE
from break_score import Alarms, Score, at_events, events_of, most_frequent_periods
from break_shift import default_setting, evidence_of, verdict
from orchestration.settings import PROJECT_DIR

CORE = PROJECT_DIR / "dbt_project" / "models" / "core"


@pytest.fixture(scope="module")
def measured() -> "tuple[Any, Any, Alarms]":
    """Events of the development file, what the rule saw, and its alarms."""
    values = load(DEFAULT_FILE)
    events = events_of(values)
    found = common_shift_by_period(core_of(values), rule_named("common_shift"))
    return events, found, at_events(events, found, "is_alarm", 0).astype(bool)


def test_the_tables_have_the_columns_of_the_models() -> None:
    connection = core_of(load(DEFAULT_FILE).head(1000))
    for model in ("fct_measurement", "fct_step"):
        contract = yaml.safe_load((CORE / f"{model}.yml").read_text("utf-8"))["models"][0]["columns"]
        columns = [row[0] for row in connection.execute(f"describe core.{model}").fetchall()]
        assert columns == [column["name"] for column in contract]


def test_at_its_default_thresholds_the_rule_keeps_the_aims(measured: "tuple[Any, Any, Alarms]") -> None:
    events, _, alarms = measured
    declared = events["is_declared"].to_numpy()
    is_rest = ~events["period"].isin(most_frequent_periods(events, 2)).to_numpy()
    assert (len(events), declared.sum()) == (465, 79)
    assert Score.of(alarms, declared).f1 >= 0.70
    assert Score.of(alarms[is_rest], declared[is_rest]).f1 >= 0.45
    assert Score.of(alarms, declared).false_alarms_in_20 <= 1


def test_the_verdict_for_other_thresholds_is_that_of_the_profile(measured: "tuple[Any, Any, Alarms]") -> None:
    events, found, alarms = measured
    rule = rule_named("common_shift")
    again = verdict(evidence_of(events, found), default_setting(rule), rule.thresholds["min_peers"])
    assert (again == alarms).all()
