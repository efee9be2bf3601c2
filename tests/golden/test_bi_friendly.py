"""What a BI tool needs of the published file: names for codes, real dates, a calendar, plain names of columns."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from orchestration.settings import Settings
from warehouse.store import open_read_only

Connection = duckdb.DuckDBPyConnection

# Columns that hold a code and are called neither after their list nor `…_code`.
LIST_OF_COLUMN = {
    "kind": "flag_kind",
    "status_code": "action_status",
    "mark_code": "value_mark",
    "reason_code": "break_reason",
    "desired_direction": "comparator",
    "target_comparator": "comparator",
    "final_target_comparator": "comparator",
    "baseline_unit": "unit",
    "target_unit": "unit",
    "final_target_unit": "unit",
    "from_unit": "unit",
    "to_unit": "unit",
}
# Codes whose names stand in a dimension of their own: column → table, key and a column of names.
DIMENSION_OF_COLUMN = {
    "strategy_code": ("core.dim_strategy", "strategy_code", "name"),
    "advantage_code": ("core.dim_advantage", "advantage_code", "name"),
    "group_code": ("core.dim_stakeholder_group", "group_code", "label"),
    "item_code": ("core.dim_survey_item", "item_code", "label"),
    "survey_code": ("core.dim_survey", "survey_code", "name"),
    "part_of_survey_code": ("core.dim_survey", "survey_code", "name"),
    "institution_code": ("core.dim_institution", "institution_code", "name"),
}
# Proper names of documents that the report prints in Latvian only; a translation would be made up.
LATVIAN_ONLY = {"programme_code"}
# Parts of a series' key: its label names all of them together.
SERIES_AXES = re.compile(r"(level|stakeholder|aspect|measure|field|course|rating|answer|territory)_code")


@pytest.fixture(scope="module")
def published(published_file: Path) -> Iterator[Connection]:
    with open_read_only(published_file) as connection:
        yield connection


def code_columns(connection: Connection) -> list[tuple[str, str]]:
    """Return table and column of every code in core and marts."""
    code_lists = {name for (name,) in connection.execute("select distinct code_list from core.dim_code").fetchall()}
    columns = connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns() "
        "where not internal and schema_name in ('core', 'marts') and data_type = 'VARCHAR' "
        "and table_name <> 'dim_code' order by all"
    ).fetchall()
    return [
        (table, column)
        for table, column in columns
        if column.endswith("_code") or column in code_lists or column in LIST_OF_COLUMN
    ]


def named_beside(connection: Connection, table: str, column: str) -> bool:
    """Tell whether a table has names of a code in both languages."""
    columns = {name for (name, *_) in connection.execute(f"describe {table}").fetchall()}
    stem = column.removesuffix("_code")
    names = [f"{stem}_name", f"{stem}_label", *(["name", "label"] if table.startswith("core.dim_") else [])]
    return any({f"{name}_lv", f"{name}_en"} <= columns for name in names)


def test_every_code_has_its_name_in_both_languages(published: Connection) -> None:
    columns = code_columns(published)
    assert ("marts.indicator_trend", "obs_status") in columns
    nameless = []
    for table, column in columns:
        if column in LATVIAN_ONLY or named_beside(published, table, column):
            continue
        if table == "core.dim_series" and SERIES_AXES.fullmatch(column):
            continue
        if column in DIMENSION_OF_COLUMN:
            dimension, key, name = DIMENSION_OF_COLUMN[column]
            known = f"select {key} from {dimension} where {name}_lv <> '' and {name}_en <> ''"
        else:
            code_list = LIST_OF_COLUMN.get(column, column.removesuffix("_code"))
            known = (
                f"select code from core.dim_code where code_list = '{code_list}' and name_lv <> '' and name_en <> ''"
            )
        nameless += published.execute(
            f"select distinct '{table}', '{column}', {column} from {table} "
            f"where {column} is not null and {column} not in ({known})"
        ).fetchall()
    assert nameless == []


def test_every_code_list_of_the_seeds_is_published_whole(published: Connection) -> None:
    # A new list that is missing here: add its name to code_lists() in dbt_project/macros/code_list.sql.
    seeds = {}
    for seed in (Settings.from_environment().seeds_dir / "code_list").glob("*.csv"):
        with seed.open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        # A list of codes begins with them; other seeds name parts of codes, or versions of something.
        if {"name_lv", "name_en"} <= rows[0].keys() and next(iter(rows[0])) in {f"{seed.stem}_code", "mark_code"}:
            seeds[seed.stem] = len(rows)
    lists = dict(published.execute("select code_list, count(*) from core.dim_code group by all").fetchall())
    assert lists == seeds
    unsorted = published.execute(
        "select code_list from core.dim_code group by all having count(distinct sort_order) < count(*)"
    ).fetchall()
    assert unsorted == []


def test_dates_are_dates_and_moments_are_timestamps(published: Connection) -> None:
    columns = published.execute(
        "select table_name, column_name, data_type from duckdb_columns() where not internal "
        "and (column_name like '%\\_on' escape '\\' or column_name like '%\\_at' escape '\\')"
    ).fetchall()
    assert len(columns) > 10
    wanted = {"on": "DATE", "at": "TIMESTAMP"}
    assert [one for one in columns if one[2] != wanted[one[1][-2:]]] == []


def test_no_column_is_called_by_a_word_that_sql_reserves(published: Connection) -> None:
    reserved = published.execute(
        """
        select distinct column_name from duckdb_columns()
        inner join duckdb_keywords() on column_name = keyword_name and keyword_category <> 'unreserved'
        where not internal
        """
    ).fetchall()
    assert reserved == []
    odd = published.execute(
        "select distinct column_name from duckdb_columns() "
        "where not internal and not regexp_full_match(column_name, '[a-z][a-z0-9_]*')"
    ).fetchall()
    assert odd == []


def test_the_calendar_tells_year_predecessor_and_the_latest_results(published: Connection) -> None:
    assert published.execute(
        "select label_lv, label_en, starts_in_year, previous_period_key, is_latest "
        "from core.dim_period where period_key = '2024/2025'"
    ).fetchall() == [("2024./2025. mācību gads", "school year 2024/2025", 2024, "2023/2024", True)]
    assert published.execute("select count(*) from core.dim_period where is_latest").fetchall() == [(1,)]
    # In order of time, so that a chart sorted by it needs no other key.
    backwards = published.execute(
        """
        from (select ends_on, lag(ends_on) over (order by sort_order) as ended_before from core.dim_period)
        where ends_on < ended_before
        """
    ).fetchall()
    assert backwards == []
