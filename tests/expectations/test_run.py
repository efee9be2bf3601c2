"""Suites and rules run on a synthetic build file: results and flags are rows, and a second run replaces them."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from expectations import guard
from expectations.catalogue import Rule, Suite
from expectations.guard import run_rules, run_suites, write_data_docs
from warehouse.store import open_build, start_build

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

SUITES = tuple(
    Suite.model_validate(
        {
            "name": f"core.synthetic_{stage}",
            "stage": stage,
            "table": "core.synthetic_item",
            "query": "select * from core.synthetic_item",
            "expectations": [
                {
                    "type": "expect_column_values_to_be_between",
                    "kwargs": {"column": "item_count", "min_value": 0},
                    "severity": "warning",
                    "description": "A count is not negative.",
                }
            ],
        }
    )
    for stage in ("landing", "guard", "audit")
)
RULE = Rule.model_validate(
    {
        "name": "synthetic_rule",
        "kind": "declared",
        "severity": "warning",
        "is_break": False,
        "description_en": "A synthetic count is not negative.",
        "description_lv": "Sintētisks skaits nav negatīvs.",
        "profile": """
            select 'synthetic-strategy' as strategy_code, item_name as series_key, null::varchar as from_period,
                '2024/2025' as to_period, item_count, report_line
            from core.synthetic_item order by item_name
        """,
        "expectation": {"type": "expect_column_values_to_be_between", "column": "item_count", "min_value": 0},
        "evidence": ["item_count", "report_line"],
        "reason_lv": "Skaits ir {item_count} ({report_line}. rinda).",
        "reason_en": "The count is {item_count} (line {report_line}).",
    }
)


@pytest.fixture
def build_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A build file with one synthetic core table, and a catalogue that is about that table only."""
    monkeypatch.setattr(guard, "load_suites", lambda: SUITES)
    monkeypatch.setattr(guard, "load_rules", lambda: (RULE,))
    path = tmp_path / "build" / "meraukla.duckdb"
    run = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}
    start_build(path, run)
    with open_build(path) as connection:
        connection.execute("create schema core")
        connection.execute(
            "create table core.synthetic_item (item_name varchar, item_count integer, report_line integer)"
        )
        connection.execute(
            "insert into core.synthetic_item values ('bowl', -1, 7), ('fork', null, null), ('spoon', 3, 9)"
        )
    return path


def rows(build_file: Path, query: str) -> list[tuple[object, ...]]:
    with open_build(build_file) as connection:
        return connection.execute(query).fetchall()


def mend(build_file: Path) -> None:
    rows(build_file, "update core.synthetic_item set item_count = 1 where item_count < 0")


def test_only_the_suites_of_the_stages_asked_for_are_run_and_recorded(build_file: Path) -> None:
    outcomes = run_suites(build_file, ("landing", "guard"))
    assert [(result.suite, result.outcome) for result in outcomes.results] == [
        ("core.synthetic_landing", "failed"),
        ("core.synthetic_guard", "failed"),
    ]
    assert rows(
        build_file,
        "select stage, suite, expectation, subject, severity, outcome, element_count, unexpected_count, "
        "observed_value, description from audit.check_result order by stage desc",
    ) == [
        (
            stage,
            f"core.synthetic_{stage}",
            "expect_column_values_to_be_between",
            "item_count",
            "warning",
            "failed",
            3,
            1,
            "[-1]",
            "A count is not negative.",
        )
        for stage in ("landing", "guard")
    ]


def test_running_a_suite_again_replaces_its_results_and_no_others(build_file: Path) -> None:
    run_suites(build_file, ("landing", "guard"))
    mend(build_file)
    run_suites(build_file, ("guard",))
    assert rows(build_file, "select suite, outcome from audit.check_result order by all") == [
        ("core.synthetic_guard", "passed"),
        ("core.synthetic_landing", "failed"),
    ]


def test_a_flag_is_a_row_whose_numbers_read_as_they_are_stored(build_file: Path) -> None:
    # The columns hold a NULL as well: no count may come out as -1.0, no NULL as nan.
    run_rules(build_file)
    assert rows(
        build_file, "select series_key, from_period, to_period, evidence, reason_lv, reason_en from guard.flag"
    ) == [
        (
            "bowl",
            None,
            "2024/2025",
            '{"item_count": -1, "report_line": 7}',
            "Skaits ir -1 (7. rinda).",
            "The count is -1 (line 7).",
        )
    ]


def test_judging_again_replaces_the_flags(build_file: Path) -> None:
    run_rules(build_file)
    run_rules(build_file)
    assert rows(build_file, "select count(*) from guard.flag") == [(1,)]
    mend(build_file)
    run_rules(build_file)
    assert rows(build_file, "select count(*) from guard.flag") == [(0,)]
    assert rows(build_file, "select suite, outcome from audit.check_result") == [("rule.synthetic_rule", "passed")]


def test_a_rule_that_cannot_be_judged_is_recorded_as_an_error(
    build_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = RULE.model_copy(update={"expectation": {**RULE.expectation, "column": "no_such_column"}})
    monkeypatch.setattr(guard, "load_rules", lambda: (broken,))
    outcomes = run_rules(build_file)
    assert [result.stops_publication for result in outcomes.results] == [True]
    assert rows(build_file, "select outcome from audit.check_result") == [("error",)]


def test_data_docs_show_suites_and_rules_of_one_run_and_nothing_of_the_run_before(
    build_file: Path, tmp_path: Path, context: "AbstractDataContext"
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "of_the_run_before.html").touch()
    run_suites(build_file, ("guard",), context)
    run_rules(build_file, context)

    write_data_docs(context, docs)

    index = (docs / "index.html").read_text("utf-8")
    assert "synthetic_guard" in index
    assert "synthetic_rule" in index
    assert not (docs / "of_the_run_before.html").exists()
