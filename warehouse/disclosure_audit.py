"""The audit of disclosure control: can anything that is suppressed be computed from what is published?

It knows nothing of how the cells were chosen. It reads what core shows (`confidential.shown_figure`), adds what
whoever reads it knows besides (sums, statuses, what earlier vintages showed, figures published elsewhere), and
seeks for each suppressed count the lowest and the highest value that agree with all of it, by integer programming.
The statuses are taken at their word: A is a small count, S none or one from the threshold up, N any; and what a
status said in an earlier vintage stays said, though it is N by now. A second value
counts only if its world was checked in whole numbers; where the solver finds none, the count is taken to be
computable.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal

import pyarrow as pa

from warehouse.arrow import to_table
from warehouse.disclosure_cell import (
    Cell,
    Policy,
    days_of_change,
    open_width,
    read_cells,
    read_policy,
)
from warehouse.messages import message

if TYPE_CHECKING:
    import duckdb
    import numpy as np

Problem = Literal["shown", "differs", "recoverable", "narrow"]
FINDINGS = pa.schema(
    [
        ("strategy_code", pa.string()),
        ("table_code", pa.string()),
        ("cell_key", pa.string()),
        ("vintage", pa.date32()),
        ("problem", pa.string()),
        ("message_lv", pa.string()),
        ("message_en", pa.string()),
    ]
)

_MESSAGES: Mapping[Problem, str] = {
    "shown": "disclosure_shown",
    "differs": "disclosure_differs",
    "recoverable": "disclosure_recoverable",
    "narrow": "disclosure_narrow",
}
# A figure that was rounded for print is still a figure of its count.
_SAME_COUNT = 0.5
_NODES = 1000
# How the solver calls a whole number between its bounds, and one that may be none as well.
_WHOLE = 1
_WHOLE_OR_NONE = 3

Identity = tuple[str, int, int | None]
"""A count, however many vintages it did not change in."""


@dataclass(frozen=True, slots=True)
class ShownFigure:
    """A figure of core or the marts, and the cells it is computed from: (cell key, vintage) → coefficient."""

    relation: str
    key: str
    value: float
    terms: Mapping[tuple[str, date], float]


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with a suppressed cell."""

    cell: Cell
    problem: Problem
    relation: str = ""


def audit(
    connection: duckdb.DuckDBPyConnection,
    cells: duckdb.DuckDBPyRelation,
    suppressed: duckdb.DuckDBPyRelation,
    figures: duckdb.DuckDBPyRelation,
    policy: duckdb.DuckDBPyRelation,
) -> duckdb.DuckDBPyRelation:
    """Return one row a small or suppressed cell that the publication gives away, in the form FINDINGS.

    Args:
        connection: where the relations live.
        cells: rows of `confidential.disclosure_cell`.
        suppressed: rows of `confidential.suppressed_cell`.
        figures: rows of `confidential.shown_figure`.
        policy: rows of the seed policy.
    """
    rows = suppressed.select("cell_key, suppressed_since, not_told_since").fetchall()
    since = {key: day for key, day, _ in rows}
    not_told_since = {key: day for key, _, day in rows if day is not None}
    findings = find(read_cells(cells), since, _read_figures(figures), read_policy(policy), not_told_since)
    return connection.from_arrow(to_table([_to_row(finding) for finding in findings], FINDINGS))


def _read_figures(figures: duckdb.DuckDBPyRelation) -> list[ShownFigure]:
    terms: dict[tuple[str, str], dict[tuple[str, date], float]] = defaultdict(dict)
    values: dict[tuple[str, str], float] = {}
    columns = "relation, figure_key, cell_key, vintage, coefficient, figure"
    for relation, figure_key, cell_key, vintage, coefficient, figure in (
        figures.select(columns).order("relation, figure_key, cell_key, vintage").fetchall()
    ):
        terms[relation, figure_key][cell_key, vintage] = coefficient
        values[relation, figure_key] = figure
    return [ShownFigure(*name, values[name], parts) for name, parts in terms.items()]


