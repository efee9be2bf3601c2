"""Disclosure control: no small count can be computed from what is left, and no more is hidden than is needed."""

import itertools
import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.warehouse.disclosure_tables import (
    FIRST,
    SECOND,
    SMALL_SHAPES,
    THIRD,
    cube,
    is_small,
    possible_values,
    tables,
)
from warehouse.disclosure import SUPPRESSED, choose, suppress
from warehouse.disclosure_cell import Cell, DisclosureError, Policy

POLICY = Policy()
SLOW = settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


def statuses(cells: Sequence[Cell], policy: Policy = POLICY) -> dict[str, str]:
    return {suppression.cell.key: suppression.conf_status for suppression in choose(cells, policy)}


def unpublishable(found: Mapping[str, str]) -> set[str]:
    return {key for key, status in found.items() if status == "N"}


# --- What is suppressed ---


def test_a_count_below_the_threshold_is_suppressed_with_another_that_hides_it() -> None:
    found = statuses(cube({("a",): 2, ("b",): 10, ("c",): 30}))
    assert found == {"a": "A", "b": "S"}


def test_nothing_is_suppressed_where_nothing_is_small() -> None:
    assert statuses(cube({("a",): 3, ("b",): 10, ("c",): 0})) == {}


def test_two_small_counts_that_can_be_nothing_but_one_and_one_do_not_hide_each_other() -> None:
    # The reader knows that both are 1 or 2, and that they make 2 together.
    assert statuses(cube({("a",): 1, ("b",): 1, ("c",): 9}))["c"] == "S"


def test_two_small_counts_hide_each_other_where_either_may_be_the_larger() -> None:
    assert statuses(cube({("a",): 1, ("b",): 2, ("c",): 9})) == {"a": "A", "b": "A"}


def test_where_the_statuses_would_tell_the_counts_nothing_is_told_of_any_of_them() -> None:
    # Small is 1 or 2: two of them that make a small total are 1 and 1, whatever else is hidden.
    cells = cube({("a",): 0, ("b",): 0, ("c",): 1, ("d",): 1})
    found = statuses(cells)
    assert found == dict.fromkeys(["a", "all", "b", "c", "d"], "N")
    values = possible_values(cells, found.keys())
    assert (values["c"], values["d"], values["all"]) == ({1}, {1}, {2})
    values = possible_values(cells, found.keys(), unpublishable(found))
    assert values["c"] > {0, 1, 2, 3}


def test_a_small_table_that_tells_its_counts_leaves_the_statuses_of_others_as_they_are() -> None:
    telling = cube({("a",): 1, ("b",): 1})
    other = [
        replace(
            cell, key=f"other/{cell.key}", sums_to={axis: f"other/{total}" for axis, total in cell.sums_to.items()}
        )
        for cell in cube({("a",): 2, ("b",): 10, ("c",): 30})
    ]
    assert statuses([*telling, *other]) == {"a": "N", "all": "N", "b": "N", "other/a": "A", "other/b": "S"}


def test_a_zero_is_shown_unless_the_policy_calls_it_small() -> None:
    cells = cube({("a",): 0, ("b",): 10, ("c",): 30})
    assert statuses(cells) == {}
    assert statuses(cells, Policy(zero_is_small=True))["a"] == "A"


def test_few_persons_behind_a_figure_hide_it_however_large_it_is() -> None:
    cells = [
        Cell("asked", FIRST, 4, 5),
        Cell("yes", FIRST, 4, 5, {"answer": "asked"}, contributors=4),
        Cell("no", FIRST, 0, 5, {"answer": "asked"}, contributors=4),
    ]
    assert statuses(cells) == {"asked": "A", "no": "A", "yes": "A"}


def test_what_is_never_shown_hides_a_small_count_for_nothing() -> None:
    cells = cube({("a",): 2, ("b",): 10, ("c",): 30})
    assert statuses([replace(cell, is_shown=cell.key != "c") for cell in cells]) == {"a": "A"}


def test_a_small_count_that_is_never_shown_must_not_be_computable_either() -> None:
    cells = cube({("a",): 2, ("b",): 10, ("c",): 30})
    assert "S" in statuses([replace(cell, is_shown=cell.key != "a") for cell in cells]).values()


