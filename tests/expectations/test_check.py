"""Suites run on synthetic rows: passed, failed, and not checked are three different things."""

from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from expectations.catalogue import Severity, Suite
from expectations.guard import CheckResult, check

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

ROWS = pd.DataFrame({"item_count": [1, 2, -3], "item_name": ["spoon", None, "bļoda"]}, dtype=object)


def expectation(name: str, severity: Severity = "critical", **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401
    return {"type": f"expect_{name}", "kwargs": kwargs, "severity": severity, "description": "Synthetic."}


def results(
    context: "AbstractDataContext", *expectations: dict[str, Any], rows: pd.DataFrame = ROWS
) -> list[CheckResult]:
    content = {"name": "synthetic", "stage": "guard", "table": "synthetic", "query": "", "expectations": expectations}
    return check(context, Suite.model_validate(content), rows)


def test_an_expectation_that_holds_is_passed(context: "AbstractDataContext") -> None:
    (result,) = results(context, expectation("table_row_count_to_be_between", min_value=3, max_value=3))
    assert (result.outcome, result.stage, result.suite) == ("passed", "guard", "synthetic")


def test_a_broken_expectation_is_failed_with_the_rows_that_break_it(context: "AbstractDataContext") -> None:
    (result,) = results(context, expectation("column_values_to_be_between", column="item_count", min_value=0))
    assert (result.outcome, result.subject) == ("failed", "item_count")
    assert (result.element_count, result.unexpected_count, result.observed_value) == (3, 1, "[-3]")


def test_results_come_in_the_order_of_the_suite(context: "AbstractDataContext") -> None:
    columns = ["item_name", "item_count", "item_name", "item_count"]
    severities: list[Severity] = ["info", "critical", "warning", "error"]
    found = results(
        context,
        *(
            expectation("column_values_to_not_be_null", severity, column=column)
            for column, severity in zip(columns, severities, strict=True)
        ),
    )
    assert [(result.subject, result.severity) for result in found] == list(zip(columns, severities, strict=True))
    assert [result.outcome for result in found] == ["failed", "passed", "failed", "passed"]


@pytest.mark.parametrize(
    "uncheckable",
    [
        expectation("column_values_to_not_be_null", "info", column="no_such_column"),
        expectation("column_values_to_be_between", "info", column="item_name", min_value=0),
        expectation("column_values_to_match_regex", "info", column="item_name", regex="("),
    ],
    ids=["no_such_column", "type_cannot_be_compared", "no_regular_expression"],
)
def test_what_cannot_be_checked_is_an_error_that_stops_and_disturbs_no_other_check(
    context: "AbstractDataContext", uncheckable: dict[str, Any]
) -> None:
    sound = expectation("column_values_to_not_be_null", column="item_count")
    first, broken, last = results(context, sound, uncheckable, sound | {"description": "Again."})
    assert (broken.outcome, broken.stops_publication) == ("error", True)
    assert broken.unexpected_count is None
    assert broken.observed_value
    assert (first.outcome, last.outcome) == ("passed", "passed")


def test_no_rows_break_no_rule_but_that_there_be_rows(context: "AbstractDataContext") -> None:
    found = results(
        context,
        expectation("table_row_count_to_be_between", min_value=1),
        expectation("column_values_to_be_between", column="item_count", min_value=0),
        rows=ROWS.head(0),
    )
    assert [(result.outcome, result.observed_value) for result in found] == [("failed", "0"), ("passed", None)]


def test_what_was_seen_is_cut_to_a_length_that_can_be_read(context: "AbstractDataContext") -> None:
    rows = pd.DataFrame({"item_name": ["x" * 10_000]}, dtype=object)
    (result,) = results(
        context, expectation("column_values_to_be_in_set", column="item_name", value_set=["spoon"]), rows=rows
    )
    assert result.observed_value is not None
    assert 0 < len(result.observed_value) <= 500
