"""Snapshots: which are kept, how one goes back, what is said of each, and what changed between two."""

import json
import stat
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyarrow.dataset
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.difference import compare_files
from warehouse.files import file_sha256
from warehouse.publish import Publication, publish, stamp_sql
from warehouse.snapshot import MANIFEST, Retention, Snapshot, SnapshotDraft, SnapshotError, SnapshotStore, _kept
from warehouse.store import open_build, open_read_only

StartBuild = Callable[[str], Path]
RIGA = ZoneInfo("Europe/Riga")
KEYS = {"core.synthetic_item": ("item_key",)}


@pytest.fixture
def published_file(tmp_path: Path) -> Path:
    return tmp_path / "published" / "meraukla.duckdb"


@pytest.fixture
def publish_run(start_synthetic_build: StartBuild, published_file: Path) -> Callable[..., Publication]:
    """Publish a synthetic run, after a change to its build file."""

    def publish_it(run_id: str, change: str = "select 1") -> Publication:
        build_file = start_synthetic_build(run_id)
        with open_build(build_file) as connection:
            connection.execute(change)
        return publish(build_file, published_file, keys=KEYS)

    return publish_it


PublishRun = Callable[..., Publication]


def store_of(published_file: Path) -> SnapshotStore:
    return SnapshotStore(published_file.parent)


def run_id(file: Path) -> object:
    with open_read_only(file) as connection:
        ((value,),) = connection.execute("select run_id from audit.run").fetchall()
    return value


# --- What is said of a snapshot ---


def test_each_table_is_stamped_with_the_snapshot_its_rows_and_a_hash_that_its_rows_give(
    publish_run: PublishRun, published_file: Path
) -> None:
    publication = publish_run("synthetic")
    with open_read_only(published_file) as connection:
        stamps = connection.execute("from meta.published_table order by table_name").fetchall()
        tables = connection.execute("select schema_name || '.' || table_name from duckdb_tables()").fetchall()
        assert {stamp[1] for stamp in stamps} == {name for (name,) in tables} - {"meta.published_table"}
        for snapshot_id, name, row_count, content_hash, _ in stamps:
            columns = [column for (column, *_) in connection.execute(f"describe {name}").fetchall()]
            assert connection.execute(stamp_sql(name, columns)).fetchall() == [(row_count, content_hash)]
            assert snapshot_id == publication.snapshot_id
        assert connection.execute("select snapshot_id from audit.run").fetchall() == [(publication.snapshot_id,)]


@pytest.mark.parametrize(
    "change",
    [
        "update core.synthetic_item set item_count = 4 where item_key = 'spoon'",
        "update core.synthetic_item set item_count = 0 where item_count is null",
        "update core.synthetic_item set item_key = '' where item_key = 'spoon'",
        "insert into core.synthetic_item select * from core.synthetic_item where item_key = 'spoon'",
        "delete from core.synthetic_item where item_key = 'spoon'",
    ],
)
def test_the_hash_of_a_table_tells_any_change_of_its_rows(start_synthetic_build: StartBuild, change: str) -> None:
    query = stamp_sql("core.synthetic_item", ["item_key", "item_count", "seen_on"])
    with open_build(start_synthetic_build("synthetic")) as connection:
        before = connection.execute(query).fetchall()[0][1]
        connection.execute(change)
        assert connection.execute(query).fetchall()[0][1] != before


def test_the_manifest_names_each_file_with_its_hash_and_each_table_with_its_rows(
    publish_run: PublishRun, published_file: Path
) -> None:
    publication = publish_run("synthetic")
    manifest = json.loads((published_file.parent / MANIFEST).read_text("utf-8"))
    files = {
        path.relative_to(publication.path).as_posix(): file_sha256(path)
        for path in publication.path.rglob("*")
        if path.is_file() and path.name != MANIFEST
    }
    assert {name: facts["sha256"] for name, facts in manifest["files"].items()} == files
    assert {"meraukla.duckdb", "changes.json", "parquet/core/synthetic_item.parquet"} <= set(files)
    assert manifest["run"]["run_id"] == "synthetic"
    assert manifest["relations"]["core.synthetic_item"]["row_count"] == 2
    assert manifest["relations"]["core.synthetic_item"]["columns"][1]["description"] == "How many."
    assert manifest["software"]["duckdb"] == duckdb.__version__


