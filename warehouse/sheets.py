"""Any file a steward may hand in → one table of texts: its headers, its columns, and the rows they stand in.

CSV is read here. Archives and workbooks are unpacked and read by a process of its own (`sandbox.py`), since what is
packed may be built to harm. Nothing here knows a contract: only the headers that are expected.
"""

import csv
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import islice

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.detection import (
    HEADER_SEARCH_ROWS,
    Detection,
    Expected,
    Row,
    find_delimiter,
    find_encoding,
    records,
)
from warehouse.limits import Limits, beyond
from warehouse.plain_columns import LARGE_BYTES, plain_columns
from warehouse.rejection import FileRejectedError, Rejection

BATCH_ROWS = 50_000

ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_OLE_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_MARKUP = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<head")
_OTHER_FORMATS = {b"%PDF": "PDF", b"\x1f\x8b": "gzip", b"7z\xbc\xaf": "7z", b"Rar!": "RAR", b"PAR1": "Parquet"}


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with a cell itself, whatever its contract: a rule, and what to tell beside it."""

    rule: str
    expected: str = ""


@dataclass(slots=True)
class Cells:
    """One table of texts.

    Attributes:
        header: texts of the header row; a column without a header is the empty text.
        columns: for each header its cells as they came (strings, never NULL), of the rows below that are not blank.
        row_numbers: the rows' numbers in the file (int32), counted from 1.
        detection: how the file was read.
        misfits: rows of a CSV file that have more or fewer cells than its header, with their number.
        faults: (row number, position of the column) → what is wrong with the cell.
    """

    header: tuple[str, ...]
    columns: list[pa.Array]
    row_numbers: pa.Array
    detection: Detection
    misfits: list[Row] = field(default_factory=list)
    faults: dict[tuple[int, int], Fault] = field(default_factory=dict)

    @property
    def row_count(self) -> int:
        """Rows below the header that are not blank, misfits included."""
        return len(self.row_numbers) + len(self.misfits)


def read_cells(name: str, content: bytes, limits: Limits, expected: Expected | None = None) -> Cells:
    """Read a file of any known format into one table of texts.

    Args:
        name: how users know the file.
        content: its bytes.
        limits: what it may ask of the machine.
        expected: headers that tell delimiter, sheet and header row. Without them the first row that is not blank is
            the header, the delimiter is the one that cuts it into most cells, and a workbook has one sheet.

    Raises:
        FileRejectedError: the file cannot be read; says why and what to do.
    """
    if len(content) > limits.file_bytes:
        raise beyond(name, "file_too_large", limits.file_bytes)
    if not content.strip(b"\xef\xbb\xbf \t\r\n;,"):
        raise FileRejectedError(Rejection(name, 0, "", "", "empty_file", ""))
    if content.startswith(ZIP_STARTS):
        from warehouse.sandbox import read_packed_cells  # noqa: PLC0415 - needed for packed files only

        return read_packed_cells(name, content, limits, expected)
    refuse_other_formats(name, content)
    return read_csv(name, content, limits, expected)


def refuse_other_formats(name: str, content: bytes) -> None:
    """Refuse what is told by its first bytes and is neither text nor a workbook we read.

    Raises:
        FileRejectedError: says what the file is and how to save it instead.
    """
    if content.startswith(_OLE):
        rule = "encrypted_file" if _OLE_ENCRYPTED in content else "old_workbook"
        raise FileRejectedError(Rejection(name, 0, "", "", rule, ""))
    if content[:1024].removeprefix(b"\xef\xbb\xbf").lstrip().lower().startswith(_MARKUP):
        raise FileRejectedError(Rejection(name, 0, "", "", "markup_file", ""))
    for start, form in _OTHER_FORMATS.items():
        if content.startswith(start):
            raise FileRejectedError(Rejection(name, 0, "", form, "other_format", "CSV, XLSX, ZIP"))


def read_csv(name: str, content: bytes, limits: Limits, expected: Expected | None) -> Cells:
    """Read a CSV file, see `read_cells`.

    Raises:
        FileRejectedError: the file cannot be read to its end.
    """
    encoding = find_encoding(name, content)
    csv.field_size_limit(limits.cell_characters)
    delimiter, header = find_delimiter(content, encoding, expected, limits.columns)
    reader = records(content, encoding, delimiter)
    read = 0
    try:
        above = list(islice(reader, header.position + 1 if header else HEADER_SEARCH_ROWS))
        read = len(above)
        if header is None:
            raise FileRejectedError(Rejection(name, 0, "", "", "empty_file", ""))
        names = header_texts(above[-1], name, limits)
        cells = None
        if len(content) >= LARGE_BYTES:
            columns = plain_columns(content, encoding, delimiter, len(above), len(names))
            cells = _plain_cells(names, columns or [], len(above), limits)
        if cells is None:
            parts = _Parts(len(names))
            while batch := list(islice(reader, BATCH_ROWS)):
                parts.add(batch, read + 1)
                read += len(batch)
                if read > limits.rows:
                    raise beyond(name, "too_many_rows", limits.rows)
            cells = parts.cells(names)
    except csv.Error as error:
        place = f"{error}; > {read}" if read else str(error)
        raise FileRejectedError(Rejection(name, 0, "", "", "unreadable_file", place)) from error
    cells.detection = Detection(
        format="csv",
        encoding=encoding,
        delimiter=delimiter,
        header_row=header.position + 1,
        title_rows=title_rows(list(enumerate(above[:-1], 1))),
        blank_rows=cells.detection.blank_rows,
    )
    drop_blank_rows(cells)
    return cells


def _plain_cells(header: tuple[str, ...], columns: list[pa.Array], above: int, limits: Limits) -> Cells | None:
    """Return what was read the fast way; None if nothing was, or if the strict reader has to say what is beyond."""
    if not columns or above + len(columns[0]) > limits.rows:
        return None
    longest = max(pc.max(pc.binary_length(column)).as_py() or 0 for column in columns)
    if longest > limits.cell_characters:
        return None
    numbers = pa.array(range(above + 1, above + 1 + len(columns[0])), pa.int32())
    return Cells(header, columns, numbers, Detection("csv"))


def header_texts(cells: Sequence[str], name: str, limits: Limits) -> tuple[str, ...]:
    """Return the headers with their blanks and line breaks made one blank each.

    Raises:
        FileRejectedError: there are more columns than a file may have.
    """
    if len(cells) > limits.columns:
        raise beyond(name, "too_many_columns", limits.columns)
    return tuple(" ".join(cell.split()) for cell in cells)


def title_rows(rows: Sequence[Row]) -> tuple[str, ...]:
    """Return the texts of the rows above the header, blank ones left out."""
    texts = (" ".join(" ".join(cells).split()) for _, cells in rows)
    return tuple(text for text in texts if text)


class _Parts:
    """Rows of a CSV file, turned into columns batch by batch: a batch of Python texts is dropped before the next."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._columns: list[list[pa.Array]] = [[] for _ in range(width)]
        self._row_numbers: list[pa.Array] = []
        self._misfits: list[Row] = []
        self._blank_rows = 0

    def add(self, rows: list[list[str]], first_number: int) -> None:
        """Add rows that follow each other, the first of them with the given number."""
        numbers: Sequence[int] = range(first_number, first_number + len(rows))
        if set(map(len, rows)) != {self._width}:
            rows, numbers = self._set_misfits_aside(rows, numbers)
        for parts, cells in zip(self._columns, zip(*rows, strict=True), strict=True) if rows else ():
            parts.append(pa.array(cells, pa.string()))
        self._row_numbers.append(pa.array(numbers, pa.int32()))

    def _set_misfits_aside(self, rows: list[list[str]], numbers: Sequence[int]) -> tuple[list[list[str]], list[int]]:
        kept: list[list[str]] = []
        kept_numbers: list[int] = []
        for number, cells in zip(numbers, rows, strict=True):
            if len(cells) == self._width:
                kept.append(cells)
                kept_numbers.append(number)
            elif any(cell.strip() for cell in cells):
                self._misfits.append((number, tuple(cells)))
            else:
                self._blank_rows += 1
        return kept, kept_numbers

    def cells(self, header: tuple[str, ...]) -> Cells:
        columns = [_one_array(parts) for parts in self._columns]
        detection = Detection("csv", blank_rows=self._blank_rows)
        return Cells(header, columns, _one_array(self._row_numbers, pa.int32()), detection, self._misfits)


def _one_array(parts: list[pa.Array], kind: pa.DataType | None = None) -> pa.Array:
    return pa.concat_arrays(parts) if parts else pa.array([], kind or pa.string())


def drop_blank_rows(cells: Cells) -> None:
    """Drop the rows without any content, and add them to those that are counted."""
    blank = pa.array(range(len(cells.row_numbers)), pa.int32())
    for column in cells.columns:
        if not len(blank):
            break
        texts = column if len(blank) == len(column) else column.take(blank)
        blank = blank.filter(pc.equal(pc.utf8_trim_whitespace(texts), ""))
    if len(blank) and cells.columns:
        has_content = pc.invert(pc.is_in(pa.array(range(len(cells.row_numbers)), pa.int32()), blank))
        cells.columns = [column.filter(has_content) for column in cells.columns]
        cells.row_numbers = cells.row_numbers.filter(has_content)
        blank_rows = cells.detection.blank_rows + len(blank)
        cells.detection = replace(cells.detection, blank_rows=blank_rows)
