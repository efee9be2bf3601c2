"""An XLSX template of a contract: what a steward fills in loads without a change.

Headers are labels of the contract, so the reader knows them; columns in which a spreadsheet would change what is
written are text.
"""

import io
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from warehouse.contract import Column, Contract
from warehouse.messages import message
from warehouse.values import fold_header

if TYPE_CHECKING:
    from openpyxl.workbook import Workbook
    from openpyxl.worksheet.worksheet import Worksheet

LANGUAGES = ("lv", "en")
FILLED_ROWS = 2000
"""Rows that are made ready with formats and drop-down lists. More may be filled in."""

_TEXT_FORMAT = "@"
_FORMATS = {"text": "@", "printed": "@", "code": "@", "date": "yyyy-mm-dd", "integer": "0", "count": "0"}
_KINDS = {
    "text": "template_type_text",
    "integer": "template_type_integer",
    "boolean": "template_type_boolean",
    "printed": "template_type_printed",
    "date": "template_type_date",
    "code": "template_type_code",
    "count": "template_type_count",
}
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
_SHEET_NAME_LENGTH = 31
# A drop-down list longer than this must stand in cells.
_LIST_LENGTH = 255
_WIDTHS = (12, 60)
_LISTS = "_"


def template(contract: Contract, language: str) -> bytes:
    """Return the workbook: a sheet to fill in, a sheet of instructions in both languages.

    Args:
        contract: what the filled-in file will be read by.
        language: of headers and notes: `lv` or `en`.
    """
    from openpyxl import Workbook  # noqa: PLC0415 - slow to import, needed here only

    workbook = Workbook()
    sheet = workbook.active
    if sheet is None:
        raise RuntimeError("openpyxl made a workbook without a sheet")
    sheet.title = _sheet_name(contract.label(language))
    _write_instructions(workbook.create_sheet(_instructions_name(contract, language)), contract)
    _write_header(workbook, sheet, contract.header_columns, language)
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def file_name(contract: Contract) -> str:
    """Return what the filled-in file should be called: the table's name, or the pattern of the contract."""
    return f"{contract.table}.xlsx" if not contract.files else " | ".join(contract.files) + " .xlsx"


def _sheet_name(text: str) -> str:
    return _NOT_IN_SHEET_NAMES.sub(" ", text)[:_SHEET_NAME_LENGTH].strip("' ") or "Sheet"


def _instructions_name(contract: Contract, language: str) -> str:
    name = _sheet_name(message("template_instructions", language))
    return name if name != _sheet_name(contract.label(language)) else f"{name} 2"


def _write_header(workbook: "Workbook", sheet: "Worksheet", columns: Sequence[Column], language: str) -> None:
    from openpyxl.comments import Comment  # noqa: PLC0415
    from openpyxl.styles import Alignment, Font, PatternFill  # noqa: PLC0415
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    for position, column in enumerate(columns, 1):
        cell = sheet.cell(1, position, column.label(language))
        # A label is never a formula, whatever it begins with.
        cell.data_type = "s"
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="FFE2EFDA" if column.required else "FFEDEDED")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        cell.comment = Comment(_note(column, language), "Mēraukla", height=160, width=320)
        letter = get_column_letter(position)
        sheet.column_dimensions[letter].width = min(max(_WIDTHS[0], len(column.label(language)) + 2), _WIDTHS[1])
        number_format = _FORMATS.get(column.type, _TEXT_FORMAT)
        for row in range(2, FILLED_ROWS + 2):
            sheet.cell(row, position).number_format = number_format
        _add_drop_down(workbook, sheet, column, f"{letter}2:{letter}{FILLED_ROWS + 1}", language)
    sheet.freeze_panes = "A2"


def _note(column: Column, language: str) -> str:
    lines = [
        column.told(language),
        f"{message('template_kind', language)}: {_kind(column, language)}",
        f"{message('template_unit', language)}: {column.unit}" if column.unit else "",
        f"{message('template_required', language)}: {_yes_or_no(column, language)}",
        f"{message('template_accepted', language)}: {', '.join(column.accepted)}" if column.accepted else "",
    ]
    return "\n".join(line for line in lines if line)


