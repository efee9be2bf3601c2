"""What a check's outcome means for publication. A check that could not be made is not a failure, and never a pass."""

import pytest

from expectations.guard import CheckResult, Outcome


def result(outcome: Outcome, severity: str = "critical", subject: str | None = "item_count") -> CheckResult:
    return CheckResult(
        stage="guard",
        suite="core.synthetic",
        expectation="expect_synthetic",
        subject=subject,
        severity=severity,
        outcome=outcome,
        element_count=9,
        unexpected_count=2,
        observed_value="[-1, -2]",
        description="A count is not negative.",
    )


@pytest.mark.parametrize(
    ("outcome", "severity", "stops"),
    [
        ("passed", "critical", False),
        ("failed", "critical", True),
        ("failed", "error", False),
        ("failed", "warning", False),
        ("failed", "info", False),
        ("error", "critical", True),
        ("error", "warning", True),
        ("error", "info", True),
    ],
)
def test_only_a_critical_failure_or_a_check_not_made_stops_publication(
    outcome: Outcome, severity: str, stops: bool
) -> None:
    assert result(outcome, severity).stops_publication is stops


def test_a_failure_is_told_with_its_table_column_rows_and_what_was_seen() -> None:
    told = "core.synthetic.item_count: A count is not negative. Rows that break it: 2, seen: [-1, -2]"
    assert str(result("failed")) == told


def test_a_check_not_made_is_not_told_as_if_the_data_were_wrong() -> None:
    told = "core.synthetic: could not be checked ([-1, -2]). Expected: A count is not negative."
    assert str(result("error", subject=None)) == told
