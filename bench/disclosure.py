"""What disclosure control hides and what it takes, on synthetic tables of institutions, grades and languages.

Two questions: how many cells a table of the size of a city loses, and in how many seconds; and, on small tables, how
much more the pattern costs than the cheapest there is. The cheapest is sought as one integer programme with a search
a thousand times as long as in the build; where it is not proven to be the cheapest, it is only the cheapest found.

    python bench/disclosure.py [tables]
"""

import itertools
import random
import sys
import time
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

from rich.console import Console
from rich.table import Table

from warehouse import disclosure_pattern
from warehouse.disclosure import Suppression, choose, cost_of
from warehouse.disclosure_audit import ShownFigure, find
from warehouse.disclosure_cell import Cell, Policy

_POLICY = Policy()
_VINTAGE = date(2026, 1, 31)
_CITY = (60, 12, 2)
_SMALL = (8, 5, 1)
_SHARE_OF_ZEROS = 0.3
_LONG_SEARCH = 1000
_NEVER, _ALWAYS = 0, 10**9


def main(tables: int) -> None:
    """Measure and print both tables."""
    console = Console()
    console.print(_city_table(tables))
    console.print(_minimum_table(tables))


def synthetic_cells(shape: Sequence[int], threshold: int, mean: int, seed: int) -> list[Cell]:
    """Return all cells of a synthetic table with its totals; counts spread around a mean, many of them zero."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    totals: dict[tuple[str, ...], int] = defaultdict(int)
    for place in itertools.product(*map(range, shape)):
        is_zero = chance.random() < _SHARE_OF_ZEROS
        count = 0 if is_zero else max(0, round(chance.gauss(mean, mean / 2)))
        for levels in itertools.product(*((str(member), "all") for member in place)):
            totals[levels] += count
    return [
        Cell(
            "/".join(levels),
            _VINTAGE,
            count,
            threshold,
            {
                str(axis): "/".join((*levels[:axis], "all", *levels[axis + 1 :]))
                for axis, level in enumerate(levels)
                if level != "all"
            },
        )
        for levels, count in totals.items()
    ]


def _city_table(tables: int) -> Table:
    table = Table("threshold", "cells", "small", "secondary", "suppressed", "seconds", "audit, seconds", "findings")
    table.title = f"{' × '.join(map(str, _CITY))}, one connected system; seconds of this process"
    for threshold, seed in itertools.product((3, 5), range(tables)):
        cells = synthetic_cells(_CITY, threshold, 12, seed)
        found, seconds = _timed_choice(cells)
        started = time.process_time()
        since = {suppression.cell.key: suppression.since for suppression in found}
        figures = [
            ShownFigure("synthetic", cell.key, cell.value, {(cell.key, cell.vintage): 1.0})
            for cell in cells
            if cell.key not in since
        ]
        not_told_since = {s.cell.key: s.not_told_since for s in found if s.not_told_since}
        findings = find(cells, since, figures, _POLICY, not_told_since)
        small = sum(suppression.cell.is_small(_POLICY) for suppression in found)
        table.add_row(
            *map(str, (threshold, len(cells), small, len(found) - small)),
            f"{len(found) / len(cells):.1%}",
            f"{seconds:.1f}",
            f"{time.process_time() - started:.1f}",
            str(len(findings)),
        )
    return table


def _minimum_table(tables: int) -> Table:
    table = Table("threshold", "small", "one by one", "as built", "long search", "as built / long search")
    table.title = f"Secondary cells of {tables} tables of {' × '.join(map(str, _SMALL))}, and the ratio of costs"
    for threshold in (3, 5):
        small, cells_hidden, costs = 0, [0, 0, 0], [0.0, 0.0, 0.0]
        for seed in range(tables):
            cells = synthetic_cells(_SMALL, threshold, 12, seed)
            for number, (size, nodes) in enumerate(((_NEVER, 1), (None, None), (_ALWAYS, _LONG_SEARCH))):
                found = _choose_with(cells, size, nodes)
                secondary = [suppression.cell for suppression in found if not suppression.cell.is_small(_POLICY)]
                cells_hidden[number] += len(secondary)
                costs[number] += sum(cost_of(cell) for cell in secondary)
            small += sum(cell.is_small(_POLICY) for cell in cells)
        table.add_row(*map(str, (threshold, small, *cells_hidden)), f"{costs[1] / costs[2]:.3f}" if costs[2] else "")
    return table


def _choose_with(cells: Sequence[Cell], size: int | None, nodes: int | None) -> list[Suppression]:
    limits = disclosure_pattern._EXACT_SIZE, disclosure_pattern._EXACT_NODES
    if size is not None and nodes is not None:
        disclosure_pattern._EXACT_SIZE, disclosure_pattern._EXACT_NODES = size, nodes
    try:
        return choose(cells, _POLICY)
    finally:
        disclosure_pattern._EXACT_SIZE, disclosure_pattern._EXACT_NODES = limits


def _timed_choice(cells: Sequence[Cell]) -> tuple[list[Suppression], float]:
    started = time.process_time()
    return choose(cells, _POLICY), time.process_time() - started


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
