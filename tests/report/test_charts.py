"""What a chart draws, and what it must never draw: a line across a break."""

import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, example, given, settings

from report.charts import (
    ChartBreak,
    ChartPoint,
    ChartTarget,
    SeriesChart,
    has_something_to_show,
    pieces,
    series_svg,
    spark_svg,
    ticks,
)
from report.published import read_published, strategies
from report.views import chart_of, count_chart, overview
from report.words import Words
from tests.promise.registries import Registry, flags_of, landing_of, registries, seeds_of
from tests.promise.test_no_line_across_a_break import ORDER, RARE, AnySeries, measured_places, stand_between
from tests.promise.warehouse import SyntheticWarehouse
from warehouse.tables import insert_rows

# Each example draws all charts of a registry.
EXAMPLES = 8
SVG = "{http://www.w3.org/2000/svg}"
_PLACE = re.compile(r"translate\(([-\d.]+),([-\d.]+)\)")


def end(year: int) -> date:
    return date(year, 8, 31)


def point(year: int | None, value: float | None, segment: int | None = 1, *, is_estimate: bool = False) -> ChartPoint:
    return ChartPoint(
        period=str(year),
        ends_on=end(year) if year else None,
        value=value,
        segment=segment,
        label=f"{value}",
        is_estimate=is_estimate,
    )


def chart(
    *points: ChartPoint, breaks: tuple[ChartBreak, ...] = (), targets: tuple[ChartTarget, ...] = ()
) -> SeriesChart:
    return SeriesChart(points, targets, breaks, end(2020), end(2025), str)


@dataclass(frozen=True)
class Drawn:
    """A chart as it can be seen: places in pixels from the left."""

    lines: list[list[float]]
    breaks: list[float]
    values: list[float]
    words: list[str]

    @property
    def crossings(self) -> list[tuple[list[float], float]]:
        """The lines that have a break between their ends."""
        return [(line, x) for line in self.lines for x in self.breaks if min(line) < x < max(line)]


def seen(svg: str) -> Drawn:
    """Read what is drawn from the SVG alone."""
    root = ET.fromstring(svg if "xmlns=" in svg else svg.replace("<svg", f'<svg xmlns="{SVG[1:-1]}"', 1))  # noqa: S314
    lines, breaks, values = [], [], []
    for group in root.iter(f"{SVG}g"):
        name = group.get("class") or ""
        if "line_marks" in name:
            for path in group.iter(f"{SVG}path"):
                drawn = path.get("d") or ""
                # Each “M” lifts the pen.
                lines += [
                    [float(x) for x in re.findall(r"(?:^|L)\s*([-\d.]+)", stroke)] for stroke in drawn.split("M")[1:]
                ]
        if "_break_marks" in name:
            breaks += [float(_PLACE.search(line.get("transform") or "")[1]) for line in group.iter(f"{SVG}line")]  # type: ignore[index]
        if "value_marks" in name:
            values += [float(_PLACE.search(path.get("transform") or "")[1]) for path in group.iter(f"{SVG}path")]  # type: ignore[index]
    return Drawn(lines, breaks, values, [text.text or "" for text in root.iter(f"{SVG}text")])


def draw(one: SeriesChart) -> Drawn:
    return seen(series_svg(one, "Title", "Description", "c"))


def test_values_of_one_segment_are_joined() -> None:
    drawn = draw(chart(point(2021, 1), point(2022, 2), point(2024, 3)))
    assert [len(line) for line in drawn.lines] == [3]
    assert drawn.lines[0] == sorted(drawn.lines[0])


def test_values_of_two_segments_are_not_joined() -> None:
    drawn = draw(chart(point(2021, 1, 1), point(2022, 2, 1), point(2024, 3, 2), point(2025, 4, 2)))
    assert [len(line) for line in drawn.lines] == [2, 2]
    assert max(drawn.lines[0]) < min(drawn.lines[1])