def test_a_figure_published_elsewhere_is_not_suppressed_and_hides_nothing() -> None:
    cells = cube({("a",): 2, ("b",): 10, ("c",): 30}, elsewhere={"b", "all"})
    assert statuses(cells) == {"a": "A", "c": "S"}


def test_what_cannot_be_protected_hides_all_that_hangs_together() -> None:
    cells = cube({("a", "p"): 2, ("a", "q"): 0, ("b", "p"): 5, ("b", "q"): 7}, elsewhere={"b/p", "all/p"})
    found = statuses(cells)
    assert found == dict.fromkeys(["a/all", "a/p", "a/q", "all/all", "all/q", "b/all", "b/q"], "N")


def test_work_that_is_used_up_hides_more_and_never_less() -> None:
    cells = cube({("a",): 2, ("b",): 10, ("c",): 30, ("d",): 40})
    assert statuses(cells, Policy(work_limit=1)).keys() == {"a", "b", "c", "d", "all"}


def test_a_threshold_whose_status_tells_the_count_is_refused() -> None:
    with pytest.raises(DisclosureError, match="threshold of 2"):
        statuses(cube({("a",): 1, ("b",): 9}, threshold=2))


def test_a_small_table_is_protected_by_as_few_cells_as_there_can_be() -> None:
    # The rectangle of the small count and the cheapest other corners: nothing less hides a cell of a full table.
    counts = {(row, column): 50 for row in "abc" for column in "pqr"} | {("a", "p"): 1, ("b", "q"): 4}
    found = statuses(cube(counts))
    assert len(found) == 4
    assert found["b/q"] == "S"


# --- Whoever reads it ---


@SLOW
@given(tables())
def test_no_reader_can_tell_a_small_count(cells: list[Cell]) -> None:
    found = statuses(cells)
    assert {cell.key for cell in cells if is_small(cell)} <= found.keys()
    values = possible_values(cells, found.keys(), unpublishable(found))
    assert [cell.key for cell in cells if is_small(cell) and len(values[cell.key]) < 2] == []


@pytest.mark.parametrize("threshold", [3, 4])
def test_no_reader_can_tell_a_small_count_of_any_table_of_three_low_counts(threshold: int) -> None:
    # Random tables are seldom so low that A and S tell the counts.
    without_publication = 0
    for counts in itertools.product(range(4), repeat=3):
        cells = cube(dict(zip([("a",), ("b",), ("c",)], counts, strict=True)), threshold)
        small = {cell.key for cell in cells if is_small(cell)}
        found = statuses(cells)
        values = possible_values(cells, found.keys(), unpublishable(found))
        assert [key for key in small if len(values[key]) < 2] == [], counts
        if unpublishable(found):
            without_publication += 1
            # Nothing is not for publication that A and S could have protected.
            told = possible_values(cells, found.keys())
            assert any(len(told[key]) < 2 for key in small), counts
    assert without_publication > 0


@SLOW
@given(tables(shapes=SMALL_SHAPES))
def test_no_reader_knows_more_of_a_small_count_than_the_statuses_say(cells: list[Cell]) -> None:
    found = statuses(cells)
    # What can be known though everything that is not zero is suppressed, cannot be hidden.
    everything = possible_values(cells, {cell.key for cell in cells if cell.value})
    values = possible_values(cells, found.keys(), unpublishable(found))
    for cell in cells:
        if is_small(cell):
            assert len(values[cell.key]) > 1
            assert min(values[cell.key]) <= min(everything[cell.key])
            assert max(values[cell.key]) >= max(everything[cell.key])


@SLOW
@given(tables(), st.randoms(use_true_random=False))
def test_the_same_cells_in_any_order_give_the_same_pattern(cells: list[Cell], shuffling: random.Random) -> None:
    shuffled = list(cells)
    shuffling.shuffle(shuffled)
    assert choose(shuffled, POLICY) == choose(cells, POLICY)


@SLOW
@given(tables())
def test_every_secondary_cell_is_needed(cells: list[Cell]) -> None:
    found = statuses(cells)
    for key in [key for key, status in found.items() if status == "S"]:
        values = possible_values(cells, found.keys() - {key}, unpublishable(found))
        wider = possible_values(cells, found.keys(), unpublishable(found))
        assert any(
            (min(values[cell.key]), max(values[cell.key])) != (min(wider[cell.key]), max(wider[cell.key]))
            for cell in cells
            if is_small(cell)
        ), key


