"""Publication: the published file changes whole or not at all, and holds what older clients can read."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from warehouse import publish as publication
from warehouse import snapshot
from warehouse.publish import PLAIN_TYPES, PUBLISHED_SCHEMAS, PublicationError, publish
from warehouse.snapshot import SnapshotDraft, SnapshotStore
from warehouse.store import open_build, open_detached, open_read_only

StartBuild = Callable[[str], Path]
PROJECT = Path(__file__).parents[2]
STABLE_NAMES = {"meraukla.duckdb", "parquet", "manifest.json", "changes.json"}


@pytest.fixture
def build_file(start_synthetic_build: StartBuild) -> Path:
    return start_synthetic_build("synthetic-run")


@pytest.fixture
def published_file(tmp_path: Path) -> Path:
    """Where the file goes: in a folder that is not there yet, with a name that SQL has to quote."""
    return tmp_path / "city's published" / "meraukla.duckdb"


def rows(file: Path, query: str) -> list[tuple[object, ...]]:
    with open_read_only(file) as connection:
        return connection.execute(query).fetchall()


def run_id(file: Path) -> object:
    ((value,),) = rows(file, "select run_id from audit.run")
    return value


def change_build(file: Path, statement: str) -> None:
    with open_build(file) as connection:
        connection.execute(statement)


# --- What is in the file ---


def test_the_published_rows_are_those_of_the_build(build_file: Path, published_file: Path) -> None:
    counts = publish(build_file, published_file).tables
    assert counts["core.synthetic_item"] == 2
    assert rows(published_file, "select item_key, item_count, seen_on::varchar from core.synthetic_item") == [
        ("spoon", 3, "2026-01-31"),
        ("bļoda", None, None),
    ]


def test_the_counts_are_those_of_every_published_table(build_file: Path, published_file: Path) -> None:
    counts = publish(build_file, published_file).tables
    names = [name for (name,) in rows(published_file, "select schema_name || '.' || table_name from duckdb_tables()")]
    assert counts == {
        name: rows(published_file, f"select count(*) from {name}")[0][0]
        for name in names
        if name != "meta.published_table"
    }


def test_schemas_that_are_not_for_users_are_not_in_the_file(build_file: Path, published_file: Path) -> None:
    publish(build_file, published_file)
    schemas = rows(published_file, "select schema_name from duckdb_schemas() where not internal")
    assert {schema for (schema,) in schemas} == set(PUBLISHED_SCHEMAS)


def test_nothing_of_an_inner_table_is_left_in_the_bytes_of_the_file(build_file: Path, published_file: Path) -> None:
    change_build(build_file, "create table raw.respondent as select 'synthetic-name-of-a-respondent' as name")
    publish(build_file, published_file)
    assert b"synthetic-name-of-a-respondent" in build_file.read_bytes()
    assert b"synthetic-name-of-a-respondent" not in published_file.read_bytes()


def test_comments_survive(build_file: Path, published_file: Path) -> None:
    publish(build_file, published_file)
    assert rows(published_file, "select comment from duckdb_tables() where table_name = 'synthetic_item'") == [
        ("One row a synthetic item: it's not a fact.",)
    ]
    assert rows(published_file, "select comment from duckdb_views() where view_name = 'synthetic_view'") == [
        ("The items without their day.",)
    ]
    assert rows(
        published_file,
        "select table_name, column_name, comment from duckdb_columns() "
        "where schema_name in ('core', 'marts') and comment is not null order by all",
    ) == [("synthetic_item", "item_count", "How many."), ("synthetic_view", "item_key", "Which item.")]


@pytest.mark.parametrize("name", ["meraukla.duckdb", "another_name.duckdb"])
def test_views_and_macros_work_in_the_file_and_in_a_copy_of_any_name(
    build_file: Path, published_file: Path, tmp_path: Path, name: str
) -> None:
    publish(build_file, published_file)
    copied = shutil.copy(published_file, tmp_path / name)
    assert rows(copied, "from marts.a_view_on_a_view order by all") == [("bļoda",), ("spoon",)]
    assert rows(copied, "from marts.synthetic_compare(2)") == [("spoon",)]


def test_the_file_is_in_the_storage_format_of_duckdb_1_2(build_file: Path, published_file: Path) -> None:
    publish(build_file, published_file)
    assert rows(published_file, "select tags['storage_version'] from duckdb_databases() where not internal") == [
        ("v1.2.0+",)
    ]


def test_the_file_says_when_it_was_published_and_the_build_stays_as_it_was(
    build_file: Path, published_file: Path
) -> None:
    before = build_file.read_bytes()
    publish(build_file, published_file)
    assert rows(
        published_file,
        "select published_at between started_at and now() at time zone 'UTC' from audit.run",
    ) == [(True,)]
    assert build_file.read_bytes() == before


def test_two_publications_of_one_build_hold_the_same_rows(build_file: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first" / "meraukla.duckdb", tmp_path / "second" / "meraukla.duckdb"
    assert publish(build_file, first).tables == publish(build_file, second).tables
    for table in ("core.synthetic_item", "(select * exclude (published_at, snapshot_id) from audit.run)"):
        assert rows(first, f"from {table}") == rows(second, f"from {table}")


def test_the_folder_holds_the_snapshot_and_stable_names_for_what_is_in_it(
    build_file: Path, published_file: Path
) -> None:
    publication = publish(build_file, published_file)
    folder = published_file.parent
    assert {path.name for path in folder.iterdir()} == {*STABLE_NAMES, "current", "history.jsonl", "snapshots"}
    assert {name: str((folder / name).readlink()) for name in STABLE_NAMES} == {
        name: f"current/{name}" for name in STABLE_NAMES
    }
    assert (folder / "current").resolve() == publication.path.resolve()
    assert {path.name for path in publication.path.iterdir()} == STABLE_NAMES


# --- Types ---


@pytest.mark.parametrize("data_type", sorted(PLAIN_TYPES))
def test_a_plain_type_is_published(build_file: Path, published_file: Path, data_type: str) -> None:
    change_build(build_file, f"create table core.synthetic_type (a {data_type})")
    assert publish(build_file, published_file).tables["core.synthetic_type"] == 0


@pytest.mark.parametrize(
    "data_type",
    ["DECIMAL(10,2)", "TIMESTAMP WITH TIME ZONE", "UUID", "VARCHAR[]", "STRUCT(a INTEGER)", "ENUM('a')", "VARIANT"],
)
@pytest.mark.parametrize("kind", ["table", "view"])
def test_a_type_that_older_clients_may_not_know_is_refused_by_its_column(
    build_file: Path, published_file: Path, data_type: str, kind: str
) -> None:
    change_build(build_file, f"create {kind} marts.synthetic_type as select null::{data_type} as a")
    with pytest.raises(PublicationError, match=r"marts\.synthetic_type\.a has the type .* Cast it in its model"):
        publish(build_file, published_file)


def test_an_inner_table_may_have_any_type(build_file: Path, published_file: Path) -> None:
    change_build(build_file, "create table raw.synthetic_type as select 1.5::decimal(3, 1) as a")
    publish(build_file, published_file)
    assert run_id(published_file) == "synthetic-run"


# --- A publication that fails ---


Copy = Callable[..., Any]


def spoil(copy: Copy, statement: str) -> Copy:
    def copy_and_spoil(connection: object, build_file: Path, draft: SnapshotDraft, *others: object) -> object:
        stamps = copy(connection, build_file, draft, *others)
        change_build(draft.database, statement)
        return stamps

    return copy_and_spoil


def stop(*_: object) -> None:
    raise OSError("stopped in the middle")


Break = Callable[[pytest.MonkeyPatch, Path], object]
BREAKS: dict[str, tuple[Break, type[Exception], str | None]] = {
    "before_the_rename": (lambda patch, _: patch.setattr(snapshot, "flush_tree", stop), OSError, "stopped"),
    "at_the_rename": (lambda patch, _: patch.setattr(Path, "replace", stop), OSError, "stopped"),
    "while_parquet_is_written": (
        lambda patch, _: patch.setattr(publication, "_write_parquet", stop),
        OSError,
        "stopped",
    ),
    "copy_lost_a_row": (
        lambda patch, _: patch.setattr(
            publication,
            "_copy",
            spoil(publication._copy, "delete from core.synthetic_item where item_key = 'spoon'"),
        ),
        PublicationError,
        "does not hold the rows",
    ),
    "copy_changed_a_value": (
        lambda patch, _: patch.setattr(
            publication, "_copy", spoil(publication._copy, "update core.synthetic_item set item_count = 4")
        ),
        PublicationError,
        "does not hold the rows",
    ),
    "view_on_an_inner_table": (
        lambda _, build: change_build(build, "create view marts.inside as select secret from raw.synthetic_raw"),
        PublicationError,
        r"marts\.inside cannot be read",
    ),
    "new_type": (
        lambda _, build: change_build(build, "alter table core.synthetic_item alter seen_on type timestamptz"),
        PublicationError,
        "older clients",
    ),
    "no_run_on_record": (
        lambda _, build: change_build(build, "drop table audit.run"),
        duckdb.CatalogException,
        "run does not exist",
    ),
    "build_file_cut_off": (lambda _, build: build.write_bytes(build.read_bytes()[:5000]), duckdb.Error, None),
    "build_file_absent": (lambda _, build: build.unlink(), duckdb.Error, None),
}


@pytest.mark.parametrize("broken", BREAKS)
@pytest.mark.parametrize("is_first", [True, False], ids=["first_publication", "later_publication"])
def test_a_publication_that_fails_leaves_the_folder_as_it_was(
    start_synthetic_build: StartBuild,
    published_file: Path,
    monkeypatch: pytest.MonkeyPatch,
    broken: str,
    is_first: bool,
) -> None:
    break_it, error, message = BREAKS[broken]
    if not is_first:
        publish(start_synthetic_build("synthetic-old"), published_file)
    before = contents(published_file.parent)
    build_file = start_synthetic_build("synthetic-new")
    break_it(monkeypatch, build_file)

    with pytest.raises(error, match=message):
        publish(build_file, published_file)

    assert contents(published_file.parent) == before


def contents(folder: Path) -> dict[str, bytes]:
    """Whatever is a file, under each name it can be reached by, and where the links point."""
    files = {str(path): path.read_bytes() for path in folder.glob("**/*") if path.is_file()}
    return files | {f"{path} ->": str(path.readlink()).encode() for path in folder.glob("*") if path.is_symlink()}


def test_the_publication_after_a_failed_one_succeeds(
    start_synthetic_build: StartBuild, published_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_file = start_synthetic_build("synthetic-new")
    with monkeypatch.context() as patch:
        patch.setattr(snapshot, "flush_tree", stop)
        with pytest.raises(OSError, match="stopped"):
            publish(build_file, published_file)
    publish(build_file, published_file)
    assert run_id(published_file) == "synthetic-new"


KILLED = """
import os, sys
from pathlib import Path
from warehouse import publish as publication, snapshot

