"""How well the comparability rules find breaks that statistics offices declared, beside simpler detectors.

    python bench/break_detection.py [--full] [FILE …]

Without a file it reads the education attainment of 20 countries that lies beside it. README.md says what is measured.
"""

import argparse
import sys
import time
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from break_checks import further_checks
from break_core import common_shift_by_period, core_of, level_shift_by_period, rule_named
from break_data import load
from break_report import ScoreTable
from break_score import (
    FALSE_ALARM_BASE,
    HALF,
    Alarms,
    Candidate,
    Score,
    at_events,
    cross_validated,
    events_of,
)
from break_shift import NEVER, Numbers, Setting, candidates_of_rule, default_setting, evidence_of, verdict
from break_yardsticks import (
    DEFAULT_PENALTY,
    PENALTIES,
    Z_LIMIT,
    change_point_candidates,
    change_point_scores,
    threshold_candidates,
    yardstick_scores,
)
from expectations.catalogue import Rule

DEFAULT_FILE = Path(__file__).parent / "data" / "edat_lfse_03_dev.csv.gz"
MAX_FALSE_ALARMS = 1 / FALSE_ALARM_BASE
RESAMPLES = 2000
WIDTH = 136

DEFINITION = (
    "Event: a country and year; a country's first reported year has nothing before it and is none. It is a declared "
    "break if more than half of its values carry the flag b. A detector sees values and their order, never flags or "
    f"the calendar, and must hit the exact year. FA: false alarms in {FALSE_ALARM_BASE} events without a declared "
    "break. w/o: without the two years with most declared breaks. Cross-validated: each country is judged with the "
    "thresholds that are best on the other countries."
)

# As they were known before, over all countries of the table: not to be compared digit by digit.
REFERENCES = (
    ("robust z of a single series at 3", "0.43", "0.12", "0.18"),
    ("PELT", "", "", "~0.20"),
    ("mean robust z, tuned on the same data", "", "", "0.46"),
    ("pooled jump over those of the neighbouring years", "", "", "0.53"),
    ("supervised, other countries as evidence, cross-validated", "0.78", "0.62", "0.69"),
    ("aim", "", "", ">=0.70", "<=1", "", "", ">=0.45"),
)


def compare(values: pd.DataFrame, console: Console) -> None:
    """Run all detectors on the numbers of one table and print their scores side by side."""
    events = events_of(values)
    rule = rule_named("common_shift")
    connection = core_of(values)
    started = time.perf_counter()
    found = common_shift_by_period(connection, rule)
    seconds = time.perf_counter() - started
    flagged = level_shift_by_period(connection, rule_named("level_shift"))
    scores = _Scores(
        at_events(events, found, "is_alarm", 0).astype(bool),
        evidence_of(events, found),
        at_events(events, flagged, "flagged_share", 0),
        yardstick_scores(events, values),
        {method: change_point_scores(events, values, method) for method in PENALTIES},
    )
    tunable = _tunable(scores, candidates_of_rule(events, connection, rule), default_setting(rule))
    tuned = {name: cross_validated(events, options, MAX_FALSE_ALARMS) for name, options in tunable.items()}

    table = ScoreTable(events, "Declared breaks found")
    _describe(values, events, table.top_periods, seconds, console)
    table.section("Fixed thresholds, nothing tuned in this run")
    for name, alarms in _fixed(scores, rule).items():
        table.add(name, events, alarms)
    table.section(f"Cross-validated by country: best F1 with at most 1 false alarm in {FALSE_ALARM_BASE}")
    for name, (alarms, _) in tuned.items():
        table.add(name, events, alarms)
    table.section("Cross-validated by country: best F1, however many false alarms")
    for name, options in tunable.items():
        table.add(name, events, cross_validated(events, options)[0])
    table.section("Reference figures, known before, over all countries of edat_lfse_03")
    for reference in REFERENCES:
        table.add_text(*reference)
    console.print(table.table)
    _explain_alarms(events, found, scores.alarms, console)
    _explain_range(events, scores.alarms, table.top_periods, console)
    _explain_choices({name: settings for name, (_, settings) in tuned.items()}, console)


@dataclass(frozen=True, slots=True)
class _Scores:
    """What the detectors say of each event: alarms and evidence of `common_shift`, and the scores of the others."""

    alarms: Alarms
    evidence: Mapping[str, Numbers]
    flagged_share: Numbers
    robust_z: Mapping[str, Numbers]
    change_points: Mapping[str, Mapping[tuple[bool, float], Numbers]]


def _fixed(scores: _Scores, rule: Rule) -> dict[str, Alarms]:
    """Return the alarms of each detector at thresholds that somebody would choose without any data."""
    own_jump = default_setting(rule)._replace(min_new_series_share=NEVER)
    single_z, mean_z, _ = (np.nan_to_num(score) for score in scores.robust_z.values())
    change_points = {
        f"ruptures {method}, more than half of the series": np.nan_to_num(by_setting[False, DEFAULT_PENALTY[method]])
        for method, by_setting in scores.change_points.items()
    }
    return {
        "common_shift, as the build flags it": scores.alarms,
        "common_shift, own jump alone": verdict(scores.evidence, own_jump, rule.thresholds["min_peers"]),
        "level_shift, more than half of the series flagged": scores.flagged_share > HALF,
        f"robust z >= {Z_LIMIT:.0f}, more than half of the series": single_z > HALF,
        f"robust z, mean of the series >= {Z_LIMIT:.0f}": mean_z >= Z_LIMIT,
        **{name: share > HALF for name, share in change_points.items()},
    }


