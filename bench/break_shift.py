"""Settings of the rule `common_shift` to choose from, and its verdict under each, from what its profile saw."""

from collections.abc import Iterator, Mapping
from itertools import product
from typing import NamedTuple

import duckdb
import numpy as np
import numpy.typing as npt
import pandas as pd

from break_core import common_shift_by_period
from break_score import Alarms, Candidate, at_events
from expectations.catalogue import Rule

Numbers = npt.NDArray[np.float64]
NEVER = 101.0
NEIGHBOURS = (1, 2, 3)
CLEAR_DOMINANCES = (0.70, 0.80, 1.01)
OWN_DOMINANCES = tuple(percent / 100 for percent in range(60, 79))
NEW_SERIES_SHARES = (5.0, 10.0, 12.5, 15.0, NEVER)
PEER_DOMINANCES = (0.0, 0.48, 0.50, 0.52, 0.54)


class Setting(NamedTuple):
    """The thresholds that are tuned, named as in `thresholds.yml`."""

    neighbours: int
    clear_dominance: float
    own_dominance: float
    min_new_series_share: float
    peer_dominance: float


def default_setting(rule: Rule) -> Setting:
    """Return the thresholds that the build uses."""
    return Setting(**{name: rule.thresholds[name] for name in Setting._fields})  # type: ignore[arg-type]


def evidence_of(events: pd.DataFrame, found: pd.DataFrame) -> dict[str, Numbers]:
    """Bring what a profile saw into the order of the events; NaN where it saw nothing."""
    names = ("dominance", "peer_dominance", "peer_count", "new_series_share")
    return {name: at_events(events, found, name).astype(float) for name in names}


def verdict(evidence: Mapping[str, Numbers], setting: Setting, min_peers: float) -> Alarms:
    """Judge the evidence as the profile's last steps do."""
    is_source_change = (
        (evidence["new_series_share"] >= setting.min_new_series_share)
        & (evidence["peer_dominance"] >= setting.peer_dominance)
        & (evidence["peer_count"] >= min_peers)
    )
    alarms: Alarms = (evidence["dominance"] >= setting.own_dominance) | is_source_change
    return alarms


def candidates_of_rule(
    events: pd.DataFrame, connection: duckdb.DuckDBPyConnection, rule: Rule
) -> list[Candidate[Setting]]:
    """Run the profile for each way of looking at neighbours, and judge it by each combination of limits."""
    return list(_candidates(events, connection, rule))


def _candidates(
    events: pd.DataFrame, connection: duckdb.DuckDBPyConnection, rule: Rule
) -> Iterator[Candidate[Setting]]:
    for neighbours, clear_dominance in product(NEIGHBOURS, CLEAR_DOMINANCES):
        found = common_shift_by_period(connection, rule, neighbours=neighbours, clear_dominance=clear_dominance)
        evidence = evidence_of(events, found)
        for own, new_share, peers in product(OWN_DOMINANCES, NEW_SERIES_SHARES, PEER_DOMINANCES):
            setting = Setting(neighbours, clear_dominance, own, new_share, peers)
            yield Candidate(setting, verdict(evidence, setting, rule.thresholds["min_peers"]))