@pytest.mark.parametrize("kind", ["declared", "suspected", "bridged"])
def test_a_break_is_drawn_and_no_line_passes_it_even_within_a_segment(kind: str) -> None:
    drawn = draw(
        chart(point(2021, 1), point(2022, 2), point(2024, 3), breaks=(ChartBreak(1, end(2024), "Changed", kind),))
    )
    assert len(drawn.breaks) == 1
    assert len(drawn.values) == 3
    assert [len(line) for line in drawn.lines] == [2]
    assert drawn.crossings == []
    assert {"1", "Changed"} <= set(drawn.words)


def test_an_estimate_over_a_bridge_is_joined_to_nothing() -> None:
    drawn = draw(chart(point(2021, 1, 1), point(2021, 2, 2, is_estimate=True), point(2024, 3, 2), point(2025, 3, 2)))
    assert [len(line) for line in drawn.lines] == [2]
    assert min(drawn.lines[0]) > min(drawn.values)


def test_a_baseline_without_a_year_stands_apart_before_the_axis_of_time() -> None:
    drawn = draw(chart(point(None, 5), point(2021, 1), point(2022, 2)))
    assert min(drawn.values) < min(min(line) for line in drawn.lines)
    assert [len(line) for line in drawn.lines] == [2]


def test_a_period_without_a_value_is_marked_and_named() -> None:
    missing = ChartPoint("2023", end(2023), None, None, "not measured")
    svg = series_svg(chart(point(2021, 1), missing), "Title", "Description", "c")
    assert "missing_marks" in svg
    assert "not measured" in seen(svg).words


def test_a_value_keeps_all_its_digits() -> None:
    assert "5.0512" in draw(chart(point(2021, 5.0512))).words


def test_a_target_that_is_no_number_is_told_in_words() -> None:
    drawn = draw(chart(point(2021, 1), targets=(ChartTarget(end(2025), None, None, "target ↑"),)))
    assert "target ↑" in drawn.words


def test_words_of_data_cannot_become_markup() -> None:
    evil = '<script>alert("x")</script>&'
    svg = series_svg(
        chart(
            ChartPoint(evil, end(2021), 1, 1, evil),
            breaks=(ChartBreak(1, end(2021), evil, "declared"),),
            targets=(ChartTarget(end(2025), 2, None, evil),),
        ),
        evil,
        evil,
        "c",
    )
    assert "<script" not in svg
    assert evil in {text.strip() for text in ET.fromstring(svg).itertext()}  # noqa: S314


def test_a_chart_has_one_name_and_one_description_and_is_the_same_each_time() -> None:
    one = chart(point(2021, 1), point(2022, 2))
    svg = series_svg(one, "What it shows", "What can be read", "c-1")
    assert 'role="img" aria-labelledby="c-1-t c-1-d"' in svg
    assert '<title id="c-1-t">What it shows</title><desc id="c-1-d">What can be read</desc>' in svg
    assert "aria-roledescription" not in svg
    assert svg == series_svg(one, "What it shows", "What can be read", "c-1")


def test_a_small_chart_breaks_its_line_where_the_large_one_does() -> None:
    one = chart(point(2021, 1), point(2022, 2), point(2024, 3), breaks=(ChartBreak(1, end(2024), "", "suspected"),))
    svg = spark_svg(one)
    assert svg.count('<path class="l"') == 1
    assert svg.count("<circle") == 3
    assert svg.count('<line class="suspected"') == 1


def test_nothing_is_drawn_where_there_is_no_number() -> None:
    assert not has_something_to_show(chart(ChartPoint("2021", end(2021), None, None, "n/a")))
    assert spark_svg(chart(ChartPoint("2021", end(2021), None, None, "n/a"))) == ""


def test_a_series_of_zeros_is_drawn_on_a_scale_of_its_own() -> None:
    assert len(draw(chart(point(2021, 0), point(2022, 0))).values) == 2


