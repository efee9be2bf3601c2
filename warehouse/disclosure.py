"""Disclosure control: which counts of persons the publication does not show.

The interface. A model that counts persons adds its cells to `confidential.disclosure_cell` by one more `union all`:
a row a cell and vintage with the true count, the number of persons behind it, the threshold of the policy, and the
totals that it is part of (column `sums_to`). All levels that are shown anywhere are cells: a school's grade, the
school, the city. The fact that shows them joins `confidential.suppressed_cell` by `cell_key`: where it finds a row
it shows NULL with its `conf_status` (A small count, S secondary, N not for publication). What core then shows goes,
by one more `union all`, into `confidential.shown_figure`, from which the audit (`warehouse/disclosure_audit.py`)
judges whether anything suppressed can be computed.

What is protected. The cells are the variables of a linear system, the sums its equations. Whoever reads the
publication knows the sums, the shown counts, and what a status says: A is a count from 1 up to below the threshold,
S is none or one from the threshold up, N is any. A small count is protected if there are *worlds* that agree with
all of this in which it takes the lowest and the highest value that its status leaves open, or as much of that range
as the policy asks for. How few further cells have to be suppressed for that is found in
`warehouse/disclosure_pattern.py`. Where A and S themselves would tell a small count (1 and 1 make 2, all of them
small), everything that hangs together is suppressed as N: without public figures among them all of its counts may
then be larger by any number.

Vintages. The publications are replayed one vintage after the other. What a vintage showed stays known, and a count
that did not change is one and the same variable, so that yesterday's figures do not give away today's. What is
suppressed once is suppressed in all vintages. What the status of a count told stays known too: N says nothing from
the vintage on in which it was chosen, and does not take back the A or S that was published before.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from typing import TYPE_CHECKING

import pyarrow as pa

from warehouse.arrow import to_table
from warehouse.disclosure_cell import (
    NOT_FOR_PUBLICATION,
    Cell,
    Policy,
    open_range,
    open_width,
    read_cells,
    read_policy,
)
from warehouse.disclosure_pattern import Moves, Need, System, solve

if TYPE_CHECKING:
    import duckdb

SMALL = "A"
SECONDARY = "S"
SUPPRESSED = pa.schema(
    [
        ("strategy_code", pa.string()),
        ("table_code", pa.string()),
        ("cell_key", pa.string()),
        ("conf_status", pa.string()),
        ("suppressed_since", pa.date32()),
        ("not_told_since", pa.date32()),
    ]
)


@dataclass(frozen=True, slots=True)
class Suppression:
    """A cell that is not shown, why, since which vintage, and since which vintage its status, N, tells nothing."""

    cell: Cell
    conf_status: str
    since: date
    not_told_since: date | None = None


def suppress(
    connection: duckdb.DuckDBPyConnection, cells: duckdb.DuckDBPyRelation, policy: duckdb.DuckDBPyRelation
) -> duckdb.DuckDBPyRelation:
    """Return one row a cell that is not to be shown, in the form SUPPRESSED.

    Args:
        connection: where the relations live.
        cells: rows of `confidential.disclosure_cell`.
        policy: rows of the seed policy.

    Raises:
        DisclosureError: cells or policy make no sense.
    """
    rows = [
        {
            "strategy_code": suppression.cell.strategy_code,
            "table_code": suppression.cell.table_code,
            "cell_key": suppression.cell.key,
            "conf_status": suppression.conf_status,
            "suppressed_since": suppression.since,
            "not_told_since": suppression.not_told_since,
        }
        for suppression in choose(read_cells(cells), read_policy(policy))
    ]
    return connection.from_arrow(to_table(rows, SUPPRESSED))


def choose(cells: Sequence[Cell], policy: Policy) -> list[Suppression]:
    """Choose the cells that are not shown, so that no small count can be computed from those that are.

    Where the demands cannot be met within the limits, all cells that hang together are suppressed, with a status that
    tells nothing of them: more than needed, never less.

    Returns:
        One suppression a cell key, in the order of the keys.

    Raises:
        DisclosureError: a threshold makes no sense.
    """
    if not any(cell.is_small(policy) and not cell.is_published_elsewhere for cell in cells):
        return []
    cells = sorted(cells, key=lambda cell: (cell.key, cell.vintage))
    replay = _Replay(policy)
    for day in sorted(
        {cell.vintage for cell in cells} | {cell.superseded_on for cell in cells if cell.superseded_on}
    ):
        replay.publish(day, [cell for cell in cells if cell.holds_on(day)])
    latest = {cell.key: cell for cell in cells}
    return [
        Suppression(latest[key], replay.status(key), since, replay.not_told_since.get(key))
        for key, since in sorted(replay.since.items())
    ]


@dataclass(slots=True)
class _Variable:
    """A count: the value of a cell as long as it does not change, however many vintages that is.

    It is told if a vintage published its status, and that was one that says whether it is small.
    """

    cell: Cell
    is_small: bool
    is_public: bool = False
    is_suppressed: bool = False
    is_told: bool = False


_Terms = tuple[tuple[int, int], ...]
"""An equation: variables and how often each is in a sum that makes nothing."""


class _Replay:
    """The publications so far: what they suppressed, what they showed."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.since: dict[str, date] = {}
        self._small_keys: set[str] = set()
        self.not_told_since: dict[str, date] = {}
        self._variables: list[_Variable] = []
        self._index: dict[tuple[str, int, int | None], int] = {}
        self._equations: dict[_Terms, int] = {}
        self._terms: list[_Terms] = []
        self._equations_of: dict[int, set[int]] = defaultdict(set)
        self._worlds: dict[int, list[Moves]] = {}
        self._work = 0

    def status(self, key: str) -> str:
        """Return the confidentiality status that a cell that is suppressed has by now."""
        if key in self.not_told_since:
            return NOT_FOR_PUBLICATION
        return SMALL if key in self._small_keys else SECONDARY

    def publish(self, day: date, cells: Sequence[Cell]) -> None:
        """Choose what a vintage suppresses, given all that those before it showed."""
        current = {cell.key: self._variable(cell) for cell in cells}
        self._add_equations(cells, current)
        for index in current.values():
            variable = self._variables[index]
            if variable.is_small and not variable.is_public:
                self._small_keys.add(variable.cell.key)
                self._hide(index, day)
            elif variable.cell.key in self.since:
                variable.is_suppressed = True
        for component in self._components():
            for index in self._protect(component, set(current.values()), day):
                self._hide(index, day)
        for index in current.values():
            variable = self._variables[index]
            if variable.cell.is_shown:
                variable.is_public |= variable.cell.key not in self.since
                variable.is_told |= variable.cell.key not in self.not_told_since

    def _hide(self, index: int, day: date) -> None:
        self._variables[index].is_suppressed = True
        self.since.setdefault(self._variables[index].cell.key, day)

    def _variable(self, cell: Cell) -> int:
        identity = (cell.key, cell.value, cell.contributors)
        if identity not in self._index:
            self._index[identity] = len(self._variables)
            self._variables.append(_Variable(cell, cell.is_small(self.policy)))
        index = self._index[identity]
        self._variables[index].is_public |= cell.is_published_elsewhere
        return index

    def _add_equations(self, cells: Sequence[Cell], current: Mapping[str, int]) -> None:
        coefficients: dict[tuple[str, str], dict[int, int]] = defaultdict(lambda: defaultdict(int))
        for cell in cells:
            for breakdown, total in cell.sums_to.items():
                if total in current:
                    coefficients[breakdown, total][current[cell.key]] += 1
        for (_, total), parts in coefficients.items():
            parts[current[total]] -= 1
            terms = tuple(sorted((index, number) for index, number in parts.items() if number))
            if terms not in self._equations:
                number = self._equations[terms] = len(self._terms)
                self._terms.append(terms)
                for index, _ in terms:
                    self._equations_of[index].add(number)

    def _components(self) -> list[list[int]]:
        """Return the unknown variables that hang together, sorted, component by component."""
        components, seen = [], set[int]()
        for start in range(len(self._variables)):
            if start in seen or not self._is_unknown(start):
                continue
            seen.add(start)
            component, waiting = [], [start]
            while waiting:
                index = waiting.pop()
                component.append(index)
                for number in self._equations_of[index]:
                    for other, _ in self._terms[number]:
                        if other not in seen and self._is_unknown(other):
                            seen.add(other)
                            waiting.append(other)
            components.append(sorted(component))
        return components

    def _is_unknown(self, index: int) -> bool:
        # A zero that is not small is known to be one: institutions have no grade that they do not teach.
        variable = self._variables[index]
        return not variable.is_public and (
            variable.is_suppressed or not variable.cell.is_shown or variable.cell.value > 0
        )

    def _protect(self, component: Sequence[int], current: Collection[int], day: date) -> list[int]:
        """Return the further variables of a component that have to be suppressed."""
        needs = list(self._needs(component))
        if all(self._is_met(component[need.variable]) for need in needs):
            return []
        unknown = [self._variables[index] for index in component]
        moves = [self._room(variable) for variable in unknown]
        system = System(
            down=[down for down, _ in moves],
            up=[up for _, up in moves],
            cost=[
                0.0 if variable.is_suppressed or not variable.cell.is_shown else cost_of(variable.cell)
                for variable in unknown
            ],
            equations=self._local_equations(component),
            is_fixed=[
                not variable.is_suppressed and variable.cell.is_shown and index not in current
                for index, variable in zip(component, unknown, strict=True)
            ],
        )
        pattern = solve(system, needs, self.policy.work_limit - self._work)
        self._work += pattern.work
        if not pattern.is_protected:
            everything = self._everything(component, current)
            for index in everything:
                self.not_told_since.setdefault(self._variables[index].cell.key, day)
            return everything
        for need in needs:
            self._worlds[component[need.variable]] = []
        for demand, world in pattern.worlds.items():
            moved = {component[number]: move for number, move in world.items()}
            self._worlds[component[demand.variable]].append(moved)
        return [component[number] for number in pattern.secondary]

    def _needs(self, component: Sequence[int]) -> Iterator[Need]:
        for number, index in enumerate(component):
            variable = self._variables[index]
            if variable.is_small:
                lowest, highest = open_range(variable.cell, self.policy)
                value = variable.cell.value
                yield Need(number, lowest - value, highest - value, open_width(variable.cell, self.policy))

    def _is_met(self, index: int) -> bool:
        """Whether the worlds found for an earlier vintage agree with all that is known by now."""
        return index in self._worlds and all(self._still_holds(world) for world in self._worlds[index])

    def _room(self, variable: _Variable) -> tuple[int, float]:
        """Return how far a variable may move down and up in a world that agrees with its status."""
        cell = variable.cell
        if cell.key in self.not_told_since and not variable.is_told:
            return cell.value, math.inf
        if not cell.is_shown or (cell.contributors is not None and not variable.is_small):
            return cell.value, math.inf
        if variable.is_small:
            lowest, highest = open_range(cell, self.policy)
            return cell.value - lowest, highest - cell.value
        # A suppressed zero could only be a count from the threshold up: it stays where it is.
        return max(0, cell.value - cell.threshold), math.inf if cell.value >= cell.threshold else 0

    def _still_holds(self, world: Moves) -> bool:
        for index in world:
            variable = self._variables[index]
            if variable.is_public or not (variable.is_suppressed or not variable.cell.is_shown):
                return False
        numbers = set(chain.from_iterable(self._equations_of[index] for index in world))
        return all(
            sum(factor * world.get(index, 0) for index, factor in self._terms[number]) == 0 for number in numbers
        )

    def _local_equations(self, component: Sequence[int]) -> list[list[tuple[int, int]]]:
        place = {index: number for number, index in enumerate(component)}
        numbers = sorted(set(chain.from_iterable(self._equations_of[index] for index in component)))
        return [
            [(place[index], factor) for index, factor in self._terms[number] if index in place] for number in numbers
        ]

    def _everything(self, component: Sequence[int], current: Collection[int]) -> list[int]:
        """Return all that is or may still be suppressed of what hangs together with a component, zeros too."""
        near, waiting = set(component), list(component)
        while waiting:
            for number in self._equations_of[waiting.pop()]:
                further = {
                    index
                    for index, _ in self._terms[number]
                    if index not in near and not self._variables[index].is_public
                }
                near |= further
                waiting.extend(further)
        # What only an earlier vintage had is suppressed already, or was never shown and has no status.
        return sorted(
            index
            for index in near
            if not self._variables[index].is_public and (index in current or self._variables[index].is_suppressed)
        )


def cost_of(cell: Cell) -> float:
    """Return what hiding a cell loses: a cell, and a little more the more persons it counts."""
    return 1 + math.log2(1 + cell.value) / 4
