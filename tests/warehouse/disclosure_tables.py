"""Synthetic tables for disclosure control, and a reader who thinks of every world that agrees with what is shown.

The reader is written without any solver and without a line of the code it judges: it enumerates.
"""

import itertools
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date

from hypothesis import reject
from hypothesis import strategies as st

from warehouse.disclosure_cell import Cell

FIRST, SECOND, THIRD = date(2025, 10, 1), date(2026, 1, 15), date(2026, 3, 1)
# A table with more worlds to think of is left out: it would take minutes.
_GUESSES = 3_000
Bounds = Mapping[str, Collection[int]]


def cube(
    counts: Mapping[tuple[str, ...], int],
    threshold: int = 3,
    vintage: date = FIRST,
    superseded_on: date | None = None,
    elsewhere: Collection[str] = (),
) -> list[Cell]:
    """Make the cells of a table with all its totals. A member `a.b` is part of the member `a`, that of `all`."""
    totals: dict[tuple[str, ...], int] = defaultdict(int)
    for members, count in counts.items():
        for levels in itertools.product(*map(_upwards, members)):
            totals[levels] += count
    return [
        Cell(
            "/".join(members),
            vintage,
            count,
            threshold,
            {
                str(axis): "/".join((*members[:axis], _upwards(member)[1], *members[axis + 1 :]))
                for axis, member in enumerate(members)
                if member != "all"
            },
            superseded_on=superseded_on,
            is_published_elsewhere="/".join(members) in elsewhere,
        )
        for members, count in totals.items()
    ]


def _upwards(member: str) -> list[str]:
    parts = member.split(".")
    return [".".join(parts[:length]) for length in range(len(parts), 0, -1)] + ["all"] if member != "all" else ["all"]


Shape = Sequence[tuple[str, ...]]
SHAPES: Sequence[Shape] = (
    [("a", "b", "c", "d")],
    [("a.x", "a.y", "b.x", "b.y", "b.z")],
    [("a", "b", "c"), ("p", "q", "r")],
    [("a.x", "a.y", "b"), ("p", "q")],
    [("a", "b"), ("p", "q"), ("u", "v")],
)
# Of few enough cells to think of every world though all of them were suppressed.
SMALL_SHAPES = SHAPES[:2]


@st.composite
def tables(draw: st.DrawFn, largest: int = 9, shapes: Sequence[Shape] = SHAPES) -> list[Cell]:
    """Draw a table of one, two or three dimensions, some with a hierarchy, with many small counts."""
    shape = draw(st.sampled_from(shapes))
    threshold = draw(st.sampled_from([3, 4, 5]))
    places = list(itertools.product(*shape))
    counts = draw(st.lists(st.integers(0, largest), min_size=len(places), max_size=len(places)))
    return cube(dict(zip(places, counts, strict=True)), threshold)


def is_small(cell: Cell) -> bool:
    return 0 < cell.value < cell.threshold


def sums(cells: Sequence[Cell]) -> list[tuple[str, list[str]]]:
    """Return each total with the parts that add up to it."""
    parts: dict[tuple[str, str], list[str]] = defaultdict(list)
    for cell in cells:
        for breakdown, total in cell.sums_to.items():
            parts[total, breakdown].append(cell.key)
    return [(total, keys) for (total, _), keys in parts.items()]


def possible_values(
    cells: Sequence[Cell], suppressed: Collection[str], unpublishable: Collection[str] = ()
) -> dict[str, set[int]]:
    """Enumerate the worlds that agree with what is shown; return the values of each suppressed cell in them.

    Of those that are not for publication (N) he is told nothing, of the others whether they are small.
    """
    ceiling = sum(cell.value for cell in cells if cell.key in suppressed) + max(cell.threshold for cell in cells)
    domains: dict[str, Sequence[int]] = {}
    for cell in cells:
        if cell.key not in suppressed:
            domains[cell.key] = [cell.value]
        elif cell.key in unpublishable:
            domains[cell.key] = range(ceiling + 1)
        elif is_small(cell):
            domains[cell.key] = range(1, cell.threshold)
        else:
            domains[cell.key] = [0, *range(cell.threshold, ceiling + 1)]
    seen: dict[str, set[int]] = {key: set() for key in suppressed}
    for world in _worlds(domains, sums(cells), iter(range(_GUESSES))):
        for key in suppressed:
            seen[key].add(world[key])
    return seen


def _worlds(
    domains: Mapping[str, Collection[int]], equations: Sequence[tuple[str, list[str]]], guesses: Iterator[int]
) -> Iterator[Mapping[str, int]]:
    """Yield all assignments that keep the sums: guess a value, then work out all that follows from it."""
    if next(guesses, None) is None:
        reject()
    known = {key: next(iter(values)) for key, values in domains.items() if len(values) == 1}
    if not _work_out(known, domains, equations):
        return
    open_keys = [key for key in domains if key not in known]
    if not open_keys:
        yield known
        return
    guess = min(open_keys, key=lambda key: len(domains[key]))
    for value in domains[guess]:
        yield from _worlds(
            {**domains, **{key: [number] for key, number in known.items()}, guess: [value]}, equations, guesses
        )


def _work_out(
    known: dict[str, int], domains: Mapping[str, Collection[int]], equations: Sequence[tuple[str, list[str]]]
) -> bool:
    """Complete what follows from the sums; False if they contradict."""
    changed = True
    while changed:
        changed = False
        for total, parts in equations:
            missing = [key for key in (total, *parts) if key not in known]
            if len(missing) > 1:
                # No count is below zero: parts that are more than their total already need no further thought.
                least = sum(known.get(part, min(domains[part])) for part in parts)
                if least > known.get(total, max(domains[total])):
                    return False
                continue
            rest = known.get(total, 0) - sum(known.get(part, 0) for part in parts)
            if not missing:
                if rest:
                    return False
                continue
            (key,) = missing
            value = -rest if key == total else rest
            if value not in domains[key]:
                return False
            known[key] = value
            changed = True
    return True
