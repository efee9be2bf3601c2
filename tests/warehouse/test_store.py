"""The build file: begun empty, written table by table, each row and rejection kept."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import duckdb
import pytest

from warehouse.contract import Column, Contract, load_marks
from warehouse.landing import FoundFile, SourceDocument, Strategy
from warehouse.loading import LoadedFile
from warehouse.readers import LandingFile, read_landing_file
from warehouse.store import (
    open_build,
    open_read_only,
    record_files,
    start_build,
    write_raw_table,
    write_source_documents,
)

StartBuild = Callable[[str], Path]

RUN = {"run_id": "synthetic-run", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}
CONTRACT = Contract(
    source="synthetic",
    table="item",
    grain="One row a synthetic item.",
    key=("item_no",),
    columns=(
        Column(name="item_no", type="integer", required=True, description="Synthetic."),
        Column(name="value_printed", type="printed", description="Synthetic."),
    ),
)


@pytest.fixture
def build_file(tmp_path: Path) -> Path:
    path = tmp_path / "build" / "meraukla.duckdb"
    start_build(path, RUN)
    return path


def read_file(
    folder: Path, strategy: str, content: str, contract: Contract = CONTRACT, superseded_on: date | None = None
) -> LoadedFile:
    path = folder / f"{strategy}.csv"
    path.write_text(content, "utf-8")
    file = LandingFile(path, f"{strategy}/synthetic/item.csv", strategy, date(2026, 1, 31))
    return LoadedFile(
        FoundFile(file, contract), read_landing_file(file, contract, load_marks()), superseded_on=superseded_on
    )


def rows(connection: duckdb.DuckDBPyConnection, query: str) -> list[tuple[object, ...]]:
    return connection.execute(query).fetchall()


# --- The build file ---


def test_a_build_begins_empty_with_the_row_of_its_run(build_file: Path) -> None:
    with open_build(build_file) as connection:
        ((run_id, published_at, age),) = rows(
            connection,
            "select run_id, published_at, now() at time zone 'UTC' - started_at < interval 1 minute from audit.run",
        )
        assert (run_id, published_at, age) == ("synthetic-run", None, True)
        assert rows(connection, "select count(*) from audit.source_file") == [(0,)]


KILLED = """
import os, sys
import duckdb