def _to_row(finding: Finding) -> dict[str, object]:
    cell = finding.cell
    facts = {"cell": cell.key, "vintage": cell.vintage.isoformat(), "relation": finding.relation}
    return {
        "strategy_code": cell.strategy_code,
        "table_code": cell.table_code,
        "cell_key": cell.key,
        "vintage": cell.vintage,
        "problem": finding.problem,
        "message_lv": message(_MESSAGES[finding.problem], "lv", **facts),
        "message_en": message(_MESSAGES[finding.problem], "en", **facts),
    }


def find(
    cells: Sequence[Cell],
    since: Mapping[str, date],
    figures: Sequence[ShownFigure],
    policy: Policy,
    not_told_since: Mapping[str, date] = MappingProxyType({}),
) -> list[Finding]:
    """Find the suppressed cells that can be computed, or known more narrowly than the policy allows.

    Args:
        cells: all cells in all vintages.
        since: the suppressed cells → first vintage they are suppressed in.
        figures: what is shown now.
        policy: what the policy demands.
        not_told_since: those of the suppressed cells whose status, N, tells nothing of their counts → first vintage
            it does so in.

    Returns:
        Findings by problem and cell. `narrow` is one only where showing fewer cells would help.
    """
    knowledge = _Knowledge(cells, since, policy, not_told_since)
    findings = list(knowledge.learn(figures))
    for component in knowledge.components(knowledge.known):
        findings += component.findings()
    return sorted(findings, key=lambda finding: (finding.problem, finding.cell.key, finding.cell.vintage))


class _Knowledge:
    """What whoever reads the publication knows: equations between counts, and which of the counts."""

    def __init__(
        self,
        cells: Sequence[Cell],
        since: Mapping[str, date],
        policy: Policy,
        not_told_since: Mapping[str, date],
    ) -> None:
        self.policy = policy
        self.since = since
        self.cells = {(cell.key, cell.vintage): cell for cell in cells}
        self.counts: dict[Identity, Cell] = {}
        self.known: set[Identity] = set()
        self.told: set[Identity] = set()
        self.equations: list[dict[Identity, float]] = []
        for cell in cells:
            self.counts.setdefault(_identity(cell), cell)
            if cell.is_published_elsewhere or self._was_shown_earlier(cell):
                self.known.add(_identity(cell))
            if cell.is_shown and cell.vintage < not_told_since.get(cell.key, date.max):
                self.told.add(_identity(cell))
        self._add_sums()

    def _was_shown_earlier(self, cell: Cell) -> bool:
        return cell.is_shown and cell.vintage < self.since.get(cell.key, date.max)

    def _add_sums(self) -> None:
        """Add all sums, as they held on each day on which something changed."""
        cells = self.cells.values()
        for day in days_of_change(cells):
            today = {cell.key: cell for cell in cells if cell.holds_on(day)}
            parts: dict[tuple[str, str], list[Cell]] = defaultdict(list)
            for cell in today.values():
                for breakdown, total in cell.sums_to.items():
                    parts[breakdown, total].append(cell)
            for (_, total), summands in parts.items():
                if total in today:
                    equation: dict[Identity, float] = defaultdict(float)
                    for cell in summands:
                        equation[_identity(cell)] += 1.0
                    equation[_identity(today[total])] -= 1.0
                    self.equations.append(equation)

    def learn(self, figures: Iterable[ShownFigure]) -> Iterator[Finding]:
        """Take note of what is shown; yield what should not be, or is not what the cells say."""
        for figure in figures:
            cells = {place: self.cells[place] for place in figure.terms if place in self.cells}
            truth = math.fsum(figure.terms[place] * cell.value for place, cell in cells.items())
            if len(cells) < len(figure.terms) or abs(truth - figure.value) >= _SAME_COUNT * max(
                map(abs, figure.terms.values())
            ):
                yield from (Finding(cell, "differs", figure.relation) for cell in cells.values())
            if len(cells) == 1:
                ((_, cell),) = cells.items()
                self.known.add(_identity(cell))
                is_hidden = cell.key in self.since or cell.is_small(self.policy)
                if is_hidden and not cell.is_published_elsewhere:
                    yield Finding(cell, "shown", figure.relation)
            else:
                self.equations.append({_identity(cell): figure.terms[place] for place, cell in cells.items()})

    @cached_property
    def component_of(self) -> Mapping[Identity, _Component]:
        """What would hang together if nothing were shown that can still be hidden: count → component."""
        last_day = max(cell.vintage for cell in self.cells.values())
        inevitable = {
            _identity(cell)
            for cell in self.cells.values()
            if cell.is_published_elsewhere
            or (cell.is_shown and cell.value == 0)
            or (self._was_shown_earlier(cell) and cell.vintage < last_day)
        }
        return {count: component for component in self.components(inevitable) for count in component.counts}

    def components(self, known: Collection[Identity]) -> Iterator[_Component]:
        """Yield what hangs together by what is not known."""
        parent: dict[Identity, Identity] = {count: count for count in self.counts if count not in known}

        def root(count: Identity) -> Identity:
            while parent[count] != count:
                parent[count] = parent[parent[count]]
                count = parent[count]
            return count

        for equation in self.equations:
            unknown = [count for count in equation if count in parent]
            for count in unknown[1:]:
                parent[root(count)] = root(unknown[0])
        members: dict[Identity, list[Identity]] = defaultdict(list)
        for count in sorted(parent, key=lambda count: (count[0], self.counts[count].vintage)):
            members[root(count)].append(count)
        equations: dict[Identity, list[dict[Identity, float]]] = defaultdict(list)
        for equation in self.equations:
            unknown = [count for count in equation if count in parent]
            if unknown:
                equations[root(unknown[0])].append(equation)
        for name, counts in members.items():
            yield _Component(self, counts, equations[name])


