"""Further checks of the rule `common_shift` at its default thresholds: parts of a table, halves, no breaks at all."""

from collections.abc import Iterable

import numpy as np
import pandas as pd
from rich.console import Console

from break_core import common_shift_by_period, core_of, rule_named
from break_report import ScoreTable
from break_score import FALSE_ALARM_BASE, Alarms, at_events, best_of, events_of
from break_shift import candidates_of_rule

MAX_FALSE_ALARMS = 1 / FALSE_ALARM_BASE
REPETITIONS = 6
HALVINGS = 3
MIN_PERIODS_BEFORE = 4
MIN_PLACES_TO_HALVE = 4
SERIES_COUNTS = (40, 10, 5, 3, 1)
PLACE_COUNTS = (10, 5, 2, 1)
WINDOW = 10
SYNTHETIC_KINDS = ("trend and noise", "random walk", "random walk with a shock common to all series of a place")
SYNTHETIC_PLACES, SYNTHETIC_PERIODS = 40, 25

Sample = tuple[pd.DataFrame, Alarms]


def further_checks(values: pd.DataFrame, console: Console) -> None:
    """Print how the rule does where there is less to see, on what it was not tuned for, and where nothing is."""
    random = np.random.default_rng(1)
    table = ScoreTable(events_of(values), "common_shift at its default thresholds (means of repetitions)")
    _parts(values, table, random)
    if values["period_order"].max() > MIN_PERIODS_BEFORE:
        table.section("As on delivery: newest period only, nothing later known")
        table.add("newest period", *_newest_periods(values))
    if values["place"].nunique() >= MIN_PLACES_TO_HALVE:
        table.section("Thresholds tuned on half of the countries, for the other half")
        table.add("halves pooled", *_halves(values, random))
    console.print(table.table)
    console.print(f"Synthetic series without any break: alarms in {FALSE_ALARM_BASE} periods")
    for kind in SYNTHETIC_KINDS:
        rates = {count: _synthetic_alarm_rate(random, count, kind) for count in (1, 3, 10, 50)}
        console.print(f"  {kind}: " + ", ".join(f"{count} series {rate:.2f}" for count, rate in rates.items()))


def judge(values: pd.DataFrame, **changes: float) -> Sample:
    """Return the events of a table and the rule's alarms for them."""
    events = events_of(values)
    found = common_shift_by_period(core_of(values), rule_named("common_shift"), **changes)
    return events, at_events(events, found, "is_alarm", 0).astype(bool)


def _parts(values: pd.DataFrame, table: ScoreTable, random: np.random.Generator) -> None:
    places = np.array(sorted(values["place"].unique()))
    # The same series of each place: what is left of its key without the place.
    code = pd.Series(map(_key_without_place, values["series_key"], values["place"]), index=values.index)
    codes = np.array(sorted(code.unique()))
    table.section("Fewer countries")
    for count in (count for count in PLACE_COUNTS if count < len(places)):
        chosen = (random.choice(places, count, replace=False) for _ in range(2 * REPETITIONS))
        table.add_means(f"{count} of {len(places)}", [judge(values[values["place"].isin(some)]) for some in chosen])
    table.section("Fewer series")
    for count in (count for count in SERIES_COUNTS if count < len(codes)):
        chosen = (random.choice(codes, count, replace=False) for _ in range(REPETITIONS))
        table.add_means(f"{count} of {len(codes)} a country", [judge(values[code.isin(some)]) for some in chosen])
    table.section("Fewer years, fewer digits")
    for last in range(int(values["period_order"].max()), WINDOW, -WINDOW // 2):
        part = values[values["period_order"].between(last - WINDOW + 1, last)]
        periods = part.sort_values("period_order")["period"]
        table.add(f"{periods.iloc[0]} to {periods.iloc[-1]}", *judge(part))
    table.add("whole numbers", *judge(values.assign(value=values["value"].round())))


def _key_without_place(series_key: str, place: str) -> str:
    return ".".join(part for part in series_key.split(".") if part != place)


def _newest_periods(values: pd.DataFrame) -> Sample:
    samples = []
    for last in range(MIN_PERIODS_BEFORE + 1, int(values["period_order"].max()) + 1):
        known = values[values["period_order"] <= last]
        newest = known.loc[known["period_order"] == last, "period"].iloc[0]
        events, alarms = judge(known)
        is_newest = (events["period"] == newest).to_numpy(bool)
        samples.append((events[is_newest], alarms[is_newest]))
    return _pooled(samples)


def _halves(values: pd.DataFrame, random: np.random.Generator) -> Sample:
    places = np.array(sorted(values["place"].unique()))
    samples = []
    for _ in range(HALVINGS):
        is_chosen = values["place"].isin(random.choice(places, len(places) // 2, replace=False))
        for known, unseen in ((values[is_chosen], values[~is_chosen]), (values[~is_chosen], values[is_chosen])):
            events = events_of(known)
            candidates = candidates_of_rule(events, core_of(known), rule_named("common_shift"))
            best = best_of(candidates, events["is_declared"].to_numpy(bool), MAX_FALSE_ALARMS)
            samples.append(judge(unseen, **best.setting._asdict()))
    return _pooled(samples)


def _pooled(samples: Iterable[Sample]) -> Sample:
    events, alarms = zip(*samples, strict=True)
    return pd.concat(events, ignore_index=True), np.concatenate(alarms)


def _synthetic_alarm_rate(random: np.random.Generator, series_count: int, kind: str) -> float:
    _, alarms = judge(pd.concat(_synthetic_place(random, series_count, kind, n) for n in range(SYNTHETIC_PLACES)))
    return FALSE_ALARM_BASE * float(alarms.mean())


def _synthetic_place(random: np.random.Generator, series_count: int, kind: str, number: int) -> pd.DataFrame:
    noise = random.normal(0, 1, (SYNTHETIC_PERIODS, series_count))
    order = np.arange(SYNTHETIC_PERIODS)
    if kind == SYNTHETIC_KINDS[0]:
        levels = noise + order[:, None] * random.normal(0, 0.5, series_count)
    elif kind == SYNTHETIC_KINDS[1]:
        levels = noise.cumsum(axis=0)
    else:
        levels = (noise + random.normal(0, 1, (SYNTHETIC_PERIODS, 1))).cumsum(axis=0)
    period = np.repeat(order, series_count)
    return pd.DataFrame(
        {
            "dataset": "synthetic",
            "series_key": [f"{number}.{series}" for _ in order for series in range(series_count)],
            "place": f"place {number}",
            "unit": "none",
            "period": [f"{one:03d}" for one in period],
            "period_order": period,
            "value_text": "0.00",
            "value": levels.round(2).ravel(),
            "is_break": False,
        }
    )