def test_the_parquet_copies_hold_the_rows_of_the_tables(publish_run: PublishRun, published_file: Path) -> None:
    publish_run(
        "synthetic",
        "create table marts.synthetic_progress as select * replace (share::double as share) from (values "
        "('synthetic', 1, '2021', 1.5), ('synthetic', 1, '2024/2025', null), ('synthetic', 2, '2024/2025', 2.5)) "
        "as t (strategy_code, advantage_no, period_key, share)",
    )
    folder = published_file.parent / "parquet"
    with open_read_only(published_file) as connection:
        items = connection.execute("from core.synthetic_item order by item_key").fetchall()
        progress = connection.execute("from marts.synthetic_progress order by all").fetchall()
    copied = duckdb.sql(f"from '{folder}/core/synthetic_item.parquet' order by item_key").fetchall()
    assert copied == items
    partitions = sorted(
        path.parent.relative_to(folder).as_posix() for path in folder.glob("marts/synthetic_progress/**/*.parquet")
    )
    assert partitions == [
        "marts/synthetic_progress/strategy=synthetic/advantage=1/period=2021",
        "marts/synthetic_progress/strategy=synthetic/advantage=1/period=2024%2F2025",
        "marts/synthetic_progress/strategy=synthetic/advantage=2/period=2024%2F2025",
    ]
    # The columns stay in the files with their types, whatever a reader makes of the path.
    table = pyarrow.dataset.dataset(str(folder / "marts" / "synthetic_progress"), partitioning="hive").to_table()
    own = table.select(["strategy_code", "advantage_no", "period_key", "share"]).to_pylist()
    assert sorted((tuple(row.values()) for row in own), key=str) == sorted(progress, key=str)


def test_what_stands_is_read_only_so_that_nobody_locks_it_by_accident(
    publish_run: PublishRun, published_file: Path
) -> None:
    publication = publish_run("synthetic")
    modes = {stat.S_IMODE(path.stat().st_mode) for path in publication.path.rglob("*") if path.is_file()}
    assert modes == {0o444}


def test_what_a_producer_adds_is_switched_in_with_the_snapshot(
    start_synthetic_build: StartBuild, published_file: Path
) -> None:
    def report(draft: SnapshotDraft) -> None:
        assert run_id(draft.database) == "synthetic"
        (draft.path / "report").mkdir()
        (draft.path / "report" / "index.html").write_text(draft.snapshot_id, "utf-8")

    publication = publish(start_synthetic_build("synthetic"), published_file, producers=[report])
    page = published_file.parent / "report" / "index.html"
    assert page.read_text("utf-8") == publication.snapshot_id
    assert store_of(published_file).find("current").damages() == []
    assert "report/index.html" in store_of(published_file).find("current").manifest["files"]
    # The name goes when the next snapshot has no such thing.
    publish(start_synthetic_build("synthetic-2"), published_file)
    assert not (published_file.parent / "report").is_symlink()


def test_a_producer_that_fails_leaves_what_was_published(
    start_synthetic_build: StartBuild, publish_run: PublishRun, published_file: Path
) -> None:
    publish_run("synthetic-old")

    def fail(_: SnapshotDraft) -> None:
        raise ValueError("no report")

    with pytest.raises(ValueError, match="no report"):
        publish(start_synthetic_build("synthetic-new"), published_file, producers=[fail])
    assert run_id(published_file) == "synthetic-old"
    assert len(store_of(published_file).snapshots()) == 1


# --- Going back ---


def test_a_rollback_switches_everything_and_can_be_taken_back(publish_run: PublishRun, published_file: Path) -> None:
    old, new = publish_run("synthetic-old"), publish_run("synthetic-new")
    store = store_of(published_file)
    store.roll_back(store.find("previous"))
    assert run_id(published_file) == "synthetic-old"
    manifest = json.loads((published_file.parent / MANIFEST).read_text("utf-8"))
    assert manifest["snapshot_id"] == old.snapshot_id
    assert store.history()[-1]["event"] == "rolled_back"
    assert store.history()[-1]["before"] == new.snapshot_id
    store.roll_back(store.find("synthetic-new"))
    assert run_id(published_file) == "synthetic-new"


def test_a_publication_after_a_rollback_gets_a_higher_number_than_all_before(
    publish_run: PublishRun, published_file: Path
) -> None:
    publish_run("synthetic-1"), publish_run("synthetic-2")
    store = store_of(published_file)
    store.roll_back(store.find("previous"))
    publish_run("synthetic-3")
    assert [one.number for one in store.snapshots()] == [3, 2, 1]
    assert run_id(published_file) == "synthetic-3"


@pytest.mark.parametrize("damage", ["changed", "missing", "added"])
def test_a_damaged_snapshot_is_not_gone_back_to(publish_run: PublishRun, published_file: Path, damage: str) -> None:
    old = publish_run("synthetic-old")
    publish_run("synthetic-new")
    file = old.path / "parquet" / "core" / "synthetic_item.parquet"
    file.chmod(0o644)
    if damage == "changed":
        file.write_bytes(file.read_bytes()[:-1] + b"x")
    elif damage == "missing":
        file.unlink()
    else:
        file.with_name("added.parquet").write_bytes(b"x")
    store = store_of(published_file)
    with pytest.raises(SnapshotError, match="damaged, so nothing was switched: parquet/core/"):
        store.roll_back(store.find("previous"))
    assert run_id(published_file) == "synthetic-new"


