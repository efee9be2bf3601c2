"""Landing files → Arrow tables of accepted rows, and a list of what was not accepted and why.

Nothing is lost: rows read = rows accepted + rows quarantined, and a quarantined row keeps its cells.

A column is read by its distinct texts: each is read once, however many rows it stands in.
"""

import hashlib
import json
import re
import stat
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.arrow import empty_table, to_array
from warehouse.clock import utc_now_plain
from warehouse.contract import IS_TOTAL, Column, Contract
from warehouse.detection import Detection, Expected
from warehouse.limits import Limits, beyond, load_limits
from warehouse.rejection import FileRejectedError, Rejection, closest
from warehouse.sheets import Cells, read_cells
from warehouse.values import (
    Marks,
    UnreadableValueError,
    fold_header,
    is_date_or_time,
    read_boolean,
    read_code,
    read_count,
    read_date,
    read_integer,
    read_value,
)

__all__ = ["FileRejectedError", "LandingFile", "ReadResult", "Rejection", "read_landing_file"]

# Tab and line ends may stand in a cell; other control characters are remains of a faulty export.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True, slots=True)
class LandingFile:
    """One file as it came, with what is known about it.

    Attributes:
        path: where it lies.
        name: path below the landing folder: how users know the file.
        strategy_code: name of the strategy's folder.
        vintage: when the authority handed it over.
        captured: named groups of its name, by the contract's patterns; found out from the name if not given.
        superseded_on: vintage of the file that replaced it, None if it is in force.
        mapping: mapping that a survey export is read by, if it does not lie beside it.
    """

    path: Path
    name: str
    strategy_code: str
    vintage: date
    captured: Mapping[str, str] = field(default_factory=dict)
    superseded_on: date | None = None
    mapping: Path | None = None


@dataclass(slots=True)
class ReadResult:
    """What became of one file.

    Attributes:
        file: the file.
        sha256: of its bytes.
        accepted: rows that keep the contract, in its schema.
        rows_read: rows below the header that are not blank; 0 if the file could not be read to its end.
        rejections: why the other rows, or the whole file, were not accepted.
        detection: how the file was read, None if it could not be read.
        is_rejected_whole: the file itself or its header is at fault: no row was judged.
        mapping_sha256: of the mapping that a survey export was read by; empty for other files.
    """

    file: LandingFile
    sha256: str
    accepted: pa.Table
    rows_read: int = 0
    rejections: list[Rejection] = field(default_factory=list)
    detection: Detection | None = None
    is_rejected_whole: bool = False
    mapping_sha256: str = ""

    @property
    def rows_quarantined(self) -> int:
        """Rows of the file that were not accepted."""
        return self.rows_read - int(self.accepted.num_rows)


def read_landing_file(
    file: LandingFile,
    contract: Contract,
    marks: Marks,
    loaded_at: datetime | None = None,
    limits: Limits | None = None,
) -> ReadResult:
    """Read one file under its contract. A bad row or file is a result, not an exception.

    Args:
        file: the file.
        contract: what it must look like.
        marks: vocabulary of the value reader.
        loaded_at: moment of loading, naive UTC; now if not given.
        limits: what the file may ask of the machine; those of `limits.yml` if not given.

    Raises:
        OSError: the file is not there or may not be read.
    """
    if contract.reader != "cells":
        from warehouse.survey_export import read_export  # noqa: PLC0415 - it stands on this module, rarely needed

        return read_export(file, contract, loaded_at)
    limits = limits or load_limits()
    result = ReadResult(file, "", empty_table(contract.schema))
    try:
        content = file_content(file, limits, result)
        cells = read_cells(file.name, content, limits, Expected.of(contract))
        del content
        result.detection = cells.detection
        result.rows_read = cells.row_count
        reading = _Reading(file, contract, marks, cells)
        reading.read()
    except FileRejectedError as rejected:
        result.rejections = rejected.rejections
        result.is_rejected_whole = True
        return result
    result.rejections = reading.rejections()
    result.accepted = reading.accepted(provenance(file, result.sha256, loaded_at))
    return result


def provenance(file: LandingFile, sha256: str, loaded_at: datetime | None) -> Mapping[str, Any]:
    """Return what is the same in all rows of a file: column of the raw table → value.

    Args:
        file: the file.
        sha256: SHA-256 of its bytes.
        loaded_at: moment of loading, naive UTC; now if None.
    """
    return {
        "strategy_code": file.strategy_code,
        "_source_file": file.name,
        "_source_sha256": sha256,
        "_loaded_at": loaded_at or utc_now_plain(),
        "_vintage": file.vintage,
        "_superseded_on": file.superseded_on,
    }


