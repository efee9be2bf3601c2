"""What a page shows, put together from the records of the published file. What marts decide is not computed here."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from report.charts import ChartBreak, ChartPoint, ChartTarget, SeriesChart
from report.published import (
    Action,
    Advantage,
    Break,
    Count,
    Direction,
    Flag,
    Indicator,
    Method,
    Point,
    Progress,
    Published,
    Share,
    Target,
    groups,
)
from report.words import Words

# Codes of obs_status that say why there is no value.
_NOT_MEASURED = frozenset({"L", "O"})
_CANNOT_EXIST = frozenset({"M"})
_SUPPRESSED = frozenset({"Q"})
_CHARACTERISTICS = (
    "unit",
    "numerator",
    "denominator",
    "population",
    "source",
    "instrument",
    "instrument_version",
    "reference_date",
    "periodicity",
    "rounding",
)


@dataclass(frozen=True, slots=True)
class NumberedBreak:
    """A break with the number that it has in the chart."""

    number: int
    item: Break
    decision: Flag | None

    @property
    def kind(self) -> str:
        """How it is drawn: declared, suspected or bridged."""
        return "suspected" if self.item.kind == "suspected" else "bridged" if self.item.is_bridged else "declared"


@dataclass(frozen=True, slots=True)
class Difference:
    """A characteristic of the method that is not the same in all versions of a series, or the only ones stated."""

    name: str
    values: tuple[str | None, ...]
    is_different: bool


@dataclass(frozen=True, slots=True)
class SeriesView:
    """A series with everything that is known of it."""

    key: str
    anchor: str
    points: tuple[Point, ...]
    progress: tuple[Progress, ...]
    targets: tuple[Target, ...]
    methods: tuple[Method, ...]
    breaks: tuple[NumberedBreak, ...]
    flags: tuple[Flag, ...]

    @property
    def first(self) -> Point | Progress:
        """A record that names the series."""
        return self.points[0] if self.points else self.progress[0]

    @property
    def latest(self) -> Progress | None:
        """The assessment of the last result period."""
        return self.progress[-1] if self.progress else None

    @property
    def earlier(self) -> Progress | None:
        """The assessment of the result period before the last."""
        return self.progress[-2] if len(self.progress) > 1 else None

    @property
    def differences(self) -> list[Difference]:
        """The characteristics of its methods side by side, those that differ first."""
        found = []
        for name in _CHARACTERISTICS:
            values = tuple(getattr(method, name) for method in self.methods)
            if any(values):
                found.append(Difference(name, values, len(set(values)) > 1))
        return sorted(found, key=lambda one: not one.is_different)

    @property
    def move(self) -> str:
        """How the last result compares with the one before: better, worse, same, or unknown.

        Two values of one comparability segment may be compared, others may not.
        """
        values = [point for point in self.points if not point.is_baseline and not point.is_bridged]
        if len(values) < 2:  # noqa: PLR2004 - a comparison needs two
            return "unknown"
        before, after = values[-2], values[-1]
        if before.value_numeric is None or after.value_numeric is None or before.segment_no is None:
            return "unknown"
        if before.segment_no != after.segment_no:
            return "unknown"
        difference = after.value_numeric - before.value_numeric
        wished = {"up": 1, "down": -1}.get(str(self.progress[-1].desired_direction if self.progress else None))
        if wished is None:
            return "unknown"
        return "same" if difference == 0 else "better" if difference * wished > 0 else "worse"


@dataclass(frozen=True, slots=True)
class IndicatorView:
    """An indicator with its series."""

    indicator: Indicator
    advantage: Advantage
    series: tuple[SeriesView, ...]

    @property
    def number(self) -> str:
        """Its number as it stands in its address."""
        return f"{self.indicator.indicator_no:02}"

    @property
    def open_flags(self) -> list[Flag]:
        """Suspicions that nobody has decided on."""
        return [flag for series in self.series for flag in series.flags if flag.kind == "suspected"]


@dataclass(frozen=True, slots=True)
class DirectionView:
    """A priority direction with its actions."""

    direction: Direction
    actions: tuple[Action, ...]


@dataclass(frozen=True, slots=True)
class AdvantageView:
    """An advantage: what marts count of it, its indicators, directions and needs."""

    advantage: Advantage
    counts: Mapping[str, Any]
    indicators: tuple[IndicatorView, ...]
    directions: tuple[DirectionView, ...]

    @property
    def code(self) -> str:
        """Its code in its address."""
        return self.advantage.advantage_code.lower()


@dataclass(frozen=True, slots=True)
class CountSeries:
    """A series of learners or institutions."""

    series_key: str
    items: tuple[Count, ...]
    breaks: tuple[NumberedBreak, ...]


@dataclass(frozen=True, slots=True)
class Overview:
    """The whole report."""

    published: Published
    advantages: tuple[AdvantageView, ...]
    indicators: tuple[IndicatorView, ...]
    periods: tuple[str, ...]
    first: date
    last: date
    learners: tuple[CountSeries, ...]
    institutions: tuple[CountSeries, ...]

    @property
    def period(self) -> str:
        """The last result period, which the report is about."""
        return self.periods[-1] if self.periods else ""

    @property
    def period_before(self) -> str | None:
        """The result period before."""
        return self.periods[-2] if len(self.periods) > 1 else None

    @property
    def series(self) -> list[SeriesView]:
        """All series of indicators."""
        return [series for indicator in self.indicators for series in indicator.series]

    @property
    def open_flags(self) -> list[Flag]:
        """All suspicions that nobody has decided on."""
        return [flag for flag in self.published.flags if flag.kind == "suspected"]

    @property
    def decided_flags(self) -> list[Flag]:
        """All suspicions that somebody has decided on."""
        return [flag for flag in self.published.flags if flag.kind in {"confirmed", "dismissed"}]

    def total(self, name: str) -> int:
        """Return a count of the scorecard, summed over the advantages."""
        return sum(int(advantage.counts.get(name) or 0) for advantage in self.advantages)

    def codes(self, code_list: str) -> list[str]:
        """Return the codes of a list in order."""
        found = [code for code in self.published.codes.values() if code.code_list == code_list]
        return [code.code for code in sorted(found, key=lambda code: (code.sort_order or 0, code.code))]

    def moves(self) -> Counter[str]:
        """Count how the last results compare with those before."""
        return Counter(series.move for series in self.series)

    def changed_status(self) -> list[tuple[IndicatorView, SeriesView]]:
        """Return the series whose assessment differs from the period before."""
        return [
            (indicator, series)
            for indicator in self.indicators
            for series in indicator.series
            if series.latest and series.earlier and series.latest.progress_status != series.earlier.progress_status
        ]


def overview(published: Published) -> Overview:
    """Put the records together."""
    points = groups(published.points, "series_key")
    progress = groups(published.progress, "series_key")
    targets = groups(published.targets, "series_key")
    methods = groups(published.methods, "series_key")
    flags = groups(published.flags, "series_key")
    breaks = groups(published.breaks, "series_key")
    of_indicator: dict[int, list[str]] = {}
    records: list[Point | Progress] = [*published.points, *published.progress]
    for record in records:
        keys = of_indicator.setdefault(record.indicator_no, [])
        if record.series_key not in keys:
            keys.append(record.series_key)
    advantages = {advantage.advantage_no: advantage for advantage in published.advantages}
    order = {key: period.sort_order for key, period in published.periods.items()}
    indicators = tuple(
        IndicatorView(
            indicator,
            advantages[indicator.advantage_no],
            tuple(
                SeriesView(
                    key=key,
                    anchor=_anchor(key),
                    points=tuple(points.get(key, ())),
                    progress=tuple(progress.get(key, ())),
                    targets=tuple(targets.get(key, ())),
                    methods=tuple(methods.get(key, ())),
                    breaks=_numbered(breaks.get(key, ()), flags.get(key, ()), order),
                    flags=tuple(flags.get(key, ())),
                )
                for key in of_indicator.get(indicator.indicator_no, ())
            ),
        )
        for indicator in published.indicators
    )
    periods = sorted({one.period_key for one in published.progress}, key=lambda key: order[key])
    shown = {point.period_key for point in published.points} | {count.period_key for count in published.learners}
    days = [period.ends_on for key, period in published.periods.items() if key in shown and period.ends_on]
    today = published.run.published_at.date()
    of_direction = groups(published.actions, "direction_no")
    counts = {
        row["advantage_no"]: row
        for row in reversed(published.scorecard)
        if periods and row["period_key"] == periods[-1]
    }
    return Overview(
        published=published,
        advantages=tuple(
            AdvantageView(
                advantage,
                counts.get(advantage.advantage_no, {}),
                tuple(one for one in indicators if one.indicator.advantage_no == advantage.advantage_no),
                tuple(
                    DirectionView(direction, tuple(of_direction.get(direction.direction_no, ())))
                    for direction in published.directions
                    if direction.advantage_no == advantage.advantage_no
                ),
            )
            for advantage in published.advantages
        ),
        indicators=indicators,
        periods=tuple(periods),
        first=min(days, default=today),
        last=max(days, default=today),
        learners=_count_series(published.learners, breaks, flags, order),
        institutions=_count_series(published.institutions, breaks, flags, order),
    )


def _anchor(series_key: str) -> str:
    """Return the last parts of a series' key as an anchor: `04-pii-emotional`."""
    return "-".join(series_key.split("/")[1:])