def test_there_is_nothing_to_go_back_to_before_the_second_publication(
    publish_run: PublishRun, published_file: Path
) -> None:
    publish_run("synthetic")
    with pytest.raises(SnapshotError, match="nothing to go back to"):
        store_of(published_file).find("previous")


@pytest.mark.parametrize(
    ("name", "match"), [("no-such", "no snapshot no-such"), ("2", "Several"), ("", "no snapshot")]
)
def test_a_snapshot_that_cannot_be_told_is_not_guessed(
    publish_run: PublishRun, published_file: Path, name: str, match: str
) -> None:
    publish_run("synthetic-1"), publish_run("synthetic-2")
    with pytest.raises(SnapshotError, match=match):
        store_of(published_file).find(name)


def test_a_snapshot_whose_manifest_is_gone_is_no_obstacle_to_the_next(
    publish_run: PublishRun, published_file: Path
) -> None:
    publish_run("synthetic-1")
    (publish_run("synthetic-2").path / MANIFEST).unlink()
    publish_run("synthetic-3")
    assert run_id(published_file) == "synthetic-3"
    assert [one.number for one in store_of(published_file).snapshots()] == [2, 1]


# --- What changed ---


def test_the_changes_since_the_snapshot_before_are_told_by_key(publish_run: PublishRun, published_file: Path) -> None:
    first = publish_run("synthetic-1")
    assert first.difference is None
    publication = publish_run(
        "synthetic-2",
        "update core.synthetic_item set item_count = 4 where item_key = 'spoon';"
        "delete from core.synthetic_item where item_key = 'bļoda';"
        "insert into core.synthetic_item values ('cup', 1, null), ('jug', null, null)",
    )
    changes = json.loads((published_file.parent / "changes.json").read_text("utf-8"))
    (change,) = changes["tables"]
    assert (change["table"], change["rows_added"], change["rows_changed"], change["rows_removed"]) == (
        "core.synthetic_item",
        2,
        1,
        1,
    )
    assert change["keys"] == {"added": ["cup", "jug"], "changed": ["spoon"], "removed": ["bļoda"]}
    assert (changes["snapshot_id"], changes["before"]) == (publication.snapshot_id, first.snapshot_id)


def test_a_publication_of_the_same_rows_changes_nothing(publish_run: PublishRun) -> None:
    publish_run("synthetic-1")
    difference = publish_run("synthetic-2").difference
    assert difference is not None
    assert difference.is_empty


def test_new_and_removed_tables_and_columns_are_told(publish_run: PublishRun) -> None:
    publish_run("synthetic-1", "create table core.gone as select 1 as a")
    difference = publish_run(
        "synthetic-2",
        "create table core.made as select 1 as a; alter table core.synthetic_item add column colour varchar",
    ).difference
    assert difference is not None
    assert (difference.tables_added, difference.tables_removed) == (("core.made",), ("core.gone",))
    (change,) = difference.tables
    assert (change.columns_added, change.rows_changed) == (("colour",), 0)


def test_a_table_without_a_key_is_compared_by_whole_rows(publish_run: PublishRun) -> None:
    publish_run("synthetic-1", "create table core.no_key as select * from (values (1), (1), (2)) as t (a)")
    difference = publish_run(
        "synthetic-2", "create table core.no_key as select * from (values (1), (2), (3)) as t (a)"
    ).difference
    assert difference is not None
    (change,) = difference.tables
    assert (change.rows_added, change.rows_changed, change.rows_removed) == (1, 0, 1)


FLAGS = """
create table core.fct_flag as select * from (values {}) as t (
    flag_key, flag_id, rule, series_key, kind, reason_lv, reason_en
)
"""


def flag(key: str, kind: str) -> str:
    return f"('{key}', '{key}', 'synthetic_rule', 'synthetic/01', '{kind}', 'lv', 'en')"


def test_new_and_closed_flags_are_told_apart(publish_run: PublishRun, published_file: Path) -> None:
    before = [flag("stays", "suspected"), flag("decided", "suspected"), flag("gone", "suspected")]
    after = [flag("stays", "suspected"), flag("decided", "dismissed"), flag("new", "suspected")]
    publish_run("synthetic-1", FLAGS.format(", ".join(before)))
    publish_run("synthetic-2", FLAGS.format(", ".join(after)))
    changes = json.loads((published_file.parent / "changes.json").read_text("utf-8"))
    assert [one["flag_id"] for one in changes["flags_new"]] == ["new"]
    assert [(one["flag_id"], one["kind_after"]) for one in changes["flags_closed"]] == [
        ("decided", "dismissed"),
        ("gone", None),
    ]
    assert changes["flags_changed"] == []


