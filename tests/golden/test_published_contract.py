"""The published file keeps the contract of DESIGN §4: names are typed from the document, not from the code."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse.store import open_read_only

Connection = duckdb.DuckDBPyConnection
Row = tuple[Any, ...]

# DESIGN §4. More may be added, none renamed.
CONTRACT = {
    "core.dim_strategy": "strategy_code",
    "core.dim_advantage": "strategy_code advantage_no advantage_code name_lv name_en",
    "core.dim_direction": "strategy_code direction_no advantage_no",
    "core.dim_indicator": "strategy_code indicator_no advantage_no name_lv name_en desired_direction",
    "core.dim_series": "strategy_code series_key indicator_no breakdown",
    "core.dim_methodology": "strategy_code methodology_key series_key version_no",
    "core.dim_period": "period_key period_kind label starts_on ends_on",
    "core.dim_stakeholder_group": "group_code",
    "core.dim_institution": "strategy_code institution_key",
    "core.dim_stage": "stage_code",
    "core.dim_action_status": "",
    "core.dim_obs_status": "",
    "core.fct_observation": (
        "strategy_code series_key period_key period_label institution_key is_baseline value_numeric value_text unit "
        "obs_status obs_flags conf_status methodology_key vintage source_file source_row"
    ),
    "core.fct_target": (
        "strategy_code series_key target_year comparator value_numeric value_text unit resolved_value methodology_key"
    ),
    "core.fct_break": "strategy_code",
    "core.fct_survey_share": (
        "strategy_code survey_code item_code group_code period_key positive_share respondents population "
        "ci_low ci_high"
    ),
    "core.fct_enrolment": "strategy_code",
    "core.fct_institution_count": "strategy_code",
    "core.fct_action_status": "strategy_code action_no direction_no advantage_no period_key status_code",
    "core.bridge_programme_direction": "strategy_code",
    "marts.indicator_progress": (
        "strategy_code advantage_no series_key period_key baseline_value target_value final_target_value "
        "result_value is_comparable refusal_reason change progress_share progress_status"
    ),
    "marts.indicator_trend": "strategy_code advantage_no series_key period_key segment_no",
    "marts.comparability_flag": (
        "strategy_code advantage_no series_key from_period to_period rule kind severity evidence reason_lv reason_en"
    ),
    "marts.advantage_scorecard": "strategy_code advantage_no period_key",
    "marts.survey_result": "strategy_code advantage_no period_key",
    "marts.action_progress": "strategy_code advantage_no period_key",
    "marts.enrolment_by_year": "strategy_code period_key",
    "audit.run": "",
    "audit.check_result": "",
    "audit.source_file": "rows_read rows_accepted rows_quarantined sha256",
    "audit.quarantine": "source_file row_number column_name value rule message_lv message_en",
    "audit.reconciliation": "strategy_code printed_value recomputed_value verdict",
}
SCHEMAS = {"core", "marts", "audit", "meta"}
PLAIN_TYPES = {"VARCHAR", "INTEGER", "BIGINT", "HUGEINT", "DOUBLE", "BOOLEAN", "DATE", "TIMESTAMP"}
PROGRESS_STATUSES = {
    "target_met",
    "on_track",
    "off_track",
    "worsening",
    "direction_met",
    "direction_not_met",
    "not_assessable",
}
REFUSAL_REASONS = {
    "break_declared",
    "break_suspected",
    "unit_mismatch",
    "target_other_method",
    "baseline_missing",
    "target_missing",
    "not_measured",
    "no_methodology",
    "qualitative",
    "suppressed",
}
# DESIGN §3: when one code is asked for.
OBS_STATUS_PRECEDENCE = list("BOMLHQJSDKWIFEPNUVGA")
ADVANTAGES = {1: "KP1", 2: "KP2", 3: "KP3", 4: "KP4"}
STARS = {"indicator": "indicator_progress", "action": "action_progress", "survey": "survey_result"}

INDICATOR_07 = "liepaja-2020-2025/07/total"
# Report, line 746: indicator 11, schools: 86% (2020), result of 2024/2025 84 %.
COMPARABLE_PAIR = ("liepaja-2020-2025/11/schools/parents", "2020", "2024/2025")
COMPARE_COLUMNS = "from_value, to_value, difference, is_comparable, refusal_reason, reason_lv, reason_en"


@pytest.fixture(scope="module")
def published(published_file: Path) -> Iterator[Connection]:
    with open_read_only(published_file) as connection:
        yield connection


def compare(connection: Connection, *pair: str | None, macro: str = "marts.compare") -> list[Row]:
    return connection.execute(f"select {COMPARE_COLUMNS} from {macro}(?, ?, ?)", list(pair)).fetchall()


# --- Tables, columns, types, comments ---


@pytest.mark.parametrize("table", CONTRACT)
def test_a_table_of_the_design_is_published_with_its_columns(published: Connection, table: str) -> None:
    published_columns = {column for (column, *_) in published.execute(f"describe {table}").fetchall()}
    assert set(CONTRACT[table].split()) - published_columns == set()


@pytest.mark.parametrize("table", [table for table in CONTRACT if not table.startswith("audit.")])
def test_a_table_of_the_design_is_not_empty(published: Connection, table: str) -> None:
    ((count,),) = published.execute(f"select count(*) from {table}").fetchall()
    assert count > 0


def test_the_schemas_are_exactly_those_of_the_design(published: Connection) -> None:
    schemas = published.execute(
        "select schema_name from duckdb_schemas() where database_name = current_database() and not internal"
    ).fetchall()
    assert {schema for (schema,) in schemas} == SCHEMAS


def test_every_table_and_view_has_a_comment_that_begins_with_its_grain(published: Connection) -> None:
    comments = published.execute(
        """
        select schema_name, table_name, comment from duckdb_tables() where not internal
        union all
        select schema_name, view_name, comment from duckdb_views() where not internal
        """
    ).fetchall()
    assert len(comments) > len(CONTRACT)
    assert [row for row in comments if not (row[2] or "").startswith("One row ")] == []


def test_every_column_has_a_comment_in_views_too(published: Connection) -> None:
    columns = published.execute(
        "select schema_name || '.' || table_name, column_name, comment from duckdb_columns() where not internal"
    ).fetchall()
    assert {"core.fct_observation", "marts.kp1_indicator", "meta.source_document"} <= {table for table, *_ in columns}
    assert [(table, column) for table, column, comment in columns if not (comment or "").strip()] == []


def test_the_compare_macro_has_a_comment(published: Connection) -> None:
    assert published.execute(
        "select parameters, comment <> '' from duckdb_functions() where function_name = 'compare' and not internal"
    ).fetchall() == [(["series_key", "from_period", "to_period"], True)]


def test_every_column_is_of_a_plain_type_that_older_clients_read(published: Connection) -> None:
    types = published.execute("select distinct data_type from duckdb_columns() where not internal").fetchall()
    assert {data_type for (data_type,) in types} <= PLAIN_TYPES


def test_the_file_is_written_in_the_storage_of_duckdb_1_2(published: Connection, published_file: Path) -> None:
    ((tags,),) = published.execute(
        "select tags from duckdb_databases() where database_name = current_database()"
    ).fetchall()
    assert tags["storage_version"] == "v1.2.0+"
    # What an older client looks at first: the magic word, then the number of the storage version (65: DuckDB 1.2).
    header = published_file.read_bytes()[:20]
    assert header[8:12] == b"DUCK"
    assert int.from_bytes(header[12:20], "little") == 65


# --- Words ---


def test_the_advantages_are_numbered_and_coded_as_in_the_strategy(published: Connection) -> None:
    rows = published.execute("select advantage_no, advantage_code from core.dim_advantage").fetchall()
    assert sorted(rows) == sorted(ADVANTAGES.items())


def test_there_are_31_indicators_47_actions_and_10_directions(published: Connection) -> None:
    assert published.execute(
        """
        select
            (select count(*) from core.dim_indicator),
            (select count(*) from core.fct_action_status),
            (select count(*) from core.dim_direction)
        """
    ).fetchall() == [(31, 47, 10)]


def test_a_school_year_runs_from_september_to_august(published: Connection) -> None:
    assert published.execute(
        "select period_kind, starts_on::varchar, ends_on::varchar from core.dim_period where label = '2024/2025'"
    ).fetchall() == [("school_year", "2024-09-01", "2025-08-31")]


def test_series_keys_are_readable_text(published: Connection) -> None:
    keys = [key for (key,) in published.execute("select series_key from core.dim_series").fetchall()]
    assert "liepaja-2020-2025/04/pii/emotional" in keys
    assert len(keys) == len(set(keys))


def test_observation_statuses_rank_as_the_design_says(published: Connection) -> None:
    ranked = published.execute("select obs_status_code from core.dim_obs_status order by precedence").fetchall()
    assert [code for (code,) in ranked] == OBS_STATUS_PRECEDENCE


def test_the_one_status_of_an_observation_is_the_first_of_all_by_precedence(published: Connection) -> None:
    rows = published.execute("select obs_status, obs_flags from core.fct_observation").fetchall()
    flags = [(status, set(all_codes.replace(",", " ").split())) for status, all_codes in rows]
    assert all(codes <= set(OBS_STATUS_PRECEDENCE) for _, codes in flags)
    assert [row for row in flags if row[0] != min(row[1], key=OBS_STATUS_PRECEDENCE.index)] == []


def test_progress_is_told_in_the_words_of_the_design(published: Connection) -> None:
    statuses = published.execute("select distinct progress_status from marts.indicator_progress").fetchall()
    reasons = published.execute("select distinct refusal_reason from marts.indicator_progress").fetchall()
    assert {status for (status,) in statuses} <= PROGRESS_STATUSES
    assert {reason for (reason,) in reasons} - {None} <= REFUSAL_REASONS


def test_the_printed_comma_stays_in_the_text_and_the_number_is_a_number(published: Connection) -> None:
    # Report, line 669: indicator 7, baseline 1,09% (2021).
    assert published.execute(
        "select value_text, value_numeric from core.fct_observation where series_key = ? and is_baseline",
        [INDICATOR_07],
    ).fetchall() == [("1,09%", 1.09)]


# --- The promise ---


def test_change_and_progress_are_null_unless_comparable(published: Connection) -> None:
    ((comparable, refused, leaked),) = published.execute(
        """
        select
            count(*) filter (where is_comparable),
            count(*) filter (where not is_comparable),
            count(*) filter (where is_comparable is not true and (change is not null or progress_share is not null))
        from marts.indicator_progress
        """
    ).fetchall()
    assert comparable > 0
    assert refused > 0
    assert leaked == 0


def test_no_other_published_relation_gives_a_change_that_is_not_comparable(published: Connection) -> None:
    relations = published.execute(
        """
        select schema_name || '.' || table_name from duckdb_columns()
        where not internal and column_name in ('is_comparable', 'change')
        group by all having count(*) = 2
        """
    ).fetchall()
    assert ("marts.kp1_indicator",) in relations
    for (relation,) in relations:
        leaked = published.execute(
            f"from {relation} where is_comparable is not true and change is not null"
        ).fetchall()
        assert leaked == [], relation


def test_what_is_not_comparable_says_why_and_what_is_comparable_has_a_change(published: Connection) -> None:
    wrong = published.execute(
        """
        select series_key, period_key from marts.indicator_progress
        where is_comparable = (refusal_reason is not null) or is_comparable = (change is null)
        """
    ).fetchall()
    assert wrong == []


def test_compare_gives_the_difference_of_a_comparable_pair(published: Connection) -> None:
    assert compare(published, *COMPARABLE_PAIR) == [(86.0, 84.0, -2.0, True, None, None, None)]


@pytest.mark.parametrize("periods", [("2021", "2023/2024"), ("2023/2024", "2021"), ("2023/2024", "2024/2025")])
def test_compare_refuses_indicator_07_in_both_directions_and_says_why(
    published: Connection, periods: tuple[str, str]
) -> None:
    # Report: the result of 2023/2024 covers one school only, so 1,09% (2021), 41% and 2,2% lie apart.
    ((from_value, to_value, difference, is_comparable, reason, reason_lv, reason_en),) = compare(
        published, INDICATOR_07, *periods
    )
    assert (from_value is None, to_value is None) == (False, False)
    assert (difference, is_comparable, reason) == (None, False, "break_declared")
    assert reason_lv
    assert reason_en
    assert reason_lv != reason_en


def test_compare_always_gives_one_row(published: Connection) -> None:
    series = [key for (key,) in published.execute("select series_key from core.dim_series order by all").fetchall()]
    questions = [(key, "2023/2024", "2024/2025") for key in series]
    questions += [
        ("no-such-series", "2023/2024", "2024/2025"),
        (INDICATOR_07, "no such period", "2024/2025"),
        (INDICATOR_07, "2024/2025", "2024/2025"),
        ("", "", ""),
    ]
    assert [question for question in questions if len(compare(published, *question)) != 1] == []
    assert len(compare(published, None, None, None)) == 1


def test_compare_gives_a_difference_or_a_reason_never_both_or_neither(published: Connection) -> None:
    series = [key for (key,) in published.execute("select series_key from core.dim_series order by all").fetchall()]
    for key in [*series, "no-such-series"]:
        ((_, _, difference, is_comparable, reason, *_),) = compare(published, key, "2023/2024", "2024/2025")
        assert is_comparable == (difference is not None) == (reason is None), key


# --- Views for each advantage ---


@pytest.mark.parametrize("advantage_no", ADVANTAGES)
@pytest.mark.parametrize("star", STARS)
def test_each_advantage_has_its_own_view_of_exactly_its_rows(
    published: Connection, advantage_no: int, star: str
) -> None:
    view = f"marts.{ADVANTAGES[advantage_no].lower()}_{star}"
    own = published.execute(f"from {view} order by all").fetchall()
    assert (
        own
        == published.execute(f"from marts.{STARS[star]} where advantage_no = {advantage_no} order by all").fetchall()
    )
    assert own


# --- Attached under another name ---


@pytest.fixture
def attached(published_file: Path) -> Iterator[Connection]:
    """A session of an analyst who attaches the file, with a table of her own that is called like one of ours."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{published_file}' as \"last year\" (read_only)")
        connection.execute("create schema marts")
        connection.execute("create table marts.indicator_progress (series_key varchar)")
        yield connection


