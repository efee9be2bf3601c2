"""Files that come later: a correction, a retraction, an unreadable file, one that nobody knows, one overwritten.

The corrections are made up. They are laid over a copy of the landing folder, and never reach the published file.
"""

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml

from orchestration.settings import PROJECT_DIR
from tests.e2e.test_build import STRATEGY, SURVEYS, VALUES, Row, Run, Warehouse, rows, set_cell

CORRECTED_SERIES = f"{STRATEGY}/24/total"
FIRST_DAY: date = yaml.safe_load((PROJECT_DIR / "data/landing" / STRATEGY / "source.yml").read_text("utf-8"))[
    "received_on"
]
LATER_DAY = FIRST_DAY + timedelta(days=1)
CORRECTED = f"{STRATEGY}/indicators/{LATER_DAY}/value.csv"
UNREADABLE = f"{STRATEGY}/surveys/{LATER_DAY}/positive_share.csv"
UNKNOWN = f"{STRATEGY}/enrolment/lerner_count.csv"
OVERWRITTEN = f"{STRATEGY}/actions/action.csv"


def correct(cells: list[list[str]]) -> None:
    """Change the baseline of indicator 24 (report, line 974: 18) and take back its result of 2023/2024 (20)."""
    header = cells[0]
    own = [row for row in cells if row[0] == "24"]
    for row in own:
        if row[header.index("cell")] == "baseline":
            row[header.index("value_printed")] = "17"
        if row[header.index("cell")] == "result_2023_2024":
            cells.remove(row)


@dataclass(frozen=True)
class Correction:
    """Two runs on one warehouse: what was handed in first, and what came later."""

    warehouse: Warehouse
    first: Path
    later: Run
    again: Run

    def fetch(self, query: str) -> list[Row]:
        """Run a query on what is published after the correction."""
        return rows(self.warehouse.published_file, query)


@pytest.fixture(scope="module")
def correction(tmp_path_factory: pytest.TempPathFactory) -> Correction:
    folder = tmp_path_factory.mktemp("synthetic_correction")
    warehouse = Warehouse(folder / "landing", folder / "data")
    shutil.copytree(PROJECT_DIR / "data" / "landing", warehouse.landing)
    begun = warehouse.command("build")
    assert begun.exit_code == 0, begun.output
    first = folder / "first.duckdb"
    shutil.copyfile(warehouse.published_file, first)

    _hand_in(warehouse, VALUES, CORRECTED, correct)
    (warehouse.landing / UNREADABLE).parent.mkdir()
    (warehouse.landing / UNREADABLE).write_bytes(b"survey_code;\x00\x01\xff\xfe" + bytes(range(256)))
    shutil.copyfile(warehouse.landing / f"{STRATEGY}/enrolment/learner_count.csv", warehouse.landing / UNKNOWN)
    (warehouse.landing / f"{STRATEGY}/enrolment/~$learner_count.xlsx").write_bytes(b"lock")
    (warehouse.landing / f"{STRATEGY}/enrolment/linked.csv").symlink_to(PROJECT_DIR / "pyproject.toml")
    warehouse.change(OVERWRITTEN, set_cell(1, "label_en", "Synthetic label"))
    later = warehouse.command("build")
    assert later.exit_code == 0, later.output
    again = warehouse.command("build")
    return Correction(warehouse, first, later, again)


def _hand_in(warehouse: Warehouse, earlier: str, later: str, change: Callable[[list[list[str]]], None]) -> None:
    path = warehouse.landing / later
    path.parent.mkdir(parents=True)
    shutil.copyfile(warehouse.landing / earlier, path)
    warehouse.change(later, change)


def test_a_corrected_file_replaces_its_predecessor_and_both_stay_queryable(correction: Correction) -> None:
    assert correction.fetch(
        f"""
        select period_key, value_text, vintage, superseded_on, is_current from core.fct_observation
        where series_key = '{CORRECTED_SERIES}' and not is_bridged order by period_key, vintage
        """
    ) == [
        ("2021", "18", FIRST_DAY, LATER_DAY, False),
        ("2021", "17", LATER_DAY, None, True),
        ("2023/2024", "20", FIRST_DAY, LATER_DAY, False),
        ("2024/2025", "13", FIRST_DAY, LATER_DAY, False),
        ("2024/2025", "13", LATER_DAY, None, True),
    ]


def test_what_was_known_on_a_date_can_be_asked(correction: Correction) -> None:
    def known_on(day: date) -> list[Row]:
        return correction.fetch(
            f"""
            select period_key, value_text from marts.as_of('{day}')
            where series_key = '{CORRECTED_SERIES}' order by period_key
            """
        )

    assert known_on(FIRST_DAY - timedelta(days=1)) == []
    assert known_on(FIRST_DAY) == [("2021", "18"), ("2023/2024", "20"), ("2024/2025", "13")]
    assert known_on(LATER_DAY) == [("2021", "17"), ("2024/2025", "13")]
    assert known_on(LATER_DAY + timedelta(days=365)) == known_on(LATER_DAY)


def test_as_of_the_first_day_shows_what_was_published_then(correction: Correction) -> None:
    columns = "series_key, period_key, value_numeric, value_text, obs_flags, methodology_key"
    assert correction.fetch(f"select {columns} from marts.as_of('{FIRST_DAY}') order by all") == rows(
        correction.first, f"select {columns} from core.fct_observation where not is_bridged order by all"
    )


def test_a_retracted_figure_is_current_nowhere(correction: Correction) -> None:
    for table in ("core.fct_measurement", "marts.indicator_trend", "marts.comparability_observation"):
        assert correction.fetch(
            f"select count(*) from {table} where series_key = '{CORRECTED_SERIES}' and period_key = '2023/2024'"
        ) == [(0,)], table