def _numbered(breaks: Sequence[Break], flags: Sequence[Flag], order: Mapping[str, int]) -> tuple[NumberedBreak, ...]:
    decisions = {flag.flag_key: flag for flag in flags}
    ordered = sorted(breaks, key=lambda one: (order.get(one.to_period or "", 0), one.kind, one.break_key))
    return tuple(
        NumberedBreak(number, one, decisions.get(one.break_key)) for number, one in enumerate(ordered, start=1)
    )


def _count_series(
    counts: Sequence[Count],
    breaks: Mapping[str, Sequence[Break]],
    flags: Mapping[str, Sequence[Flag]],
    order: Mapping[str, int],
) -> tuple[CountSeries, ...]:
    return tuple(
        CountSeries(
            key,
            tuple(sorted(items, key=lambda one: order.get(one.period_key, 0))),
            _numbered(breaks.get(key, ()), flags.get(key, ()), order),
        )
        for key, items in groups(counts, "series_key").items()
    )


def missing_words(words: Words, status: str, text: str | None) -> str:
    """Return why there is no number: the source's own words if it has any, else what the status means."""
    if status in _SUPPRESSED:
        return words.say("suppressed")
    if status in _CANNOT_EXIST:
        return words.say("missing_no_value")
    if status in _NOT_MEASURED:
        return words.say("missing_not_measured")
    return text or words.say("missing_not_measured")