def _identity(cell: Cell) -> Identity:
    return cell.key, cell.value, cell.contributors


@dataclass(frozen=True, slots=True)
class _Bound:
    """What a status says of a count: between two numbers, or none."""

    lowest: int
    highest: int
    or_none: bool = False


class _Component:
    """Counts that hang together, none of them known."""

    def __init__(
        self, knowledge: _Knowledge, counts: Sequence[Identity], equations: Sequence[Mapping[Identity, float]]
    ) -> None:
        self.counts = counts
        self._knowledge = knowledge
        self._cells = [knowledge.counts[count] for count in counts]
        self._equations = equations

    @cached_property
    def _worlds(self) -> _Worlds:
        return _Worlds(self._matrix(), [cell.value for cell in self._cells], self._bounds())

    def findings(self) -> Iterator[Finding]:
        """Yield the suppressed counts of the component that are given away."""
        policy = self._knowledge.policy
        for number, cell in enumerate(self._cells):
            if self._is_to_be_protected(cell):
                wanted = open_width(cell, policy) if cell.is_small(policy) else 1
                width = self.width(number, wanted)
                if width == 0:
                    yield Finding(cell, "recoverable")
                elif width < wanted and self._is_avoidable(self.counts[number], width):
                    yield Finding(cell, "narrow")

    def _is_to_be_protected(self, cell: Cell) -> bool:
        return cell.is_small(self._knowledge.policy) or (cell.is_shown and cell.key in self._knowledge.since)

    def _matrix(self) -> list[dict[int, float]]:
        place = {count: number for number, count in enumerate(self.counts)}
        return [
            {place[count]: factor for count, factor in equation.items() if count in place and factor}
            for equation in self._equations
        ]

    def _bounds(self) -> list[_Bound]:
        # Wide enough for any world that matters: every count could take what all others and a threshold hold.
        ceiling = sum(cell.value for cell in self._cells) + max(cell.threshold for cell in self._cells)
        return [self._bound(cell, ceiling) for cell in self._cells]

    def _bound(self, cell: Cell, ceiling: int) -> _Bound:
        policy = self._knowledge.policy
        if _identity(cell) not in self._knowledge.told:
            return _Bound(0, ceiling)
        if cell.is_small(policy):
            is_none_possible = cell.contributors is not None or policy.zero_is_small
            return _Bound(0 if is_none_possible else 1, cell.threshold - 1)
        if cell.contributors is not None:
            return _Bound(0, ceiling)
        return _Bound(cell.threshold, ceiling, or_none=not policy.zero_is_small)

    def width(self, number: int, enough: int) -> int:
        """Return how far apart the lowest and the highest value of a count lie; no further than is enough."""
        return self._worlds.width(number, enough)

    def _is_avoidable(self, count: Identity, width: int) -> bool:
        """Whether hiding more would leave a wider range open than this: the statuses alone may narrow it."""
        component = self._knowledge.component_of.get(count)
        return component is not None and component.width(component.counts.index(count), width + 1) > width


