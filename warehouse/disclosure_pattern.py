"""Suppression patterns: the cheapest further cells to suppress in a component of a linear system of counts.

For each demand (that a count may differ so much from the truth) the world that needs the cheapest further cells
suppressed is sought, one after the other, by integer programming (HiGHS); then each cell suppressed on the way is
shown again if the demands can be met without it (after J. P. Kelly, B. L. Golden, A. A. Assad, 1992: Cell
suppression: disclosure protection for sensitive tabular data). A small component is solved as one integer programme
besides (the model of M. Fischetti, J. J. Salazar, 2001: Solving the cell suppression problem on tabular data with
linear constraints), and the cheaper of both patterns is taken. A world found is the proof, checked in whole
numbers, whatever the solver said. The limits are those of work and not of time: the same cells give the same
pattern.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    _Numbers = np.ndarray[tuple[int], np.dtype[np.float64]]

# Moving a cell that is suppressed anyway costs next to nothing: of two worlds the one that moves fewer is taken.
_COST_OF_SUPPRESSED = 1e-3
# Cells times demands up to which a component is solved as one programme, and the nodes its search may open. Limits of
# work and not of time: the same cells give the same pattern on every machine.
_EXACT_SIZE = 600
_EXACT_NODES = 1
_STEP_NODES = 1000


Moves = Mapping[int, int]
"""A world, told by how much each variable that differs from the truth does."""


@dataclass(frozen=True, slots=True, order=True)
class Demand:
    """That there is a world in which a variable differs by at least so much from the truth."""

    variable: int
    move: int


@dataclass(frozen=True, slots=True)
class Need:
    """How far a small count may lie below and above the truth by its status, and how wide a range must stay open."""

    variable: int
    lowest: int
    highest: int
    width: int


@dataclass(frozen=True, slots=True)
class System:
    """A component: how far each variable may move, what suppressing it costs (0: it is), and what moves add up."""

    down: Sequence[float]
    up: Sequence[float]
    cost: Sequence[float]
    equations: Sequence[Sequence[tuple[int, int]]]
    is_fixed: Sequence[bool]

    @property
    def size(self) -> int:
        """Number of variables."""
        return len(self.cost)

    def agrees(self, world: Moves) -> bool:
        """Whether a world keeps all sums and all statuses, in whole numbers."""
        return all(
            -self.down[index] <= move <= self.up[index] and not self.is_fixed[index] for index, move in world.items()
        ) and all(sum(factor * world.get(index, 0) for index, factor in terms) == 0 for terms in self.equations)


@dataclass(frozen=True, slots=True)
class Pattern:
    """What is suppressed besides, and the world that proves each demand."""

    is_protected: bool
    secondary: Sequence[int] = ()
    worlds: Mapping[Demand, Moves] = field(default_factory=dict)
    work: int = 0


def solve(system: System, needs: Sequence[Need], work_limit: float) -> Pattern:
    """Choose the further cells of a component that are suppressed."""
    solver = _Solver(system, work_limit)
    pattern = _choose_one_by_one(solver, needs)
    if pattern is None:
        return Pattern(is_protected=False, work=solver.work)
    if pattern.secondary and system.size * len(pattern.worlds) <= _EXACT_SIZE:
        exact = _choose_at_once(solver, sorted(pattern.worlds))
        if exact is not None and _total_cost(system, exact.secondary) < _total_cost(system, pattern.secondary):
            pattern = exact
    return Pattern(True, pattern.secondary, pattern.worlds, solver.work)


def _total_cost(system: System, cells: Iterable[int]) -> float:
    return sum(system.cost[index] for index in cells)


def _choose_one_by_one(solver: _Solver, needs: Sequence[Need]) -> Pattern | None:
    """Meet one need after the other, then show again what is not needed; None if one cannot be met."""
    system = solver.system
    given = frozenset(index for index in range(system.size) if system.cost[index] == 0)
    suppressed = set(given)
    known: list[Moves] = []
    worlds: dict[Demand, Moves] = {}

    def go(variable: int, furthest: int) -> int:
        """Find the world in which a variable is furthest from the truth; the statuses of its parts may stop it."""
        step = -1 if furthest > 0 else 1
        for move in range(furthest, 0, step):
            demand = Demand(variable, move)
            world = next((world for world in known if _meets(world, demand)), None)
            if world is None and (world := solver.cheapest_world(demand, suppressed)) is not None:
                suppressed.update(world)
                mirrored = {index: -move for index, move in world.items()}
                known.extend([world, mirrored] if system.agrees(mirrored) else [world])
            if world is not None:
                worlds[demand] = world
                return move
        return 0

    # The widest first: their worlds tend to meet narrower needs as well.
    for need in sorted(needs, key=lambda need: (-need.width, need.variable)):
        up = go(need.variable, min(need.width, need.highest))
        down = go(need.variable, max(up - need.width, need.lowest))
        if up == down:
            return None
    for index in sorted(suppressed - given, key=lambda index: (-system.cost[index], index)):
        without = suppressed - {index}
        replaced = _worlds_within(solver, without, [demand for demand in worlds if index in worlds[demand]], known)
        if replaced is not None:
            suppressed = without
            worlds |= replaced
    return Pattern(True, sorted(suppressed - given), worlds)


def _worlds_within(
    solver: _Solver, suppressed: set[int], demands: Sequence[Demand], known: list[Moves]
) -> dict[Demand, Moves] | None:
    """Find a world for each demand in which only suppressed cells move; None if there is a demand without."""
    possible = [world for world in known if suppressed >= world.keys()]
    found: dict[Demand, Moves] = {}
    for demand in demands:
        world = next((world for world in possible if _meets(world, demand)), None)
        if world is None:
            world = solver.world_within(demand, suppressed)
            if world is None:
                return None
            possible.append(world)
            known.append(world)
        found[demand] = world
    return found


def _meets(world: Moves, demand: Demand) -> bool:
    move = world.get(demand.variable, 0)
    return move >= demand.move > 0 or move <= demand.move < 0


def _choose_at_once(solver: _Solver, demands: Sequence[Demand]) -> Pattern | None:
    """Meet all demands at the lowest cost; None if that was not found within the limits."""
    worlds = solver.cheapest_worlds(demands)
    if worlds is None:
        return None
    moved = set(chain.from_iterable(worlds))
    secondary = sorted(index for index in moved if solver.system.cost[index] > 0)
    return Pattern(True, secondary, dict(zip(demands, worlds, strict=True)))


class _Solver:
    """Integer programmes over one component. A world it returns was checked; None means that none was found."""

    def __init__(self, system: System, work_limit: float) -> None:
        import numpy as np  # noqa: PLC0415 - only where there is something to protect
        from scipy.sparse import csr_array  # noqa: PLC0415

        self.system = system
        self.work = 0
        self._work_limit = work_limit
        rows = [(row, index, factor) for row, terms in enumerate(system.equations) for index, factor in terms]
        row, column, factor = zip(*rows, strict=True) if rows else ((), (), ())
        self._sums = csr_array(
            (np.array(factor, float), (np.array(row, int), np.array(column, int))),
            shape=(len(system.equations), system.size),
        )
        fixed = np.array(system.is_fixed, bool)
        self._down = np.where(fixed, 0.0, np.array(system.down, float))
        self._up = np.where(fixed, 0.0, np.array(system.up, float))
        self._cost = np.array(system.cost, float)

    def cheapest_world(self, demand: Demand, suppressed: Collection[int]) -> Moves | None:
        """Find a world for a demand that needs little suppressed beyond what is."""
        cost = self._cost.copy()
        cost[list(suppressed)] = _COST_OF_SUPPRESSED
        return self._world(demand, list(range(self.system.size)), cost)

    def world_within(self, demand: Demand, suppressed: Collection[int]) -> Moves | None:
        """Find a world for a demand in which only suppressed cells move."""
        import numpy as np  # noqa: PLC0415

        cells = sorted(suppressed)
        return self._world(demand, cells, np.full(len(cells), _COST_OF_SUPPRESSED))

    def _world(self, demand: Demand, cells: Sequence[int], cost: _Numbers) -> Moves | None:
        """Minimise cost times distance over moves of some cells: up and down are variables of their own."""
        import numpy as np  # noqa: PLC0415
        from scipy.sparse import hstack  # noqa: PLC0415

        if demand.variable not in cells:
            return None
        number = cells.index(demand.variable)
        sums = self._sums[:, cells]
        up, down = self._up[cells], self._down[cells]
        lowest = np.zeros(2 * len(cells))
        highest = np.concatenate([up, down])
        there, back = (number, number + len(cells)) if demand.move > 0 else (number + len(cells), number)
        if highest[there] < abs(demand.move):
            return None
        lowest[there], highest[back] = abs(demand.move), 0
        solution = self._run(
            np.concatenate([cost, cost]),
            [(hstack([sums, -sums], format="csr"), 0.0, 0.0)],
            (lowest, highest),
            _STEP_NODES,
        )
        if solution is None:
            return None
        moves = solution[: len(cells)] - solution[len(cells) :]
        return self._checked({cells[place]: int(moves[place]) for place in map(int, np.flatnonzero(moves))}, demand)

    def cheapest_worlds(self, demands: Sequence[Demand]) -> list[Moves] | None:
        """Find worlds for all demands that together need the least suppressed: a binary variable a costly cell."""
        import numpy as np  # noqa: PLC0415
        from scipy.sparse import block_diag, csr_array, hstack, vstack  # noqa: PLC0415

        size, count = self.system.size, len(demands)
        # Nothing has to move further than all demands together: so far reach the bounds that are infinite.
        reach = float(sum(abs(demand.move) for demand in demands)) + 1
        up, down = np.minimum(self._up, reach), np.minimum(self._down, reach)
        costly = np.flatnonzero(self._cost > 0)
        moved = csr_array((np.ones(len(costly)), (np.arange(len(costly)), costly)), shape=(len(costly), size))
        switch_up = csr_array(np.diag(up[costly]))
        switch_down = csr_array(np.diag(down[costly]))
        nothing = csr_array((len(self.system.equations), len(costly)))
        worlds = range(count)
        constraints = [
            (hstack([vstack([nothing] * count), block_diag([self._sums] * count)], format="csr"), 0.0, 0.0),
            (hstack([vstack([-switch_up] * count), block_diag([moved] * count)], format="csr"), -np.inf, 0.0),
            (hstack([vstack([switch_down] * count), block_diag([moved] * count)], format="csr"), 0.0, np.inf),
        ]
        lowest = np.concatenate([np.zeros(len(costly)), *[-down for _ in worlds]])
        highest = np.concatenate([np.ones(len(costly)), *[up for _ in worlds]])
        for number, demand in enumerate(demands):
            place = len(costly) + number * size + demand.variable
            if demand.move > 0:
                lowest[place] = demand.move
            else:
                highest[place] = demand.move
        cost = np.concatenate([self._cost[costly], np.zeros(count * size)])
        solution = self._run(cost, constraints, (lowest, highest), _EXACT_NODES)
        if solution is None:
            return None
        moves = solution[len(costly) :].reshape(count, size)
        found = [
            self._checked({int(index): int(moves[number, index]) for index in np.flatnonzero(moves[number])}, demand)
            for number, demand in enumerate(demands)
        ]
        return [world for world in found if world is not None] if None not in found else None

    def _checked(self, world: Moves, demand: Demand) -> Moves | None:
        return world if self.system.agrees(world) and _meets(world, demand) else None

    def _run(
        self,
        cost: _Numbers,
        constraints: Sequence[tuple[Any, float, float]],
        bounds: tuple[_Numbers, _Numbers],
        nodes: int,
    ) -> _Numbers | None:
        """Minimise a cost in whole numbers; None if no solution was found within the limits."""
        import numpy as np  # noqa: PLC0415
        from scipy.optimize import Bounds, LinearConstraint, milp  # noqa: PLC0415

        self.work += len(cost)
        if self.work > self._work_limit:
            return None
        result = milp(
            cost,
            integrality=np.ones(len(cost), int),
            bounds=Bounds(*bounds),
            constraints=[LinearConstraint(sums, low, high) for sums, low, high in constraints],
            options={"node_limit": nodes, "mip_rel_gap": 0.0},
        )
        return None if result.x is None else np.rint(result.x)
