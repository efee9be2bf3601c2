"""Cells of a workbook: what stands in them as text, and what is wrong with some of them."""

from collections.abc import Mapping

import pytest

from evil_files import archive, cell, plain_row, row, sheet, styles, workbook
from warehouse import sandbox
from warehouse.detection import Expected
from warehouse.limits import load_limits
from warehouse.rejection import FileRejectedError
from warehouse.sheets import Cells

EXPECTED = Expected({"a": "a", "b": "b", "c": "c"}, frozenset("abc"))
TITLE = plain_row(1, "a", "b", "c")


def read(xml: str | Mapping[str, str], states: Mapping[str, str] | None = None, **parts: str) -> Cells:
    content = workbook(xml, states, {f"xl/{name}.xml": part for name, part in parts.items()})
    return sandbox.read_here("synthetic.xlsx", content, load_limits(), EXPECTED)


def only_row(cells: Cells) -> list[str]:
    assert len(cells.row_numbers) == 1
    return [column[0].as_py() for column in cells.columns]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5000.0, "5000"),
        (-7, "-7"),
        (0, "0"),
        (0.1 + 0.2, "0.3"),
        (1 / 3, "0.333333333333333"),
        (1e-7, "0.0000001"),
        (123456789012345.0, "123456789012345"),
        (1e20, "100000000000000000000"),
        (" text ", " text "),
        ("0005000", "0005000"),
        ("=1+1", "=1+1"),
        ("a\nb", "a\nb"),
    ],
)
def test_a_cell_is_the_text_that_a_spreadsheet_shows(value: str | float, text: str) -> None:
    assert only_row(read(sheet(TITLE + plain_row(2, value))))[0] == text


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("0%", 0.45, "45 %"),
        ("0.0%", 0.07, "7 %"),
        ('0.00" "%', 0.12345, "12.345 %"),
        ('0"%"', 45, "45"),
        ("\\%0", 45, "45"),
        ("0000000", 5000, "0005000"),
        ("0000000", 5000.5, "5000.5"),
        ("0000", 12345, "12345"),
        ("0", 5000, "5000"),
        ("#,##0.00", 1234.5, "1234.5"),
        ("yyyy-mm-dd", 45536, "2024-09-01"),
        ("dd.mm.yyyy hh:mm", 45536.4375, "2024-09-01 10:30:00"),
        ("h:mm", 70 / 1440, "01:10:00"),
        ("0%", "text", "text"),
    ],
)
def test_a_format_that_changes_what_is_seen_is_obeyed(code: str, value: str | float, text: str) -> None:
    rows = TITLE + row(2, cell("A2", value, ' s="1"'), cell("B2", 45))
    assert only_row(read(sheet(rows), styles=styles(code)))[:2] == [text, "45"]


@pytest.mark.parametrize("index", ["9", "10"])
def test_the_percent_formats_that_every_workbook_has_are_obeyed(index: str) -> None:
    part = f'<styleSheet><cellXfs><xf numFmtId="0"/><xf numFmtId="{index}"/></cellXfs></styleSheet>'
    assert only_row(read(sheet(TITLE + row(2, cell("A2", 0.45, ' s="1"'))), styles=part))[0] == "45 %"


@pytest.mark.parametrize(("value", "text"), [("1", "yes"), ("0", "no")])
def test_true_and_false_are_yes_and_no(value: str, text: str) -> None:
    assert only_row(read(sheet(TITLE + row(2, f'<c r="A2" t="b"><v>{value}</v></c>'))))[0] == text


def test_a_formula_is_its_stored_value_an_empty_text_included() -> None:
    formulas = (
        '<c r="A2"><f>1+1</f><v>2</v></c>'
        '<c r="B2" t="str"><f>""</f><v></v></c>'
        '<c r="C2" t="str"><f t="shared" si="0"/><v>x</v></c>'
    )
    cells = read(sheet(TITLE + row(2, formulas)))
    assert (only_row(cells), cells.faults) == (["2", "", "x"], {})


