"""The generic dbt test `keys`: every table has it, and its rows say which key is wrong, and how."""

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.settings import Settings
from warehouse.store import open_build

Manifest = Mapping[str, Any]
KEY = "liepaja-2020-2025/01/pii"


@pytest.fixture
def build(published_file: Path, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the build file, to be spoiled: a table without the constraints that would refuse it."""
    assert published_file.is_file()
    copy = tmp_path / "meraukla.duckdb"
    shutil.copyfile(Settings.from_environment().build_file, copy)
    with open_build(copy) as connection:
        connection.execute("create or replace table core.fct_target as from core.fct_target")
        yield connection


def found(manifest: Manifest, build: duckdb.DuckDBPyConnection) -> set[tuple[Any, ...]]:
    (test,) = (node for node in manifest["nodes"].values() if node["name"] == "fct_target_has_sound_keys")
    return set(build.execute(test["compiled_code"]).fetchall())


def test_sound_keys_give_no_rows(manifest: Manifest, build: duckdb.DuckDBPyConnection) -> None:
    assert found(manifest, build) == set()


@pytest.mark.parametrize(
    ("spoil", "rows"),
    [
        (
            "insert into core.fct_target from core.fct_target where series_key = $key and target_year = 2025",
            {("series_key, target_year", "is missing in part or stands in several rows", f"{KEY}, 2025", 2)},
        ),
        (
            "update core.fct_target set target_year = null where series_key = $key and target_year = 2025",
            {("series_key, target_year", "is missing in part or stands in several rows", f"{KEY}, NULL", 1)},
        ),
        (
            "update core.fct_target set unit = 'synthetic' where series_key = $key and target_year = 2025",
            {("unit", "has no match in unit.unit_code", "synthetic", 1)},
        ),
        (
            "update core.fct_target set unit = null where series_key = $key and target_year = 2025",
            set(),
        ),
        (
            "update core.fct_target set series_key = 'synthetic', comparator = 'synthetic' where series_key = $key",
            {
                ("series_key", "has no match in dim_series.series_key", "synthetic", 2),
                ("comparator", "has no match in comparator.comparator_code", "synthetic", 2),
            },
        ),
    ],
    ids=["doubled", "missing in part", "orphan", "no foreign key is no orphan", "two orphans"],
)
def test_a_wrong_key_is_named_with_its_value(
    manifest: Manifest, build: duckdb.DuckDBPyConnection, spoil: str, rows: set[tuple[Any, ...]]
) -> None:
    build.execute(spoil, {"key": KEY})
    assert found(manifest, build) == rows


def test_every_table_of_core_marts_and_audit_has_its_own_key_tested(manifest: Manifest) -> None:
    tested = {
        node["attached_node"]
        for node in manifest["nodes"].values()
        if node.get("test_metadata", {}).get("name") == "keys" and node["test_metadata"]["kwargs"].get("columns")
    }
    tables = {
        key: node
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] in {"core", "marts", "audit"}
    }
    assert [node["name"] for key, node in tables.items() if key not in tested] == []