def test_marts_count_nothing_twice(correction: Correction) -> None:
    duplicated = [
        table
        for table, key in (
            ("core.fct_measurement", "series_key, period_key"),
            ("core.fct_target", "series_key, target_year"),
            ("core.fct_survey_share", "survey_code, item_code, group_code"),
            ("core.fct_action_status", "action_no"),
            ("marts.indicator_progress", "series_key, period_key"),
        )
        if correction.fetch(f"select {key} from {table} group by all having count(*) > 1")
    ]
    assert duplicated == []
    counted = "select sum(figure_count) from (select count(*) as figure_count from audit.reconciliation)"
    assert correction.fetch(counted) == rows(correction.first, counted)


def test_the_revision_table_lists_each_changed_cell(correction: Correction) -> None:
    listed = correction.fetch(
        """
        select kind, row_key, column_name, old_value, new_value, vintage_from, vintage_to, source_file, earlier_file
        from audit.revision where column_name = 'value_printed' order by all
        """
    )
    vintages = (FIRST_DAY, LATER_DAY, CORRECTED, VALUES)
    assert listed == [
        ("changed", "24 · total · baseline", "value_printed", "18", "17", *vintages),
        ("removed", "24 · total · result_2023_2024", "value_printed", "20", None, *vintages),
    ]
    # The rows below the retracted one stand in other places now; that is no change.
    assert correction.fetch("select distinct kind, row_key from audit.revision order by all") == [
        ("changed", "24 · total · baseline"),
        ("removed", "24 · total · result_2023_2024"),
    ]


def test_a_changed_baseline_is_asked_about(correction: Correction) -> None:
    ((kind, evidence),) = correction.fetch(
        f"select kind, evidence from marts.comparability_flag "
        f"where rule = 'baseline_revised' and series_key = '{CORRECTED_SERIES}'"
    )
    assert kind == "suspected"
    assert '"earlier_text": "18", "later_text": "17"' in evidence
    assert rows(
        correction.first,
        f"select count(*) from marts.comparability_flag "
        f"where rule = 'baseline_revised' and series_key = '{CORRECTED_SERIES}'",
    ) == [(0,)]


def test_a_file_that_cannot_be_read_is_quarantined_whole_and_its_predecessor_stays(correction: Correction) -> None:
    assert correction.fetch(
        "select source_file, is_accepted, superseded_on, rows_read, rows_accepted from audit.source_file "
        "where table_name = 'positive_share' order by source_file"
    ) == [
        (UNREADABLE, False, None, 0, 0),
        (SURVEYS, True, None, 80, 80),
    ]
    ((message_lv, message_en, remedy_lv, remedy_en),) = correction.fetch(
        "select message_lv, message_en, remedy_lv, remedy_en from audit.quarantine "
        f"where source_file = '{UNREADABLE}'"
    )
    assert all(UNREADABLE in text for text in (message_lv, message_en, remedy_lv, remedy_en))
    for table in ("core.fct_survey_share", "core.fct_action_status", "core.fct_enrolment"):
        count = f"select count(*) from {table}"
        assert correction.fetch(count) == rows(correction.first, count)


def test_a_file_that_nobody_knows_is_quarantined_with_the_closest_name(correction: Correction) -> None:
    ((rule, message_en, message_lv),) = correction.fetch(
        f"select rule, message_en, message_lv from audit.quarantine where source_file = '{UNKNOWN}'"
    )
    assert rule == "unknown_file"
    assert "learner_count" in message_en
    assert "learner_count" in message_lv


def test_a_link_out_of_the_landing_folder_is_refused_unread(correction: Correction) -> None:
    assert correction.fetch(
        "select file.sha256, quarantine.rule from audit.source_file as file "
        "inner join audit.quarantine as quarantine on file.source_file = quarantine.source_file "
        "where file.source_file like '%linked.csv'"
    ) == [(None, "no_file_of_its_own")]


def test_what_other_programs_leave_is_no_file_of_the_landing_zone(correction: Correction) -> None:
    assert correction.fetch("select count(*) from audit.source_file where contains(source_file, '$')") == [(0,)]


def test_a_file_that_was_overwritten_in_place_is_noticed(correction: Correction) -> None:
    ((before,),) = rows(correction.first, f"select sha256 from audit.source_file where source_file = '{OVERWRITTEN}'")
    assert correction.fetch(
        "select source_file, overwritten_sha256 from audit.source_file where overwritten_sha256 is not null"
    ) == [(OVERWRITTEN, before)]
    assert correction.fetch(
        "select outcome, severity from audit.check_result where subject = 'overwritten_sha256'"
    ) == [("failed", "warning")]


def test_a_run_with_nothing_new_says_so(correction: Correction) -> None:
    assert correction.again.exit_code == 0
    assert "Nothing new" in correction.again.output
    # A lock that a spreadsheet program leaves is nothing new either.
    (correction.warehouse.landing / f"{STRATEGY}/enrolment/.~lock.learner_count.csv#").touch()
    assert "Nothing new" in correction.warehouse.command("build").output


def test_the_rows_read_are_those_accepted_and_those_quarantined(correction: Correction) -> None:
    ((files, unaccounted),) = correction.fetch(
        "select count(*), count(*) filter (rows_read <> rows_accepted + rows_quarantined) from audit.source_file"
    )
    with (correction.warehouse.landing / VALUES).open(encoding="utf-8", newline="") as file:
        handed_in = sum(1 for _ in csv.reader(file)) - 1
    assert (files, unaccounted) == (13, 0)
    assert correction.fetch(f"select rows_read from audit.source_file where source_file = '{VALUES}'") == [
        (handed_in,)
    ]