def test_any_two_snapshots_can_be_compared(publish_run: PublishRun, published_file: Path) -> None:
    one = publish_run("synthetic-1")
    publish_run("synthetic-2", "delete from core.synthetic_item where item_key = 'spoon'")
    other = publish_run("synthetic-3")
    assert compare_files(one.path / "meraukla.duckdb", other.path / "meraukla.duckdb").is_empty


# --- What is kept ---


def synthetic_snapshots(moments: list[datetime], current: int = 0) -> list[Snapshot]:
    """Snapshots, the newest first, that exist in name only."""
    found = []
    for place, moment in enumerate(moments):
        one = Snapshot(Path(f"{moment:%Y%m%dT%H%M%S}-{place}"), place == current)
        facts: Mapping[str, object] = {"number": len(moments) - place, "published_at": moment.isoformat()}
        one.__dict__["manifest"] = facts
        found.append(one)
    return found


def kept_days(snapshots: list[Snapshot], retention: Retention) -> set[str]:
    return {f"{one.published_at.astimezone(RIGA):%Y-%m-%d}" for one in _kept(snapshots, retention, RIGA)}


def test_thirty_nights_twelve_month_ends_and_every_year_end_are_kept() -> None:
    # 00:01 UTC is 02:01 or 03:01 in Riga: four years of nights.
    last = datetime(2026, 11, 24, 0, 1, tzinfo=UTC)
    snapshots = synthetic_snapshots([last - timedelta(days=days) for days in range(4 * 365)])
    kept = kept_days(snapshots, Retention())
    nights = {f"{last - timedelta(days=days):%Y-%m-%d}" for days in range(30)}
    months = {"2026-10-31", "2026-09-30", "2026-08-31", "2026-07-31", "2026-06-30", "2026-05-31"}
    months |= {"2026-04-30", "2026-03-31", "2026-02-28", "2026-01-31", "2025-12-31"}
    assert kept == nights | months | {"2025-12-31", "2024-12-31", "2023-12-31", "2022-12-31"}


def test_of_several_runs_of_one_night_the_last_is_kept_and_the_three_newest() -> None:
    moments = [datetime(2026, 11, 24, hour, tzinfo=UTC) for hour in (20, 15, 10, 9, 8)]
    kept = list(_kept(synthetic_snapshots(moments), Retention(), RIGA))
    assert {one.published_at.hour for one in kept} == {20, 15, 10}


def test_a_night_is_one_of_riga_and_not_of_greenwich() -> None:
    moments = [datetime(2026, 1, 31, 22, 30, tzinfo=UTC), datetime(2026, 1, 31, 0, 30, tzinfo=UTC)]
    assert kept_days(synthetic_snapshots(moments), Retention(latest=1, nights=2)) == {"2026-02-01", "2026-01-31"}


def test_a_clock_that_jumps_ahead_and_back_makes_nothing_disappear() -> None:
    nights = [datetime(2026, 11, day, 0, 1, tzinfo=UTC) for day in range(24, 0, -1)]
    jumped = [nights[0], datetime(2099, 1, 1, tzinfo=UTC), *nights[1:]]
    assert len(list({one.snapshot_id for one in _kept(synthetic_snapshots(jumped), Retention(), RIGA)})) == 25


@settings(deadline=None)
@given(
    st.lists(
        st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), min_size=1, max_size=40
    ),
    st.data(),
)
def test_the_current_snapshot_and_the_one_before_it_are_always_kept(
    moments: list[datetime], data: st.DataObject
) -> None:
    current = data.draw(st.integers(0, len(moments) - 1))
    snapshots = synthetic_snapshots(moments, current)
    kept = {one.snapshot_id for one in _kept(snapshots, Retention(1, 0, 0, 0), RIGA)}
    assert snapshots[0].snapshot_id in kept
    if current + 1 < len(snapshots):
        assert snapshots[current + 1].snapshot_id in kept


def test_pruning_removes_what_is_not_kept_and_never_what_is_current(
    publish_run: PublishRun, published_file: Path
) -> None:
    for number in range(4):
        publish_run(f"synthetic-{number}")
    store = store_of(published_file)
    store.roll_back(store.find("synthetic-1"))
    removed = store.prune(Retention(latest=1, nights=0, month_ends=0, year_ends=0), RIGA)
    assert [name[-1] for name in removed] == ["2"]
    assert [one.snapshot_id[-1] for one in store.snapshots()] == ["3", "1", "0"]
    assert run_id(published_file) == "synthetic-1"
    assert len(list((store.folder / "snapshots").iterdir())) == 3
