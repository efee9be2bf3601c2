"""Disclosure control as compiled: counts in, a fact without the suppressed ones, the audit, its expectations."""

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from expectations.catalogue import load_suites
from expectations.guard import CheckResult, check
from tests.promise.warehouse import run_python_model
from warehouse.publish import PUBLISHED_SCHEMAS

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

# Synthetic: two schools, three grades, and all their totals.
COUNTS = {"1/1": 2, "1/2": 14, "1/3": 9, "2/1": 21, "2/2": 8, "2/3": 17}
TOTALS = {"1/all": 25, "2/all": 46, "all/1": 23, "all/2": 22, "all/3": 26, "all/all": 71}
VINTAGE = "date '2026-01-31'"


def node(manifest: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = manifest["nodes"][f"model.meraukla.{name}"]
    return found


def create_as_described(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], name: str) -> None:
    columns = node(manifest, name)["columns"].values()
    described = ", ".join(f"{column['name']} {column['data_type']}" for column in columns)
    connection.execute(f"create table confidential.{name} ({described})")


def run(connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], name: str) -> None:
    run_python_model(connection, f"confidential.{name}", node(manifest, name)["compiled_code"])


@pytest.fixture
def build(manifest: Mapping[str, Any]) -> Iterator[duckdb.DuckDBPyConnection]:
    """A build with synthetic counts, and the fact that shows those which are not suppressed."""
    with duckdb.connect(":memory:") as connection:
        for schema in ("reference", "confidential", "core"):
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table reference.policy as from (values ('disclosure_zero_is_small', 0.0), "
            "('disclosure_open_share', 1.0), ('disclosure_work_limit', 1e6)) as t (policy_code, value_numeric)"
        )
        create_as_described(connection, manifest, "disclosure_cell")
        create_as_described(connection, manifest, "shown_figure")
        for key, count in (COUNTS | TOTALS).items():
            school, grade = key.split("/")
            connection.execute(
                f"insert into confidential.disclosure_cell values ('synthetic', 'enrolment', ?, {VINTAGE}, null, ?, "
                "null, 3, true, false, map(['school', 'grade'], [?, ?]))",
                [
                    key,
                    count,
                    f"all/{grade}" if school != "all" else None,
                    f"{school}/all" if grade != "all" else None,
                ],
            )
        run(connection, manifest, "suppressed_cell")
        connection.execute(
            "create table core.fct_synthetic as select cell.cell_key, cell.vintage, "
            "coalesce(suppressed.conf_status, 'F') as conf_status, "
            "case when suppressed.cell_key is null then cell.value end as learner_count "
            "from confidential.disclosure_cell as cell left join confidential.suppressed_cell as suppressed "
            "on cell.cell_key = suppressed.cell_key"
        )
        yield connection


def audit(
    connection: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], context: "AbstractDataContext"
) -> list[CheckResult]:
    """Let the audit read what the fact shows now, and its suite judge what it found."""
    connection.execute("delete from confidential.shown_figure")
    connection.execute(
        "insert into confidential.shown_figure select 'core.fct_synthetic', cell_key, cell_key, vintage, 1.0, "
        "learner_count from core.fct_synthetic where learner_count is not null"
    )
    run(connection, manifest, "recoverable_cell")
    (suite,) = (suite for suite in load_suites() if suite.table == "confidential.recoverable_cell")
    return check(context, suite, connection.execute(suite.query).df())


def test_a_small_count_and_its_partners_are_not_shown_and_the_audit_is_content(
    build: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], context: "AbstractDataContext"
) -> None:
    statuses = dict(build.execute("select cell_key, conf_status from core.fct_synthetic").fetchall())
    assert statuses["1/1"] == "A"
    assert sorted(status for status in statuses.values() if status != "F") == ["A", "S", "S", "S"]
    shown = dict(build.execute("select cell_key, learner_count from core.fct_synthetic").fetchall())
    assert {key: count for key, count in shown.items() if count is not None} == {
        key: count for key, count in (COUNTS | TOTALS).items() if statuses[key] == "F"
    }
    assert [result.outcome for result in audit(build, manifest, context)] == ["passed", "passed"]


def test_one_partner_shown_again_stops_publication_and_names_the_cell(
    build: duckdb.DuckDBPyConnection, manifest: Mapping[str, Any], context: "AbstractDataContext"
) -> None:
    # A fact that forgets the secondary cells: the small one can be computed from its row.
    build.execute(
        "update core.fct_synthetic set learner_count = cell.value from confidential.disclosure_cell as cell "
        "where fct_synthetic.cell_key = cell.cell_key and conf_status = 'S'"
    )
    given_away, _ = audit(build, manifest, context)
    assert given_away.stops_publication
    assert "1/1 (vintage 2026-01-31) is suppressed, but can be computed" in str(given_away.observed_value)


def test_a_range_that_is_too_narrow_is_recorded_and_stops_nothing(context: "AbstractDataContext") -> None:
    (suite,) = (suite for suite in load_suites() if suite.table == "confidential.recoverable_cell")
    rows = duckdb.sql("select null::varchar as given_away, 'synthetic' as narrowed").df()
    results = check(context, suite, rows)
    assert [result.outcome for result in results] == ["passed", "failed"]
    assert not any(result.stops_publication for result in results)


def test_the_confidential_schema_is_none_that_is_published() -> None:
    assert "confidential" not in PUBLISHED_SCHEMAS
