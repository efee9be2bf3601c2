"""Expectations that Great Expectations does not bring. Importing this module registers them."""

from typing import Any, ClassVar

import numpy as np
import pandas as pd
from great_expectations.execution_engine.pandas_execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import MulticolumnMapExpectation
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_condition_partial import (
    multicolumn_condition_partial,
)
from great_expectations.expectations.metrics.map_metric_provider.multicolumn_map_metric_provider import (
    MulticolumnMapMetricProvider,
)


def is_share_possible(
    share: "pd.Series[Any]", respondents: "pd.Series[Any]", decimals: "pd.Series[Any]", noise: float
) -> "pd.Series[bool]":
    """Tell which shares some whole number of respondents gives, however halves are rounded.

    The GRIM test (N. J. L. Brown and J. A. J. Heathers, 2017): with few respondents only few shares can occur.

    Args:
        share: printed share in percent.
        respondents: number of respondents, at least 1.
        decimals: decimals printed.
        noise: tolerance for binary arithmetic, in percent.
    """
    printed, size = share.to_numpy(float), respondents.to_numpy(float)
    half_a_digit = 0.5 * np.power(10.0, -decimals.to_numpy(float)) + noise
    # A whole number lies between the ends of what rounds to the share: one of those near its middle does, or none.
    nearest = np.round(printed * size / 100)
    counts = [np.clip(nearest + step, 0, size) for step in (-1, 0, 1)]
    distances = [np.abs(100 * count / size - printed) for count in counts]
    return pd.Series(np.minimum.reduce(distances) <= half_a_digit, index=share.index)


class SharePossible(MulticolumnMapMetricProvider):
    """Condition behind the expectation: the columns are share, respondents, decimals."""

    condition_metric_name = "multicolumn_values.share.possible"
    condition_domain_keys = ("batch_id", "table", "column_list", "row_condition", "condition_parser", "ignore_row_if")
    condition_value_keys = ("noise",)

    @multicolumn_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column_list: pd.DataFrame, noise: float, **_: object) -> "pd.Series[bool]":  # noqa: N805
        share, respondents, decimals = (column_list[name] for name in column_list.columns)
        return is_share_possible(share, respondents, decimals, noise)


class ExpectShareToBePossible(MulticolumnMapExpectation):
    """Expect a printed share to be one that some whole number of the respondents gives."""

    map_metric = SharePossible.condition_metric_name
    success_keys: ClassVar[tuple[str, ...]] = ("noise", "mostly")
    args_keys: ClassVar[tuple[str, ...]] = ("column_list",)

    noise: float = 0