@pytest.mark.parametrize(("low", "high"), [(0, 1.2), (0, 48), (-3, 9), (8399, 8643), (0, 0.004), (0, 120000)])
def test_the_axis_has_a_few_round_numbers_within_its_bounds(low: float, high: float) -> None:
    found = ticks(low, high)
    assert 2 <= len(found) <= 6
    assert all(low <= tick <= high for tick in found)
    steps = {round(later - earlier, 9) for earlier, later in pairwise(found)}
    assert len(steps) == 1


# --- The promise, for random registries ---


def charts_of(warehouse: SyntheticWarehouse, words: list[Words]) -> Iterator[tuple[str, SeriesChart]]:
    """Yield all charts that the report would draw of the warehouse, by series."""
    (strategy,) = strategies(warehouse.connection)
    whole = overview(read_published(warehouse.connection, strategy))
    words.append(Words("en", whole.published.periods))
    for view in whole.series:
        yield view.key, chart_of(view, whole, words[-1])
    for counted in (*whole.learners, *whole.institutions):
        yield counted.series_key, count_chart(counted, whole, words[-1])


def test_no_path_of_any_chart_crosses_a_break(manifest: dict[str, Any], published_file: Path, tmp_path: Path) -> None:
    """For random registries, read from the SVG: no line spans a drawn break, or joins what a break parts."""
    warehouse = SyntheticWarehouse(manifest, published_file)
    warehouse.connection.execute(
        "create table audit.reconciliation (strategy_code varchar, claim_no varchar, report_line integer, "
        "section varchar, statement_lv varchar, statement_en varchar, printed_value varchar, unit_code varchar, "
        "recomputed_text varchar, verdict varchar, remark_en varchar)"
    )
    insert_rows(
        warehouse.connection,
        "audit.run",
        [
            {
                "run_id": "synthetic",
                "started_at": "2026-01-31 00:00:00",
                "input_fingerprint": "synthetic",
                "meraukla_version": "synthetic",
                "duckdb_version": "synthetic",
            }
        ],
    )
    met: Counter[str] = Counter()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(registry=registries)
    @example(RARE)
    def prove(registry: Registry) -> None:
        warehouse.build(seeds_of(registry), landing_of(registry), flags_of(registry), tmp_path)
        series = {one.key: one for one in registry.series}
        for key, one in charts_of(warehouse, []):
            if not has_something_to_show(one):
                continue
            drawn = draw(one)
            assert drawn.crossings == [], key
            _joins_only_what_may_be_compared(series[key], one, drawn, met)
            for _ in drawn.breaks:
                met["a break is drawn"] += 1
        for what in met:
            event(what)

    prove()
    assert set(met) == {"a break is drawn", "a line is drawn"}


def _joins_only_what_may_be_compared(
    one: AnySeries, drawn_from: SeriesChart, drawn: Drawn, met: Counter[str]
) -> None:
    """Each stroke joins two values; which, is told by its place among all values that the chart shows."""
    places = dict(measured_places(one))
    ends = {"2020": date(2020, 12, 31), "2021": date(2021, 12, 31)} | {
        period: date(int(period[5:]), 8, 31) for period in ORDER if "/" in period
    }
    period_of = {day: period for period, day in ends.items()}
    dated = sorted({point.ends_on for point in drawn_from.points if point.value is not None and point.ends_on})
    xs = sorted(set(drawn.values))
    # Those without a date stand before all others.
    xs = xs[len(xs) - len(dated) :]
    for line in drawn.lines:
        for from_x, to_x in pairwise(line):
            met["a line is drawn"] += 1
            periods = [
                period_of[dated[min(range(len(xs)), key=lambda place: abs(xs[place] - x))]] for x in (from_x, to_x)
            ]
            (earlier, later) = [(period, places[period]) for period in periods]
            assert not stand_between(one, earlier, later), (one.key, periods)


def test_pieces_of_a_line_never_share_a_value() -> None:
    one = chart(point(2021, 1, 1), point(2022, 2, 1), point(2024, 3, 2), point(2025, 4, 2))
    found = [placed for run in pieces(one) for placed in run]
    assert len(found) == len(set(map(id, found))) == 4
