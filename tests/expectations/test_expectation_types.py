"""Every expectation that the catalogue names exists in Great Expectations and takes the arguments it is given."""

import pytest
from great_expectations.expectations.registry import get_expectation_impl

import expectations.custom  # noqa: F401 - registers our own expectations
from expectations.catalogue import Rule, Suite, load_rules, load_suites


@pytest.mark.parametrize("suite", load_suites(), ids=lambda suite: suite.name)
def test_the_expectations_of_a_suite_exist_and_take_their_arguments(suite: Suite) -> None:
    for spec in suite.expectations:
        expectation = get_expectation_impl(spec.type)(**spec.kwargs)
        assert expectation.expectation_type == spec.type


@pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.name)
def test_the_expectation_of_a_rule_exists_and_takes_its_arguments(rule: Rule) -> None:
    expectation = get_expectation_impl(rule.expectation["type"])(**rule.expectation_kwargs)
    assert expectation.expectation_type == rule.expectation["type"]
