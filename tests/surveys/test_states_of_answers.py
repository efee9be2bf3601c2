"""Exports that are handed in again: who kept what was published before must not learn how a few answered."""

import random
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.promise.warehouse import SyntheticWarehouse, models_in_order, run_python_model
from tests.surveys.waves import GROUPS, Asked, Export, load_waves, registry_of, seeds, write_wave

FEWEST = 5
UNKNOWN = dict.fromkeys(GROUPS, "unknown")
DAYS = [date(2026, month, 1) for month in range(1, 7)]
ITEMS = ["asked_all", "asked_some"]
QUESTIONS = [
    {"instrument_version": "1", "item_code": item, "series_item_code": item, "wording_version": "1"} for item in ITEMS
]
# What a reader keeps of a publication: (item, group) → respondents, and how many of them answered positively.
Figures = Mapping[tuple[str, str], tuple[int, int]]
# What is judged of what is shown, and what shows it.
_JUDGED = ("fct_survey_response", "fct_survey_share", "shown_figure", "recoverable_cell")
_CHOSEN = ("disclosure_cell", "suppressed_cell")


@pytest.fixture(scope="module")
def warehouse(manifest: dict[str, Any], published_file: Path) -> SyntheticWarehouse:
    return SyntheticWarehouse(manifest, published_file)


def asked(
    heads: tuple[int, int], teachers: tuple[int, int] = (0, 0), some_teachers: tuple[int, int] = (0, 0)
) -> list[Asked]:
    """Return an item that heads and teachers answered, and one for teachers, each (positive, respondents)."""
    return [
        Asked(
            "asked_all", {"teachers": teachers[0], "heads": heads[0]}, {"teachers": teachers[1], "heads": heads[1]}
        ),
        Asked("asked_some", {"teachers": some_teachers[0]}, {"teachers": some_teachers[1]}),
    ]


def published(
    warehouse: SyntheticWarehouse, exports: Sequence[Export], folder: Path, items: Sequence[str] = ITEMS
) -> Figures:
    """Build a warehouse from exports, and read what it publishes of them."""
    rows = seeds({"1": items}, QUESTIONS)
    load_waves(warehouse, exports, registry_of(rows))
    warehouse.build(rows, {}, (), folder)
    return figures(warehouse)


def figures(warehouse: SyntheticWarehouse) -> Figures:
    shares = warehouse.rows("from core.fct_survey_share where positive_share is not null")
    return {
        (row["item_code"], row["group_code"]): (
            row["respondents"],
            round(row["positive_share"] * row["respondents"] / 100),
        )
        for row in shares
    }


def few_told(before: Figures, after: Figures) -> dict[tuple[str, str], tuple[int, int]]:
    """Subtract what was published before: the answers of those few who are in one of both only."""
    differences = {
        key: (abs(after[key][0] - before[key][0]), abs(after[key][1] - before[key][1]))
        for key in before.keys() & after.keys()
    }
    return {key: difference for key, difference in differences.items() if 0 < difference[0] < FEWEST}


def test_who_kept_the_first_publication_cannot_tell_how_those_answered_who_came_later(
    warehouse: SyntheticWarehouse, tmp_path: Path, manifest: dict[str, Any]
) -> None:
    (tmp_path / "first").mkdir()
    first = write_wave(tmp_path / "first", "1", asked((9, 20), (30, 60), (10, 20)), UNKNOWN)
    second = write_wave(tmp_path, "1", asked((11, 22), (31, 66), (12, 23)), UNKNOWN)
    before = published(warehouse, [Export(first, DAYS[0])], tmp_path)
    after = published(warehouse, [Export(first, DAYS[0], DAYS[1]), Export(second, DAYS[1])], tmp_path)
    assert before == {("asked_all", "teachers"): (60, 30), ("asked_all", "heads"): (20, 9)} | {
        ("asked_some", "teachers"): (20, 10)
    }
    # Six teachers came: enough to be told of. Two heads came, and three teachers to the other item.
    assert after == {("asked_all", "teachers"): (66, 31)}
    assert few_told(before, after) == {}
    # Beside the number of respondents to the whole wave there are no answers.
    responses = warehouse.rows("select group_code, respondents from core.fct_survey_response order by all")
    assert responses == [{"group_code": "heads", "respondents": 22}, {"group_code": "teachers", "respondents": 66}]
    assert warehouse.rows("from confidential.recoverable_cell") == []

    # The same without the protection: the reader subtracts, and the audit says so.
    show_again(warehouse, manifest, "S")
    assert few_told(before, figures(warehouse)) == {
        ("asked_all", "heads"): (2, 2),
        ("asked_some", "teachers"): (3, 2),
    }
    few = "synthetic/respondents/synthetic_1/{}/2026-01-01/2026-02-01/difference"
    assert {(row["cell_key"], row["problem"]) for row in warehouse.rows("from confidential.recoverable_cell")} == {
        (few.format("heads/asked_all"), "recoverable"),
        (few.format("teachers/asked_some"), "recoverable"),
    }


def show_again(warehouse: SyntheticWarehouse, manifest: Mapping[str, Any], conf_status: str) -> None:
    """Forget the suppressed cells of a status, and make anew what shows cells and what judges it."""
    warehouse.connection.execute("delete from confidential.suppressed_cell where conf_status = ?", [conf_status])
    make_anew(warehouse, manifest, _JUDGED)