def _tunable(
    scores: _Scores, candidates: Sequence[Candidate[Setting]], default: Setting
) -> dict[str, Sequence[Candidate[Any]]]:
    """Return the settings of each detector to choose from."""
    return {
        "common_shift, five thresholds": candidates,
        "common_shift, own_dominance": [
            candidate
            for candidate in candidates
            if candidate.setting._replace(own_dominance=default.own_dominance) == default
        ],
        "common_shift, own jump alone, three thresholds": [
            candidate for candidate in candidates if candidate.setting.min_new_series_share == NEVER
        ],
        "level_shift, share of the series flagged": threshold_candidates(scores.flagged_share),
        **{name: threshold_candidates(score) for name, score in scores.robust_z.items()},
        **{
            f"ruptures {method}, share of the series": change_point_candidates(by_setting)
            for method, by_setting in scores.change_points.items()
        },
    }


def _describe(
    values: pd.DataFrame, events: pd.DataFrame, top_periods: Sequence[str], seconds: float, console: Console
) -> None:
    console.print(
        f"{values['dataset'].iloc[0]}: {len(values)} values in {values['series_key'].nunique()} series of "
        f"{values['place'].nunique()} places; {len(events)} events, {events['is_declared'].sum()} declared breaks, "
        f"most of them in {' and '.join(top_periods) or 'no period'}. The rule's query took {seconds:.2f} s."
    )
    console.print(DEFINITION, highlight=False)


def _explain_alarms(events: pd.DataFrame, found: pd.DataFrame, alarms: Alarms, console: Console) -> None:
    """Print which part of the rule hit what, and the false alarms by name."""
    named = events.merge(found[["place", "period", "shift_found"]], how="left")
    by_part = named.groupby("shift_found")["is_declared"].agg(["size", "sum"])
    console.print("common_shift as built, alarms and declared breaks among them by part of the rule:")
    for part, (alarm_count, hit_count) in by_part.iterrows():
        console.print(f"  {part}: {alarm_count}, {hit_count}", highlight=False)
    wrong = events[alarms & ~events["is_declared"].to_numpy(bool)]
    console.print("  false alarms: " + ", ".join(f"{row.place} {row.period}" for row in wrong.itertuples()))


def _explain_range(events: pd.DataFrame, alarms: Alarms, top_periods: Sequence[str], console: Console) -> None:
    """Print what the scores would be with other countries of the same kind: countries drawn with replacement."""
    random = np.random.default_rng(1)
    declared, is_rest = events["is_declared"].to_numpy(bool), ~events["period"].isin(top_periods).to_numpy(bool)
    rows_of_place = [np.asarray(rows) for rows in events.groupby("place").indices.values()]
    draws = [
        np.concatenate([rows_of_place[place] for place in random.integers(0, len(rows_of_place), len(rows_of_place))])
        for _ in range(RESAMPLES)
    ]
    for part, rows in (("all years", draws), ("w/o", [draw[is_rest[draw]] for draw in draws])):
        scores = [Score.of(alarms[draw], declared[draw]) for draw in rows]
        f1 = np.quantile([score.f1 for score in scores], (0.05, 0.95))
        wrong = np.quantile([score.false_alarms_in_20 for score in scores], (0.05, 0.95))
        console.print(
            f"common_shift as built, {part}, 90 % of {RESAMPLES} resamples of countries: "
            f"F1 {f1[0]:.2f} to {f1[1]:.2f}, FA {wrong[0]:.2f} to {wrong[1]:.2f}"
        )


def _explain_choices(choices: Mapping[str, Sequence[Any]], console: Console) -> None:
    """Print which thresholds of the rule the countries left in chose."""
    for name, settings in choices.items():
        if name.startswith("common_shift"):
            console.print(f"Chosen for {name}: {', '.join(Setting._fields)}", highlight=False)
            for setting, count in Counter(settings).most_common():
                console.print(f"  {', '.join(f'{value:g}' for value in setting)}: {count} folds", highlight=False)


def main() -> None:
    """Measure each file given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=Path, default=[DEFAULT_FILE], metavar="FILE")
    parser.add_argument(
        "--full", action="store_true", help="also parts of the table, unseen halves, synthetic series"
    )
    options = parser.parse_args()
    # A mean over series that are all missing is missing.
    warnings.simplefilter("ignore", RuntimeWarning)
    console = Console(width=WIDTH)
    for file in options.files:
        started = time.perf_counter()
        values = load(file)
        if events_of(values).empty:
            sys.exit(
                f"{file}: no place has two periods, so there is nothing to judge. Give a table of several years."
            )
        compare(values, console)
        if options.full:
            further_checks(values, console)
        console.print(f"{file.name}: {time.perf_counter() - started:.0f} s\n")


if __name__ == "__main__":
    main()
