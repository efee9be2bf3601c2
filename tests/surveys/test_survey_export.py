"""Exports of survey tools: what their cells become, and what is quarantined."""

import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from tests.surveys.conftest import LONG, MAPPING, ReadExport
from warehouse import sandbox, survey_export
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


# --- Workbooks ---


@pytest.fixture
def without_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    # What is packed is read in a process of its own; that costs half a second a file.
    monkeypatch.setattr(sandbox, "read_packed_cells", sandbox.read_here)


def sheet_of(content: str) -> Worksheet:
    sheet = openpyxl.Workbook().worksheets[0]
    for line in content.splitlines():
        sheet.append(line.split(","))
    return sheet


def saved(sheet: Worksheet) -> bytes:
    stream = io.BytesIO()
    assert sheet.parent is not None
    sheet.parent.save(stream)
    return stream.getvalue()


CONTENT = f"{HEADER}\nt,Vadītājs,Piekrītu,drīzāk  nepiekrītu\nt,Skolotājs,Grūti pateikt,\nt,Vecāks,Piekrītu,\n"
LONG_CONTENT = f"""{LONG_HEADER}
a,Vadītājs,Vai tīkls ir sakārtots?,Piekrītu
a,Vadītājs,Vai ir droši?,Varbūt
b,Skolotājs,Is the network orderly?,Nezinu
b,Skolotājs,Kopējās piezīmes,Paldies
"""


@pytest.mark.parametrize(("content", "mapping"), [(CONTENT, MAPPING), (LONG_CONTENT, LONG)], ids=["wide", "long"])
@pytest.mark.parametrize("is_packed", [False, True])
def test_a_workbook_gives_the_same_answers_as_a_csv_file(
    read_export: ReadExport, content: str, mapping: Mapping[str, Any], is_packed: bool
) -> None:
    plain = read_export(content, mapping)
    workbook = saved(sheet_of(content))
    if is_packed:
        stream = io.BytesIO()
        with zipfile.ZipFile(stream, "w") as archive:
            archive.writestr("synthetic_answers.xlsx", workbook)
        workbook = stream.getvalue()
    read = read_export(workbook, mapping, ending="zip" if is_packed else "xlsx")
    assert read.detection is not None
    assert (read.detection.format, read.detection.sheet) == ("xlsx", "Sheet")
    assert answers_of(read) == answers_of(plain)
    assert read.rows_read == plain.rows_read
    assert [(one.row_number, one.rule, one.value) for one in read.rejections] == [
        (one.row_number, one.rule, one.value) for one in plain.rejections
    ]
    assert read.rejections
    assert "[Sheet]" in read.rejections[0].message("en")


@pytest.mark.usefixtures("without_sandbox")
def test_an_answer_that_is_a_number_is_known_in_a_workbook_too(read_export: ReadExport) -> None:
    sheet = sheet_of(f"{HEADER}\nt,Vadītājs,,\nt,Vadītājs,,")
    sheet["C2"], sheet["D2"], sheet["C3"] = 4, 4.0, 4.5
    result = read_export(saved(sheet), ending="xlsx")
    assert answers_of(result)[2, "1.1"] == ("heads", "agree", True)
    # Only the first question knows that text.
    assert {(one.row_number, one.rule, one.value) for one in result.rejections} == {(3, "unknown_answer", "4.5")}


@pytest.mark.usefixtures("without_sandbox")
def test_a_cell_of_a_workbook_that_is_at_fault_is_quarantined_and_its_row_keeps_the_others(
    read_export: ReadExport,
) -> None:
    sheet = sheet_of(f"{HEADER}\nt,Vadītājs,Piekrītu,Piekrītu\nt,Vadītājs,Piekrītu,Piekrītu")
    sheet["C2"].value, sheet["C2"].data_type = "#N/A", "e"
    result = read_export(saved(sheet), ending="xlsx")
    assert answers_of(result).keys() == {(2, "1.10"), (3, "1.1"), (3, "1.10")}
    assert [(one.row_number, one.column_name) for one in result.rejections] == [(2, "Vai tīkls ir sakārtots?")]
    assert (result.rows_read, result.rows_quarantined) == (4, 1)


@pytest.mark.usefixtures("without_sandbox")
def test_a_title_above_the_headers_and_blank_rows_of_a_workbook_are_no_answers(read_export: ReadExport) -> None:
    sheet = sheet_of(CONTENT)
    sheet.insert_rows(1, 2)
    sheet["A1"] = "Sintētiska aptauja"
    sheet.insert_rows(5)
    result = read_export(saved(sheet), ending="xlsx")
    assert result.detection is not None
    assert result.detection.header_row == 3
    # Rows keep the numbers that the steward sees.
    assert {key[0] for key in answers_of(result)} == {4, 6}
    assert [(one.row_number, one.rule) for one in result.rejections] == [(7, "unknown_group")]
    assert (result.rows_read, result.rows_quarantined) == (6, 2)


@pytest.mark.usefixtures("without_sandbox")
def test_a_workbook_whose_header_does_not_fit_the_mapping_is_quarantined_whole(read_export: ReadExport) -> None:
    result = read_export(saved(sheet_of(CONTENT.replace("Vai ir droši?", "Vai ir silti?"))), ending="xlsx")
    assert result.is_rejected_whole
    assert {one.rule for one in result.rejections} == {"missing_column", "mapping_unmapped_column"}