def test_views_read_their_own_file_when_it_is_attached_under_another_name(
    attached: Connection, published: Connection
) -> None:
    views = [
        view
        for (view,) in published.execute(
            "select view_name from duckdb_views() where schema_name = 'marts'"
        ).fetchall()
    ]
    assert len(views) >= len(ADVANTAGES) * len(STARS)
    for view in views:
        theirs = attached.execute(f'select count(*) from "last year".marts."{view}"').fetchall()
        assert theirs == published.execute(f'select count(*) from marts."{view}"').fetchall(), view


def test_compare_works_in_a_file_that_is_attached_under_another_name_and_used(attached: Connection) -> None:
    attached.execute('use "last year"')
    assert compare(attached, *COMPARABLE_PAIR) == [(86.0, 84.0, -2.0, True, None, None, None)]
    ((_, _, difference, _, reason, *_),) = compare(attached, INDICATOR_07, "2021", "2023/2024")
    assert (difference, reason) == (None, "break_declared")


def test_compare_without_use_fails_rather_than_answer_from_another_file(attached: Connection) -> None:
    # DuckDB looks up the tables of a macro in the session's own database, so `use` is needed first.
    with pytest.raises(duckdb.CatalogException):
        compare(attached, *COMPARABLE_PAIR, macro='"last year".marts.compare')
