"""All landing files are loaded in one step, and each can still be loaded alone."""

from pathlib import Path

import dagster as dg
import pytest

from orchestration.run_guard import run_guard
from warehouse.store import open_build, start_build

RUN = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}


@pytest.mark.usefixtures("manifest")
def test_one_landing_file_can_be_loaded_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration.assets.landing import landing_files  # noqa: PLC0415 - needs dbt's manifest

    build_file = tmp_path / "meraukla.duckdb"
    monkeypatch.setenv("MERAUKLA_BUILD_FILE", str(build_file))
    start_build(build_file, RUN)
    key = dg.AssetKey(["landing", "surveys", "positive_share"])
    result = dg.materialize([landing_files], selection=[key], resources={"run_guard": run_guard})
    assert result.success
    assert [event.asset_key for event in result.get_asset_materialization_events()] == [key]
    (check,) = result.get_asset_check_evaluations()
    assert (check.asset_key, check.check_name, check.passed) == (key, "nothing_quarantined", True)
    with open_build(build_file) as connection:
        tables = connection.execute("select table_name from duckdb_tables() where schema_name = 'raw'").fetchall()
    assert tables == [("surveys__positive_share",)]
