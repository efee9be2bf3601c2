"""Whatever stands in an export or a mapping: it is read or refused with a reason, and no answer is lost."""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.surveys.conftest import LONG, MAPPING, REGISTRY, STRATEGY, contract_of
from warehouse.readers import LandingFile, ReadResult
from warehouse.survey_export import read_export

# What a survey tool, a spreadsheet or a person may leave in a cell: known texts, almost known ones, and anything.
known = st.sampled_from(
    ["Piekrītu", " PIEKRĪTU", "4", "4,0", "Nezinu", "", " ", "\u00a0", "Vadītājs", "Skolotājs", "vaditajs", "NULL"]
)
anything = st.text(st.characters(codec="utf-8"), max_size=8)
cell = known | anything | st.sampled_from(['"', "=1+1", "#N/A", "a\nb", "\ufeff", "\x00", "\u202e", "𝒜", "'"])


def mostly(*texts: str) -> st.SearchStrategy[str]:
    """Return one of the texts, and sometimes anything."""
    return st.integers(0, 7).flatmap(lambda draw: st.sampled_from(texts) if draw else cell)


question = mostly("Vai tīkls ir sakārtots?", "Vai ir droši?", "is the NETWORK orderly?", "Kopējās piezīmes")
group = mostly("Vadītājs", "Skolotājs")
answer = mostly("Piekrītu", "Nepiekrītu", "Nezinu", "4", "")
wide_rows = st.lists(st.tuples(cell, group, answer, answer), max_size=8)
long_rows = st.lists(st.tuples(mostly("a", "b"), group, question, answer), max_size=8)
WIDE_HEADER = ("Laika zīmogs", "Jūs esat", "Vai tīkls ir sakārtots?", "Vai ir droši?")
LONG_HEADER = ("ID", "Jūs esat", "Jautājums", "Atbilde")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("synthetic_exports")


def read(folder: Path, content: bytes, mapping: bytes, table: str = "answer") -> ReadResult:
    path = folder / "synthetic_answers.csv"
    path.write_bytes(content)
    path.with_name("synthetic_answers.mapping.yml").write_bytes(mapping)
    file = LandingFile(path, f"{STRATEGY}/responses/{path.name}", STRATEGY, date(2026, 1, 31))
    return read_export(file, contract_of(table), registry=REGISTRY)


def as_csv(*rows: tuple[str, ...]) -> bytes:
    return "".join(",".join('"' + text.replace('"', '""') + '"' for text in row) + "\r\n" for row in rows).encode()


def as_yaml(mapping: Mapping[str, Any]) -> bytes:
    return yaml.safe_dump(yaml.safe_load(yaml.safe_dump(dict(mapping))), allow_unicode=True).encode()


def assert_all_is_told(result: ReadResult) -> None:
    for rejection in result.rejections:
        assert all(rejection.message(language) for language in ("lv", "en"))
    if result.is_rejected_whole:
        assert result.rejections
        assert result.accepted.num_rows == 0


def quarantined_cells(result: ReadResult, items: int) -> int:
    """Return how many answers the rejections tell of: a row without a group takes all its answers with it."""
    whole_row = {"unknown_group", "wrong_width"}
    return sum(items if rejection.rule in whole_row else 1 for rejection in result.rejections)


@settings(deadline=None, max_examples=150)
@given(wide_rows)
def test_of_a_wide_export_each_answer_is_accepted_or_quarantined(folder: Path, rows: list[Any]) -> None:
    result = read(folder, as_csv(WIDE_HEADER, *rows), as_yaml(MAPPING))
    assert_all_is_told(result)
    if result.is_rejected_whole:
        return
    assert result.rows_read == result.accepted.num_rows + quarantined_cells(result, items=2)
    assert result.rows_read % 2 == 0
    keys = Counter(zip(*(result.accepted[name].to_pylist() for name in ("item_code", "respondent_no")), strict=True))
    assert not [key for key, count in keys.items() if count > 1]
    for row in result.accepted.to_pylist():
        assert row["group_code"] in {"heads", "teachers"}
        assert row["is_positive"] is (
            None if row["answer_code"] in {None, "dont_know"} else "dis" not in row["answer_code"]
        )


@settings(deadline=None, max_examples=150)
@given(long_rows)
def test_of_a_long_export_each_row_is_accepted_quarantined_or_an_ignored_question(
    folder: Path, rows: list[Any]
) -> None:
    result = read(folder, as_csv(LONG_HEADER, *rows), as_yaml(LONG))
    assert_all_is_told(result)
    if result.is_rejected_whole:
        return
    accepted = set(result.accepted["_row_number"].to_pylist())
    quarantined = {rejection.row_number for rejection in result.rejections}
    assert len(accepted) == result.accepted.num_rows
    assert not accepted & quarantined
    assert len(accepted) + result.rows_quarantined == result.rows_read
    # A row is told of even if its question is one that is ignored.
    assert len(quarantined) >= result.rows_quarantined
    keys = Counter(zip(*(result.accepted[name].to_pylist() for name in ("item_code", "respondent_no")), strict=True))
    assert not [key for key, count in keys.items() if count > 1]


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=120) | st.builds(lambda text: f"Jūs esat,{text}".encode(), anything))
def test_bytes_that_are_no_export_never_break_the_reader(folder: Path, content: bytes) -> None:
    assert_all_is_told(read(folder, content, as_yaml(MAPPING)))


leaf = (
    st.none() | st.booleans() | st.integers() | anything | st.sampled_from(["need", "heads", "1.1", "agree", "wide"])
)
tree = st.recursive(leaf, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(anything, inner, max_size=3))


@st.composite
def mappings(draw: st.DrawFn) -> bytes:
    """A sound mapping in which some values are something else, or bytes that are none at all."""
    if draw(st.integers(0, 4)) == 0:
        return draw(st.binary(max_size=80))
    mapping: dict[str, Any] = yaml.safe_load(as_yaml(draw(st.sampled_from([MAPPING, LONG]))))
    for place in draw(st.lists(st.sampled_from([*mapping, "questions/0"]), max_size=2)):
        if place == "questions/0":
            key = draw(st.sampled_from([*MAPPING["questions"][0], "groups"]))
            if isinstance(mapping["questions"], list) and isinstance(mapping["questions"][0], dict):
                mapping["questions"][0][key] = draw(tree)
        else:
            mapping[place] = draw(tree)
    return as_yaml(mapping)


@settings(deadline=None, max_examples=200)
@given(mappings(), wide_rows)
def test_a_mapping_is_taken_or_refused_with_a_reason_whatever_stands_in_it(
    folder: Path, mapping: bytes, rows: list[Any]
) -> None:
    content = as_csv(WIDE_HEADER, *rows)
    answers = read(folder, content, mapping)
    assert_all_is_told(answers)
    assert answers.rows_read == answers.accepted.num_rows + answers.rows_quarantined
    questions = read(folder, content, mapping, "question")
    assert_all_is_told(questions)
    assert not questions.is_rejected_whole or answers.is_rejected_whole
