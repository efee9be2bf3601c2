"""Templates: what a steward fills in loads without a change, whatever the contract and the language."""

import io
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl.workbook import Workbook

from warehouse import sandbox
from warehouse.contract import Column, Contract, load_contracts, load_marks
from warehouse.readers import LandingFile, ReadResult, read_landing_file
from warehouse.template import FILLED_ROWS, template

CONTRACTS = tuple(contract for contract in load_contracts() if contract.reader == "cells")
LANGUAGES = ("lv", "en")
# The reference date stands only in the file's name.
FILE_NAMES = {
    "viis__programme_enrolment": "izglitojamoskvispizglprogr_pa_progr_01102025",
    "viis__institution_enrolment": "izglitojamoskvispizglprogr_pa_iestadem_01102025",
    "viis__municipality_enrolment": "izglitojamoskvispizglprogr_pa_pasvaldibam_01102025",
}
SYNTHETIC = Contract(
    source="synthetic_source",
    table="synthetic_table",
    label_lv="Sintētiska [tabula]: ļoti garš nosaukums, kas neietilpst",
    label_en="=1+1",
    grain="One row a synthetic number.",
    key=("item_no",),
    columns=(
        Column(name="item_no", label_lv="Numurs", label_en="No.", type="integer", required=True, description="S."),
        Column(name="item_name", label_lv="=Nosaukums", label_en="@Name", description="Synthetic."),
        Column(
            name="colour",
            label_lv="Krāsa",
            label_en="Colour",
            accepted=("sarkans", "zaļš, tumšs", 'ar "pēdiņām"'),
            description="Synthetic.",
        ),
        Column(
            name="size",
            label_lv="Izmērs",
            label_en="Size",
            accepted=tuple(f"synthetic size {number}" for number in range(30)),
            description="Synthetic.",
        ),
        Column(name="is_new", label_lv="Jauns", label_en="New", type="boolean", description="Synthetic."),
        Column(name="register_no", label_lv="Reģ.", label_en="Register", type="code", width=10, description="S."),
        Column(name="opened_on", label_lv="Atvērts", label_en="Opened", type="date", description="Synthetic."),
        Column(name="learner_count", label_lv="Skaits", label_en="Count", type="count", description="Synthetic."),
        Column(name="value_printed", label_lv="Vērtība", label_en="Value", type="printed", description="Synthetic."),
    ),
)
ONE_COLUMN = SYNTHETIC.model_copy(update={"columns": SYNTHETIC.columns[:1]})


@pytest.fixture(autouse=True)
def _without_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "read_packed_cells", sandbox.read_here)


def read(folder: Path, workbook: Workbook, contract: Contract) -> ReadResult:
    path = folder / f"{FILE_NAMES.get(contract.raw_table, contract.table)}.xlsx"
    workbook.save(path)
    file = LandingFile(
        path, path.name, "synthetic", date(2026, 1, 31), captured=contract.captured_from(path.stem) or {}
    )
    return read_landing_file(file, contract, load_marks())


def opened(contract: Contract, language: str) -> Workbook:
    return openpyxl.load_workbook(io.BytesIO(template(contract, language)))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("contract", [*CONTRACTS, SYNTHETIC, ONE_COLUMN], ids=lambda contract: contract.raw_table)
def test_an_untouched_template_holds_no_rows_and_breaks_no_rule(
    tmp_path: Path, contract: Contract, language: str
) -> None:
    result = read(tmp_path, opened(contract, language), contract)
    assert [rejection.message("en") for rejection in result.rejections] == []
    assert result.rows_read == 0


texts = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Co", "Cn"]), max_size=12)
values = st.tuples(
    texts,
    st.sampled_from(["", *SYNTHETIC.columns[2].accepted]),
    st.sampled_from(["", "synthetic size 29"]),
    st.sampled_from(["", "jā", "nē", "yes", "no"]),
    st.sampled_from(["", "0000000012", "4100000001"]),
    st.dates(date(1900, 3, 1), date(2199, 12, 31)) | st.none(),
    st.integers(0, 999_999_999) | st.none(),
    st.sampled_from(["", "1:10", "4,5 %", "+2 %", "⇧", "n/a", "-", "1 234,5", "~ 43%"]),
)
YES_OR_NO = {"": None, "jā": True, "yes": True, "nē": False, "no": False}