class _Worlds:
    """Worlds that agree with what is known, and the values of each count in them. The truth is one of them."""

    def __init__(
        self,
        equations: Sequence[Mapping[int, float]],
        truth: Sequence[int],
        bounds: Sequence[_Bound],
    ) -> None:
        import numpy as np  # noqa: PLC0415 - only where something is suppressed
        from scipy.optimize import Bounds, LinearConstraint  # noqa: PLC0415
        from scipy.sparse import csr_array  # noqa: PLC0415

        rows = [(row, column, factor) for row, terms in enumerate(equations) for column, factor in terms.items()]
        row, column, factor = zip(*rows, strict=True) if rows else ((), (), ())
        self._matrix = csr_array(
            (np.array(factor, float), (np.array(row, int), np.array(column, int))), shape=(len(equations), len(truth))
        )
        self._truth = np.array(truth, float)
        self._sums = self._matrix @ self._truth
        self._constraint = LinearConstraint(self._matrix, self._sums, self._sums)
        self._bounds = Bounds(
            np.array([bound.lowest for bound in bounds], float), np.array([bound.highest for bound in bounds], float)
        )
        self._kinds = np.array([_WHOLE_OR_NONE if bound.or_none else _WHOLE for bound in bounds])
        self._least = self._truth.copy()
        self._most = self._truth.copy()

    def width(self, number: int, enough: int) -> int:
        """Return how far apart the lowest and the highest value of a count lie; no further than is enough."""
        for sign in (-1.0, 1.0):
            if self._most[number] - self._least[number] < enough:
                self._seek(number, sign)
        return int(self._most[number] - self._least[number])

    def _seek(self, number: int, sign: float) -> None:
        """Find the world in which a count is highest (-1) or lowest (1)."""
        import numpy as np  # noqa: PLC0415
        from scipy.optimize import milp  # noqa: PLC0415

        objective = np.zeros(len(self._truth))
        objective[number] = sign
        result = milp(
            objective,
            integrality=self._kinds,
            bounds=self._bounds,
            constraints=[self._constraint],
            options={"node_limit": _NODES},
        )
        if result.x is not None:
            world = np.rint(result.x)
            if self._agrees(world):
                self._least = np.minimum(self._least, world)
                self._most = np.maximum(self._most, world)

    def _agrees(self, world: np.ndarray[tuple[int], np.dtype[np.float64]]) -> bool:
        import numpy as np  # noqa: PLC0415

        inside = (world >= self._bounds.lb) & (world <= self._bounds.ub)
        inside |= (self._kinds == _WHOLE_OR_NONE) & (world == 0)
        return bool(inside.all()) and bool(np.allclose(self._matrix @ world, self._sums, atol=1e-6))
