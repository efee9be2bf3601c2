"""The bundle itself: from the published file to a ZIP of YAML that Superset imports (POST /api/v1/assets/import/).

What is drawn follows the data: each strategy of the file gets a scorecard and a dashboard for each of its advantages,
in both languages, with a line chart for each indicator that has a number. Identifiers follow from names, so a bundle
that is imported again replaces the one before it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, Self
from uuid import NAMESPACE_URL, uuid5
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import yaml

from warehouse.store import open_read_only

LANGUAGES = ("lv", "en")

_FOLDER = Path(__file__).resolve().parent
_VERSION = "1.0.0"
# Superset demands a time; a fixed one keeps the bundle equal for equal data.
_TIMESTAMP = "2020-01-01T00:00:00+00:00"
_NAMESPACE = uuid5(NAMESPACE_URL, "meraukla/superset")
_GRID_COLUMNS = 12
_ROWS_SHOWN = 10_000
_LINES_WITH_NUMBERS = 8
_TYPES = {"VARCHAR": "STRING", "DOUBLE": "DOUBLE", "BOOLEAN": "BOOLEAN", "DATE": "DATE"}

Json = dict[str, Any]
Words = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Advantage:
    """A competitiveness advantage with its names by language, and its indicators that have a number to draw."""

    strategy_code: str
    advantage_no: int
    code: str
    names: Mapping[str, str]
    indicators: Sequence["Indicator"]


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator in one of its units, with the texts of its chart by language: two units never share an axis."""

    indicator_no: int
    names: Mapping[str, str]
    unit: str
    unit_names: Mapping[str, str]
    line_count: int


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy with its names by language and its advantages in order."""

    strategy_code: str
    names: Mapping[str, str]
    advantages: Sequence[Advantage]


@dataclass(frozen=True, slots=True)
class Chart:
    """A chart as Superset imports it, and how wide and high (units of 8 pixels) a dashboard shows it."""

    content: Mapping[str, Any]
    width: int
    height: int

    @property
    def uuid(self) -> str:
        """Its identifier."""
        return str(self.content["uuid"])

    @property
    def title(self) -> str:
        """Its title."""
        return str(self.content["slice_name"])


@dataclass(frozen=True, slots=True)
class Scope:
    """What a dashboard is about: its language, its name in keys, and the rows that belong to it."""

    language: str
    key: tuple[str, ...]
    chosen: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Bars:
    """What stacked bars count by: one bar a member of one column, one colour a member of another."""

    across: str
    stacked: str
    is_horizontal: bool = False
    width: int = _GRID_COLUMNS // 2


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a table chart, its order (column, is ascending), and its height in Superset's units of 8 pixels."""

    columns: Sequence[str]
    order: Sequence[tuple[str, bool]]
    height: int


_TABLES = {
    "scorecard": Table(
        (
            "advantage",
            "period",
            "series_count",
            "series_with_data_count",
            "comparable_count",
            "target_met_count",
            "worsening_count",
            "not_assessable_count",
            "open_suspicion_count",
            "action_count",
            "action_done_count",
            "need_share",
        ),
        (("advantage", True), ("period", True)),
        50,
    ),
    "progress": Table(
        (
            "indicator",
            "series_label",
            "period",
            "baseline_text",
            "target_text",
            "result_text",
            "unit_name",
            "change",
            "progress_status_name",
            "refusal_text",
            "report_line",
        ),
        (("indicator", True), ("series_label", True), ("period", True)),
        80,
    ),
    "flag": Table(
        (
            "indicator_no",
            "series_label",
            "from_period",
            "to_period",
            "kind_name",
            "severity_name",
            "is_break",
            "reason",
            "flag_id",
        ),
        # Breaks first: they are what stops a comparison.
        (("is_break", False), ("indicator_no", True), ("to_period", True)),
        80,
    ),
}


_NUMBER_FORMS = {"change": "+,.2~f", "need_share": ",.1f"}

# What lines and bars have in common.
_DRAWN: Json = {
    "show_legend": True,
    "legendOrientation": "top",
    "legendType": "scroll",
    "rich_tooltip": True,
    "show_value": True,
    "y_axis_format": "~g",
    "truncate_metric": True,
    "sort_series_type": "name",
    "sort_series_ascending": True,
}


