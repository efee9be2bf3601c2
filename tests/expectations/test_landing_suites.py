"""What the suites of the landing zone let pass: made-up accounts of files, judged as a run judges them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from expectations.catalogue import Suite, load_suites
from expectations.guard import CheckResult, check, new_context
from warehouse.store import open_build, start_build
from warehouse.tables import insert_rows

RUN = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}
TODAY = datetime.now(UTC).date()
SOUND: dict[str, Any] = {
    "strategy_code": "synthetic",
    "source_file": "synthetic/sound.csv",
    "vintage": date(2026, 1, 31),
    "is_accepted": True,
    "rows_read": 100,
    "rows_accepted": 100,
    "rows_quarantined": 0,
}


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    start_build(tmp_path / "build.duckdb", RUN)
    with open_build(tmp_path / "build.duckdb") as opened:
        yield opened


def broken(connection: duckdb.DuckDBPyConnection, **changes: object) -> list[tuple[str | None, str]]:
    """Judge a sound file and one that differs from it: what is broken, and how severely."""
    connection.execute("delete from audit.source_file")
    insert_rows(connection, "audit.source_file", [SOUND, SOUND | {"source_file": "synthetic/other.csv"} | changes])
    results: list[CheckResult] = []
    for suite in load_suites():
        if suite.name in {"audit.source_file", "audit.source_file_in_force"}:
            results += check(new_context(), suite, connection.execute(suite.query).df())
    return [(result.subject, result.severity) for result in results if result.outcome != "passed"]


COUNTS = {"rows_accepted": 90, "rows_quarantined": 10}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"rows_accepted": 99}, [("rows_accounted_for, rows_read", "critical")]),
        ({"rows_accepted": 99, "rows_quarantined": 1}, [("rows_quarantined", "warning")]),
        (COUNTS, [("rows_quarantined", "warning"), ("quarantined_share", "critical")]),
        # What was corrected since stops nothing any more.
        (COUNTS | {"superseded_on": date(2026, 2, 28)}, []),
        ({"rows_read": 0, "rows_accepted": 0}, [("rows_accepted", "critical")]),
        # A file that is quarantined whole is told, and the others go on.
        ({"is_accepted": False, "rows_accepted": 0, "rows_quarantined": 100}, [("is_accepted", "error")]),
        ({"overwritten_sha256": "0000"}, [("overwritten_sha256", "warning")]),
        ({"vintage": TODAY + timedelta(days=1)}, []),
        ({"vintage": TODAY + timedelta(days=30)}, [("days_ahead", "error")]),
    ],
)
def test_a_file_is_judged_by_its_account(
    connection: duckdb.DuckDBPyConnection, changes: dict[str, object], expected: list[tuple[str, str]]
) -> None:
    assert broken(connection, **changes) == expected


def test_a_suite_of_a_landing_table_sees_what_no_later_file_has_replaced(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    def query_of(name: str) -> Suite:
        (suite,) = (suite for suite in load_suites() if suite.name == name)
        return suite

    connection.execute(
        "create table raw.surveys__positive_share as "
        "select * from (values ('140 %', date '2026-02-28'), ('40 %', null)) as t (share_printed, _superseded_on)"
    )
    suite = query_of("raw.surveys__positive_share")
    assert connection.execute(suite.query).fetchall() == [("40 %", None)]
