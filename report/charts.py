"""Charts as SVG that stands in the page: no script, colours from the page's style sheet, words beside it.

The promise of the house holds for every line drawn here: a line joins values of one comparability segment only, and
it never passes a break that is drawn (`pieces`). A value that a bridge took over a break is a hollow mark, joined to
none. A baseline whose year nobody knows stands apart, before the axis of time.

A chart is a Vega-Lite specification, rendered by vl-convert. Axes are marks like the rest: laid out by Vega, they
cost three times as much as everything else together.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import groupby
from typing import Any

WIDTH, HEIGHT = 250, 124
_PADDING = {"left": 40, "right": 30, "top": 22, "bottom": 34}
_VEGA_LITE = "5.20"
_CROSS = "M-.45,-.45L.45,.45M-.45,.45L.45,-.45"
_SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
# Years of room before the first dated period, for what has no date.
_APART = 1.0
_TICKS = 3
_LANE_TEXT = 13
_RULE_TEXT = 21
_DAYS = 365.25
# How far between two periods a break is drawn: it leaves the room of its words to the earlier one.
_RULE_PLACE = 0.6
# Marks nearer than so many years stand one above the other.
_BESIDE = 0.3
# The gravest first: how a break is drawn, and its letter in a table's cell.
_DASHES = {"declared": [1, 0], "suspected": [4, 3], "bridged": [1, 3]}
_KINDS = tuple(_DASHES)
_MARK = re.compile(r"§(\d+)§")

DATA, TARGET, BREAK, MUTED, GRID, INK = (
    f"var(--chart-{name})" for name in ("data", "target", "break", "muted", "grid", "ink")
)


@dataclass(frozen=True, slots=True)
class ChartPoint:
    """A value of a series in a period, or why there is none."""

    period: str
    ends_on: date | None
    value: float | None
    segment: int | None
    label: str
    is_estimate: bool = False


@dataclass(frozen=True, slots=True)
class ChartTarget:
    """A target at the day it is due; without a number it is words or an arrow."""

    due_on: date
    value: float | None
    upper: float | None
    label: str


@dataclass(frozen=True, slots=True)
class ChartBreak:
    """A break: `number` leads to its explanation below the chart, `to_ends_on` dates the first period affected.

    Its kind: declared, suspected, or bridged: a break over which a declared bridge takes the values.
    """

    number: int
    to_ends_on: date | None
    label: str
    kind: str


@dataclass(frozen=True, slots=True)
class SeriesChart:
    """All that a chart of one series shows. `first` and `last` bound the axis of time of all charts alike."""

    points: Sequence[ChartPoint]
    targets: Sequence[ChartTarget]
    breaks: Sequence[ChartBreak]
    first: date
    last: date
    number: Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Placed:
    """A point with its place on the axis of time, in years."""

    x: float
    point: ChartPoint


@dataclass(frozen=True, slots=True)
class Rule:
    """A drawn break with its place on the axis of time, in years, and all breaks that share the place."""

    x: float
    breaks: tuple[ChartBreak, ...]

    @property
    def kind(self) -> str:
        """The gravest kind among them."""
        return min((one.kind for one in self.breaks), key=_KINDS.index)


def year_of(day: date) -> float:
    """Return a day as a number of years."""
    return day.year + (day.timetuple().tm_yday - 1) / _DAYS


def placed(chart: SeriesChart) -> list[Placed]:
    """Return the points from left to right; one without a date is put before all dated ones."""
    apart = year_of(chart.first) - _APART
    found = [Placed(year_of(point.ends_on) if point.ends_on else apart, point) for point in chart.points]
    return sorted(found, key=lambda one: (one.x, one.point.is_estimate))


def rules(chart: SeriesChart) -> list[Rule]:
    """Return the breaks to draw: each between its first period and the period before it."""
    xs = sorted({one.x for one in placed(chart)})
    found = []
    for one in chart.breaks:
        to = year_of(one.to_ends_on) if one.to_ends_on else None
        if to is None or not xs:
            continue
        earlier = [x for x in xs if x < to]
        found.append((earlier[-1] + _RULE_PLACE * (to - earlier[-1]) if earlier else to - 0.2, one))
    found.sort(key=lambda item: (item[0], _KINDS.index(item[1].kind), item[1].number))
    return [Rule(x, tuple(one for _, one in same)) for x, same in groupby(found, key=lambda item: item[0])]


def pieces(chart: SeriesChart) -> list[list[Placed]]:
    """Return the points that a line may join: one segment, no break drawn between them, none an estimate.

    Returns:
        Runs of points from left to right. A run of one point is a mark without a line.
    """
    drawn = [rule.x for rule in rules(chart)]
    runs: list[list[Placed]] = []
    last: tuple[int | None, int, bool] | None = None
    for one in placed(chart):
        if one.point.value is None:
            continue
        is_alone = one.point.is_estimate or one.point.segment is None or one.point.ends_on is None
        piece = (one.point.segment, sum(x < one.x for x in drawn), is_alone)
        if runs and piece == last and not is_alone:
            runs[-1].append(one)
        else:
            runs.append([one])
        last = piece
    return runs


def has_something_to_show(chart: SeriesChart) -> bool:
    """Whether there is a number to draw, be it only a target."""
    return any(point.value is not None for point in chart.points) or any(
        target.value is not None for target in chart.targets
    )


def series_svg(chart: SeriesChart, title: str, description: str, name: str) -> str:
    """Draw a series.

    Args:
        chart: what to draw.
        title: what it shows, for who does not see it.
        description: what can be read from it.
        name: unique within the page: the ids of title and description begin with it.

    Returns:
        An `<svg>` element, with all words escaped.
    """
    specification = _specification(chart)
    labels = _take_out(specification)
    svg = _rendered(json.dumps(specification, sort_keys=True))
    return accessible(_MARK.sub(lambda mark: _escaped(labels[int(mark[1])]), svg), title, description, name)


def _take_out(specification: dict[str, Any]) -> list[str]:
    """Take the words out of a specification, a mark in their place, so that both languages are drawn at once."""
    labels: list[str] = []
    # Layers may share their rows.
    rows = {id(row): row for layer in specification["layer"] for row in layer["data"]["values"]}
    for row in rows.values():
        for name in ("label", "number"):
            if isinstance(row.get(name), str):
                labels.append(row[name])
                row[name] = f"§{len(labels) - 1}§"
    return labels


@lru_cache(maxsize=4096)
def _rendered(specification: str) -> str:
    import vl_convert  # noqa: PLC0415 - 40 MB of code that only drawing needs

    svg = vl_convert.vegalite_to_svg(specification, vl_version=_VEGA_LITE)
    # A tenth of a pixel is fine enough. The words are not in yet: a value keeps all its digits.
    return re.sub(r"(\d\.\d)\d+", r"\1", svg)


def load_charts() -> None:
    """Load what charts are drawn with, by drawing one of nothing."""
    _rendered(json.dumps({"$schema": _SCHEMA, "data": {"values": []}, "mark": "point"}))


def forget_drawn() -> None:
    """Forget the charts that were drawn, so that they are drawn again."""
    _rendered.cache_clear()


def accessible(svg: str, title: str, description: str, name: str) -> str:
    """Give an SVG of Vega one name and one description, and take from it what it says of each mark."""
    svg = re.sub(r' (?:role|aria-[a-z]+|pointer-events|font-family|xmlns:xlink|version)="[^"]*"', "", svg)
    svg = re.sub(r'<path class="(?:background|foreground)"[^>]*?(?:/>|></path>)', "", svg)
    head, _, body = svg.partition(">")
    size = re.search(r'viewBox="([^"]*)"', head)
    return (
        f'<svg class="chart" viewBox="{size[1] if size else ""}" role="img" '
        f'aria-labelledby="{_escaped(name)}-t {_escaped(name)}-d" preserveAspectRatio="xMidYMid meet">'
        f'<title id="{_escaped(name)}-t">{_escaped(title)}</title>'
        f'<desc id="{_escaped(name)}-d">{_escaped(description)}</desc>{body}'
    )


def _escaped(text: str) -> str:
    for character, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(character, entity)
    return text


def _specification(chart: SeriesChart) -> dict[str, Any]:
    points = placed(chart)
    low, high = _bounds(chart)
    has_undated = any(one.point.ends_on is None for one in points)
    first, last = year_of(chart.first), year_of(chart.last)
    x = {
        "field": "x",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [first - (1.4 if has_undated else 0.45), last + 0.05], "zero": False, "nice": False},
    }
    y = {
        "field": "y",
        "type": "quantitative",
        "axis": None,
        "scale": {"domain": [low, high], "zero": False, "nice": False},
    }
    layers = [
        *_frame(chart, y, low, high),
        *_breaks(chart, x, (low, high)),
        *_targets(chart, x, y, points),
        *_values(chart, x, y, points),
        *_periods(points, x),
    ]
    if has_undated:
        layers.insert(0, _apart(x, first - _APART / 2))
    return {
        "$schema": _SCHEMA,
        "width": WIDTH,
        "height": HEIGHT,
        "autosize": "none",
        "padding": _PADDING,
        "background": None,
        "layer": layers,
        "config": {"view": {"stroke": None}, "aria": False, "text": {"fontSize": 10.5, "fill": INK}},
    }


def _bounds(chart: SeriesChart) -> tuple[float, float]:
    values = [point.value for point in chart.points if point.value is not None]
    values += [edge for target in chart.targets for edge in (target.value, target.upper) if edge is not None]
    # All values zero, or none: there is no scale to take from them.
    if not any(values):
        return 0.0, 1.0
    low, high = min(values), max(values)
    span = (high - low) or abs(high) or 1.0
    # From zero, unless that would press all values together at the top.
    begins_at_zero = low >= 0 and low <= 0.6 * high
    # Targets in words stand at the top.
    is_headed = any(target.value is None for target in chart.targets)
    if not begins_at_zero:
        return low - 0.3 * span, high + (0.7 if is_headed else 0.3) * span
    # Words below a target near zero need room.
    is_tight = any(target.value is not None and target.value < 0.18 * high for target in chart.targets)
    return (-0.2 * high if is_tight else 0.0), (1.4 if is_headed else 1.18) * high


def ticks(low: float, high: float) -> list[float]:
    """Return a few round numbers between two numbers, evenly apart."""
    rough = (high - low) / _TICKS
    power = 10.0 ** len(str(int(rough))) / 10 if rough >= 1 else 10.0 ** -_leading_zeros(rough)
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * 0.8)
    start = int(low // step)
    found = [round((start + place) * step, 9) for place in range(_TICKS * 3)]
    return [tick for tick in found if low <= tick <= high]


def _leading_zeros(number: float) -> int:
    count = 0
    while number < 1:
        number *= 10
        count += 1
    return count


def _frame(chart: SeriesChart, y: dict[str, Any], low: float, high: float) -> list[dict[str, Any]]:
    data = {"values": [{"y": tick, "label": chart.number(tick)} for tick in ticks(low, high)]}
    return [
        {
            "name": "grid",
            "data": data,
            "mark": {"type": "rule", "stroke": GRID},
            "encoding": {"y": y, "x": {"value": 0}, "x2": {"value": WIDTH}},
        },
        {
            "name": "tick",
            "data": data,
            "mark": {"type": "text", "align": "right", "baseline": "middle", "fill": MUTED, "fontSize": 10},
            "encoding": {"y": y, "x": {"value": -6}, "text": {"field": "label"}},
        },
        {
            "name": "axis",
            "data": {"values": [{}]},
            "mark": {"type": "rule", "stroke": MUTED},
            "encoding": {"y": {"value": HEIGHT}, "x": {"value": 0}, "x2": {"value": WIDTH}},
        },
    ]


def _apart(x: dict[str, Any], place: float) -> dict[str, Any]:
    return {
        "name": "apart",
        "data": {"values": [{"x": place}]},
        "mark": {"type": "rule", "stroke": MUTED, "strokeDash": [1, 3]},
        "encoding": {"x": x, "y": {"value": 0}, "y2": {"value": HEIGHT}},
    }


def _breaks(chart: SeriesChart, x: dict[str, Any], bounds: tuple[float, float]) -> list[dict[str, Any]]:
    drawn = rules(chart)
    if not drawn:
        return []
    points = [one for one in placed(chart) if one.point.value is not None]
    rows = []
    for rule in drawn:
        before = [one.point.value or 0.0 for one in points if one.x < rule.x]
        # Its words stand at the left of the rule, on the half that the value before leaves free.
        is_low = bool(before) and before[-1] > (bounds[0] + bounds[1]) / 2
        label = _cut(re.sub(r" \([^)]*\)", "", rule.breaks[0].label), _RULE_TEXT)
        number = " ".join(str(one.number) for one in rule.breaks)
        rows.append({"x": rule.x, "number": number, "label": label, "kind": rule.kind, "low": is_low})
    text = {"type": "text", "fill": BREAK, "fontSize": 9}
    layers: list[dict[str, Any]] = [
        {
            "name": f"{kind}_break",
            "data": {"values": some},
            "mark": {"type": "rule", "stroke": BREAK, "strokeWidth": 1.5, "strokeDash": dash},
            "encoding": {"x": x, "y": {"value": -6}, "y2": {"value": HEIGHT}},
        }
        for kind, dash in _DASHES.items()
        if (some := [row for row in rows if row["kind"] == kind])
    ]
    layers.append(
        {
            "name": "break_number",
            "data": {"values": rows},
            "mark": {**text, "fontWeight": "bold", "baseline": "bottom", "fontSize": 10.5},
            "encoding": {"x": x, "y": {"value": -8}, "text": {"field": "number"}},
        }
    )
    for is_low, align, y in ((False, "right", 2), (True, "left", HEIGHT - 24)):
        if some := [row for row in rows if row["low"] == is_low]:
            layers.append(
                {
                    "name": "break_label_low" if is_low else "break_label",
                    "data": {"values": some},
                    "mark": {**text, "angle": 270, "align": align, "baseline": "bottom", "dy": -3},
                    "encoding": {"x": x, "y": {"value": y}, "text": {"field": "label"}},
                }
            )
    return layers


def _targets(
    chart: SeriesChart, x: dict[str, Any], y: dict[str, Any], points: Sequence[Placed]
) -> list[dict[str, Any]]:
    rows, words = [], []
    for target in chart.targets:
        place = year_of(target.due_on)
        if target.value is None:
            words.append({"x": place, "label": _cut(target.label, _LANE_TEXT)})
            continue
        top = target.value if target.upper is None else target.upper
        beside = [one.point.value for one in points if abs(one.x - place) < _BESIDE and one.point.value is not None]
        is_above = not beside or target.value >= min(beside)
        rows.append({"x": place, "y": target.value, "top": top, "label": target.label, "above": is_above})
    mark = {"type": "point", "shape": "M-1,0L1,0", "size": 420, "stroke": TARGET, "strokeWidth": 2.5}
    text = {"type": "text", "fill": TARGET, "fontSize": 10.5}
    layers: list[dict[str, Any]] = []
    if rows:
        data = {"values": rows}
        layers += [
            {"name": "target", "data": data, "mark": mark, "encoding": {"x": x, "y": y}},
            {"name": "target_upper", "data": data, "mark": mark, "encoding": {"x": x, "y": {**y, "field": "top"}}},
        ]
        if any(row["top"] != row["y"] for row in rows):
            layers.append(
                {
                    "name": "target_range",
                    "data": data,
                    "mark": {"type": "rule", "stroke": TARGET, "strokeWidth": 12, "opacity": 0.25},
                    "encoding": {"x": x, "y": y, "y2": {"field": "top"}},
                }
            )
        for is_above, dy, baseline in ((True, -5, "bottom"), (False, 5, "top")):
            some = [row for row in rows if row["above"] == is_above]
            if some:
                layers.append(
                    {
                        "name": "target_label" if is_above else "target_label_below",
                        "data": {"values": some},
                        "mark": {**text, "dy": dy, "baseline": baseline},
                        "encoding": {"x": x, "y": {**y, "field": "top"}, "text": {"field": "label"}},
                    }
                )
    # The same words need not be said twice; different ones stand one above the other.
    said = {word["label"]: word for word in words}
    for place, word in enumerate(reversed(said.values())):
        layers.append(
            {
                "name": f"target_words_{place}",
                "data": {"values": [word]},
                "mark": {**text, "baseline": "bottom"},
                "encoding": {"x": x, "y": {"value": 6 - 11 * place}, "text": {"field": "label"}},
            }
        )
    return layers


def _values(
    chart: SeriesChart, x: dict[str, Any], y: dict[str, Any], points: Sequence[Placed]
) -> list[dict[str, Any]]:
    def row(one: Placed, piece: int) -> dict[str, Any]:
        targets = [t.value for t in chart.targets if t.value is not None and abs(year_of(t.due_on) - one.x) < _BESIDE]
        value = one.point.value or 0.0
        # The target's label stands on the other side of the two marks.
        is_below = bool(targets) and min(targets) >= value
        return {"x": one.x, "y": value, "label": one.point.label, "below": is_below, "piece": piece}

    runs = pieces(chart)
    joined = [row(one, piece) for piece, run in enumerate(runs) if len(run) > 1 for one in run]
    measured = [row(one, piece) for piece, run in enumerate(runs) for one in run if not one.point.is_estimate]
    estimated = [row(one, piece) for piece, run in enumerate(runs) for one in run if one.point.is_estimate]
    layers: list[dict[str, Any]] = []
    if joined:
        layers.append(
            {
                "name": "line",
                "data": {"values": joined},
                "mark": {"type": "line", "stroke": DATA, "strokeWidth": 2},
                "encoding": {"x": x, "y": y, "detail": {"field": "piece"}},
            }
        )
    for name, rows, mark in (
        ("value", measured, {"type": "point", "filled": True, "size": 52, "fill": DATA, "opacity": 1}),
        (
            "estimate",
            estimated,
            {"type": "point", "shape": "diamond", "size": 60, "stroke": DATA, "fill": "var(--paper)"},
        ),
    ):
        if rows:
            layers.append({"name": name, "data": {"values": rows}, "mark": mark, "encoding": {"x": x, "y": y}})
    text = {"type": "text", "fill": INK, "fontWeight": "bold", "fontSize": 11}
    for is_below, dy, baseline in ((False, -7, "bottom"), (True, 7, "top")):
        rows = [row for row in (*measured, *estimated) if row["below"] == is_below]
        if rows:
            layers.append(
                {
                    "name": "value_label_below" if is_below else "value_label",
                    "data": {"values": rows},
                    "mark": {**text, "dy": dy, "baseline": baseline},
                    "encoding": {"x": x, "y": y, "text": {"field": "label"}},
                }
            )
    return layers


def _periods(points: Sequence[Placed], x: dict[str, Any]) -> list[dict[str, Any]]:
    periods: dict[float, str] = {}
    for one in points:
        periods.setdefault(one.x, one.point.period)
    missing = [
        {"x": one.x, "label": _cut(one.point.label, _LANE_TEXT)}
        for one in points
        if one.point.value is None and one.point.label
    ]
    layers: list[dict[str, Any]] = [
        {
            "name": "period",
            "data": {"values": [{"x": place, "label": label} for place, label in periods.items()]},
            "mark": {"type": "text", "baseline": "top", "fill": MUTED, "fontSize": 10},
            "encoding": {"x": x, "y": {"value": HEIGHT + 6}, "text": {"field": "label"}},
        }
    ]
    if missing:
        layers += [
            {
                "name": "missing",
                "data": {"values": missing},
                "mark": {
                    "type": "point",
                    "shape": _CROSS,
                    "size": 90,
                    "stroke": MUTED,
                    "strokeWidth": 1.5,
                    "opacity": 1,
                },
                "encoding": {"x": x, "y": {"value": HEIGHT - 7}},
            },
            {
                "name": "missing_label",
                "data": {"values": missing},
                "mark": {"type": "text", "baseline": "top", "fontSize": 9.5, "fontStyle": "italic"},
                "encoding": {"x": x, "y": {"value": HEIGHT + 19}, "text": {"field": "label"}},
            },
        ]
    return layers


def _cut(text: str, length: int) -> str:
    return text if len(text) <= length else f"{text[: length - 1].rstrip()}…"


# --- Small marks that stand in a table's cell; the cell beside says the same in words ---

_SPARK_WIDTH, _SPARK_HEIGHT, _SPARK_EDGE = 112, 30, 5


def spark_svg(chart: SeriesChart) -> str:
    """Draw a series in a table's cell: its pieces, its breaks, its final target. Empty if there is no number."""
    runs = pieces(chart)
    if not runs:
        return ""
    low, high = _bounds(chart)
    has_undated = any(point.ends_on is None for point in chart.points)
    left = year_of(chart.first) - (1.2 if has_undated else 0.2)
    width = year_of(chart.last) - left

    def at_x(x: float) -> str:
        return _short(_SPARK_EDGE + (x - left) / width * (_SPARK_WIDTH - 2 * _SPARK_EDGE))

    def at_y(y: float) -> str:
        return _short(_SPARK_HEIGHT - _SPARK_EDGE - (y - low) / (high - low) * (_SPARK_HEIGHT - 2 * _SPARK_EDGE))

    marks = [
        f'<line class="{rule.kind}" x1="{at_x(rule.x)}" x2="{at_x(rule.x)}" y1="1" y2="{_SPARK_HEIGHT - 1}"/>'
        for rule in rules(chart)
    ]
    for target in chart.targets[-1:]:
        if target.value is not None:
            x, y = year_of(target.due_on), at_y(target.value)
            marks.append(f'<line class="t" x1="{at_x(x - 0.35)}" x2="{at_x(x + 0.1)}" y1="{y}" y2="{y}"/>')
    for run in runs:
        places = [(at_x(one.x), at_y(one.point.value or 0.0)) for one in run]
        if len(places) > 1:
            marks.append(f'<path class="l" d="M{"L".join(f"{x},{y}" for x, y in places)}"/>')
        marks += [f'<circle cx="{x}" cy="{y}" r="2.6"/>' for x, y in places]
    return (
        f'<svg class="spark" viewBox="0 0 {_SPARK_WIDTH} {_SPARK_HEIGHT}" width="{_SPARK_WIDTH}" '
        f'height="{_SPARK_HEIGHT}" aria-hidden="true" focusable="false">{"".join(marks)}</svg>'
    )


def interval_svg(share: float, low: float | None, high: float | None) -> str:
    """Draw a share of 0 to 100 as a dot with its interval, in a table's cell."""
    band = (
        f'<line class="i" x1="{_short(low * 2 + 4)}" x2="{_short(high * 2 + 4)}" y1="9" y2="9"/>'
        if low is not None and high is not None
        else ""
    )
    marks = "".join(f'<line class="g" x1="{x}" x2="{x}" y1="1" y2="17"/>' for x in (4, 104, 204))
    return (
        f'<svg class="interval" viewBox="0 0 208 18" aria-hidden="true" focusable="false">{marks}{band}'
        f'<circle cx="{_short(share * 2 + 4)}" cy="9" r="4"/></svg>'
    )


def _short(number: float) -> str:
    return f"{number:.1f}".rstrip("0").rstrip(".")
