"""Comparability rules on synthetic profiles: what breaks a rule becomes a flag with its evidence and its reasons."""

import json
from datetime import date
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from expectations.catalogue import Rule
from expectations.guard import judge

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

RULE = Rule.model_validate(
    {
        "name": "synthetic_rule",
        "kind": "suspected",
        "severity": "warning",
        "is_break": True,
        "description_en": "A synthetic value is right.",
        "description_lv": "Sintētiska vērtība ir pareiza.",
        "profile": "",
        "expectation": {"type": "expect_column_values_to_be_in_set", "column": "is_right", "value_set": [True]},
        "evidence": ["value_text", "measured_on", "share"],
        "reason_lv": "Vērtība „{value_text}” ir sintētiska.",
        "reason_en": "The value “{value_text}” is synthetic.",
    }
)
ROW = {
    "strategy_code": "synthetic-strategy",
    "series_key": "synthetic-strategy/01/total",
    "from_period": "2023/2024",
    "to_period": "2024/2025",
    "is_right": False,
    "value_text": "4,5 „bļodas” {0}",
    "measured_on": date(2026, 1, 31),
    "share": None,
}


def profile(*rows: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(dict.fromkeys(name for row in rows for name in row)), dtype=object)


def test_a_row_that_breaks_the_rule_becomes_a_flag_with_evidence_and_both_reasons(
    context: "AbstractDataContext",
) -> None:
    (result,), (flag,) = judge(context, RULE, profile(ROW))
    assert json.loads(flag.pop("evidence")) == {
        "value_text": "4,5 „bļodas” {0}",
        "measured_on": "2026-01-31",
        "share": None,
    }
    assert flag == {
        "strategy_code": "synthetic-strategy",
        "series_key": "synthetic-strategy/01/total",
        "from_period": "2023/2024",
        "to_period": "2024/2025",
        "rule": "synthetic_rule",
        "kind": "suspected",
        "severity": "warning",
        "is_break": True,
        "obs_status": None,
        "reason_lv": "Vērtība „4,5 „bļodas” {0}” ir sintētiska.",
        "reason_en": "The value “4,5 „bļodas” {0}” is synthetic.",
    }
    assert (result.suite, result.stage, result.outcome) == ("rule.synthetic_rule", "guard", "failed")
    assert not result.stops_publication


def test_exactly_the_rows_that_break_the_rule_are_flagged_in_their_order(context: "AbstractDataContext") -> None:
    # More rows than a summary of Great Expectations lists, some of them alike, and an index that tells nothing.
    are_right = [number % 3 == 0 for number in range(60)]
    rows = profile(*(ROW | {"is_right": is_right, "value_text": str(n // 2)} for n, is_right in enumerate(are_right)))
    (result,), flags = judge(context, RULE, rows.set_axis([7] * len(rows)))
    wrong = [str(n // 2) for n, is_right in enumerate(are_right) if not is_right]
    assert [json.loads(flag["evidence"])["value_text"] for flag in flags] == wrong
    assert result.unexpected_count == len(wrong)


def test_a_row_may_bring_a_severity_of_its_own(context: "AbstractDataContext") -> None:
    _, flags = judge(context, RULE, profile(ROW | {"severity": "error"}, ROW | {"severity": None}))
    assert [flag["severity"] for flag in flags] == ["error", "warning"]


def test_a_row_may_bring_a_kind_of_its_own(context: "AbstractDataContext") -> None:
    _, flags = judge(context, RULE, profile(ROW | {"kind": "declared"}, ROW | {"kind": None}))
    assert [flag["kind"] for flag in flags] == ["declared", "suspected"]


def test_a_flag_carries_the_observation_status_that_its_rule_gives(context: "AbstractDataContext") -> None:
    _, (flag,) = judge(context, RULE.model_copy(update={"obs_status": "U"}), profile(ROW))
    assert flag["obs_status"] == "U"


@pytest.mark.parametrize(
    ("value", "in_latvian", "in_english"),
    [
        (4.5, "4,5", "4.5"),
        (23.0, "23", "23"),
        (23, "23", "23"),
        (0.0, "0", "0"),
        (-11.1, "-11,1", "-11.1"),
        (0.1 + 0.2, "0,3", "0.3"),
        (1234567.25, "1234567,25", "1234567.25"),
        ("4.5", "4.5", "4.5"),
        (None, "?", "?"),
    ],
)
def test_a_reason_prints_numbers_as_its_language_does_and_text_as_it_came(
    context: "AbstractDataContext", value: object, in_latvian: str, in_english: str
) -> None:
    _, (flag,) = judge(context, RULE, profile(ROW | {"value_text": value}))
    assert flag["reason_lv"] == f"Vērtība „{in_latvian}” ir sintētiska."
    assert flag["reason_en"] == f"The value “{in_english}” is synthetic."


def test_the_expectation_is_described_in_both_languages(context: "AbstractDataContext") -> None:
    (result,), _ = judge(context, RULE, profile(ROW))
    assert result.description == "Sintētiska vērtība ir pareiza. / A synthetic value is right."


def test_an_expectation_is_judged_at_the_thresholds_of_its_rule(context: "AbstractDataContext") -> None:
    expectation = {
        "type": "expect_column_values_to_be_between",
        "column": "share",
        "min_value": "-$limit",
        "max_value": "$limit",
    }
    rule = RULE.model_copy(update={"expectation": expectation, "thresholds": {"limit": 2}})
    _, flags = judge(context, rule, profile(*(ROW | {"share": share} for share in (-2.1, -2, 0, 2, 2.1, None))))
    assert [json.loads(flag["evidence"])["share"] for flag in flags] == [-2.1, 2.1]


def test_rows_that_keep_the_rule_raise_no_flag(context: "AbstractDataContext") -> None:
    (result,), flags = judge(context, RULE, profile(ROW | {"is_right": True}))
    assert (result.outcome, flags) == ("passed", [])


def test_a_rule_with_nothing_to_judge_is_passed(context: "AbstractDataContext") -> None:
    (result,), flags = judge(context, RULE, profile(ROW).head(0))
    assert (result.outcome, flags) == ("passed", [])


def test_a_rule_that_cannot_be_judged_is_an_error_and_raises_no_flag(context: "AbstractDataContext") -> None:
    (result,), flags = judge(context, RULE, profile(ROW).drop(columns="is_right"))
    assert (result.outcome, result.stops_publication, flags) == ("error", True, [])
    assert "is_right" in str(result)


def test_a_critical_rule_that_is_broken_stops_publication(context: "AbstractDataContext") -> None:
    critical = RULE.model_copy(update={"severity": "critical"})
    (result,), flags = judge(context, critical, profile(ROW))
    assert (result.stops_publication, len(flags)) == (True, 1)
