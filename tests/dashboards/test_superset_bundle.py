"""The bundle for Superset: no line crosses a break, no chart is empty, another strategy gets its own dashboards."""

import json
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import duckdb
import pytest
import yaml

from dashboards.superset import bundle
from dashboards.superset.bundle import LANGUAGES, make_bundle, write_bundle
from warehouse.store import open_read_only

FOLDER = Path(bundle.__file__).parent
ADDRESS = Path("/synthetic/meraukla.duckdb")
STRATEGY = "liepaja-2020-2025"

Files = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def files(published_file: Path) -> Files:
    return make_bundle(published_file, ADDRESS)


def part(files: Files, folder: str) -> dict[str, Mapping[str, Any]]:
    return {path: content for path, content in files.items() if path.startswith(f"{folder}/")}


def sql_of(files: Files, chart: Mapping[str, Any]) -> str:
    """Return what Superset asks for a chart: its dataset, filtered."""
    (dataset,) = (one for one in part(files, "datasets").values() if one["uuid"] == chart["dataset_uuid"])
    conditions = [
        f"{one['subject']} is not null"
        if one["operator"] == "IS NOT NULL"
        else f"{one['subject']} = {_literal(one['comparator'])}"
        for one in chart["params"]["adhoc_filters"]
    ]
    return f"from ({dataset['sql']}) where {' and '.join(conditions)}"


def _literal(value: object) -> str:
    return str(value) if isinstance(value, bool | int) else f"'{value}'"


def lines_of(files: Files) -> list[Mapping[str, Any]]:
    return [one for one in part(files, "charts").values() if one["viz_type"] == "echarts_timeseries_line"]


def test_each_line_of_a_chart_lies_in_one_series_and_one_segment(published_file: Path, files: Files) -> None:
    lines = lines_of(files)
    assert lines
    with open_read_only(published_file) as connection:
        for chart in lines:
            assert chart["params"]["groupby"] == ["line"]
            crossing = connection.execute(
                f"select line {sql_of(files, chart)} group by all "
                "having count(distinct (series_key, segment_no)) > 1 or count(distinct unit) > 1"
            ).fetchall()
            assert crossing == [], chart["slice_name"]


def test_a_point_of_a_line_is_one_value(published_file: Path, files: Files) -> None:
    # The metric is max(value_numeric): it must have nothing to choose from.
    with open_read_only(published_file) as connection:
        for chart in lines_of(files):
            doubled = connection.execute(
                f"select line, period {sql_of(files, chart)} group by all having count(*) > 1"
            ).fetchall()
            assert doubled == [], chart["slice_name"]


def test_each_value_of_the_trend_is_drawn_once_in_each_language(published_file: Path, files: Files) -> None:
    with open_read_only(published_file) as connection:
        drawn = sum(
            connection.execute(f"select count(*) {sql_of(files, chart)}").fetchall()[0][0]
            for chart in lines_of(files)
        )
        ((values,),) = connection.execute("select count(*) from marts.indicator_trend where has_value").fetchall()
    assert drawn == values * len(LANGUAGES)


def test_no_chart_is_empty(published_file: Path, files: Files) -> None:
    with open_read_only(published_file) as connection:
        for chart in part(files, "charts").values():
            ((count,),) = connection.execute(f"select count(*) {sql_of(files, chart)}").fetchall()
            assert count > 0, chart["slice_name"]


def test_a_table_shows_columns_that_its_dataset_has_each_named_in_both_languages(files: Files) -> None:
    datasets = {one["uuid"]: one for one in part(files, "datasets").values()}
    for chart in part(files, "charts").values():
        columns = {one["column_name"] for one in datasets[chart["dataset_uuid"]]["columns"]}
        params = chart["params"]
        shown = params.get("all_columns") or [params["x_axis"], *params["groupby"]]
        assert set(shown) <= columns, chart["slice_name"]
    words = yaml.safe_load((FOLDER / "words.yml").read_text("utf-8"))
    for name, texts in {**words["columns"], **words["charts"], **words["metrics"]}.items():
        # YAML reads a bare No as false.
        assert all(isinstance(texts[language], str) and texts[language] for language in LANGUAGES), name