@pytest.mark.parametrize(
    "formula",
    ["<f>1+1</f>", "<f>1+1</f><v/>", "<f>1+1</f><v></v>", '<f t="shared" si="0"/>', "<f>A1&amp;B1</f> <v> </v>"],
)
def test_a_formula_without_a_value_is_a_fault_and_not_a_blank(formula: str) -> None:
    cells = read(sheet(TITLE + row(2, cell("A2", 1), f'<c r="B2">{formula}</c>')))
    assert [(place, fault.rule) for place, fault in cells.faults.items()] == [((2, 1), "formula_without_value")]
    assert only_row(cells)[1].startswith("=")


def test_other_spellings_of_the_same_xml_are_searched_too() -> None:
    error = "<c t='e' r='B2'><v>#DIV/0!</v></c>"
    cells = read(sheet(TITLE + row(2, cell("A2", 1), error)))
    assert (cells.faults[2, 1].rule, only_row(cells)[1]) == ("error_cell", "#DIV/0!")


def test_errors_above_the_header_harm_nothing() -> None:
    above = row(1, '<c r="A1" t="e"><v>#REF!</v></c>', '<c r="B1"><f>1</f></c>')
    cells = read(sheet(above + plain_row(2, "a", "b", "c") + plain_row(3, 1, 2, 3)))
    assert (cells.faults, cells.detection.header_row, only_row(cells)) == ({}, 2, ["1", "2", "3"])


def test_merged_cells_are_faults_below_the_header_only_and_the_first_of_them_is_none() -> None:
    merged = '<mergeCells count="2"><mergeCell ref="A1:C1"/><mergeCell ref="B3:C4"/></mergeCells>'
    rows = plain_row(1, "title") + plain_row(2, "a", "b", "c") + plain_row(3, 1, 2, None) + plain_row(4, 2)
    cells = read(sheet(rows, merged))
    assert set(cells.faults) == {(3, 2), (4, 1), (4, 2)}
    assert {fault.expected for fault in cells.faults.values()} == {"B3:C4"}


def test_a_table_may_stand_anywhere_in_its_sheet() -> None:
    rows = row(5, cell("C5", "b"), cell("D5", "a"), cell("F5", "c")) + row(
        7, cell("C7", 2), cell("D7", 1), cell("F7", 3)
    )
    broken = row(8, cell("C8", 2), '<c r="D8" t="e"><v>#N/A</v></c>')
    cells = read(sheet(rows + broken))
    assert (cells.header, cells.row_numbers.to_pylist()) == (("b", "a", "c"), [7, 8])
    assert [column[0].as_py() for column in cells.columns] == ["2", "1", "3"]
    assert set(cells.faults) == {(8, 1)}


def test_hidden_rows_are_read_and_counted_and_other_sheets_named() -> None:
    rows = TITLE + row(2, cell("A2", 1), attributes=' hidden="1"') + plain_row(3, 2)
    cells = read({"Dati": sheet(rows), "Piezīmes": sheet(""), "Slēpta": sheet(TITLE)}, {"Slēpta": "hidden"})
    assert (len(cells.row_numbers), cells.detection.hidden_rows) == (2, 1)
    assert (cells.detection.sheet, cells.detection.other_sheets) == ("Dati", ("Piezīmes", "Slēpta"))


def test_the_sheet_that_comes_closest_is_the_one_whose_headers_are_named() -> None:
    cells = read({"Piezīmes": sheet(plain_row(1, "x", "y")), "Dati": sheet(plain_row(1, "a", "b", "?"))})
    assert (cells.detection.sheet, cells.header) == ("Dati", ("a", "b", "?"))


def test_an_archive_in_which_only_companions_lie_has_no_file() -> None:
    content = archive({"__MACOSX/a.csv": "x", ".DS_Store": "x", "~$a.xlsx": "x"})
    with pytest.raises(FileRejectedError) as raised:
        sandbox.read_here("synthetic.zip", content, load_limits(), EXPECTED)
    assert [rejection.rule for rejection in raised.value.rejections] == ["not_one_member"]
