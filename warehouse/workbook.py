"""Workbooks (XLSX) → one table of texts. Runs only in the process that reads packed files.

calamine reads the values; what it does not tell (`workbook_parts.py`) is searched for in the XML.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetTypeEnum

from warehouse.archive import Archive
from warehouse.detection import HEADER_SEARCH_ROWS, Detection, Expected, Header, Row, find_header
from warehouse.limits import Limits, beyond
from warehouse.rejection import FileRejectedError, Rejection
from warehouse.sheets import Cells, Fault, header_texts, title_rows
from warehouse.workbook_parts import PERCENT, Findings, Position, SheetPart, look_at, sheet_parts, telling_formats

WORKBOOK = "xl/workbook.xml"
_RELATIONSHIPS = "xl/_rels/workbook.xml.rels"
_STYLES = "xl/styles.xml"
_SHARED_STRINGS = "xl/sharedStrings.xml"
_UNSAFE_XML = (b"<!DOCTYPE", b"<!ENTITY", b"<!doctype", b"<!entity")
# What a double holds of a decimal number, and what spreadsheets show of it.
_SIGNIFICANT_DIGITS = 15
_SHOWN_OF_LONG = 200
_LARGEST_WHOLE = 10**_SIGNIFICANT_DIGITS

CellValue = str | bool | int | float | datetime | date | time | timedelta


@dataclass(slots=True)
class _Sheet:
    """One sheet as it was read: its rows from the first filled one on, and the position of their first cell."""

    part: SheetPart
    rows: list[list[CellValue]]
    start: Position
    findings: Findings
    merged: Sequence[tuple[Position, Position]]
    header: Header | None = None


def read_workbook(name: str, content: bytes, archive: Archive, limits: Limits, expected: Expected | None) -> Cells:
    """Read a workbook, see `sheets.read_cells`.

    Visible sheets are looked at; the one whose header fits is read. Hidden sheets are not read, hidden rows are.

    Raises:
        FileRejectedError: it is damaged or beyond a limit, or not exactly one of its sheets fits.
    """
    parts = sheet_parts(_part(name, archive, WORKBOOK), _part(name, archive, _RELATIONSHIPS))
    formats = telling_formats(_part(name, archive, _STYLES))
    # Read for its size and safety only: calamine opens it by itself.
    _part(name, archive, _SHARED_STRINGS)
    findings: dict[str, Findings] = {}
    for part in parts:
        if not part.is_hidden and archive.has(part.part):
            findings[part.name] = look_at(_part(name, archive, part.part), formats)
            rows, columns = (last + 1 for last in findings[part.name].extent)
            if columns > limits.columns:
                raise beyond(name, "too_many_columns", limits.columns)
            if rows * columns > limits.sheet_cells:
                raise beyond(name, "too_many_cells", limits.sheet_cells)
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(content)) as workbook:
            tables = {sheet.name for sheet in workbook.sheets_metadata if sheet.typ == SheetTypeEnum.WorkSheet}
            names = [part for part in parts if part.name in tables & findings.keys()]
            sheets = [_open(workbook, part, findings[part.name], expected) for part in names]
    except PasswordError as error:
        raise FileRejectedError(Rejection(name, 0, "", "", "encrypted_file", "")) from error
    except (CalamineError, OSError, ValueError) as error:
        raise FileRejectedError(Rejection(name, 0, "", "", "unreadable_file", f"XLSX: {error}")) from error
    sheet = _choose(name, [sheet for sheet in sheets if sheet.header], parts)
    return _cells(name, sheet, parts, limits)


def _part(name: str, archive: Archive, member: str) -> bytes:
    if not archive.has(member):
        return b""
    content = archive.read(member)
    if any(mark in content for mark in _UNSAFE_XML):
        raise FileRejectedError(Rejection(name, 0, "", member, "unsafe_xml", ""))
    return content


def _open(workbook: CalamineWorkbook, part: SheetPart, findings: Findings, expected: Expected | None) -> _Sheet:
    sheet = workbook.get_sheet_by_name(part.name)
    rows = sheet.to_python()
    opened = _Sheet(part, rows, sheet.start or (0, 0), findings, sheet.merged_cell_ranges or ())
    _make_room(opened)
    opened.header = find_header(_texts_of(opened, HEADER_SEARCH_ROWS), expected)
    return opened


def _make_room(sheet: _Sheet) -> None:
    """Widen the rows by the cells that calamine takes for blank: errors, and formulas without a value."""
    places = [*sheet.findings.errors, *sheet.findings.formulas]
    if not places:
        return
    height, width = len(sheet.rows), len(sheet.rows[0]) if sheet.rows else 0
    if not height:
        sheet.start = places[0]
    rows, columns = ({place[axis] for place in places} for axis in (0, 1))
    top, left = min(sheet.start[0], *rows), min(sheet.start[1], *columns)
    bottom, right = max(sheet.start[0] + height, max(rows) + 1), max(sheet.start[1] + width, max(columns) + 1)
    before, after = sheet.start[1] - left, right - sheet.start[1] - width
    if before or after:
        sheet.rows = [[""] * before + row + [""] * after for row in sheet.rows]
    above, below = sheet.start[0] - top, bottom - sheet.start[0] - height
    blank: list[CellValue] = [""] * (right - left)
    sheet.rows = [*([*blank] for _ in range(above)), *sheet.rows, *([*blank] for _ in range(below))]
    sheet.start = (top, left)


def _texts_of(sheet: _Sheet, count: int) -> list[Row]:
    return [
        (sheet.start[0] + index + 1, [cell_text(value) for value in row])
        for index, row in enumerate(sheet.rows[:count])
    ]


def _choose(name: str, sheets: list[_Sheet], parts: Sequence[SheetPart]) -> _Sheet:
    if not sheets:
        hidden = ", ".join(part.name for part in parts if part.is_hidden)
        raise FileRejectedError(Rejection(name, 0, "", hidden, "hidden_sheet" if hidden else "empty_file", ""))
    fitting = [sheet for sheet in sheets if sheet.header and sheet.header.is_complete]
    if len(fitting) > 1:
        names = ", ".join(sheet.part.name for sheet in fitting)
        raise FileRejectedError(Rejection(name, 0, "", names, "several_sheets", ""))
    return fitting[0] if fitting else max(sheets, key=_rank)


def _rank(sheet: _Sheet) -> tuple[bool, int]:
    return sheet.header.rank if sheet.header else (False, 0)


def _cells(name: str, sheet: _Sheet, parts: Sequence[SheetPart], limits: Limits) -> Cells:
    position = sheet.header.position if sheet.header else 0
    top, left = sheet.start
    above = _texts_of(sheet, position + 1)
    faults = _apply_findings(name, sheet, top + position, limits)
    body = sheet.rows[position + 1 :]
    if len(body) > limits.rows:
        raise beyond(name, "too_many_rows", limits.rows)
    header = header_texts(above[-1][1], name, limits)
    columns = [_column_texts(column) for column in zip(*body, strict=True)] or [_column_texts(())] * len(header)
    first_row = top + position + 2
    for index, column in enumerate(columns):
        columns[index] = _without_long_texts(column, (first_row, left + index), faults, limits)
    kept = [index for index, text in enumerate(header) if text or _has_content(columns[index])]
    place_of = {left + index: place for place, index in enumerate(kept)}
    return Cells(
        header=tuple(header[index] for index in kept),
        columns=[columns[index] for index in kept],
        row_numbers=pa.array(range(first_row, first_row + len(body)), pa.int32()),
        detection=Detection(
            format="xlsx",
            sheet=sheet.part.name,
            header_row=top + position + 1,
            title_rows=title_rows(above[:-1]),
            hidden_rows=sheet.findings.hidden_rows,
            other_sheets=tuple(part.name for part in parts if part.name != sheet.part.name),
        ),
        faults={(row + 1, place_of[column]): fault for (row, column), fault in faults.items() if column in place_of},
    )


def _has_content(column: pa.Array) -> bool:
    return any(text.strip() for text in column.to_pylist())


def _without_long_texts(column: pa.Array, first: Position, faults: dict[Position, Fault], limits: Limits) -> pa.Array:
    """Cut texts that are longer than a cell may be, and note them; the first text stands in the given row, from 1."""
    longest = limits.cell_characters
    if not len(column) or pc.max(pc.binary_length(column)).as_py() <= longest:
        return column
    texts = column.to_pylist()
    for index, text in enumerate(texts):
        if len(text) > longest:
            texts[index] = f"{text[:_SHOWN_OF_LONG]}…"
            faults[first[0] - 1 + index, first[1]] = Fault("cell_too_long", f"{longest:,}".replace(",", "\u202f"))
    return pa.array(texts, pa.string())


def _apply_findings(name: str, sheet: _Sheet, header_row: int, limits: Limits) -> dict[Position, Fault]:
    """Put into the cells below the header what is seen there, and return what is wrong with them, by position.

    Raises:
        FileRejectedError: merged areas cover more cells than a sheet may have.
    """
    faults: dict[Position, Fault] = {}
    findings, (top, left) = sheet.findings, sheet.start
    height, width = len(sheet.rows), len(sheet.rows[0]) if sheet.rows else 0

    def is_below_the_header(position: Position) -> bool:
        return header_row < position[0] < top + height and left <= position[1] < left + width

    for (row, column), form in findings.formats.items():
        if is_below_the_header((row, column)):
            cells = sheet.rows[row - top]
            cells[column - left] = _as_seen(cells[column - left], form)
    for found, rule in ((findings.errors, "error_cell"), (findings.formulas, "formula_without_value")):
        for (row, column), shown in found.items():
            if is_below_the_header((row, column)):
                sheet.rows[row - top][column - left] = shown
                faults[row, column] = Fault(rule)
    covered = 0
    for (first_row, first_column), (last_row, last_column) in sheet.merged:
        rows = range(max(first_row, header_row + 1), min(last_row, top + height - 1) + 1)
        columns = range(max(first_column, left), min(last_column, left + width - 1) + 1)
        covered += len(rows) * len(columns)
        if covered > limits.sheet_cells:
            raise beyond(name, "too_many_cells", limits.sheet_cells)
        fault = Fault("merged_cell", f"{_reference(first_row, first_column)}:{_reference(last_row, last_column)}")
        for row in rows:
            for column in columns:
                if (row, column) != (first_row, first_column):
                    faults.setdefault((row, column), fault)
    return faults


def _reference(row: int, column: int) -> str:
    letters = ""
    column += 1
    while column:
        column, letter = divmod(column - 1, 26)
        letters = chr(65 + letter) + letters
    return f"{letters}{row + 1}"


def _column_texts(values: Sequence[CellValue]) -> pa.Array:
    kinds = set(map(type, values))
    if kinds == {str}:
        return pa.array(values, pa.string())
    if bool in kinds:
        # True and 1.0 are one key of a dictionary.
        return pa.array([cell_text(value) for value in values], pa.string())
    texts = {value: cell_text(value) for value in set(values)}
    return pa.array([texts[value] for value in values], pa.string())


def cell_text(value: CellValue) -> str:
    """Return what stands in a cell as text.

    Numbers have the digits that a spreadsheet shows (15 at most) and no thousands marks, a day is written as ISO 8601
    has it, true and false are yes and no.
    """
    match value:
        case bool():
            text = "yes" if value else "no"
        case int() | float():
            text = _number_text(value)
        case datetime():
            text = value.date().isoformat() if value.time() == time() else value.isoformat(" ")
        case date() | time():
            text = value.isoformat()
        case timedelta():
            minutes, seconds = divmod(int(value.total_seconds()), 60)
            text = f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
        case _:
            text = value
    return text


def _number_text(value: float) -> str:
    if not math.isfinite(value):
        return str(value)
    if value == int(value) and abs(value) < _LARGEST_WHOLE:
        return str(int(value))
    return format(_decimal(value), "f")


def _decimal(value: float) -> Decimal:
    return Decimal(f"{value:.{_SIGNIFICANT_DIGITS}g}")


def _as_seen(value: CellValue, form: str) -> CellValue:
    """Return a number as its format shows it: in percent, or with noughts before it."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return value
    if form == PERCENT:
        return f"{_number_text(float(_decimal(value) * 100))} %"
    return f"{int(value):0{len(form)}}" if value == int(value) else value