@settings(deadline=None, max_examples=25)
@given(st.lists(values, max_size=5), st.sampled_from(LANGUAGES))
def test_what_is_filled_in_loads_without_a_change(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[object, ...]], language: str
) -> None:
    workbook = opened(SYNTHETIC, language)
    sheet = workbook.worksheets[0]
    for number, row in enumerate(rows, 2):
        for position, value in enumerate((number, *row), 1):
            # As a person fills it in: the cell keeps the format that the template gave it.
            cell = sheet.cell(number, position)
            form = cell.number_format
            cell.value = value  # type: ignore[assignment]
            cell.number_format = form
            if isinstance(value, str):
                cell.data_type = "s"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "read_packed_cells", sandbox.read_here)
        result = read(tmp_path_factory.mktemp("template"), workbook, SYNTHETIC)
    assert [rejection.message("en") for rejection in result.rejections] == []
    names = [column.name for column in SYNTHETIC.columns]
    assert [tuple(row[name] for name in names) for row in result.accepted.to_pylist()] == [
        as_loaded(number, row) for number, row in enumerate(rows, 2)
    ]


def as_loaded(number: int, row: Sequence[object]) -> tuple[object, ...]:
    name, colour, size, is_new, register_no, opened_on, learner_count, printed = row
    loaded = (str(name).strip(), colour, size, YES_OR_NO[str(is_new)], register_no, opened_on, learner_count, printed)
    return (number, *(None if value == "" else value for value in loaded))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_columns_say_what_belongs_into_them(language: str) -> None:
    sheet = opened(SYNTHETIC, language).worksheets[0]
    for cell, column in zip(sheet[1], SYNTHETIC.columns, strict=True):
        assert (cell.value, cell.data_type) == (column.label(language), "s")
        assert cell.comment is not None
        if column.accepted:
            assert column.accepted[0] in cell.comment.text
    assert sheet.freeze_panes == "A2"
    code = sheet.cell(2, 6)
    assert code.number_format == "@"
    assert sheet.cell(FILLED_ROWS + 1, 9).number_format == "@"


@pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.raw_table)
def test_notes_and_instructions_tell_each_column_in_the_language_asked_for(contract: Contract) -> None:
    for language in LANGUAGES:
        workbook = opened(contract, language)
        notes = [cell.comment.text.splitlines()[0] for cell in workbook.worksheets[0][1] if cell.comment]
        assert notes == [column.told(language) for column in contract.header_columns]
        told = [str(row[1]) for row in workbook.worksheets[1].iter_rows(values_only=True) if row[1]]
        assert all(len({column.told(other) for other in LANGUAGES}) == 2 for column in contract.header_columns)
        assert all(
            any(column.told(other) in text for text in told)
            for column in contract.header_columns
            for other in LANGUAGES
        )


def test_values_that_hold_commas_or_are_many_are_offered_from_a_hidden_sheet() -> None:
    workbook = opened(SYNTHETIC, "lv")
    rules = {str(rule.sqref): rule.formula1 for rule in workbook.worksheets[0].data_validations.dataValidation}
    last = FILLED_ROWS + 1
    assert rules[f"C2:C{last}"] == "'_'!$A$1:$A$3"
    assert rules[f"D2:D{last}"] == "'_'!$B$1:$B$30"
    assert rules[f"E2:E{last}"] == '"jā,nē"'
    assert [cell.value for cell in workbook["_"]["A"]][:3] == list(SYNTHETIC.columns[2].accepted)
    assert workbook["_"].sheet_state == "hidden"


def test_instructions_stand_in_both_languages() -> None:
    sheet = opened(SYNTHETIC, "en").worksheets[1]
    text = "\n".join(str(cell.value) for row in sheet.iter_rows() for cell in row if cell.value)
    assert all(
        word in text for word in ("Kā aizpildīt", "How to fill in", "„Krāsa”", "“Colour”", "synthetic_table.xlsx")
    )