# --- Vintages ---


def vintages(*tables_of_counts: dict[tuple[str, ...], int], elsewhere: Sequence[str] = ()) -> list[Cell]:
    days = [FIRST, SECOND, THIRD]
    return [
        cell
        for number, counts in enumerate(tables_of_counts)
        for cell in cube(
            counts,
            vintage=days[number],
            superseded_on=days[number + 1] if number + 1 < len(tables_of_counts) else None,
            elsewhere=elsewhere,
        )
    ]


def test_what_an_earlier_vintage_showed_and_has_not_changed_hides_nothing() -> None:
    found = choose(vintages({("a",): 10, ("b",): 20}, {("a",): 2, ("b",): 20}), POLICY)
    # b was shown and is the same: only the new total can hide a.
    assert {s.cell.key: s.conf_status for s in found} == {"a": "A", "all": "S"}
    assert {s.since for s in found} == {SECOND}


def test_what_is_not_for_publication_once_is_so_in_all_vintages() -> None:
    found = choose(vintages({("a",): 1, ("b",): 1, ("c",): 0}, {("a",): 20, ("b",): 10, ("c",): 30}), POLICY)
    assert {s.cell.key: (s.conf_status, s.since, s.not_told_since) for s in found} == dict.fromkeys(
        ["a", "all", "b", "c"], ("N", FIRST, FIRST)
    )


def test_what_becomes_not_for_publication_is_so_from_that_vintage_on() -> None:
    found = choose(vintages({("a",): 1, ("b",): 2, ("c",): 9}, {("a",): 1, ("b",): 1, ("c",): 0}), POLICY)
    assert {s.cell.key: (s.conf_status, s.since, s.not_told_since) for s in found} == {
        "a": ("N", FIRST, SECOND),
        "all": ("N", SECOND, SECOND),
        "b": ("N", FIRST, SECOND),
        "c": ("N", SECOND, SECOND),
    }


def test_a_count_that_was_said_not_to_be_small_hides_no_other_as_if_it_might_be() -> None:
    told = cube({("a",): 4, ("b",): 1, ("c",): 9}, superseded_on=SECOND)
    # Two that make 2 are 1 and 1: nothing is told of them any more, nor of what they hang together with, a.
    untold = [
        Cell("a", SECOND, 4, 3, {"row": "row"}, superseded_on=THIRD),
        Cell("x", SECOND, 1, 3, {"row": "row", "column": "column"}),
        Cell("y", SECOND, 1, 3, {"column": "column"}),
        Cell("row", SECOND, 5, 3),
        Cell("column", SECOND, 2, 3),
    ]
    # d is 1 to 4 as long as a may be as few as 1: it is the rest of e.
    added = [
        Cell("a", THIRD, 4, 3, {"row": "row", "e": "e"}),
        Cell("d", THIRD, 1, 5, {"e": "e"}),
        Cell("e", THIRD, 5, 3),
    ]
    found = {s.cell.key: s for s in choose([*untold, *added], POLICY)}
    assert (found["a"].since, found["a"].not_told_since) == (SECOND, SECOND)
    assert "e" not in found
    # Whoever kept the first vintage knows that a is 3 at least.
    found = {s.cell.key: s for s in choose([*told, *untold, *added], POLICY)}
    assert (found["a"].since, found["a"].not_told_since) == (FIRST, SECOND)
    assert (found["e"].since, found["e"].conf_status) == (THIRD, "S")


def test_what_is_suppressed_once_is_suppressed_in_all_vintages() -> None:
    found = choose(vintages({("a",): 2, ("b",): 10, ("c",): 30}, {("a",): 8, ("b",): 10, ("c",): 30}), POLICY)
    assert {s.cell.key: (s.conf_status, s.since) for s in found} == {"a": ("A", FIRST), "b": ("S", FIRST)}