def die(*_):
    os._exit(9)

owner, name = {owner}
setattr(owner, name, die)
publication.publish(Path(sys.argv[1]), Path(sys.argv[2]))
"""
# Where a run is killed → what users read afterwards.
MOMENTS = {
    "(publication, '_write_manifest')": "synthetic-old",
    "(snapshot, 'flush_tree')": "synthetic-old",
    "(snapshot.SnapshotStore, '_switch')": "synthetic-old",
    "(snapshot.SnapshotStore, '_link')": "synthetic-new",
    "(snapshot.SnapshotStore, '_note')": "synthetic-new",
}


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("is_first", [True, False], ids=["first_publication", "later_publication"])
def test_a_killed_publication_leaves_the_old_file_or_the_new_one_and_the_next_one_clears_up(
    start_synthetic_build: StartBuild, published_file: Path, moment: str, is_first: bool
) -> None:
    if not is_first:
        publish(start_synthetic_build("synthetic-old"), published_file)
    build_file = start_synthetic_build("synthetic-new")

    killed = subprocess.run(  # noqa: S603
        [sys.executable, "-c", KILLED.replace("{owner}", moment), build_file, published_file],
        check=False,
        cwd=PROJECT,
    )

    assert killed.returncode == 9
    if not is_first:
        assert run_id(published_file) == MOMENTS[moment]
    store = SnapshotStore(published_file.parent)
    whole = {one.snapshot_id for one in store.snapshots()}
    removed = set(store.sweep())
    is_switched = MOMENTS[moment] == "synthetic-new"
    assert len(removed) == (0 if is_switched else 1)
    assert {one.snapshot_id for one in store.snapshots()} == whole | ({store.current_id} if is_switched else set())
    assert store.current_id in {one.snapshot_id for one in store.snapshots()} | {None}
    if is_switched:
        assert run_id(published_file) == "synthetic-new"
        assert store.history()[-1]["snapshot"] == store.current_id
    start_synthetic_build("synthetic-newest")
    publish(build_file, published_file)
    assert run_id(published_file) == "synthetic-newest"
    assert not list(published_file.parent.glob("**/.*"))


def test_a_disk_that_fills_up_after_the_switch_does_not_undo_it(
    start_synthetic_build: StartBuild, published_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(start_synthetic_build("synthetic-old"), published_file)
    with monkeypatch.context() as patch:
        patch.setattr(SnapshotStore, "_note", stop)
        publish(start_synthetic_build("synthetic-new"), published_file)
    assert run_id(published_file) == "synthetic-new"
    store = SnapshotStore(published_file.parent)
    assert store.sweep() == []
    assert store.history()[-1]["snapshot"] == store.current_id


# --- The folder of an earlier version ---


def test_a_plain_file_of_an_earlier_version_makes_way_for_the_link(
    start_synthetic_build: StartBuild, published_file: Path
) -> None:
    build_file = start_synthetic_build("synthetic-old")
    published_file.parent.mkdir()
    shutil.copyfile(build_file, published_file)
    half = published_file.parent / ".publishing-x1"
    half.mkdir()
    publication = publish(start_synthetic_build("synthetic-new"), published_file)
    assert published_file.is_symlink()
    assert run_id(published_file) == "synthetic-new"
    assert not half.exists()
    # It is compared with what was published before, though that has no stamps.
    assert publication.difference is not None
    assert publication.difference.tables == ()


# --- Readers, and users who write ---

HOLDER = """
import sys
import duckdb