@dataclass(frozen=True)
class Published:
    """What the bundle takes from the published file."""

    strategies: Sequence[Strategy]
    columns: Mapping[str, Sequence[tuple[str, str]]]
    colours: Mapping[str, Mapping[str, str]]

    @classmethod
    def read(
        cls, published_file: Path, datasets: Mapping[str, str], colours: Mapping[str, Mapping[str, str]]
    ) -> Self:
        """Read strategies, the columns of the datasets and the names that colours belong to.

        Args:
            published_file: the published file.
            datasets: SQL by dataset, with a place for the language.
            colours: colour by code list and code.

        Returns:
            Its strategies in order, (name, type) of each dataset's columns, and colour by language and name.
        """
        with open_read_only(published_file) as connection:
            indicators: dict[tuple[str, int], list[Indicator]] = {}
            for strategy, advantage_no, number, lv, en, unit, unit_lv, unit_en, lines in connection.execute(
                """
                select
                    strategy_code, advantage_no, indicator_no, indicator_name_lv, indicator_name_en,
                    unit, unit_name_lv, unit_name_en, count(distinct (series_key, segment_no))
                from marts.indicator_trend
                where has_value
                group by all
                order by all
                """
            ).fetchall():
                drawn = Indicator(number, {"lv": lv, "en": en}, unit, {"lv": unit_lv, "en": unit_en}, lines)
                indicators.setdefault((strategy, advantage_no), []).append(drawn)
            advantages: dict[str, list[Advantage]] = {}
            for strategy, number, code, lv, en in connection.execute(
                "select strategy_code, advantage_no, advantage_code, name_lv, name_en from core.dim_advantage "
                "order by strategy_code, advantage_no"
            ).fetchall():
                drawn_ones = indicators.get((strategy, number), [])
                advantages.setdefault(strategy, []).append(
                    Advantage(strategy, number, code, {"lv": lv, "en": en}, drawn_ones)
                )
            strategies = [
                Strategy(strategy, {"lv": lv, "en": en}, advantages.get(strategy, []))
                for strategy, lv, en in connection.execute(
                    "select strategy_code, name_lv, name_en from core.dim_strategy order by strategy_code"
                ).fetchall()
            ]
            columns = {
                name: [
                    (column, data_type)
                    for column, data_type, *_ in connection.execute(
                        f"describe {sql.replace('{language}', 'lv')}"
                    ).fetchall()
                ]
                for name, sql in datasets.items()
            }
            named: dict[str, dict[str, str]] = {language: {} for language in LANGUAGES}
            for code_list, code, lv, en in connection.execute(
                "select code_list, code, name_lv, name_en from core.dim_code"
            ).fetchall():
                if colour := colours.get(code_list, {}).get(code):
                    named["lv"][lv] = named["en"][en] = colour
        return cls(strategies, columns, named)