@SLOW
@given(st.lists(st.lists(st.integers(0, 7), min_size=4, max_size=4), min_size=2, max_size=3))
def test_no_reader_of_all_vintages_can_tell_a_small_count(counts: list[list[int]]) -> None:
    members = "abcd"
    cells = vintages(*[dict(zip([(m,) for m in members], numbers, strict=True)) for numbers in counts])
    found = choose(cells, POLICY)
    since = {s.cell.key: s.since for s in found}
    not_told_since = {s.cell.key: s.not_told_since for s in found}
    # One reader, all vintages: a count that did not change is one and the same, and what was shown stays known.
    joined: dict[str, Cell] = {}
    shown, told = set[str](), set[str]()
    for cell in cells:
        key = f"{cell.key}={cell.value}"
        total = next((c for c in cells if c.key == "all" and c.vintage == cell.vintage), cell)
        sums_to = {f"{name}@{cell.vintage}": f"{total_key}={total.value}" for name, total_key in cell.sums_to.items()}
        earlier = joined.get(key)
        joined[key] = replace(cell, key=key, sums_to={**(earlier.sums_to if earlier else {}), **sums_to})
        if cell.key not in since or cell.vintage < since[cell.key]:
            shown.add(key)
        elif cell.vintage < (not_told_since[cell.key] or date.max):
            told.add(key)
    everything = list(joined.values())
    hidden = joined.keys() - shown
    values = possible_values(everything, hidden, hidden - told)
    hopeless = [key for key in values if is_small(joined[key]) and len(values[key]) < 2]
    # With all of a vintage suppressed and nothing told of it, only what was public before can give a count away.
    assert not hopeless or since.keys() == {cell.key for cell in cells}
    assert not hopeless or None not in not_told_since.values()


# --- Tables in, table out ---

POLICY_ROWS = "('disclosure_zero_is_small', 0.0), ('disclosure_open_share', 1.0), ('disclosure_work_limit', 1e6)"


def relations(rows: str, policy: str = POLICY_ROWS) -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyRelation]:
    connection = duckdb.connect(":memory:")
    connection.execute(f"create table policy as from (values {policy}) as t (policy_code, value_numeric)")
    connection.execute(
        "create table cell (strategy_code varchar, table_code varchar, cell_key varchar, vintage date, "
        "superseded_on date, value bigint, contributors bigint, threshold integer, is_shown boolean, "
        "is_published_elsewhere boolean, sums_to map(varchar, varchar))"
    )
    if rows:
        connection.execute(f"insert into cell values {rows}")
    return connection, suppress(connection, connection.table("cell"), connection.table("policy"))


def test_rows_become_rows_and_a_total_that_is_null_is_none() -> None:
    row = (
        "('synthetic', 'learners', '{}', date '2026-01-01', null, {}, null, 3, true, false, "
        "map(['by', 'to'], [{}, null]))"
    )
    rows = [("a", 2, "'all'"), ("b", 7, "'all'"), ("c", 9, "'all'"), ("all", 18, "null")]
    _, found = relations(", ".join(row.format(*values) for values in rows))
    day = date(2026, 1, 1)
    assert found.fetchall() == [
        ("synthetic", "learners", "a", "A", day, None),
        ("synthetic", "learners", "b", "S", day, None),
    ]


def test_a_row_that_tells_nothing_says_since_when() -> None:
    row = "('s', 't', '{}', date '2026-01-01', null, {}, null, 3, true, false, map(['by'], [{}]))"
    rows = [("a", 1, "'all'"), ("b", 1, "'all'"), ("all", 2, "null")]
    _, found = relations(", ".join(row.format(*values) for values in rows))
    day = date(2026, 1, 1)
    assert [row[2:] for row in found.fetchall()] == [(key, "N", day, day) for key in ("a", "all", "b")]


def test_no_cells_give_a_table_without_rows_but_with_its_columns() -> None:
    _, found = relations("")
    assert (found.columns, found.fetchall()) == (SUPPRESSED.names, [])


@pytest.mark.parametrize("value", ["-1", "null"])
def test_a_cell_that_is_no_count_stops_the_run_and_says_which_it_is(value: str) -> None:
    with pytest.raises(DisclosureError, match="The cell a "):
        relations(f"('s', 't', 'a', date '2026-01-01', null, {value}, null, 3, true, false, null)")


def test_a_policy_without_its_numbers_stops_the_run() -> None:
    with pytest.raises(DisclosureError, match="disclosure_open_share"):
        relations("", "('disclosure_zero_is_small', 0.0)")