def unanswered_words(words: Words, share: Share) -> str:
    """Return why a group has no share for an item: it is not published, or the group was not asked."""
    if share.conf_status != "F" or share.obs_status in _SUPPRESSED:
        return words.say("suppressed")
    return words.say("not_asked" if share.obs_status in _CANNOT_EXIST else "missing_not_measured")


def chart_of(view: SeriesView, whole: Overview, words: Words) -> SeriesChart:
    """Return the chart of an indicator's series."""
    published = whole.published
    unit = view.first.unit
    targets = []
    for target in view.targets:
        due = published.periods.get(target.due_period_key)
        if due is None or due.ends_on is None:
            continue
        # A target in another unit than the series has no place on its scale.
        is_on_scale = target.unit == unit and target.target_value is not None
        label = target_words(target, words)
        if not is_on_scale:
            label = f"{words.say('target_short')} {label}"
        targets.append(
            ChartTarget(
                due.ends_on,
                target.target_value if is_on_scale else None,
                target.target_upper_value if is_on_scale else None,
                label,
            )
        )
    return SeriesChart(
        points=[
            ChartPoint(
                period=words.short_period(point.period_key),
                ends_on=published.periods[point.period_key].ends_on,
                value=point.value_numeric if point.has_value else None,
                segment=point.segment_no,
                label=words.value(point.value_numeric, unit)
                if point.has_value and point.value_numeric is not None
                else missing_words(words, point.obs_status, point.value_text).lower(),
                is_estimate=point.is_bridged,
            )
            for point in view.points
        ],
        targets=targets,
        breaks=_chart_breaks(view.breaks, published, words),
        first=whole.first,
        last=max([whole.last, *(target.due_on for target in targets)]),
        number=lambda number: words.value(number, unit),
    )


def count_chart(view: CountSeries, whole: Overview, words: Words) -> SeriesChart:
    """Return the chart of a series of learners or institutions."""
    published = whole.published
    return SeriesChart(
        points=[
            ChartPoint(
                period=words.short_period(item.period_key),
                ends_on=published.periods[item.period_key].ends_on,
                value=None if item.value is None else float(item.value),
                segment=item.segment_no,
                label=words.number(item.value) if item.value is not None else words.say("suppressed").lower(),
            )
            for item in view.items
        ],
        targets=(),
        breaks=_chart_breaks(view.breaks, published, words),
        first=whole.first,
        last=whole.last,
        number=words.number,
    )


