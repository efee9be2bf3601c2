"""The GRIM test by properties: what a whole number of respondents gives is possible, and nothing else is."""

from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from expectations.catalogue import load_rules
from expectations.custom import is_share_possible

(NOISE,) = (rule.thresholds["noise"] for rule in load_rules() if rule.name == "impossible_share")
ROUNDINGS = (ROUND_HALF_UP, ROUND_HALF_EVEN, ROUND_HALF_DOWN)


def is_possible(share: float, respondents: int, decimals: int) -> bool:
    (verdict,) = is_share_possible(
        pd.Series([share], dtype=object),
        pd.Series([respondents], dtype=object),
        pd.Series([decimals], dtype=object),
        noise=NOISE,
    )
    return bool(verdict)


def printed(count: int, respondents: int, decimals: int, rounding: str) -> Decimal:
    """Round the share of a whole number of respondents as a report prints it, without binary arithmetic."""
    whole, rest = divmod(Fraction(100 * count * 10**decimals, respondents), 1)
    # Rounding asks only whether what is left lies below, at, or above a half.
    tail = Decimal("0.5") if rest == Fraction(1, 2) else Decimal("0.1") if rest < Fraction(1, 2) else Decimal("0.9")
    return (Decimal(whole) + tail).quantize(Decimal(1), rounding=rounding).scaleb(-decimals)


@given(data=st.data(), respondents=st.integers(1, 20_000), decimals=st.integers(0, 3))
def test_every_share_that_a_whole_number_gives_is_possible(
    data: st.DataObject, respondents: int, decimals: int
) -> None:
    count = data.draw(st.integers(0, respondents))
    rounding = data.draw(st.sampled_from(ROUNDINGS))
    assert is_possible(float(printed(count, respondents, decimals, rounding)), respondents, decimals)


@pytest.mark.parametrize("decimals", [0, 1])
def test_of_few_respondents_exactly_those_shares_are_possible_that_counting_finds(decimals: int) -> None:
    shares = [Decimal(number).scaleb(-decimals) for number in range(100 * 10**decimals + 1)]
    for respondents in range(1, 61):
        counted = {
            printed(count, respondents, decimals, rounding)
            for count in range(respondents + 1)
            for rounding in ROUNDINGS
        }
        verdicts = is_share_possible(
            pd.Series([float(share) for share in shares]),
            pd.Series([respondents] * len(shares)),
            pd.Series([decimals] * len(shares)),
            noise=NOISE,
        )
        assert {share for share, verdict in zip(shares, verdicts, strict=True) if verdict} == counted


def test_a_verdict_stands_at_the_row_it_is_about() -> None:
    index = pd.Index([7, 3])
    verdicts = is_share_possible(
        pd.Series([65.0, 66.0], index=index),
        pd.Series([29, 29], index=index),
        pd.Series([0, 0], index=index),
        noise=NOISE,
    )
    assert verdicts.to_dict() == {7: False, 3: True}


def test_nothing_to_judge_gives_no_verdict() -> None:
    nothing = pd.Series([], dtype=float)
    assert list(is_share_possible(nothing, nothing, nothing, noise=NOISE)) == []


@pytest.mark.parametrize("share", [-1, 101, 103, 200])
def test_no_share_of_few_lies_outside_0_and_100(share: float) -> None:
    assert not is_possible(share, 29, 0)
