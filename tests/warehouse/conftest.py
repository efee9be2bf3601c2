"""A synthetic warehouse: nothing here is a fact."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from warehouse.store import open_build, start_build

StartBuild = Callable[[str], Path]

SYNTHETIC_TABLES = """
create schema core;
create schema marts;
create schema staging;
create table core.synthetic_item (item_key varchar not null, item_count integer, seen_on date);
insert into core.synthetic_item values ('spoon', 3, date '2026-01-31'), ('bļoda', null, null);
comment on table core.synthetic_item is 'One row a synthetic item: it''s not a fact.';
comment on column core.synthetic_item.item_count is 'How many.';
create view staging.stg_synthetic as select * from core.synthetic_item;
create view marts.synthetic_view as select item_key, item_count from core.synthetic_item;
create view marts.a_view_on_a_view as select item_key from marts.synthetic_view;
comment on view marts.synthetic_view is 'The items without their day.';
comment on column marts.synthetic_view.item_key is 'Which item.';
create macro marts.synthetic_compare(at_least) as table
    select item_key from core.synthetic_item where item_count >= at_least;
create table raw.synthetic_raw as select 1 as secret;
"""


@pytest.fixture(scope="session")
def synthetic_build(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A build file with synthetic tables in every layer. Tests work on copies of it."""
    build_file = tmp_path_factory.mktemp("synthetic") / "meraukla.duckdb"
    run = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}
    start_build(build_file, run)
    with open_build(build_file) as connection:
        connection.execute(SYNTHETIC_TABLES)
    return build_file


@pytest.fixture
def start_synthetic_build(synthetic_build: Path, tmp_path: Path) -> StartBuild:
    """Begin a synthetic build file anew; the argument is the run's id."""

    def start(run_id: str) -> Path:
        build_file = tmp_path / "build" / "meraukla.duckdb"
        build_file.parent.mkdir(exist_ok=True)
        shutil.copyfile(synthetic_build, build_file)
        with open_build(build_file) as connection:
            connection.execute("update audit.run set run_id = ?", [run_id])
        return build_file

    return start