def _chart_breaks(breaks: Sequence[NumberedBreak], published: Published, words: Words) -> list[ChartBreak]:
    found = []
    for one in breaks:
        to = published.periods.get(one.item.to_period or "")
        reason = published.codes.get(("break_reason", one.item.reason_code or ""))
        label = words.of(reason, "name") if reason else words.say(f"break_{one.kind}")
        found.append(ChartBreak(one.number, to.ends_on if to else None, label, one.kind))
    return found


def target_words(target: Target, words: Words) -> str:
    """Return a target as it is read."""
    return words.target(
        target.comparator, target.target_value, target.target_upper_value, target.value_text, target.unit
    )


def final_target(progress: Progress, words: Words) -> str:
    """Return the final target of an assessment as it is read."""
    return words.target(
        progress.final_target_comparator,
        progress.final_target_value,
        progress.final_target_upper_value,
        progress.final_target_text,
        progress.final_target_unit,
    )


def period_target(progress: Progress, words: Words) -> str:
    """Return the target that this period's result answers, as it is read."""
    return words.target(
        progress.target_comparator,
        progress.target_value,
        progress.target_upper_value,
        progress.target_text,
        progress.target_unit,
    )


def without_flag_ids(text: str) -> str:
    """Return a reason without the ids of flags, which are for the steward's commands."""
    head, bracket, tail = text.partition(" [")
    flag_id, closed, rest = tail.partition("]")
    is_id = bool(closed) and len(flag_id) == 8 and all(letter in "0123456789abcdef" for letter in flag_id)  # noqa: PLR2004
    return head + without_flag_ids(rest) if is_id else head + bracket + (without_flag_ids(tail) if bracket else "")


def reason(progress: Progress, words: Words) -> str:
    """Return why an assessment refuses the comparison, as a reader is told."""
    if progress.refusal_reason is None:
        return ""
    parts = [words.of(progress, "reason"), without_flag_ids(words.of(progress, "break_reason"))]
    return " ".join(part for part in parts if part)


def sentences(progress: Progress, words: Words) -> list[str]:
    """Say in plain words what an assessment holds, and nothing that it does not."""
    said = []
    to = words.value(progress.result_value, progress.unit)
    if progress.is_comparable and progress.change is not None:
        facts = {
            "period": words.within(progress.baseline_period_label),
            "before": words.value(progress.baseline_value, progress.baseline_unit),
            "after": to,
            "change": words.change(progress.change, progress.unit),
        }
        if progress.change == 0:
            said.append(words.say("said_same", **facts))
        elif progress.is_improving is None:
            said.append(words.say("said_moved", **facts))
        else:
            said.append(words.say("said_better" if progress.is_improving else "said_worse", **facts))
    target, final = period_target(progress, words), final_target(progress, words)
    if progress.progress_status == "target_met":
        said.append(words.say("said_target_met", target=target or final, value=to))
    elif progress.progress_status in {"on_track", "off_track", "worsening"} and progress.progress_share is not None:
        key = "said_on_the_way" if progress.progress_share >= 0 else "said_moving_away"
        said.append(words.say(key, target=final, share=words.share(abs(progress.progress_share))))
    elif progress.progress_status in {"direction_met", "direction_not_met"}:
        said.append(words.say(f"said_{progress.progress_status}", target=target or final))
    if progress.refusal_reason:
        key = "said_not_assessable" if progress.progress_status == "not_assessable" else "said_not_comparable"
        said.append(words.say(key, reason=reason(progress, words)))
    return [f"{one[:1].upper()}{one[1:]}" for one in said]


def chart_description(view: SeriesView, words: Words) -> str:
    """Say what the chart of a series shows, value by value."""
    parts = []
    for point in view.points:
        text = (
            words.value(point.value_numeric, point.unit)
            if point.has_value and point.value_numeric is not None
            else missing_words(words, point.obs_status, point.value_text).lower()
        )
        if point.is_bridged:
            text = f"{text} ({words.say('estimate')})"
        parts.append(f"{words.period(point.period_key)}: {text}")
    told = "; ".join(parts)
    if view.breaks:
        where = words.listed([words.period(one.item.to_period) for one in view.breaks])
        told = f"{told}. {words.count('chart_breaks', len(view.breaks), where=where)}"
    return f"{told}."