connection = duckdb.connect(sys.argv[1])
connection.execute("create table raw.leftover as select 1 as a")
os._exit(0)
"""


def test_a_build_never_stands_on_what_an_earlier_one_left(build_file: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED, build_file], check=True)  # noqa: S603
    assert build_file.with_name("meraukla.duckdb.wal").exists()

    start_build(build_file, RUN | {"run_id": "synthetic-next"})

    with open_build(build_file) as connection:
        assert rows(connection, "select run_id from audit.run") == [("synthetic-next",)]
        assert rows(connection, "select table_name from duckdb_tables() where schema_name = 'raw'") == []


def test_an_error_while_the_build_file_is_open_leaves_it_closed(build_file: Path) -> None:
    with pytest.raises(duckdb.CatalogException), open_build(build_file) as connection:
        connection.execute("select * from absent")
    with pytest.raises(duckdb.ConnectionException):
        connection.execute("select 1")


# --- Raw tables and their accounts ---


def test_accepted_rows_of_all_strategies_stand_in_one_raw_table(build_file: Path, tmp_path: Path) -> None:
    results = [
        read_file(tmp_path, "synthetic-a", 'item_no,value_printed\n1,"4,5 %"\n'),
        read_file(tmp_path, "synthetic-b", "item_no,value_printed\n1,Nav mērīts\n"),
    ]
    with open_build(build_file) as connection:
        assert write_raw_table(connection, CONTRACT, results) == 2
        assert rows(
            connection,
            "select strategy_code, item_no, value_printed, value_numeric, value_mark, _source_file, _row_number, "
            "_vintage from raw.synthetic__item order by strategy_code",
        ) == [
            ("synthetic-a", 1, "4,5 %", 4.5, None, "synthetic-a/synthetic/item.csv", 2, date(2026, 1, 31)),
            (
                "synthetic-b",
                1,
                "Nav mērīts",
                None,
                "not_measured",
                "synthetic-b/synthetic/item.csv",
                2,
                date(2026, 1, 31),
            ),
        ]


def test_a_raw_table_exists_even_if_no_file_was_handed_in(build_file: Path) -> None:
    with open_build(build_file) as connection:
        assert write_raw_table(connection, CONTRACT, []) == 0
        columns = rows(connection, "select column_name from (describe raw.synthetic__item)")
    assert [name for (name,) in columns] == CONTRACT.schema.names


def test_writing_a_raw_table_again_replaces_it(build_file: Path, tmp_path: Path) -> None:
    with open_build(build_file) as connection:
        for content in ("item_no,value_printed\n1,1\n2,2\n", "item_no,value_printed\n3,3\n"):
            write_raw_table(connection, CONTRACT, [read_file(tmp_path, "synthetic-a", content)])
        assert rows(connection, "select item_no from raw.synthetic__item") == [(3,)]


def test_what_was_read_accepted_and_quarantined_is_on_record(build_file: Path, tmp_path: Path) -> None:
    loaded = read_file(tmp_path, "synthetic-a", "item_no,value_printed\n1,1\none,a lot\n1,2\n")
    with open_build(build_file) as connection:
        record_files(connection, CONTRACT, [loaded])
        assert rows(
            connection,
            "select strategy_code, source_name, table_name, sha256, rows_read, rows_accepted, rows_quarantined "
            "from audit.source_file",
        ) == [("synthetic-a", "synthetic", "item", loaded.result.sha256, 3, 1, 2)]
        assert rows(connection, "select row_number, column_name, value, rule from audit.quarantine order by all") == [
            (3, "item_no", "one", "not_an_integer"),
            (3, "value_printed", "a lot", "unreadable_value"),
            (4, "item_no", "1", "duplicate_key"),
        ]


def test_a_quarantined_row_keeps_its_cells_and_says_why_in_both_languages(build_file: Path, tmp_path: Path) -> None:
    loaded = read_file(tmp_path, "synthetic-a", 'item_no,value_printed\n1,"it\'s a ""bļoda"" \x00"\n')
    with open_build(build_file) as connection:
        record_files(connection, CONTRACT, [loaded])
        ((row_json, message_lv, message_en),) = connection.execute(
            "select row_json, message_lv, message_en from audit.quarantine"
        ).fetchall()
    assert json.loads(row_json) == {"item_no": "1", "value_printed": 'it\'s a "bļoda" \x00'}
    assert "2. rinda" in message_lv
    assert "row 2" in message_en


def test_a_file_without_a_single_good_row_is_still_on_record(build_file: Path, tmp_path: Path) -> None:
    with open_build(build_file) as connection:
        record_files(connection, CONTRACT, [read_file(tmp_path, "synthetic-a", "")])
        assert rows(connection, "select rows_read, rows_accepted from audit.source_file") == [(0, 0)]
        assert rows(connection, "select distinct row_number, rule from audit.quarantine") == [(0, "empty_file")]


def test_recording_a_file_again_replaces_its_account_and_no_other(build_file: Path, tmp_path: Path) -> None:
    bad, good = "item_no,value_printed\none,1\n", "item_no,value_printed\n1,1\n"
    with open_build(build_file) as connection:
        record_files(
            connection, CONTRACT, [read_file(tmp_path, name, bad) for name in ("synthetic-a", "synthetic-b")]
        )
        record_files(connection, CONTRACT, [read_file(tmp_path, "synthetic-a", good)])
        assert rows(connection, "select strategy_code from audit.quarantine") == [("synthetic-b",)]
        assert rows(connection, "select strategy_code, rows_quarantined from audit.source_file order by all") == [
            ("synthetic-a", 0),
            ("synthetic-b", 1),
        ]


def test_the_origin_of_every_strategy_is_written_once(build_file: Path, tmp_path: Path) -> None:
    texts = dict.fromkeys(SourceDocument.model_fields, "synthetic") | {"received_on": date(2026, 1, 31)}
    strategy = Strategy("synthetic-a", tmp_path, SourceDocument.model_validate(texts))
    with open_build(build_file) as connection:
        for _ in range(2):
            assert write_source_documents(connection, [strategy]) == 1
        assert rows(connection, "select strategy_code, document_code, received_on from meta.source_document") == [
            ("synthetic-a", "synthetic", date(2026, 1, 31))
        ]


# --- Reading only ---


@pytest.mark.parametrize(
    "statement",
    [
        "create table core.intruder (a integer)",
        "delete from core.synthetic_item",
        "from read_text('{outside}')",
        "attach '{outside}' as other",
        "copy core.synthetic_item to '{outside}'",
        "set enable_external_access = true",
    ],
)
def test_a_reader_can_neither_write_nor_reach_anything_else(
    start_synthetic_build: StartBuild, tmp_path: Path, statement: str
) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("not for readers", "utf-8")
    with open_read_only(start_synthetic_build("synthetic-run")) as connection:
        assert rows(connection, "select count(*) from core.synthetic_item") == [(2,)]
        with pytest.raises(duckdb.Error):
            connection.execute(statement.format(outside=outside))
    assert outside.read_text("utf-8") == "not for readers"


def test_reading_what_is_not_there_makes_no_file(tmp_path: Path) -> None:
    path = tmp_path / "absent.duckdb"
    with pytest.raises(duckdb.IOException), open_read_only(path):
        pass
    assert not path.exists()
