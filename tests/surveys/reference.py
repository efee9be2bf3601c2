"""The statistics of surveys once more, from the papers and not from the SQL: what the models are held against.

Shares are between 0 and 1. scipy gives the normal distribution; nothing else is shared with the models.

Sources: E. B. Wilson (1927), J. Am. Stat. Assoc. 22; R. G. Newcombe (1998), Statistics in Medicine 17, 873-890,
method 10; S. Holm (1979), Scand. J. Statistics 6; finite population: L. Kish (1965), Survey Sampling, 2.2.
"""

from collections.abc import Sequence
from math import inf, sqrt

from scipy.stats import norm

Z = 1.959964


def effective_size(n: int, population: int | None) -> float:
    """Return n(N−1)/(N−n), endless where all of the group answered, n where N is not known or cannot be true."""
    if population is None or population < n:
        return float(n)
    return inf if population == n else n * (population - 1) / (population - n)


def wilson(share: float, size: float) -> tuple[float, float]:
    """Return the ends of the interval: the roots of (p − share)² = z² p (1 − p) / n."""
    if size == inf:
        return share, share
    # a p² + b p + c = 0
    a, b, c = 1 + Z**2 / size, -(2 * share + Z**2 / size), share**2
    root = sqrt(max(b**2 - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def newcombe(
    earlier: float, later: float, earlier_size: float, later_size: float, rounding: float = 0.0
) -> tuple[float, float]:
    """Return the ends of the interval of later − earlier, widened by the rounding of both."""
    (low_1, high_1), (low_2, high_2) = wilson(earlier, earlier_size), wilson(later, later_size)
    change = later - earlier
    low = change - sqrt((later - low_2) ** 2 + (high_1 - earlier) ** 2) - rounding
    high = change + sqrt((high_2 - later) ** 2 + (earlier - low_1) ** 2) + rounding
    return max(low, -1.0), min(high, 1.0)


def p_value(  # noqa: PLR0913, PLR0917 - two samples
    earlier: float, later: float, n_1: int, n_2: int, size_1: float, size_2: float, rounding: float = 0.0
) -> float | None:
    """Return the two-sided p-value of the pooled test; None where nothing was sampled."""
    variance = 1 / size_1 + 1 / size_2
    if variance == 0:
        return None
    pooled = (earlier * n_1 + later * n_2) / (n_1 + n_2)
    scatter = sqrt(pooled * (1 - pooled) * variance)
    return 1.0 if scatter == 0 else float(2 * norm.sf(max(abs(later - earlier) - rounding, 0.0) / scatter))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values, in the order given."""
    adjusted = [0.0] * len(p_values)
    floor = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        floor = max(floor, min(1.0, (len(p_values) - rank) * p_values[index]))
        adjusted[index] = floor
    return adjusted
