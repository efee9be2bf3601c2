"""Cells that disclosure control protects, as the models give them, and what the policy demands for them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb


# SDMX CL_CONF_STATUS "not for publication": the one status of a suppressed cell that tells nothing of its count.
NOT_FOR_PUBLICATION = "N"


class DisclosureError(Exception):
    """Disclosure control cannot be carried out; nothing may be published."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the seed policy says about disclosure control.

    `open_share` is the part of the range left open by a small count's status that nobody may narrow, from 0 to 1;
    with 0 only the exact count is protected. `work_limit` is counted in cells times runs of the solver.
    """

    zero_is_small: bool = False
    open_share: float = 1.0
    work_limit: float = math.inf


@dataclass(frozen=True, slots=True)
class Cell:
    """A row of `confidential.disclosure_cell`."""

    key: str
    vintage: date
    value: int
    threshold: int
    sums_to: Mapping[str, str] = field(default_factory=dict)
    contributors: int | None = None
    superseded_on: date | None = None
    is_shown: bool = True
    is_published_elsewhere: bool = False
    strategy_code: str = ""
    table_code: str = ""

    @property
    def persons(self) -> int:
        """Number of persons behind the figure."""
        return self.value if self.contributors is None else self.contributors

    def is_small(self, policy: Policy) -> bool:
        """Whether it may not be shown, nor be computable."""
        return self.persons < self.threshold and (self.persons > 0 or policy.zero_is_small)

    def holds_on(self, day: date) -> bool:
        """Whether it was the value of its cell on a day."""
        return self.vintage <= day and (self.superseded_on is None or day < self.superseded_on)


def read_policy(policy: duckdb.DuckDBPyRelation) -> Policy:
    """Read the numbers of disclosure control from the seed policy.

    Raises:
        DisclosureError: one is missing.
    """
    numbers = dict(policy.select("policy_code, value_numeric").fetchall())
    try:
        return Policy(
            zero_is_small=bool(numbers["disclosure_zero_is_small"]),
            open_share=float(numbers["disclosure_open_share"]),
            work_limit=float(numbers["disclosure_work_limit"]),
        )
    except KeyError as error:
        raise DisclosureError(
            f"policy.csv has no row {error}: put it back, nothing can be protected without."
        ) from None


def read_cells(cells: duckdb.DuckDBPyRelation) -> list[Cell]:
    """Read the cells, in the order of their keys.

    Raises:
        DisclosureError: a row is no count that can be protected.
    """
    columns = [
        "cell_key",
        "vintage",
        "value",
        "threshold",
        "sums_to",
        "contributors",
        "superseded_on",
        "is_shown",
        "is_published_elsewhere",
        "strategy_code",
        "table_code",
    ]
    rows = cells.select(", ".join(columns)).order("cell_key, vintage").fetchall()
    return [_read_cell(dict(zip(columns, row, strict=True))) for row in rows]


def _read_cell(row: Mapping[str, Any]) -> Cell:
    needed = ("cell_key", "vintage", "value", "threshold", "is_shown", "is_published_elsewhere")
    if any(row[name] is None for name in needed) or row["value"] < 0 or (row["contributors"] or 0) < 0:
        raise DisclosureError(
            f"The cell {row['cell_key']} ({row['vintage']}) needs {', '.join(needed)}, and counts of zero or more. "
            "Correct the model that adds it to confidential.disclosure_cell."
        )
    totals = {breakdown: total for breakdown, total in (row["sums_to"] or {}).items() if total is not None}
    return Cell(key=row["cell_key"], sums_to=totals, **{name: row[name] for name in row if name not in _RENAMED})


_RENAMED = ("cell_key", "sums_to")


def open_range(cell: Cell, policy: Policy) -> tuple[int, int]:
    """Return the lowest and the highest count that the status of a small cell leaves open.

    Raises:
        DisclosureError: the threshold leaves one count open, so that the status alone would tell it.
    """
    lowest = 0 if cell.contributors is not None or policy.zero_is_small else 1
    highest = cell.threshold - 1
    if highest <= lowest:
        raise DisclosureError(
            f"A threshold of {cell.threshold} ({cell.table_code}) leaves only one small count, so that its status "
            "would tell it. Set a higher one, or 1 for none, in policy.csv."
        )
    return lowest, highest


def open_width(cell: Cell, policy: Policy) -> int:
    """Return how far apart the ends must stay between which a small count may lie."""
    lowest, highest = open_range(cell, policy)
    return min(highest - lowest, max(1, math.ceil(policy.open_share * (highest - lowest))))


def days_of_change(cells: Iterable[Cell]) -> list[date]:
    """Return the days on which a cell came, changed or went, in their order: one publication each."""
    days = {(cell.vintage, cell.superseded_on) for cell in cells}
    return sorted(day for day in set(chain.from_iterable(days)) if day is not None)
