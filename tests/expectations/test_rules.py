"""Every comparability rule on tiny synthetic tables of core: what must be found, and what must stay silent."""

import json
from collections import Counter
from collections.abc import Mapping
from typing import Any

import pytest

from expectations.catalogue import Rule, load_rules
from expectations.guard import _fetch, judge, new_context
from tests.expectations.core_tables import Tables, core_tables
from tests.expectations.rule_cases import Case, Turn, cases_of_rules

RULES = {rule.name: rule for rule in load_rules()}
MODULES = cases_of_rules()
CASES = [(name, case) for name, module in MODULES.items() for case in module.CASES]
TURNS = [
    (name, threshold, turn)
    for name, module in MODULES.items()
    for threshold, turn in getattr(module, "TURNS", {}).items()
]


def flags_of(rule: Rule, tables: Tables, thresholds: Mapping[str, float] | None = None) -> list[dict[str, Any]]:
    """Judge synthetic tables by a rule, at its thresholds but for those that are given."""
    rule = rule.model_copy(update={"thresholds": {**rule.thresholds, **(thresholds or {})}})
    with core_tables(tables) as connection:
        (result,), flags = judge(new_context(), rule, _fetch(connection, rule.profile, rule.thresholds))
    assert result.outcome == ("failed" if flags else "passed"), str(result)
    return [flag | {"evidence": json.loads(flag["evidence"], parse_constant=no_json)} for flag in flags]


def no_json(constant: str) -> None:
    raise ValueError(f"evidence is no JSON: {constant}")


@pytest.mark.parametrize(("name", "case"), [pytest.param(*case, id=f"{case[0]}-{case[1].name}") for case in CASES])
def test_a_rule_finds_what_it_must_and_nothing_else(name: str, case: Case) -> None:
    flags = flags_of(RULES[name], case.tables, case.thresholds)
    found = [(flag["series_key"], flag["from_period"], flag["to_period"]) for flag in flags]
    assert len(flags) == len(case.flags), found
    assert len(set(found)) == len(found), "a question has one key: rule, series and periods"
    for flag, expected in zip(flags, case.flags, strict=True):
        evidence = {column: flag["evidence"][column] for column in expected["evidence"]}
        assert evidence == expected["evidence"]
        for column in expected.keys() - {"evidence", "reason_lv", "reason_en"}:
            assert flag[column] == expected[column]
        for column in ("reason_lv", "reason_en"):
            assert expected.get(column, "") in flag[column]


@pytest.mark.parametrize("name", RULES)
def test_every_rule_has_cases_that_fire_and_cases_that_stay_silent(name: str) -> None:
    assert name in MODULES, f"add tests/expectations/rule_cases/{name}.py"
    sides = Counter(case.must_fire for case in MODULES[name].CASES)
    assert min(sides[True], sides[False]) >= 2
    assert max(Counter(case.name for case in MODULES[name].CASES).values()) == 1


def test_there_are_no_cases_without_a_rule() -> None:
    assert MODULES.keys() == RULES.keys()


@pytest.mark.parametrize(
    ("name", "threshold"), [(rule.name, threshold) for rule in RULES.values() for threshold in rule.thresholds]
)
def test_every_threshold_is_named_by_its_rule_and_has_rows_that_turn_with_it(name: str, threshold: str) -> None:
    rule = RULES[name]
    assert f"${threshold}" in rule.profile + json.dumps(dict(rule.expectation))
    assert threshold in getattr(MODULES[name], "TURNS", {})


@pytest.mark.parametrize(
    ("name", "threshold", "turn"), [pytest.param(*turn, id=f"{turn[0]}-{turn[1]}") for turn in TURNS]
)
def test_another_threshold_gives_another_verdict(name: str, threshold: str, turn: Turn) -> None:
    rule = RULES[name]
    assert threshold in rule.thresholds
    at_default = flags_of(rule, turn.tables)
    at_value = flags_of(rule, turn.tables, {threshold: turn.value})
    assert (bool(at_default), bool(at_value)) == (turn.fires_at_default, not turn.fires_at_default)