def make_anew(warehouse: SyntheticWarehouse, manifest: Mapping[str, Any], names: Sequence[str]) -> None:
    nodes = {name: node for name, node in manifest["nodes"].items() if node["name"] in names}
    assert len(nodes) == len(names)
    for kind, name, code in models_in_order(nodes):
        if kind == "python":
            run_python_model(warehouse.connection, name, code)
        else:
            warehouse.connection.execute(f"create or replace {kind} {name} as {code}")


def test_a_school_whose_file_comes_later_is_not_told_by_the_difference(
    warehouse: SyntheticWarehouse, tmp_path: Path
) -> None:
    # Two schools, a file each. Neither replaces the other: the second one adds three heads.
    one, other = tmp_path / "one", tmp_path / "other"
    one.mkdir()
    other.mkdir()
    large = Export(write_wave(one, "1", asked((20, 40)), UNKNOWN), DAYS[0])
    small = write_wave(other, "1", asked((3, 3)), UNKNOWN)
    before = published(warehouse, [large], tmp_path)
    after = published(warehouse, [large, Export(small, DAYS[1])], tmp_path)
    assert before == {("asked_all", "heads"): (40, 20)}
    assert after == {}
    # It is withdrawn: what is left is what was public before.
    nobody = write_wave(tmp_path, "1", asked((0, 0)), UNKNOWN)
    withdrawn = [large, Export(small, DAYS[1], DAYS[2]), Export(nobody, DAYS[2])]
    assert published(warehouse, withdrawn, tmp_path) == before
    # A third school of six: with the three it makes nine, and nobody knows which of them answered how.
    (tmp_path / "third").mkdir()
    third = write_wave(tmp_path / "third", "1", asked((1, 6)), UNKNOWN)
    assert published(warehouse, [large, Export(small, DAYS[1]), Export(third, DAYS[2])], tmp_path) == {
        ("asked_all", "heads"): (49, 24)
    }


def test_a_group_that_was_small_at_first_is_shown_once_enough_have_answered(
    warehouse: SyntheticWarehouse, tmp_path: Path
) -> None:
    (tmp_path / "first").mkdir()
    first = write_wave(tmp_path / "first", "1", asked((1, 4)), UNKNOWN)
    second = write_wave(tmp_path, "1", asked((2, 5)), UNKNOWN)
    assert published(warehouse, [Export(first, DAYS[0])], tmp_path) == {}
    exports = [Export(first, DAYS[0], DAYS[1]), Export(second, DAYS[1])]
    # Of the four no share was ever told that could be subtracted.
    assert published(warehouse, exports, tmp_path) == {("asked_all", "heads"): (5, 2)}


@pytest.mark.parametrize("fewest", [0, 8])
def test_a_state_is_shown_unless_it_is_small_or_too_near_to_one_that_was_shown(
    warehouse: SyntheticWarehouse, tmp_path: Path, manifest: dict[str, Any], fewest: int
) -> None:
    draw = random.Random(fewest)  # noqa: S311 - no secret
    items = {f"i{number:02}": [draw.randint(fewest, fewest + 14) for _ in DAYS] for number in range(40)}
    published(warehouse, [], tmp_path, list(items))
    for item, counts in items.items():
        for number, count in enumerate(counts):
            warehouse.connection.execute(
                "insert into confidential.survey_tally by name select 'synthetic' as strategy_code, "
                "'synthetic_1' as survey_code, 'synthetic_1' as wave_code, ? as item_code, 'heads' as group_code, "
                "100 as group_respondents, cast(? as integer) as respondents, 0 as positive_count, "
                "'synthetic' as source_file, cast(? as date) as vintage, cast(? as date) as superseded_on",
                [item, count, DAYS[number], DAYS[number + 1] if number + 1 < len(DAYS) else None],
            )
    make_anew(warehouse, manifest, (*_CHOSEN, *_JUDGED))
    hidden = {row["cell_key"] for row in warehouse.rows("select cell_key from confidential.suppressed_cell")}
    for item, counts in items.items():
        keys = [f"synthetic/respondents/synthetic_1/heads/{item}/{day}" for day in DAYS]
        shown = [number for number, key in enumerate(keys) if key not in hidden]
        assert all(
            not counts[late]
            or (counts[late] >= FEWEST and not is_near(counts[late], [counts[n] for n in shown[:place]]))
            for place, late in enumerate(shown)
        ), counts
        if fewest:
            # What is hidden is far enough above the threshold to say nothing: no more is hidden than has to be.
            assert shown == shown_states(counts), counts
    assert warehouse.rows("select cell_key from confidential.recoverable_cell where problem <> 'narrow'") == []


def is_near(count: int, others: Sequence[int]) -> bool:
    return any(0 < abs(count - other) < FEWEST for other in others if other)


def shown_states(counts: Sequence[int]) -> list[int]:
    """Return the numbers of the states that may be shown: those which no earlier one is too near to."""
    shown: list[int] = []
    for number, count in enumerate(counts):
        if not is_near(count, [counts[earlier] for earlier in shown]):
            shown.append(number)
    return shown
