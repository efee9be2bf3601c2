"""What a workbook's XML says and its reader does not tell: hidden sheets and rows, errors, formulas, formats, extent.

The XML is searched, never parsed: no entity is expanded, nothing it refers to is opened, and a sheet without any of
these things costs one look at its bytes.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from html import unescape
from posixpath import join, normpath

Position = tuple[int, int]
"""Row and column of a cell, both counted from 0."""

_TAIL_BYTES = 1 << 16
_MANY_ROWS = 100_000
_ATTRIBUTE = re.compile(rb"""([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b([^>]*)>")
_RELATIONSHIP = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)>")
_NUMBER_FORMAT = re.compile(rb"<(?:\w+:)?numFmt\b([^>]*)>")
_CELL_FORMATS = re.compile(rb"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs\s*>", re.DOTALL)
_FORMAT = re.compile(rb"<(?:\w+:)?xf\b([^>]*)>")
_LITERAL = re.compile(r'"[^"]*"|\\.|_.')
_NOUGHTS = re.compile(r"0{2,}")
_BUILT_IN_PERCENT = {"9", "10"}
PERCENT = "%"

_ROW_HIDDEN = re.compile(rb"""<(?:\w+:)?row\b[^>]*\bhidden\s*=\s*["'](?:1|true)["']""")
_WIDE_COLUMN = re.compile(rb' r="([A-Z]{2,3})[0-9]{1,7}"[^>/]*>')
_NARROW_COLUMN = re.compile(rb' r="([A-Z])[0-9]{1,7}"[^>/]*>')
_FILLED_CELL = re.compile(rb"""<(?:\w+:)?c\b[^>]*?\br\s*=\s*["'][A-Z]{1,3}([0-9]{1,7})["'][^>/]*>""")
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Z]{1,3})([0-9]{1,7})["']""")
_ERROR = re.compile(rb"""<(?:\w+:)?c\b([^>]*\bt\s*=\s*["']e["'][^>]*)>(.*?)</(?:\w+:)?c\s*>""", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>([^<]*)<")
# A formula whose value was never stored. That of an empty text is stored as an empty text.
_FORMULA = re.compile(
    rb"<(?:\w+:)?c\b(?P<cell>[^>]*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>(?P<formula>[^<]*)</(?:\w+:)?f\s*>)\s*"
    rb"(?P<value><(?:\w+:)?v\s*/>|<(?:\w+:)?v\b[^>]*>\s*</(?:\w+:)?v\s*>)?\s*</(?:\w+:)?c\s*>"
)
_IS_TEXT = re.compile(rb"""\bt\s*=\s*["']str["']""")


@dataclass(frozen=True, slots=True)
class SheetPart:
    """One sheet as the workbook lists it: its name, its part in the archive, whether it is hidden."""

    name: str
    part: str
    is_hidden: bool


@dataclass(slots=True)
class Findings:
    """What was found in one sheet.

    Attributes:
        errors: cells that hold an error, with its text (`#REF!`).
        formulas: cells with a formula and no value, with the formula.
        formats: cells whose format changes what is seen: `%`, or noughts to fill the number up to.
        hidden_rows: how many rows are hidden.
        extent: position of the last cell with content, as far as the XML tells; the first one may lie anywhere.
    """

    errors: dict[Position, str] = field(default_factory=dict)
    formulas: dict[Position, str] = field(default_factory=dict)
    formats: dict[Position, str] = field(default_factory=dict)
    hidden_rows: int = 0
    extent: Position = (0, 0)


def sheet_parts(workbook: bytes, relationships: bytes) -> list[SheetPart]:
    """Return the sheets in the order of the workbook.

    Args:
        workbook: `xl/workbook.xml`.
        relationships: `xl/_rels/workbook.xml.rels`.
    """
    targets = {
        attributes.get("Id", ""): normpath(join("/xl", attributes.get("Target", ""))).lstrip("/")
        for attributes in _all_attributes(_RELATIONSHIP, relationships)
    }
    sheets = []
    for attributes in _all_attributes(_SHEET, workbook):
        relation = next((value for name, value in attributes.items() if name.endswith(":id")), "")
        is_hidden = attributes.get("state", "visible") != "visible"
        sheets.append(SheetPart(attributes.get("name", ""), targets.get(relation, ""), is_hidden))
    return sheets


def telling_formats(styles: bytes) -> Mapping[str, str]:
    """Return the cell formats that change what is seen: index → `%`, or the noughts that a number is filled up to."""
    codes = {
        attributes.get("numFmtId", ""): attributes.get("formatCode", "")
        for attributes in _all_attributes(_NUMBER_FORMAT, styles)
    }
    telling: dict[str, str] = {}
    cell_formats = _CELL_FORMATS.search(styles)
    for index, attributes in enumerate(_all_attributes(_FORMAT, cell_formats[0] if cell_formats else b"")):
        number = attributes.get("numFmtId", "0")
        code = _LITERAL.sub("", codes.get(number, "").split(";")[0]).strip()
        if number in _BUILT_IN_PERCENT or PERCENT in code:
            telling[str(index)] = PERCENT
        elif _NOUGHTS.fullmatch(code):
            telling[str(index)] = code
    return telling


def look_at(sheet: bytes, formats: Mapping[str, str]) -> Findings:
    """Search the XML of a sheet.

    Args:
        sheet: the part.
        formats: formats that change what is seen, by `telling_formats`.
    """
    findings = Findings(hidden_rows=len(_ROW_HIDDEN.findall(sheet)) if b"hidden" in sheet else 0)
    if b't="e"' in sheet or b"t='e'" in sheet:
        for cell in _ERROR.finditer(sheet):
            value = _VALUE.search(cell[2])
            _note(findings.errors, cell[1], _text(value[1]) if value else "#?")
    if b"<f" in sheet or b":f" in sheet:
        for cell in _FORMULA.finditer(sheet):
            if cell["value"] is None or not _IS_TEXT.search(cell["cell"]):
                _note(findings.formulas, cell["cell"], "=" + _text(cell["formula"] or b""))
    if formats:
        indices = b"|".join(re.escape(index.encode()) for index in formats)
        for cell in re.finditer(rb"""<(?:\w+:)?c\b([^>]*\bs\s*=\s*["'](%s)["'][^>]*)>""" % indices, sheet):
            _note(findings.formats, cell[1], formats[cell[2].decode()])
    findings.extent = _extent(sheet)
    return findings


def _extent(sheet: bytes) -> Position:
    size = _TAIL_BYTES
    rows: list[bytes] = []
    while not rows and size < 8 * len(sheet) + _TAIL_BYTES:
        rows = _FILLED_CELL.findall(sheet, max(0, len(sheet) - size))
        size *= 8
    # Columns beyond Z are few in most sheets; the others are only looked for where it matters.
    columns = set(_WIDE_COLUMN.findall(sheet))
    if not columns and rows and max(map(int, rows)) > _MANY_ROWS:
        columns = set(_NARROW_COLUMN.findall(sheet))
    return max(map(int, rows), default=1) - 1, max(map(_column, columns), default=25)


def _note(cells: dict[Position, str], attributes: bytes, text: str) -> None:
    if reference := _REFERENCE.search(attributes):
        cells[int(reference[2]) - 1, _column(reference[1])] = text


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _all_attributes(tag: re.Pattern[bytes], part: bytes) -> Iterator[dict[str, str]]:
    for match in tag.finditer(part):
        yield {
            name.decode("utf-8", "replace"): _text(double or single)
            for name, double, single in _ATTRIBUTE.findall(match[1])
        }


def _text(raw: bytes) -> str:
    return unescape(raw.decode("utf-8", "replace"))