def _kind(column: Column, language: str) -> str:
    return message(_KINDS[column.type], language, width=column.width)


def _yes_or_no(column: Column, language: str) -> str:
    return message("template_required_yes" if column.required else "template_required_no", language)


def _add_drop_down(workbook: "Workbook", sheet: "Worksheet", column: Column, cells: str, language: str) -> None:
    from openpyxl.worksheet.datavalidation import DataValidation  # noqa: PLC0415

    values = column.accepted
    if column.type == "boolean":
        values = (message("template_required_yes", language), message("template_required_no", language))
    if values:
        rule = DataValidation(type="list", formula1=_list(workbook, values), allow_blank=True)
        rule.error = message("template_not_accepted", language)
    elif column.type == "count":
        rule = DataValidation(type="whole", operator="greaterThanOrEqual", formula1="0", allow_blank=True)
        rule.error = message("template_not_a_count", language)
    else:
        return
    rule.showErrorMessage = True
    rule.add(cells)
    sheet.add_data_validation(rule)


def _list(workbook: "Workbook", values: Sequence[str]) -> str:
    """Return the formula of a drop-down list: the values themselves, or the cells of a hidden sheet."""
    from openpyxl.utils import get_column_letter  # noqa: PLC0415

    joined = ",".join(values)
    if (
        len(joined) <= _LIST_LENGTH
        and not any(character in joined for character in '"\n')
        and len(values) == len(joined.split(","))
    ):
        return f'"{joined}"'
    if _LISTS not in workbook.sheetnames:
        workbook.create_sheet(_LISTS).sheet_state = "hidden"
    lists = workbook[_LISTS]
    position = 1 if lists.cell(1, 1).value is None else lists.max_column + 1
    for row, value in enumerate(values, 1):
        cell = lists.cell(row, position, value)
        cell.data_type = "s"
    letter = get_column_letter(position)
    return f"'{_LISTS}'!${letter}$1:${letter}${len(values)}"


def _no_header(text: str, contract: Contract, language: str) -> str:
    """Put a text that is a header in quotation marks, so that no row of the instructions is taken for the headers."""
    if fold_header(text) not in contract.header_meanings:
        return text
    return f"„{text}”" if language == "lv" else f"“{text}”"


def _write_instructions(sheet: "Worksheet", contract: Contract) -> None:
    from openpyxl.styles import Alignment, Font  # noqa: PLC0415

    for language in LANGUAGES:
        source = contract.source_label_lv if language == "lv" else contract.source_label_en
        facts = {
            "table": contract.label(language),
            "source": source or contract.source,
            "grain": contract.grain,
            "file": file_name(contract),
        }
        sheet.append([message("template_intro", language, **facts)])
        sheet.cell(sheet.max_row, 1).font = Font(bold=True, size=14)
        for step in ("template_step_rows", "template_step_text", "template_step_numbers", "template_step_name"):
            sheet.append([message(step, language, **facts)])
        headings = ("template_column", "template_meaning", "template_kind", "template_unit", "template_required")
        sheet.append([*(message(heading, language) for heading in headings), message("template_accepted", language)])
        for cell in sheet[sheet.max_row]:
            cell.font = Font(bold=True)
        for column in contract.header_columns:
            texts = (
                column.label(language),
                column.told(language),
                _kind(column, language),
                column.unit or "",
                _yes_or_no(column, language),
                ", ".join(column.accepted),
            )
            sheet.append([_no_header(text, contract, language) for text in texts])
        sheet.append([])
    for row in sheet.iter_rows():
        for cell in row:
            cell.data_type = "s" if isinstance(cell.value, str) else cell.data_type
            cell.alignment = Alignment(vertical="top")
    for letter, width in zip("ABCDEF", (34, 60, 44, 16, 16, 60), strict=True):
        sheet.column_dimensions[letter].width = width
