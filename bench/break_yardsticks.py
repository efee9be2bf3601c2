"""What the rule is measured against: robust z-scores and the change points of `ruptures`, pooled a place and period.

Each function takes the numbers of one place (periods by series, NaN where there is none) and gives a score a period.
"""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
import numpy.typing as npt
import pandas as pd
import ruptures

from break_score import Candidate, at_events, candidates_of_score

Numbers = npt.NDArray[np.float64]
Pool = Callable[[pd.DataFrame], Numbers]

NORMAL_PER_MAD = 1.4826
Z_LIMIT = 3.0
Z_CAP = 10.0
NEIGHBOURS = 2
MIN_LENGTH = 4
# Penalties around the usual ones: 2 log n for a signal in units of its noise, 1 for a bounded kernel.
PENALTIES: Mapping[str, tuple[float, ...]] = {"PELT": (6.0, 12.0, 24.0), "kernel": (0.5, 1.0, 2.0)}
DEFAULT_PENALTY: Mapping[str, float] = {"PELT": 6.0, "kernel": 1.0}
_THRESHOLD_STEPS, _CHANGE_POINT_STEPS = 200, 60


def levels_of(values: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Arrange the numbers of each place as periods by series."""
    return {
        str(place): part.pivot_table(
            index=["period_order", "period"], columns="series_key", values="value", sort=True
        )
        for place, part in values.groupby("place")
    }


def rounding_unit_of(values: pd.DataFrame) -> float:
    """Return the last digit that a table prints, e.g. 0.1: a spread below it is not seen."""
    decimals = values["value_text"].str.partition(".")[2].str.len().max()
    return float(10.0 ** -float(decimals))


def robust_z(levels: pd.DataFrame, rounding_unit: float) -> Numbers:
    """Distance of each change from the usual change of its series, in robust standard deviations."""
    numbers = levels.to_numpy()
    changes = np.full(numbers.shape, np.nan)
    for column in range(numbers.shape[1]):
        present = np.flatnonzero(~np.isnan(numbers[:, column]))
        changes[present[1:], column] = np.diff(numbers[present, column])
    usual = np.nanmedian(changes, axis=0)
    spread = NORMAL_PER_MAD * np.nanmedian(np.abs(changes - usual), axis=0)
    distance: Numbers = np.abs(changes - usual) / np.maximum(spread, rounding_unit)
    return distance


def share_beyond_limit(z: Numbers) -> Numbers:
    """Share of the series whose z-score reaches the limit."""
    share: Numbers = np.nanmean(np.where(np.isnan(z), np.nan, z >= Z_LIMIT), axis=1)
    return share


def mean_z(z: Numbers) -> Numbers:
    """Mean z-score of the series, each capped, so that a wild one does not speak for all."""
    mean: Numbers = np.nanmean(np.minimum(z, Z_CAP), axis=1)
    return mean


def over_neighbours(score: Numbers) -> Numbers:
    """Score of a period over the median score of its neighbouring periods."""
    ratio = np.full(len(score), np.nan)
    for here in range(1, len(score)):
        places = range(max(1, here - NEIGHBOURS), min(len(score), here + NEIGHBOURS + 1))
        beside = score[[there for there in places if there != here]]
        ratio[here] = score[here] / max(float(np.nanmedian(beside)), 1e-9) if len(beside) else 1.0
    return ratio


def change_point_shares(levels: pd.DataFrame, method: str, is_detrended: bool, rounding_unit: float) -> list[Numbers]:
    """Share of the series with a change point that begins in a period, for each penalty of the method."""
    numbers = levels.to_numpy()
    found = [np.zeros(numbers.shape) for _ in PENALTIES[method]]
    for column, present, signal in _signals(numbers, is_detrended, rounding_unit):
        if method == "PELT":
            algorithm = ruptures.Pelt(model="l2", min_size=2, jump=1).fit(signal)
        else:
            algorithm = ruptures.KernelCPD(kernel="rbf", min_size=2).fit(signal)
        for hits, penalty in zip(found, PENALTIES[method], strict=True):
            hits[present[algorithm.predict(pen=penalty)[:-1]], column] = 1
    series_count = np.maximum((~np.isnan(numbers)).sum(axis=1), 1)
    return [hits.sum(axis=1) / series_count for hits in found]


def _signals(
    numbers: Numbers, is_detrended: bool, rounding_unit: float
) -> Iterator[tuple[int, npt.NDArray[np.int64], Numbers]]:
    """Give each series that is long enough as column, rows present, and numbers in units of their noise."""
    for column in range(numbers.shape[1]):
        present = np.flatnonzero(~np.isnan(numbers[:, column]))
        if len(present) < MIN_LENGTH:
            continue
        signal = numbers[present, column]
        if is_detrended:
            signal = signal - np.polyval(np.polyfit(present, signal, 1), present)
        # The difference of two noises scatters by root 2.
        noise = NORMAL_PER_MAD * np.median(np.abs(np.diff(signal))) / np.sqrt(2)
        yield column, present, (signal / max(noise, rounding_unit)).reshape(-1, 1)


def yardstick_scores(events: pd.DataFrame, values: pd.DataFrame) -> dict[str, Numbers]:
    """Score every event by robust z-scores: share of series beyond the limit, mean, mean over neighbours."""
    levels, rounding_unit = levels_of(values), rounding_unit_of(values)
    z = {place: robust_z(part, rounding_unit) for place, part in levels.items()}
    pools: dict[str, Callable[[Numbers], Numbers]] = {
        "robust z of single series >= 3, share of series": share_beyond_limit,
        "robust z, mean of the series": mean_z,
        "robust z, mean over neighbouring periods": lambda part: over_neighbours(mean_z(part)),
    }
    return {
        name: _at_events(events, levels, {place: pool(part) for place, part in z.items()})
        for name, pool in pools.items()
    }


def change_point_scores(events: pd.DataFrame, values: pd.DataFrame, method: str) -> dict[tuple[bool, float], Numbers]:
    """Score every event by `ruptures`: share of series with a change point, a detrending and penalty."""
    levels, rounding_unit = levels_of(values), rounding_unit_of(values)
    scores = {}
    for is_detrended in (False, True):
        shares = {
            place: change_point_shares(part, method, is_detrended, rounding_unit) for place, part in levels.items()
        }
        for position, penalty in enumerate(PENALTIES[method]):
            pooled = {place: part[position] for place, part in shares.items()}
            scores[is_detrended, penalty] = _at_events(events, levels, pooled)
    return scores


def threshold_candidates(score: Numbers) -> list[Candidate[tuple[object, ...]]]:
    """Make candidates of the thresholds of a score."""
    return candidates_of_score(score, _THRESHOLD_STEPS)


def change_point_candidates(scores: Mapping[tuple[bool, float], Numbers]) -> list[Candidate[tuple[object, ...]]]:
    """Make candidates of detrending, penalty and share of series."""
    return [
        candidate
        for setting, score in scores.items()
        for candidate in candidates_of_score(score, _CHANGE_POINT_STEPS, *setting)
    ]


def _at_events(events: pd.DataFrame, levels: Mapping[str, pd.DataFrame], pooled: Mapping[str, Numbers]) -> Numbers:
    found = pd.concat(
        pd.DataFrame({"place": place, "period": levels[place].index.get_level_values("period"), "score": score})
        for place, score in pooled.items()
    )
    return at_events(events, found, "score").astype(float)
