"""Exports of survey tools: what their cells become, and what is quarantined."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.surveys.conftest import LONG, MAPPING, ReadExport
from warehouse import survey_export
from warehouse.readers import ReadResult
from warehouse.survey_mapping import load_scales
from warehouse.values import fold_header

HEADER = "Laika zīmogs,Jūs esat,Vai tīkls ir sakārtots?,Vai ir droši?"
LONG_HEADER = "ID,Jūs esat,Jautājums,Atbilde"


def answers_of(result: ReadResult) -> dict[tuple[int, str], tuple[str, str | None, bool | None]]:
    """Return (respondent, item) → group, answer, whether it is positive."""
    return {
        (row["respondent_no"], row["item_code"]): (row["group_code"], row["answer_code"], row["is_positive"])
        for row in result.accepted.to_pylist()
    }


def test_each_cell_of_a_question_becomes_an_answer_of_its_respondent(read_export: ReadExport) -> None:
    result = read_export(f"{HEADER}\nt,Vadītājs,Piekrītu,drīzāk  nepiekrītu\nt,Skolotājs,Grūti pateikt,\n")
    assert answers_of(result) == {
        (2, "1.1"): ("heads", "agree", True),
        (2, "1.10"): ("heads", "rather_disagree", False),
        (3, "1.1"): ("teachers", "dont_know", None),
        (3, "1.10"): ("teachers", None, None),
    }
    assert result.rejections == []
    assert result.rows_read == 4
    assert {row["survey_code"] for row in result.accepted.to_pylist()} == {"need"}


@pytest.mark.parametrize(
    "text", ["Piekrītu", " PIEKRĪTU ", "piekritu", "Pilnībā\u00a0piekrītu", "Agree", "strongly agree", "4"]
)
def test_an_answer_is_known_in_both_languages_however_it_is_written(read_export: ReadExport, text: str) -> None:
    result = read_export(f"{HEADER}\nt,Vadītājs,{text},\n")
    assert answers_of(result)[2, "1.1"] == ("heads", "agree", True)


def test_columns_are_told_by_their_headers_and_not_by_their_place(read_export: ReadExport) -> None:
    result = read_export("Vai ir droši?;is  the NETWORK orderly?;Jūs esat\nPiekrītu;Nepiekrītu;Skolotājs\n")
    assert answers_of(result) == {
        (2, "1.1"): ("teachers", "disagree", False),
        (2, "1.10"): ("teachers", "agree", True),
    }


def test_an_unknown_answer_is_quarantined_and_its_row_keeps_the_others(read_export: ReadExport) -> None:
    result = read_export(f"{HEADER}\nt,Vadītājs,Varbūt,Piekrītu\n")
    assert answers_of(result) == {(2, "1.10"): ("heads", "agree", True)}
    (rejection,) = result.rejections
    assert (rejection.rule, rejection.row_number, rejection.value) == ("unknown_answer", 2, "Varbūt")
    assert rejection.column_name == "Vai tīkls ir sakārtots?"
    assert json.loads(rejection.row_json)["Vai tīkls ir sakārtots?"] == "Varbūt"
    assert "drīzāk piekrītu" in rejection.message("lv")
    assert result.rows_quarantined == 1


def test_a_row_without_a_known_group_is_quarantined_with_all_its_answers(read_export: ReadExport) -> None:
    result = read_export(f"{HEADER}\nt,Vecāks,Piekrītu,Varbūt\nt,Vadītājs,Piekrītu,Piekrītu\n")
    assert {key[0] for key in answers_of(result)} == {3}
    assert [(rejection.rule, rejection.row_number) for rejection in result.rejections] == [("unknown_group", 2)]
    assert (result.rows_read, result.rows_quarantined) == (4, 2)


def test_an_answer_of_a_group_that_was_not_asked_is_quarantined(read_export: ReadExport) -> None:
    asked = {**MAPPING["questions"][0], "groups": ["heads"]}
    mapping = {**MAPPING, "questions": [asked]}
    result = read_export(f"{HEADER}\nt,Skolotājs,Piekrītu,\nt,Vadītājs,Piekrītu,\n", mapping)
    assert [(rejection.rule, rejection.value) for rejection in result.rejections] == [("not_asked", "Piekrītu")]
    questions = read_export(f"{HEADER}\n", mapping, "question").accepted.to_pylist()
    assert {row["group_code"] for row in questions} == {"heads"}


def test_a_row_that_is_too_short_is_quarantined_and_the_others_load(read_export: ReadExport) -> None:
    result = read_export(f"{HEADER}\nt,Vadītājs,Piekrītu\nt,Vadītājs,Piekrītu,Nepiekrītu\n")
    assert [(rejection.rule, rejection.row_number) for rejection in result.rejections] == [("wrong_width", 2)]
    assert (result.rows_read, result.accepted.num_rows) == (4, 2)


def test_answers_that_thousands_gave_and_no_scale_knows_are_counted_but_not_named_one_by_one(
    read_export: ReadExport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(survey_export, "NAMED_CELLS", 3)
    result = read_export(f"{HEADER}\n" + "t,Vadītājs,Varbūt,Piekrītu\n" * 10)
    assert [rejection.rule for rejection in result.rejections].count("unknown_answer") == 3
    (rest,) = (rejection for rejection in result.rejections if rejection.rule == "more_of_the_same")
    assert (rest.row_number, rest.expected) == (5, "7")
    assert (result.rows_read, result.rows_quarantined) == (20, 10)


@pytest.mark.parametrize(
    ("header", "rule", "named"),
    [
        ("Laika zīmogs,Jūs esat,Vai tīkls ir sakārtots?", "missing_column", "Vai ir droši?"),
        (f"{HEADER},Komentārs", "mapping_unmapped_column", "Komentārs"),
        (f"{HEADER},Is the network orderly?", "duplicate_column", "Is the network orderly?"),
    ],
)
def test_a_header_that_does_not_fit_the_mapping_stops_the_file(
    read_export: ReadExport, header: str, rule: str, named: str
) -> None:
    result = read_export(header + "\nt,Vadītājs" + ",Piekrītu" * (header.count(",") - 1) + "\n")
    assert result.is_rejected_whole
    assert result.accepted.num_rows == 0
    assert rule in {rejection.rule for rejection in result.rejections}
    assert any(named in rejection.message("lv") for rejection in result.rejections)


def test_long_form_gives_the_same_answers_as_wide_form(read_export: ReadExport) -> None:
    wide = read_export(f"{HEADER}\nt,Vadītājs,Piekrītu,Nepiekrītu\nt,Skolotājs,Nezinu,\n")
    rows = [
        "a,Vadītājs,Vai tīkls ir sakārtots?,Piekrītu",
        "b,Skolotājs,Is the network orderly?,Nezinu",
        "a,Vadītājs,Vai ir droši?,Nepiekrītu",
        "b,Skolotājs,Vai ir droši?,",
        "b,Skolotājs,Kopējās piezīmes,Paldies",
    ]
    long = read_export("\n".join([LONG_HEADER, *rows, ""]), LONG)
    assert sorted(answers_of(long).values(), key=str) == sorted(answers_of(wide).values(), key=str)
    assert {key[0] for key in answers_of(long)} == {1, 2}
    assert (long.rows_read, long.rejections) == (4, [])


def test_long_form_quarantines_what_is_unknown_unnamed_or_said_twice(read_export: ReadExport) -> None:
    rows = {
        2: "a,Vadītājs,Vai ir droši?,Piekrītu",
        3: "a,Vadītājs,Vai ir droši?,Nepiekrītu",
        4: "a,Vadītājs,Vai ir silti?,Piekrītu",
        5: ",Vadītājs,Vai ir droši?,Piekrītu",
        6: "b,Vecāks,Vai ir droši?,Piekrītu",
        7: "c,Vadītājs,Vai ir droši?,Varbūt",
    }
    result = read_export("\n".join([LONG_HEADER, *rows.values(), ""]), LONG)
    assert {rejection.row_number: rejection.rule for rejection in result.rejections} == {
        3: "duplicate_key",
        4: "unknown_question",
        5: "required",
        6: "unknown_group",
        7: "unknown_answer",
    }
    assert answers_of(result) == {(1, "1.10"): ("heads", "agree", True)}
    assert (result.rows_read, result.rows_quarantined) == (6, 5)


@pytest.mark.parametrize("content", [b"", b"\x00\x01", b"PK\x03\x04", b"%PDF-1.7", "a,b\n\xff".encode("latin-1")])
def test_a_file_that_is_no_export_is_quarantined_whole_with_a_reason(read_export: ReadExport, content: bytes) -> None:
    result = read_export(content)
    assert result.is_rejected_whole
    assert result.rejections
    assert all(rejection.message(language) for rejection in result.rejections for language in ("lv", "en"))


def test_what_the_mapping_says_of_each_item_and_group_is_kept(read_export: ReadExport) -> None:
    rows = read_export(f"{HEADER}\n", table="question").accepted.to_pylist()
    assert {(row["item_code"], row["group_code"], row["population_count"]) for row in rows} == {
        ("1.1", "heads", 30),
        ("1.1", "teachers", None),
        ("1.10", "heads", 30),
        ("1.10", "teachers", None),
    }
    assert {row["positive_answers_lv"] for row in rows} == {"piekrītu; drīzāk piekrītu (neskaitot: nezinu)"}
    assert {row["scale_en"] for row in rows} == {"agree; rather agree; rather disagree; disagree; don't know"}


def test_a_constant_group_needs_no_column(read_export: ReadExport) -> None:
    mapping: Mapping[str, Any] = {**MAPPING, "group": "heads", "population": {"heads": "30"}, "ignored": []}
    result = read_export("Vai tīkls ir sakārtots?,Vai ir droši?\nPiekrītu,Piekrītu\n", mapping)
    assert {group for group, _, _ in answers_of(result).values()} == {"heads"}


@pytest.mark.parametrize("code", sorted(load_scales()))
def test_no_text_of_a_scale_means_two_answers(code: str) -> None:
    scale = load_scales()[code]
    texts = [(answer.lv, answer.en, *answer.texts) for answer in scale.answers.values()]
    folded = [fold_header(text) for own in texts for text in dict.fromkeys(own)]
    assert len(folded) == len(set(folded)), sorted(text for text in folded if folded.count(text) > 1)