connection = duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "read_only")
for _ in sys.stdin:
    print(*connection.execute("select run_id from audit.run").fetchone(), flush=True)
"""


@pytest.fixture
def hold_open(published_file: Path) -> Iterator[Callable[[str], Callable[[], str]]]:
    """Open the published file in another process; what comes back asks that process for the run's id."""
    holders: list[subprocess.Popen[str]] = []

    def hold(mode: str) -> Callable[[], str]:
        holder = subprocess.Popen(  # noqa: S603
            [sys.executable, "-c", HOLDER, published_file, mode],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        holders.append(holder)

        def ask() -> str:
            assert holder.stdin
            assert holder.stdout
            holder.stdin.write("\n")
            holder.stdin.flush()
            return holder.stdout.readline().strip()

        return ask

    yield hold
    for holder in holders:
        holder.communicate(timeout=10)


@pytest.mark.parametrize("mode", ["read_only", "read_write"])
def test_who_holds_the_old_file_keeps_it_and_who_opens_anew_gets_the_new_one(
    start_synthetic_build: StartBuild, published_file: Path, hold_open: Callable[[str], Callable[[], str]], mode: str
) -> None:
    publish(start_synthetic_build("synthetic-old"), published_file)
    ask_holder = hold_open(mode)
    assert ask_holder() == "synthetic-old"

    publish(start_synthetic_build("synthetic-new"), published_file)

    assert run_id(published_file) == "synthetic-new"
    assert ask_holder() == "synthetic-old"


def test_a_reader_does_not_keep_the_next_build_from_being_written(
    start_synthetic_build: StartBuild, published_file: Path
) -> None:
    publish(start_synthetic_build("synthetic-old"), published_file)
    with open_read_only(published_file):
        publish(start_synthetic_build("synthetic-new"), published_file)
    assert run_id(published_file) == "synthetic-new"


WRITER = """
import os, sys
import duckdb

connection = duckdb.connect(sys.argv[1])
connection.execute("create table core.intruder as select 1 as a")
os._exit(0)
"""


def test_what_a_user_wrote_to_the_old_file_does_not_reach_the_new_one(
    start_synthetic_build: StartBuild, published_file: Path
) -> None:
    publish(start_synthetic_build("synthetic-old"), published_file)
    subprocess.run([sys.executable, "-c", WRITER, published_file], check=True)  # noqa: S603
    # Its write-ahead log lies beside the file that the link leads to, or, with older clients, beside the link.
    assert list(published_file.parent.glob("**/*.wal"))

    publish(start_synthetic_build("synthetic-new"), published_file)

    assert rows(published_file, "select table_name from duckdb_tables() where schema_name = 'core'") == [
        ("synthetic_item",)
    ]
    store = SnapshotStore(published_file.parent)
    store.roll_back(store.find("previous"))
    assert run_id(published_file) == "synthetic-old"
    assert rows(published_file, "select table_name from duckdb_tables() where schema_name = 'core'") == [
        ("synthetic_item",)
    ]
    assert not list(published_file.parent.glob("**/*.wal"))


# --- Memory ---


def test_a_publication_keeps_to_one_limit_of_memory_at_a_time(
    build_file: Path, published_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What DuckDB keeps is limited a session: two at once could take twice the limit.
    publish(build_file, published_file)
    change_build(build_file, "update audit.run set run_id = 'synthetic-new'")
    at_once: list[int] = []
    limits = set()

    @contextmanager
    def counted(memory_limit: str | None = None, spill: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        limits.add((memory_limit, spill and spill.parent))
        at_once.append(len(alive) + 1)
        alive.append(memory_limit)
        with open_detached(memory_limit, spill) as connection:
            yield connection
        alive.pop()

    alive: list[str | None] = []
    for module in ("warehouse.publish", "warehouse.difference"):
        monkeypatch.setattr(f"{module}.open_detached", counted)
    publish(build_file, published_file, memory_limit="100MB")
    # The copy, the proof with the Parquet files, and the comparison with the snapshot before.
    assert at_once == [1, 1, 1]
    assert limits == {("100MB", build_file.parent)}


def test_a_publication_that_runs_out_of_memory_says_so_and_leaves_what_was_published(
    build_file: Path, published_file: Path
) -> None:
    publish(build_file, published_file)
    before = published_file.resolve()
    change_build(build_file, "update audit.run set run_id = 'synthetic-new'")
    with open_build(build_file) as connection:
        connection.execute(
            "create table marts.synthetic_wide as select repeat('x', 100000) || i as t from range(400) r(i)"
        )
    with pytest.raises(duckdb.OutOfMemoryException):
        publish(build_file, published_file, memory_limit="1MB")
    assert published_file.resolve() == before
    assert not list(published_file.parent.glob("**/.*"))
    assert not list(build_file.parent.glob("*.tmp"))
