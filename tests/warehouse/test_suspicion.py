"""Open suspicions, on synthetic files: which of them are new since the file published before."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from warehouse.store import open_build, open_read_only
from warehouse.suspicion import Suspicions, record_suspicions

StartBuild = Callable[[str], Path]

FLAGS = """
create table core.fct_flag (
    flag_key varchar, flag_id varchar, rule varchar, series_key varchar, kind varchar, reason_lv varchar,
    reason_en varchar
);
insert into core.fct_flag values
    ('spoon/b', 'b', 'level_shift', 'spoon', 'suspected', 'Kāpēc „b”.', 'Why b.'),
    ('bļoda/a', 'a', 'level_shift', 'bļoda', 'suspected', 'Kāpēc „a”.', 'Why a.'),
    ('spoon/c', 'c', 'level_shift', 'spoon', 'confirmed', 'Kāpēc „c”.', 'Why c.'),
    ('spoon/d', 'd', 'level_shift', 'spoon', 'dismissed', 'Kāpēc „d”.', 'Why d.'),
    ('spoon/e', 'e', 'unit_mismatch', 'spoon', 'declared', 'Kāpēc „e”.', 'Why e.');
"""
OPEN = ["bļoda/a", "spoon/b"]


@pytest.fixture
def build_file(start_synthetic_build: StartBuild) -> Path:
    """A build file with a flag of each kind, two of them open."""
    file = start_synthetic_build("synthetic-run")
    with open_build(file) as connection:
        connection.execute(FLAGS)
    return file


@pytest.fixture
def published_file(tmp_path: Path) -> Path:
    """Where the file is published: nothing is there yet."""
    return tmp_path / "published.duckdb"


def publish(build_file: Path, published_file: Path, change: str = "") -> None:
    """Stand in for a publication: the file published before, with what was different then."""
    shutil.copyfile(build_file, published_file)
    with open_build(published_file) as connection:
        connection.execute(change)


def keys(suspicions: Suspicions) -> tuple[list[str], list[str]]:
    return [item.flag_key for item in suspicions.open], [item.flag_key for item in suspicions.new]


def recorded(build_file: Path) -> tuple[int, list[str]]:
    with open_read_only(build_file) as connection:
        ((count, new),) = connection.execute("select open_suspicion_count, new_suspicions from audit.run").fetchall()
    return count, json.loads(new)


def test_at_the_first_publication_all_are_new(build_file: Path, published_file: Path) -> None:
    suspicions = record_suspicions(build_file, published_file)
    assert keys(suspicions) == (OPEN, OPEN)
    assert recorded(build_file) == (2, OPEN)
    assert not published_file.exists()
    first = suspicions.new[0]
    assert (first.flag_id, first.rule, first.series_key) == ("a", "level_shift", "bļoda")
    assert (first.reason_lv, first.reason_en) == ("Kāpēc „a”.", "Why a.")


def test_the_same_suspicions_again_are_open_and_none_is_new(build_file: Path, published_file: Path) -> None:
    publish(build_file, published_file)
    before = published_file.read_bytes()
    assert keys(record_suspicions(build_file, published_file)) == (OPEN, [])
    assert recorded(build_file) == (2, [])
    assert published_file.read_bytes() == before


@pytest.mark.parametrize(
    "change",
    [
        "delete from core.fct_flag where flag_key = 'spoon/b'",
        # Evidence that changed opens a dismissed question again, and so does a decision that was taken back.
        "update core.fct_flag set kind = 'dismissed' where flag_key = 'spoon/b'",
        "update core.fct_flag set kind = 'declared' where flag_key = 'spoon/b'",
    ],
    ids=["not_found_before", "dismissed_before", "declared_before"],
)
def test_one_more_suspicion_is_the_new_one(build_file: Path, published_file: Path, change: str) -> None:
    publish(build_file, published_file, change)
    assert keys(record_suspicions(build_file, published_file)) == (OPEN, ["spoon/b"])
    assert recorded(build_file) == (2, ["spoon/b"])


def test_what_was_open_before_and_is_decided_now_is_neither_open_nor_new(
    build_file: Path, published_file: Path
) -> None:
    publish(build_file, published_file)
    with open_build(build_file) as connection:
        connection.execute("update core.fct_flag set kind = 'dismissed' where flag_key = 'spoon/b'")
    assert keys(record_suspicions(build_file, published_file)) == (["bļoda/a"], [])
    assert recorded(build_file) == (1, [])


def test_without_a_suspicion_the_record_says_none_not_unknown(build_file: Path, published_file: Path) -> None:
    with open_build(build_file) as connection:
        connection.execute("delete from core.fct_flag")
    assert keys(record_suspicions(build_file, published_file)) == ([], [])
    assert recorded(build_file) == (0, [])


def test_a_build_that_did_not_get_so_far_says_nothing_of_suspicions(build_file: Path) -> None:
    with open_read_only(build_file) as connection:
        columns = "open_suspicion_count, new_suspicions"
        assert connection.execute(f"select {columns} from audit.run").fetchall() == [(None, None)]


def test_to_a_damaged_published_file_all_are_new(build_file: Path, published_file: Path) -> None:
    published_file.write_text("not a DuckDB file", "utf-8")
    assert keys(record_suspicions(build_file, published_file)) == (OPEN, OPEN)


@pytest.mark.parametrize(
    "older",
    ["drop table core.fct_flag", "alter table core.fct_flag drop column kind"],
    ids=["without_flags", "without_kinds"],
)
def test_to_a_file_of_an_older_version_all_are_new(build_file: Path, published_file: Path, older: str) -> None:
    publish(build_file, published_file, older)
    assert keys(record_suspicions(build_file, published_file)) == (OPEN, OPEN)
    assert recorded(build_file) == (2, OPEN)


def test_a_published_file_that_a_reader_has_open_is_compared_with(build_file: Path, published_file: Path) -> None:
    publish(build_file, published_file)
    # In the same process DuckDB wants the same configuration, so the reader is one of ours.
    with open_read_only(published_file) as reader:
        assert reader.execute("select count(*) from core.fct_flag").fetchall() == [(5,)]
        assert keys(record_suspicions(build_file, published_file)) == (OPEN, [])


def test_a_rebuild_in_place_of_the_record_replaces_it(build_file: Path, published_file: Path) -> None:
    record_suspicions(build_file, published_file)
    publish(build_file, published_file)
    record_suspicions(build_file, published_file)
    assert recorded(build_file) == (2, [])


def test_the_record_is_one_row_of_its_run(build_file: Path, published_file: Path) -> None:
    record_suspicions(build_file, published_file)
    with duckdb.connect(str(build_file), read_only=True) as connection:
        recorded_runs = connection.execute("select run_id, published_at from audit.run").fetchall()
    assert recorded_runs == [("synthetic-run", None)]