def file_content(file: LandingFile, limits: Limits, result: ReadResult) -> bytes:
    """Return the file's bytes and note their hash; a file that is too large is hashed and not kept.

    Raises:
        FileRejectedError: it is too large, or no regular file.
    """
    about = file.path.stat()
    if not stat.S_ISREG(about.st_mode):
        raise FileRejectedError(Rejection(file.name, 0, "", "", "unreadable_file", "?"))
    if about.st_size > limits.file_bytes:
        with file.path.open("rb") as stream:
            result.sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
        raise beyond(file.name, "file_too_large", limits.file_bytes)
    content = file.path.read_bytes()
    result.sha256 = hashlib.sha256(content).hexdigest()
    return content


class _Place(NamedTuple):
    """Where a cell stands: index of the row among those read, place of the column in the contract.

    A column without a header has no place there: its position in the file counts from -1 downwards.
    """

    row: int
    column: int


class _CellError(Exception):
    def __init__(self, rule: str, expected: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.expected = expected


class _Reading:
    """One table of texts read under its contract: what it becomes, and what is wrong with it."""

    def __init__(self, file: LandingFile, contract: Contract, marks: Marks, cells: Cells) -> None:
        self._file = file
        self._contract = contract
        self._marks = marks
        self._cells = cells
        self._sheet = cells.detection.sheet
        self._length = len(cells.row_numbers)
        self._fields: dict[str, pa.Array] = {}
        self._errors: dict[_Place, tuple[str, str]] = {}
        self._duplicates: dict[int, int] = {}
        self._positions: dict[str, int] = {}
        self._is_total: pa.Array | None = None
        self._bad: set[int] = set()

    # --- Reading ---

    def read(self) -> None:
        """Read all columns.

        Raises:
            FileRejectedError: the header or the file's name keeps not to the contract.
        """
        self._positions = self._match_header()
        self._is_total = self._find_totals()
        for order, column in enumerate(self._contract.columns):
            if column.from_file_name:
                self._read_file_name(column)
            else:
                self._read_column(order, column)
        self._note_faults()
        self._bad = {place.row for place in self._errors}
        self._find_duplicates()
        self._bad |= self._duplicates.keys()

    def _match_header(self) -> dict[str, int]:
        """Return the position of each column in the file.

        Raises:
            FileRejectedError: a column is missing, unknown or stands twice.
        """
        contract, header = self._contract, self._cells.header
        meanings = contract.header_meanings
        ignored = {fold_header(text) for text in contract.ignored_headers}
        places: dict[str, list[int]] = defaultdict(list)
        unknown: list[str] = []
        for position, text in enumerate(header):
            key = fold_header(text)
            if key in meanings:
                places[meanings[key]].append(position)
            elif key and key not in ignored:
                unknown.append(text)
        columns = contract.header_columns
        rejections = [
            self._header_rejection(column.name, "", "missing_column", _closest_header(column.known_headers, unknown))
            for column in columns
            if column.name not in places and not column.optional
        ]
        known = [text for column in columns for text in column.known_headers]
        rejections += [
            self._header_rejection(text, text, "unknown_column", _closest_header((text,), known)) for text in unknown
        ]
        rejections += [
            self._header_rejection(
                name, " | ".join(dict.fromkeys(header[position] for position in twice)), "duplicate_column", ""
            )
            for name, twice in places.items()
            if len(twice) > 1
        ]
        if rejections:
            raise FileRejectedError(*rejections)
        return {name: positions[0] for name, positions in places.items()}

    def _header_rejection(self, name: str, value: str, rule: str, expected: str) -> Rejection:
        row = self._cells.detection.header_row
        column = next((column for column in self._contract.columns if column.name == name), None)
        return self._placed(Rejection(self._file.name, row, name, value, rule, expected), column)

    def _find_totals(self) -> pa.Array | None:
        totals = self._contract.total_rows
        if totals is None:
            return None
        if totals.column not in self._positions:
            return pa.repeat(False, self._length)
        words = {fold_header(value) for value in totals.values}
        texts = self._cells.columns[self._positions[totals.column]].dictionary_encode()
        is_word = [fold_header(text) in words for text in texts.dictionary.to_pylist()]
        return to_array(is_word, pa.bool_()).take(texts.indices)

    def _read_file_name(self, column: Column) -> None:
        captured = self._file.captured or self._contract.captured_from(self._file.path.stem) or {}
        text = captured.get(column.from_file_name or "", "")
        try:
            values = _read_cell(column, text, self._marks)
        except _CellError as error:
            expected = error.expected or column.form or column.type
            shown = text or self._file.path.name
            raise FileRejectedError(
                self._placed(Rejection(self._file.name, 0, column.name, shown, "wrong_file_name", expected), column)
            ) from error
        for arrow_field, value in zip(column.fields(), values, strict=True):
            self._fields[arrow_field.name] = pa.repeat(pa.scalar(value, arrow_field.type), self._length)

    def _read_column(self, order: int, column: Column) -> None:
        fields = column.fields()
        if column.name not in self._positions:
            for arrow_field in fields:
                self._fields[arrow_field.name] = pa.nulls(self._length, arrow_field.type)
            return
        texts = self._cells.columns[self._positions[column.name]].dictionary_encode()
        tells_totals = self._contract.total_rows is not None and self._contract.total_rows.column == column.name
        read: list[tuple[Any, ...]] = []
        errors: dict[int, _CellError] = {}
        nothing = (None,) * len(fields)
        for code, text in enumerate(texts.dictionary.to_pylist()):
            try:
                read.append(_read_cell(column, text, self._marks))
            except _CellError as error:
                errors[code] = error
                read.append(nothing)
        for arrow_field, values in zip(fields, zip(*read, strict=True) if read else ([],) * len(fields), strict=True):
            self._fields[arrow_field.name] = to_array(values, arrow_field.type).take(texts.indices)
        for code, rows in _rows_of(texts.indices, errors).items():
            found = errors[code]
            # No total has all that a row has, and the word for it stands where a code or a number would.
            spared = found.rule == "required" or tells_totals
            for row in rows:
                if not (spared and self._is_total_row(row)):
                    self._errors[_Place(row, order)] = (found.rule, found.expected)

    def _is_total_row(self, row: int) -> bool:
        return self._is_total is not None and bool(self._is_total[row].as_py())

    def _note_faults(self) -> None:
        """Note what is wrong with cells themselves, instead of what the contract says to what is left of them."""
        columns = {position: name for name, position in self._positions.items()}
        order_of = {column.name: order for order, column in enumerate(self._contract.columns)}
        if self._cells.faults:
            row_of = {number: row for row, number in enumerate(self._cells.row_numbers.to_pylist())}
            for (number, position), fault in self._cells.faults.items():
                if number not in row_of or position not in columns:
                    continue
                row = row_of[number]
                # The word for a total often spans the cells that a total has no need of.
                if not (fault.rule == "merged_cell" and self._is_total_row(row)):
                    self._errors[_Place(row, order_of[columns[position]])] = (fault.rule, fault.expected)
        for position, header in enumerate(self._cells.header):
            if not header:
                filled = pc.not_equal(pc.utf8_trim_whitespace(self._cells.columns[position]), "")
                for row in pc.indices_nonzero(filled).to_pylist():
                    self._errors[_Place(row, -1 - position)] = ("cell_without_header", str(position + 1))

    def _find_duplicates(self) -> None:
        # Values are compared, not texts: 1 and 01 are one number.
        keys = zip(*(self._fields[name].to_pylist() for name in self._contract.key), strict=True)
        totals = self._is_total.to_pylist() if self._is_total is not None else [False] * self._length
        first_row_of_key: dict[tuple[Any, ...], int] = {}
        for row, (key, is_total) in enumerate(zip(keys, totals, strict=False)):
            if is_total or row in self._bad:
                continue
            first = first_row_of_key.setdefault(key, row)
            if first != row:
                self._duplicates[row] = first

    # --- What it becomes ---

    def accepted(self, constants: Mapping[str, Any]) -> pa.Table:
        """Return the accepted rows in the contract's schema, with what is the same in all of them."""
        arrays = []
        for arrow_field in self._contract.schema:
            if arrow_field.name in constants:
                value = pa.scalar(constants[arrow_field.name], arrow_field.type)
                arrays.append(pa.repeat(value, self._length))
            elif arrow_field.name == "_row_number":
                arrays.append(self._cells.row_numbers)
            elif arrow_field.name == IS_TOTAL and self._is_total is not None:
                arrays.append(self._is_total)
            else:
                arrays.append(self._fields[arrow_field.name])
        table = pa.Table.from_arrays(arrays, schema=self._contract.schema)
        if not self._bad:
            return table
        return table.filter(pa.array([row not in self._bad for row in range(self._length)], pa.bool_()))

    def rejections(self) -> list[Rejection]:
        """Return why rows were not accepted, in the order of rows and of the contract's columns."""
        found: dict[int, list[Rejection]] = defaultdict(list)
        for place in sorted(self._errors):
            rule, expected = self._errors[place]
            number, cells, row_json = self._row(place.row)
            if place.column < 0:
                column, name, position = None, "", -1 - place.column
            else:
                column = self._contract.columns[place.column]
                name, position = column.name, self._positions[column.name]
            value = _CONTROL.sub("\ufffd", cells[position])
            rejection = Rejection(self._file.name, number, name, value, rule, expected, row_json)
            found[number].append(self._placed(rejection, column))
        for row, first in self._duplicates.items():
            number, cells, row_json = self._row(row)
            value = ", ".join(self._key_text(name, cells) for name in self._contract.key)
            names = ", ".join(self._contract.key)
            earlier = str(self._cells.row_numbers[first].as_py())
            rejection = Rejection(self._file.name, number, names, value, "duplicate_key", earlier, row_json)
            found[number].append(self._placed(rejection, None))
        width = len(self._cells.header)
        for number, texts in self._cells.misfits:
            row_json = json.dumps(texts, ensure_ascii=False)
            rejection = Rejection(self._file.name, number, "", str(len(texts)), "wrong_width", str(width), row_json)
            found[number].append(self._placed(rejection, None))
        return [rejection for number in sorted(found) for rejection in found[number]]

    def _row(self, row: int) -> tuple[int, list[str], str]:
        """Return number, texts and JSON of a row."""
        texts = [column[row].as_py() for column in self._cells.columns]
        named = json.dumps(dict(zip(_distinct(self._cells.header), texts, strict=True)), ensure_ascii=False)
        return self._cells.row_numbers[row].as_py(), texts, named

    def _key_text(self, name: str, cells: Sequence[str]) -> str:
        if name in self._positions:
            return cells[self._positions[name]].strip()
        return str(self._fields[name][0].as_py())

    def _placed(self, rejection: Rejection, column: Column | None) -> Rejection:
        """Return the rejection with the sheet it is about, and with what the steward calls the column."""
        placed = replace(rejection, sheet=self._sheet)
        return replace(placed, label_lv=column.label_lv, label_en=column.label_en) if column else placed


def _closest_header(names: Sequence[str], candidates: Sequence[str]) -> str:
    """Return the candidate that any of the names may have meant, as a hint; empty if none is close."""
    folded = {fold_header(candidate): candidate for candidate in reversed(candidates)}
    for name in names:
        if hint := closest(fold_header(name), list(folded)):
            return f"↔ {folded[hint[2:-1]]}?"
    return ""


def _distinct(header: Sequence[str]) -> Iterator[str]:
    """Yield the headers, each followed by its position where it stands more than once or is empty."""
    count = Counter(header)
    for position, text in enumerate(header, 1):
        yield text if text and count[text] == 1 else f"{text} [{position}]".strip()


def _rows_of(codes: pa.Array, wanted: Mapping[int, object]) -> Mapping[int, list[int]]:
    """Return for each of the wanted codes the rows that it stands in."""
    rows: dict[int, list[int]] = defaultdict(list)
    if wanted:
        is_wanted = pc.is_in(codes, pa.array(list(wanted), codes.type))
        for row in pc.indices_nonzero(is_wanted).to_pylist():
            rows[codes[row].as_py()].append(row)
    return rows


def _read_cell(column: Column, text: str, marks: Marks) -> tuple[Any, ...]:
    """Return the values of the raw columns that one cell becomes.

    Raises:
        _CellError: the cell breaks a rule of the contract.
    """
    trimmed = text.strip()
    if _CONTROL.search(trimmed):
        raise _CellError("control_character")
    if column.required and not trimmed:
        raise _CellError("required")
    if trimmed and column.accepted and trimmed not in column.accepted:
        raise _CellError("not_accepted", ", ".join(column.accepted))
    if column.type == "printed":
        return _read_printed(column, trimmed, marks)
    value = _cast(column, trimmed) if trimmed else None
    if value is not None and column.pattern and not re.fullmatch(column.pattern, str(value)):
        raise _CellError("wrong_form", column.pattern)
    return (value,)


# What a column of a type cannot read: the rule, and what it expects.
_RULES = {
    "integer": "not_an_integer",
    "boolean": "not_a_boolean",
    "count": "not_a_count",
    "code": "not_a_code",
    "date": "not_a_date",
}


def _cast(column: Column, trimmed: str) -> str | int | bool | date:
    try:
        match column.type:
            case "integer":
                return read_integer(trimmed)
            case "boolean":
                return read_boolean(trimmed)
            case "count":
                return read_count(trimmed, column.thousands_mark)
            case "code":
                return read_code(trimmed, column.width or 0)
            case "date":
                return read_date(trimmed, column.form)
            case _:
                return trimmed
    except UnreadableValueError as error:
        if column.type != "date" and is_date_or_time(trimmed):
            raise _CellError("date_instead_of_value") from error
        raise _CellError(_RULES[column.type], str(column.width or column.form or "")) from error


def _read_printed(column: Column, trimmed: str, marks: Marks) -> tuple[Any, ...]:
    try:
        value = read_value(trimmed, marks, column.thousands_mark)
    except UnreadableValueError as error:
        if is_date_or_time(trimmed):
            raise _CellError("date_instead_of_value") from error
        raise _CellError("unreadable_value", ", ".join(sorted(marks))) from error
    if value.upper_number is not None and not column.is_range_accepted:
        raise _CellError("not_one_number")
    upper = (value.upper_number,) if column.is_range_accepted else ()
    return (trimmed or None, value.number, *upper, value.kind.value, value.mark, value.unit)