def test_an_open_suspicion_is_marked_on_its_lines(published_file: Path, files: Files) -> None:
    (dataset,) = (one for one in part(files, "datasets").values() if one["table_name"] == "trend_en")
    with open_read_only(published_file) as connection:
        marked = connection.execute(
            f"select distinct series_key from ({dataset['sql']}) where contains(line, '⚑') order by all"
        ).fetchall()
        suspected = connection.execute(
            """
            select distinct series_key from marts.comparability_flag
            semi join (from marts.indicator_trend where has_value) using (series_key)
            where kind = 'suspected' and is_break
            order by all
            """
        ).fetchall()
    assert marked == suspected != []


def test_colours_belong_to_codes_that_there_are(published_file: Path) -> None:
    colours = yaml.safe_load((FOLDER / "colours.yml").read_text("utf-8"))
    with open_read_only(published_file) as connection:
        for code_list, by_code in colours.items():
            codes = connection.execute("select code from core.dim_code where code_list = ?", [code_list]).fetchall()
            assert {code for (code,) in codes} == set(by_code), code_list


def test_the_database_is_opened_read_only_at_the_address_that_superset_sees(files: Files) -> None:
    (database,) = part(files, "databases").values()
    assert database["sqlalchemy_uri"] == f"duckdb:///{ADDRESS}"
    assert database["extra"] == {"engine_params": {"connect_args": {"read_only": True}}}
    assert not any(database[name] for name in ("allow_dml", "allow_ctas", "allow_cvas"))


def test_a_dashboard_holds_charts_of_the_bundle_and_each_chart_stands_on_one(files: Files) -> None:
    placed = [
        cell["meta"]["uuid"]
        for dashboard in part(files, "dashboards").values()
        for cell in dashboard["position"].values()
        if isinstance(cell, dict) and cell["type"] == "CHART"
    ]
    assert Counter(placed) == Counter(chart["uuid"] for chart in part(files, "charts").values())
    assert max(Counter(placed).values()) == 1


def test_another_strategy_gets_dashboards_of_its_own(published_file: Path, files: Files, tmp_path: Path) -> None:
    copy = tmp_path / "meraukla.duckdb"
    shutil.copyfile(published_file, copy)
    with duckdb.connect(str(copy)) as connection:
        for table, codes in (("dim_strategy", ""), ("dim_advantage", ", advantage_code = 'SYN' || advantage_no")):
            connection.execute(f"create temp table other as from core.{table}")
            connection.execute(f"update other set strategy_code = 'synthetic'{codes}")
            connection.execute(f"create or replace table core.{table} as from core.{table} union all from other")
            connection.execute("drop table other")
    both = part(make_bundle(copy, ADDRESS), "dashboards")
    own = {path for path in both if "synthetic" in path}
    assert own == {
        f"dashboards/meraukla-{name}-{language}.yaml"
        for name in ("scorecard-synthetic", *(f"synthetic-syn{number}" for number in range(1, 5)))
        for language in LANGUAGES
    }
    assert set(both) - own == set(part(files, "dashboards"))


def test_equal_data_give_equal_bytes(published_file: Path, files: Files, tmp_path: Path) -> None:
    for name, content in (("one", files), ("other", make_bundle(published_file, ADDRESS))):
        write_bundle(content, tmp_path / name)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()
    with ZipFile(tmp_path / "one") as archive:
        metadata = yaml.safe_load(archive.read("meraukla/metadata.yaml"))
        assert len(archive.namelist()) == len(files)
    assert metadata["type"] == "assets"
    assert json.dumps(metadata)  # no dates that YAML made of text