@dataclass(frozen=True)
class Bundle:
    """The files of a bundle.

    Args:
        published: what was read from the published file.
        address: where Superset finds that file.
        datasets: SQL by dataset, with a place for the language.
        words: what readers see and is no data, in both languages.
    """

    published: Published
    address: Path
    datasets: Mapping[str, str]
    words: Words
    _files: dict[str, Mapping[str, Any]] = field(default_factory=dict)

    def files(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the content of each file, by its path within the bundle."""
        if not self._files:
            self._add("metadata", {"version": _VERSION, "type": "assets", "timestamp": _TIMESTAMP})
            self._add("databases/meraukla", self._database)
            for language in LANGUAGES:
                for name in self.datasets:
                    self._add(f"datasets/meraukla/{name}_{language}", self._dataset(name, language))
                for strategy in self.published.strategies:
                    self._add_scorecard(strategy, language)
                    for advantage in strategy.advantages:
                        self._add_advantage(strategy, advantage, language)
        return self._files

    def _add(self, path: str, content: Mapping[str, Any]) -> None:
        self._files[f"{path}.yaml"] = content

    # --- Where the data comes from ---

    @cached_property
    def _database(self) -> Json:
        return {
            "database_name": self.words["database"]["en"],
            "sqlalchemy_uri": f"duckdb:///{self.address}",
            "expose_in_sqllab": True,
            "allow_run_async": False,
            "allow_ctas": False,
            "allow_cvas": False,
            "allow_dml": False,
            # Superset closes its connections after each query, so the next query opens what is published then.
            "extra": {"engine_params": {"connect_args": {"read_only": True}}},
            "uuid": _uuid("database"),
            "version": _VERSION,
        }

    def _dataset(self, name: str, language: str) -> Json:
        return {
            "table_name": f"{name}_{language}",
            "schema": "marts",
            "sql": self.datasets[name].replace("{language}", language),
            "columns": [
                {
                    "column_name": column,
                    "verbose_name": self.words["columns"][column][language],
                    "type": _TYPES.get(data_type, "INTEGER"),
                    "groupby": True,
                    "filterable": True,
                    "is_active": True,
                }
                for column, data_type in self.published.columns[name]
            ],
            "metrics": [
                {
                    "metric_name": metric,
                    "verbose_name": self.words["metrics"][metric][language],
                    "expression": expression,
                }
                for metric, expression in _metrics(name).items()
            ],
            "uuid": _uuid("dataset", name, language),
            "database_uuid": _uuid("database"),
            "version": _VERSION,
        }

    # --- Dashboards ---

    def _add_scorecard(self, strategy: Strategy, language: str) -> None:
        scope = Scope(language, (strategy.strategy_code,), {"strategy_code": strategy.strategy_code})
        latest = replace(scope, chosen={**scope.chosen, "is_latest": True})
        refused = replace(scope, chosen={**latest.chosen, "refusal_name": None})
        by_reason = Bars("refusal_name", "advantage_code", is_horizontal=True, width=_GRID_COLUMNS)
        rows = [
            [
                self._bars("status_by_advantage", "progress", latest, Bars("advantage_code", "progress_status_name")),
                self._bars("action_by_advantage", "action", scope, Bars("advantage_code", "status_name")),
            ],
            [self._bars("refusal_by_advantage", "progress", refused, by_reason)],
            [self._table("scorecard", "scorecard", scope)],
        ]
        note = self.words["notes"]["scorecard"][language].format(strategy=strategy.names[language])
        title = self.words["dashboards"]["scorecard"][language]
        self._add_dashboard(("scorecard", *scope.key, language), title, note, rows)

    def _add_advantage(self, strategy: Strategy, advantage: Advantage, language: str) -> None:
        chosen = {"strategy_code": strategy.strategy_code, "advantage_no": advantage.advantage_no}
        scope = Scope(language, (strategy.strategy_code, advantage.code), chosen)
        by_status = Bars("period", "progress_status_name", width=_GRID_COLUMNS // 3)
        by_direction = Bars("direction", "status_name", is_horizontal=True, width=_GRID_COLUMNS * 2 // 3)
        lines = [self._line(indicator, scope) for indicator in advantage.indicators]
        rows = [
            [
                self._bars("status_by_period", "progress", scope, by_status),
                self._bars("action_by_direction", "action", scope, by_direction),
            ],
            *(lines[first : first + 2] for first in range(0, len(lines), 2)),
            [self._table("progress", "progress", scope)],
            [self._table("flag", "flag", scope)],
        ]
        words = {"code": advantage.code, "name": advantage.names[language]}
        note = self.words["notes"]["advantage"][language].format(**words)
        title = self.words["dashboards"]["advantage"][language].format(**words)
        self._add_dashboard((*scope.key, language), title, note, rows)

    def _add_dashboard(self, key: Sequence[str], title: str, note: str, rows: Sequence[Sequence[Chart]]) -> None:
        for row in rows:
            for chart in row:
                self._add(f"charts/{chart.uuid}", chart.content)
        slug = "-".join(("meraukla", *key)).lower()
        self._add(
            f"dashboards/{slug}",
            {
                "dashboard_title": title,
                "slug": slug,
                "uuid": _uuid("dashboard", *key),
                "position": _position(title, note, rows),
                "metadata": {
                    "color_scheme": "supersetColors",
                    "label_colors": dict(self.published.colours[key[-1]]),
                    "cross_filters_enabled": False,
                },
                "published": True,
                "version": _VERSION,
            },
        )

    # --- Charts ---

    def _content(self, title: str, dataset: str, scope: Scope, params: Json, name: str) -> Json:
        return {
            "slice_name": title,
            "viz_type": params["viz_type"],
            "params": {**params, "adhoc_filters": _filters(scope.chosen), "row_limit": _ROWS_SHOWN},
            "uuid": _uuid("chart", name, *scope.key, scope.language),
            "dataset_uuid": _uuid("dataset", dataset, scope.language),
            "version": _VERSION,
        }

    def _line(self, indicator: Indicator, scope: Scope) -> Chart:
        params = {
            "viz_type": "echarts_timeseries_line",
            "x_axis": "period",
            "x_axis_sort_asc": True,
            "metrics": ["value"],
            # The promise, on a chart: what is grouped by series and segment has no line across a break.
            "groupby": ["line"],
            "markerEnabled": True,
            "markerSize": 8,
            "y_axis_title": indicator.unit_names[scope.language],
            "y_axis_title_margin": 30,
            "y_axis_title_position": "Left",
            **_DRAWN,
            # The numbers of many lines lie on top of each other; the tooltip has them all.
            "show_value": indicator.line_count <= _LINES_WITH_NUMBERS,
        }
        chosen = {**scope.chosen, "indicator_no": indicator.indicator_no, "unit": indicator.unit}
        title = f"{indicator.indicator_no}. {indicator.names[scope.language]}"
        name = f"{indicator.indicator_no}/{indicator.unit}"
        content = self._content(title, "trend", replace(scope, chosen=chosen), params, name)
        return Chart(content, _GRID_COLUMNS // 2, 54)

    def _bars(self, name: str, dataset: str, scope: Scope, bars: Bars) -> Chart:
        params = {
            "viz_type": "echarts_timeseries_bar",
            "x_axis": bars.across,
            # Superset counts horizontal bars from below.
            "x_axis_sort_asc": not bars.is_horizontal,
            "orientation": "horizontal" if bars.is_horizontal else "vertical",
            "metrics": ["row_count"],
            "groupby": [bars.stacked],
            "stack": "Stack",
            **_DRAWN,
        }
        title = self.words["charts"][name][scope.language]
        return Chart(self._content(title, dataset, scope, params, name), bars.width, 50)

    def _table(self, name: str, dataset: str, scope: Scope) -> Chart:
        table = _TABLES[name]
        params = {
            "viz_type": "table",
            "query_mode": "raw",
            "all_columns": list(table.columns),
            "order_by_cols": [json.dumps([column, is_ascending]) for column, is_ascending in table.order],
            "column_config": {column: {"d3NumberFormat": form} for column, form in _NUMBER_FORMS.items()},
            "include_search": True,
            "page_length": 0,
            "show_cell_bars": False,
            "color_pn": False,
        }
        title = self.words["charts"][name][scope.language]
        return Chart(self._content(title, dataset, scope, params, name), _GRID_COLUMNS, table.height)


def _metrics(dataset: str) -> Mapping[str, str]:
    # One value a series, segment and period, so the largest is the only one.
    return {"row_count": "count(*)", **({"value": "max(value_numeric)"} if dataset == "trend" else {})}


def _filters(chosen: Mapping[str, Any]) -> list[Json]:
    """Return filters of a chart: a column equals a value, or with None is not empty."""
    return [
        {"clause": "WHERE", "expressionType": "SIMPLE", "subject": column}
        | ({"operator": "IS NOT NULL"} if value is None else {"operator": "==", "comparator": value})
        for column, value in chosen.items()
    ]


def _position(title: str, note: str, rows: Sequence[Sequence[Chart]]) -> Json:
    """Return the layout of a dashboard: a note above, then rows of charts."""
    root, grid = "ROOT_ID", "GRID_ID"
    layout: Json = {
        "DASHBOARD_VERSION_KEY": "v2",
        root: {"id": root, "type": "ROOT", "children": [grid]},
        grid: {"id": grid, "type": "GRID", "children": [], "parents": [root]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": title}},
    }
    note_meta = {"code": note, "width": _GRID_COLUMNS, "height": 18}
    cells: list[list[tuple[str, str, Json]]] = [[("MARKDOWN-note", "MARKDOWN", note_meta)]]
    cells += [[(f"CHART-{chart.uuid}", "CHART", _chart_meta(chart)) for chart in row] for row in rows]
    for number, row_cells in enumerate(cells):
        row_id = f"ROW-{number}"
        layout[grid]["children"].append(row_id)
        layout[row_id] = {
            "id": row_id,
            "type": "ROW",
            "children": [cell_id for cell_id, *_ in row_cells],
            "parents": [root, grid],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for cell_id, kind, meta in row_cells:
            layout[cell_id] = {
                "id": cell_id,
                "type": kind,
                "children": [],
                "parents": [root, grid, row_id],
                "meta": meta,
            }
    return layout


def _chart_meta(chart: Chart) -> Json:
    return {
        # Superset puts its own number here on import, and asks for one before.
        "chartId": 0,
        "uuid": chart.uuid,
        "sliceName": chart.title,
        "width": chart.width,
        "height": chart.height,
    }


def _uuid(*names: str) -> str:
    return str(uuid5(_NAMESPACE, "/".join(names)))


def _read(name: str) -> Any:  # noqa: ANN401 - whatever the YAML holds
    return yaml.safe_load((_FOLDER / name).read_text("utf-8"))


def make_bundle(published_file: Path, address: Path) -> Mapping[str, Mapping[str, Any]]:
    """Make the bundle of a published file.

    Args:
        published_file: the published file.
        address: absolute path under which Superset's server finds it.

    Returns:
        Content of each file of the bundle, by its path.
    """
    datasets: Mapping[str, str] = _read("datasets.yml")
    published = Published.read(published_file, datasets, _read("colours.yml"))
    return Bundle(published, address, datasets, _read("words.yml")).files()


def write_bundle(files: Mapping[str, Mapping[str, Any]], target: Path) -> None:
    """Write a bundle as a ZIP; equal files give equal bytes."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with ZipFile(target, "w", ZIP_DEFLATED) as archive:
        for path, content in sorted(files.items()):
            archive.writestr(ZipInfo(f"meraukla/{path}"), yaml.safe_dump(content, allow_unicode=True, sort_keys=True))
