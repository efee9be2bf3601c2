"""The audit of disclosure control agrees with a reader who thinks of every world, and finds what was left out."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date

import duckdb
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.warehouse.disclosure_tables import FIRST, SECOND, cube, is_small, possible_values, tables
from warehouse.disclosure import choose
from warehouse.disclosure_audit import FINDINGS, Finding, ShownFigure, audit, find
from warehouse.disclosure_cell import Cell, Policy

POLICY = Policy()
SLOW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def shown(cells: Sequence[Cell], since: Collection[str]) -> list[ShownFigure]:
    return [
        ShownFigure("core.synthetic", f"{cell.key}@{cell.vintage}", cell.value, {(cell.key, cell.vintage): 1.0})
        for cell in cells
        if cell.key not in since
    ]


def judge(
    cells: Sequence[Cell],
    suppressed: Collection[str],
    policy: Policy = POLICY,
    unpublishable: Collection[str] = (),
) -> list[Finding]:
    since = dict.fromkeys(suppressed, FIRST)
    return find(cells, since, shown(cells, suppressed), policy, dict.fromkeys(unpublishable, FIRST))


def unpublishable(pattern: Mapping[str, str]) -> set[str]:
    return {key for key, status in pattern.items() if status == "N"}


def problems(findings: Sequence[Finding]) -> set[tuple[str, str]]:
    return {(finding.cell.key, finding.problem) for finding in findings}


TABLE = cube({("a",): 2, ("b",): 10, ("c",): 30})


# --- What it finds ---


def test_a_small_count_alone_is_computable_from_the_rest() -> None:
    assert problems(judge(TABLE, {"a"})) == {("a", "recoverable")}


def test_a_small_count_with_a_partner_is_not() -> None:
    assert judge(TABLE, {"a", "b"}) == []


def test_a_partner_that_its_status_tells_is_none() -> None:
    # 1 and 1 make 2, and small is 1 or 2.
    assert problems(judge(cube({("a",): 1, ("b",): 1, ("c",): 9}), {"a", "b"})) == {
        ("a", "recoverable"),
        ("b", "recoverable"),
    }


def test_counts_that_their_statuses_tell_are_not_told_by_the_status_that_tells_nothing() -> None:
    table = cube({("a",): 0, ("b",): 0, ("c",): 1, ("d",): 1})
    everything = {cell.key for cell in table}
    assert {("c", "recoverable"), ("d", "recoverable")} <= problems(judge(table, everything))
    assert judge(table, everything, unpublishable=everything) == []


def test_public_figures_give_a_count_away_whatever_its_status() -> None:
    table = cube({("a",): 2, ("b",): 10}, elsewhere={"b", "all"})
    assert problems(judge(table, {"a"}, unpublishable={"a"})) == {("a", "recoverable")}


def test_a_suppressed_figure_that_a_table_shows_is_named_with_the_table() -> None:
    figure = ShownFigure("marts.synthetic", "a", 2, {("a", FIRST): 1.0})
    (first, *others) = find(TABLE, {"a": FIRST, "b": FIRST}, [figure], POLICY)
    # b can be computed as soon as a is known.
    assert problems([first, *others]) == {("a", "shown"), ("b", "recoverable")}
    assert {finding.relation for finding in [first, *others] if finding.problem == "shown"} == {"marts.synthetic"}


def test_a_small_count_that_nobody_suppressed_is_found() -> None:
    assert problems(find(TABLE, {}, shown(TABLE, ()), POLICY)) == {("a", "shown")}


def test_a_difference_that_a_mart_shows_gives_its_cells_away() -> None:
    table = cube({("a",): 2, ("b",): 10, ("c",): 30, ("d",): 30})
    change = ShownFigure("marts.synthetic", "change", 8, {("a", FIRST): -1.0, ("b", FIRST): 1.0})
    suppressed = {"a": FIRST, "b": FIRST}
    assert find(table, suppressed, [], POLICY) == []
    assert problems(find(table, suppressed, [change], POLICY)) == {("a", "recoverable"), ("b", "recoverable")}


def test_a_figure_that_is_not_the_cell_it_is_said_to_be_is_found() -> None:
    figure = ShownFigure("marts.synthetic", "c", 29, {("c", FIRST): 1.0})
    assert ("c", "differs") in problems(find(TABLE, {"a": FIRST, "b": FIRST}, [figure], POLICY))


def test_a_figure_published_elsewhere_is_known_though_nothing_here_shows_it() -> None:
    table = cube({("a",): 2, ("b",): 10, ("c",): 30}, elsewhere={"b"})
    assert problems(judge(table, {"a", "b"})) == {("a", "recoverable")}


def test_what_an_earlier_vintage_showed_is_known() -> None:
    earlier = cube({("a",): 10, ("b",): 20}, superseded_on=SECOND)
    later = cube({("a",): 2, ("b",): 20}, vintage=SECOND)
    cells = [*earlier, *later]
    assert ("a", "recoverable") in problems(find(cells, {"a": SECOND, "b": SECOND}, shown(later, {"a", "b"}), POLICY))
    # Suppressed from the start, b hides a.
    assert find(cells, {"a": FIRST, "b": FIRST}, shown(cells, {"a", "b"}), POLICY) == []


def test_a_status_that_an_earlier_vintage_told_is_not_taken_back_by_one_that_tells_nothing() -> None:
    # Today 2 is printed as the total of a, b and c, and none of them is said to be small. Yesterday a and b were.
    earlier = cube({("a",): 1, ("b",): 1, ("c",): 9}, superseded_on=SECOND)
    later = cube({("a",): 1, ("b",): 1, ("c",): 0}, vintage=SECOND, elsewhere={"all"})
    cells, suppressed = [*earlier, *later], dict.fromkeys("abc", FIRST)
    figures = shown(cells, suppressed)
    assert find(cells, suppressed, figures, POLICY, dict.fromkeys("abc", FIRST)) == []
    assert problems(find(cells, suppressed, figures, POLICY, dict.fromkeys("abc", SECOND))) == {
        ("a", "recoverable"),
        ("b", "recoverable"),
        ("c", "recoverable"),
    }


def test_a_range_narrower_than_it_must_be_is_found_but_not_called_computable() -> None:
    # 3 and 4 make 7, and small is 4 at most: neither can be 1 or 2.
    table = cube({("a",): 3, ("b",): 4, ("c",): 30, ("d",): 30}, threshold=5)
    assert problems(judge(table, {"a", "b"})) == {("a", "narrow"), ("b", "narrow")}
    assert judge(table, {"a", "b"}, Policy(open_share=0)) == []


def test_a_range_that_the_statuses_themselves_narrow_is_no_finding() -> None:
    # The total of two small counts is 2 at least, whatever is hidden.
    table = cube({("a.x",): 1, ("a.y",): 2, ("b",): 30, ("c",): 40}, threshold=5)
    assert judge(table, {cell.key for cell in table}) == []


# --- Against the reader who enumerates ---


@SLOW
@given(tables(), st.randoms(use_true_random=False))
def test_it_finds_exactly_what_a_reader_of_every_world_can_tell(cells: list[Cell], chance: object) -> None:
    pattern = {suppression.cell.key: suppression.conf_status for suppression in choose(cells, POLICY)}
    small = {cell.key for cell in cells if is_small(cell)}
    assume(small)
    # Some secondary cells are shown again: now some counts can be told and some cannot.
    left = small | {key for key in sorted(pattern.keys() - small) if chance.random() < 0.6}  # type: ignore[attr-defined]
    values = possible_values(cells, left, unpublishable(pattern))
    told = {key for key, possible in values.items() if len(possible) == 1}
    findings = judge(cells, left, unpublishable=unpublishable(pattern))
    assert {finding.cell.key for finding in findings if finding.problem == "recoverable"} == told


@SLOW
@given(tables())
def test_it_has_nothing_to_say_of_what_was_chosen(cells: list[Cell]) -> None:
    pattern = {suppression.cell.key: suppression.conf_status for suppression in choose(cells, POLICY)}
    assert judge(cells, pattern, unpublishable=unpublishable(pattern)) == []


def test_a_table_of_a_whole_city_is_judged_as_protected_and_each_small_count_alone_as_not() -> None:
    counts = {
        (f"school.{school}", f"grade.{grade}"): (7 * school + 5 * grade + school * grade) % 11
        for school in range(12)
        for grade in range(9)
    }
    cells = cube(counts)
    pattern = {suppression.cell.key for suppression in choose(cells, POLICY)}
    small = {cell.key for cell in cells if is_small(cell)}
    assert len(small) > 5
    assert judge(cells, pattern) == []
    assert len(judge(cells, small)) > 0


# --- Tables in, table out ---


def test_findings_become_rows_that_name_no_count() -> None:
    connection = duckdb.connect(":memory:")
    connection.execute(
        "create table cell as select 'synthetic' as strategy_code, 'learners' as table_code, key as cell_key, "
        "date '2026-01-01' as vintage, null::date as superseded_on, value, null::bigint as contributors, "
        "5 as threshold, true as is_shown, false as is_published_elsewhere, "
        "map(['by'], [case when key <> 'all' then 'all' end]) as sums_to "
        "from (values ('a', 4), ('b', 7777), ('all', 7781)) as t (key, value)"
    )
    connection.execute(
        "create table suppressed as select 'a' as cell_key, date '2026-01-01' as suppressed_since, "
        "null::date as not_told_since"
    )
    connection.execute(
        "create table figure as select 'core.x' as relation, cell_key as figure_key, cell_key, vintage, "
        "1.0::double as coefficient, value::double as figure from cell where cell_key <> 'a'"
    )
    connection.execute(
        "create table policy as from (values ('disclosure_zero_is_small', 0.0), ('disclosure_open_share', 1.0), "
        "('disclosure_work_limit', 1e6)) as t (policy_code, value_numeric)"
    )
    found = audit(connection, *map(connection.table, ("cell", "suppressed", "figure", "policy")))
    ((strategy, table, key, vintage, problem, text_lv, text_en),) = found.fetchall()
    assert found.columns == FINDINGS.names
    assert (strategy, table, key, vintage, problem) == ("synthetic", "learners", "a", date(2026, 1, 1), "recoverable")
    for text in (text_lv, text_en):
        assert "a (" in text
        assert not {"4", "7777", "7781"} & set(text.replace(",", " ").split())


def test_a_cell_that_is_never_shown_is_watched_if_it_is_small() -> None:
    cells = [replace(cell, is_shown=cell.key != "a") for cell in TABLE]
    assert problems(find(cells, {"x": FIRST}, [], POLICY)) == {("a", "recoverable")}


def test_a_cell_that_is_never_shown_has_no_status_that_would_tell_of_it() -> None:
    # Were a said to be hidden though it is not small, b could not be 2.
    cells = [replace(cell, is_shown=cell.key != "a") for cell in cube({("a",): 3, ("b",): 1})]
    figures = [figure for figure in shown(cells, {"b"}) if not figure.key.startswith("a@")]
    assert find(cells, {"b": FIRST}, figures, POLICY) == []
    assert problems(
        find([replace(cell, is_shown=True) for cell in cells], {"a": FIRST, "b": FIRST}, figures, POLICY)
    ) == {
        ("a", "recoverable"),
        ("b", "recoverable"),
    }
