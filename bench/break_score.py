"""Events, scores and cross-validation: what a detector of breaks found against what the office declared."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd

Alarms = npt.NDArray[np.bool_]
SettingT = TypeVar("SettingT")
FALSE_ALARM_BASE = 20
HALF = 0.5
EVENT_KEY = ["place", "period"]


def events_of(values: pd.DataFrame) -> pd.DataFrame:
    """List what is judged: each place and period, but not a place's first, which has nothing before it.

    Returns:
        One row an event, ordered, with `place`, `period` and `is_declared`: more than half of its values are flagged.
    """
    flagged_share = values.groupby(["place", "period_order", "period"], as_index=False)["is_break"].mean()
    first = flagged_share.groupby("place")["period_order"].transform("min")
    events = flagged_share[flagged_share["period_order"] > first].sort_values(["place", "period_order"])
    events = events.assign(is_declared=events["is_break"] > HALF)
    return pd.DataFrame(events[[*EVENT_KEY, "is_declared"]]).reset_index(drop=True)


def at_events(events: pd.DataFrame, found: pd.DataFrame, column: str, otherwise: float = np.nan) -> npt.NDArray[Any]:
    """Bring what was found a place and period into the order of the events."""
    by_event = found.set_index(EVENT_KEY)[column]
    return by_event.reindex(pd.MultiIndex.from_frame(events[EVENT_KEY])).fillna(otherwise).to_numpy()


def most_frequent_periods(events: pd.DataFrame, count: int) -> list[str]:
    """Return the periods in which most breaks are declared; the earlier of equal ones first."""
    declared = events[events["is_declared"]].groupby("period").size()
    return [str(period) for period in declared.sort_values(ascending=False, kind="stable").index[:count]]


@dataclass(frozen=True, slots=True)
class Score:
    """Counts of events by alarm and declaration, and the usual ratios; 0 where a ratio has no denominator."""

    hits: int
    false_alarms: int
    misses: int
    rightly_silent: int

    @classmethod
    def of(cls, alarms: Alarms, declared: Alarms) -> "Score":
        """Count the events by alarm and declaration."""
        return cls(
            int((alarms & declared).sum()),
            int((alarms & ~declared).sum()),
            int((~alarms & declared).sum()),
            int((~alarms & ~declared).sum()),
        )

    @property
    def precision(self) -> float:
        """Share of alarms that are declared breaks."""
        return self.hits / max(self.hits + self.false_alarms, 1)

    @property
    def recall(self) -> float:
        """Share of declared breaks that raise an alarm."""
        return self.hits / max(self.hits + self.misses, 1)

    @property
    def f1(self) -> float:
        """Harmonic mean of precision and recall."""
        return 2 * self.hits / max(2 * self.hits + self.false_alarms + self.misses, 1)

    @property
    def false_alarms_in_20(self) -> float:
        """False alarms in 20 events without a declared break."""
        return FALSE_ALARM_BASE * self.false_alarms / max(self.false_alarms + self.rightly_silent, 1)


@dataclass(frozen=True, slots=True)
class Candidate(Generic[SettingT]):
    """One setting of a detector, and its alarm for each event."""

    setting: SettingT
    alarms: Alarms


def candidates_of_score(
    score: npt.NDArray[np.float64], steps: int, *setting: object
) -> list[Candidate[tuple[object, ...]]]:
    """Make a candidate of each of some quantiles of a score as threshold, and one that is always silent."""
    finite = score[np.isfinite(score)]
    limits = np.unique(np.quantile(finite, np.linspace(0, 1, steps))) if finite.size else np.array([])
    filled = np.nan_to_num(score, nan=-np.inf)
    silent = Candidate((*setting, "silent"), np.zeros(len(score), dtype=bool))
    return [*(Candidate((*setting, float(limit)), filled >= limit) for limit in limits), silent]


def best_index(alarms: npt.NDArray[np.float32], declared: Alarms, judged: Alarms, max_false_alarms: float) -> int:
    """Choose the setting with the best F1 whose false alarms stay within a limit.

    Args:
        alarms: settings by events, 0 or 1.
        declared: which events are declared breaks.
        judged: which events may be looked at.
        max_false_alarms: limit, as a share of the events without a break.

    Returns:
        Index of the setting; of equal ones that with fewest false alarms. If none keeps the limit, that with fewest.
    """
    breaks, others = declared & judged, ~declared & judged
    hits, false_alarms = alarms @ breaks, alarms @ others
    f1 = 2 * hits / np.maximum(hits + false_alarms + breaks.sum(), 1)
    worth = np.where(false_alarms <= max_false_alarms * others.sum(), f1, -1 - false_alarms)
    return int(np.lexsort((false_alarms, -worth))[0])


def best_of(
    candidates: Sequence[Candidate[SettingT]], declared: Alarms, max_false_alarms: float
) -> Candidate[SettingT]:
    """Return the candidate that is best on all events."""
    matrix = np.array([candidate.alarms for candidate in candidates], dtype=np.float32)
    return candidates[best_index(matrix, declared, np.ones_like(declared), max_false_alarms)]


def cross_validated(
    events: pd.DataFrame, candidates: Sequence[Candidate[SettingT]], max_false_alarms: float = 1.0
) -> tuple[Alarms, list[SettingT]]:
    """Judge each place with the setting that is best on the other places.

    Returns:
        The alarms of all events, and the setting chosen for each place.
    """
    declared, place = events["is_declared"].to_numpy(bool), events["place"].to_numpy()
    matrix = np.array([candidate.alarms for candidate in candidates], dtype=np.float32)
    alarms = np.zeros(len(events), dtype=bool)
    settings = []
    for held_out in np.unique(place):
        is_held_out = place == held_out
        chosen = best_index(matrix, declared, ~is_held_out, max_false_alarms)
        alarms[is_held_out] = matrix[chosen, is_held_out] > 0
        settings.append(candidates[chosen].setting)
    return alarms, settings
