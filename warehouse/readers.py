"""Landing files → Arrow tables of accepted rows, and a list of what was not accepted and why.

Nothing is lost: rows read = rows accepted + rows quarantined, and a quarantined row keeps its cells.
"""

import csv
import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import pyarrow as pa

from warehouse.contract import PRINTED_SUFFIX, Column, Contract
from warehouse.messages import message
from warehouse.values import Marks, UnreadableValueError, read_value

HEADER_ROW = 1
_BOOLEANS = {"yes": True, "no": False}
# Nine digits always fit the column; int() alone would also take 1_000.
_INTEGER = re.compile(r"[+\-]?\d{1,9}")


@dataclass(frozen=True, slots=True)
class LandingFile:
    """One file as it came, with what is known about it.

    Attributes:
        path: where it lies.
        name: path below the landing folder: how users know the file.
        strategy_code: name of the strategy's folder.
        vintage: when the authority handed it over.
    """

    path: Path
    name: str
    strategy_code: str
    vintage: date


@dataclass(frozen=True, slots=True)
class Rejection:
    """One reason why a row (row 1: the header; row 0: the file) was not accepted."""

    source_file: str
    row_number: int
    column_name: str
    value: str
    rule: str
    expected: str
    row_json: str = ""

    def message(self, language: str) -> str:
        """Return what the steward reads, in `lv` or `en`."""
        return message(
            self.rule,
            language,
            file=self.source_file,
            row=self.row_number,
            column=self.column_name,
            value=self.value,
            expected=self.expected,
        )


@dataclass(slots=True)
class ReadResult:
    """What became of one file: `accepted` has the contract's schema."""

    file: LandingFile
    sha256: str
    accepted: pa.Table
    rows_read: int = 0
    rejections: list[Rejection] = field(default_factory=list)

    @property
    def rows_quarantined(self) -> int:
        """Rows of the file that were not accepted."""
        return self.rows_read - int(self.accepted.num_rows)


class FileRejectedError(Exception):
    """A file cannot be read row by row; the rejections say why."""

    def __init__(self, *rejections: Rejection) -> None:
        super().__init__(*rejections)
        self.rejections = list(rejections)


def read_landing_file(
    file: LandingFile, contract: Contract, marks: Marks, loaded_at: datetime | None = None
) -> ReadResult:
    """Read one CSV file under its contract. A bad row or file is a result, not an exception.

    Args:
        file: the file.
        contract: what it must look like.
        marks: vocabulary of the value reader.
        loaded_at: moment of loading, naive UTC; now if not given.

    Raises:
        OSError: the file is not there or may not be read.
    """
    content = file.path.read_bytes()
    result = ReadResult(file, hashlib.sha256(content).hexdigest(), contract.schema.empty_table())
    loaded_at = loaded_at or datetime.now(UTC).replace(tzinfo=None)
    provenance = {
        "_source_file": file.name,
        "_source_sha256": result.sha256,
        "_loaded_at": loaded_at,
        "_vintage": file.vintage,
    }
    accepted: list[dict[str, Any]] = []
    first_row_of_key: dict[tuple[Any, ...], int] = {}
    try:
        for row_number, cells in csv_rows(file.name, [column.name for column in contract.columns], content):
            result.rows_read += 1
            row, rejections = _read_row(file, contract, marks, row_number, cells)
            if not rejections:
                # Values are compared, not texts: 1 and 01 are one number.
                key = tuple(row[name] for name in contract.key)
                first_row = first_row_of_key.setdefault(key, row_number)
                if first_row != row_number:
                    rejections = [_duplicate_key(file, contract, row_number, cells, first_row)]
            if rejections:
                result.rejections += rejections
            else:
                row |= {"strategy_code": file.strategy_code, "_row_number": row_number} | provenance
                accepted.append(row)
    except FileRejectedError as rejected:
        result.rejections += rejected.rejections
        accepted.clear()
    result.accepted = pa.Table.from_pylist(accepted, schema=contract.schema)
    return result


def csv_rows(name: str, columns: Sequence[str], content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (row number in the file's table, cells by column name). The header is row 1.

    A row of the wrong width is yielded with its cells under the pseudo-column `_cells`.

    Args:
        name: how users know the file.
        columns: the columns it must have, in any order.
        content: its bytes.

    Raises:
        FileRejectedError: the file is no CSV in UTF-8, or its header has other columns.
    """
    try:
        text = content.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        _check_header(name, columns, header)
        for row_number, cells in enumerate(reader, HEADER_ROW + 1):
            if len(cells) == len(header):
                yield row_number, dict(zip(header, cells, strict=True))
            elif cells:
                yield row_number, {"_cells": json.dumps(cells, ensure_ascii=False), "_width": str(len(cells))}
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileRejectedError(Rejection(name, 0, "", "", "unreadable_file", str(error))) from error


def _check_header(name: str, known: Sequence[str], header: Sequence[str]) -> None:
    missing = [column for column in known if column not in header]
    unknown = [column for column in header if column not in known]
    rejections = [
        Rejection(name, HEADER_ROW, column, "", "missing_column", closest(column, unknown)) for column in missing
    ]
    rejections += [
        Rejection(name, HEADER_ROW, column, column, "unknown_column", closest(column, known)) for column in unknown
    ]
    rejections += [
        Rejection(name, HEADER_ROW, column, column, "duplicate_column", "")
        for column, count in Counter(header).items()
        if count > 1
    ]
    if rejections:
        raise FileRejectedError(*rejections)


def closest(name: str, candidates: Sequence[str]) -> str:
    """Return the candidate that may have been meant, as a hint for the steward; empty if none is close."""
    return "".join(f"↔ {match}?" for match in get_close_matches(name, candidates, n=1))


def _read_row(
    file: LandingFile, contract: Contract, marks: Marks, row_number: int, cells: Mapping[str, str]
) -> tuple[dict[str, Any], list[Rejection]]:
    if "_cells" in cells:
        width = str(len(contract.columns))
        return {}, [Rejection(file.name, row_number, "", cells["_width"], "wrong_width", width, cells["_cells"])]
    row: dict[str, Any] = {}
    rejections: list[Rejection] = []
    for column in contract.columns:
        try:
            row |= _read_cell(column, cells[column.name], marks)
        except _CellError as error:
            rejections.append(
                Rejection(
                    file.name,
                    row_number,
                    column.name,
                    cells[column.name],
                    error.rule,
                    error.expected,
                    json.dumps(cells, ensure_ascii=False),
                )
            )
    return row, rejections


class _CellError(Exception):
    def __init__(self, rule: str, expected: str = "") -> None:
        super().__init__(rule)
        self.rule = rule
        self.expected = expected


def _read_cell(column: Column, text: str, marks: Marks) -> dict[str, Any]:
    """Return the raw columns that one cell becomes.

    Raises:
        _CellError: the cell breaks a rule of the contract.
    """
    trimmed = text.strip()
    if column.required and not trimmed:
        raise _CellError("required")
    if trimmed and column.accepted and trimmed not in column.accepted:
        raise _CellError("not_accepted", ", ".join(column.accepted))
    if trimmed and column.pattern and not re.fullmatch(column.pattern, trimmed):
        raise _CellError("wrong_form", column.pattern)
    if column.type == "printed":
        return _read_printed(column, trimmed, marks)
    return {column.name: _cast(column, trimmed)}


def _cast(column: Column, trimmed: str) -> str | int | bool | None:
    if not trimmed:
        return None
    match column.type:
        case "integer":
            if not _INTEGER.fullmatch(trimmed):
                raise _CellError("not_an_integer")
            return int(trimmed)
        case "boolean":
            if trimmed not in _BOOLEANS:
                raise _CellError("not_a_boolean")
            return _BOOLEANS[trimmed]
        case _:
            return trimmed


def _read_printed(column: Column, trimmed: str, marks: Marks) -> dict[str, Any]:
    try:
        value = read_value(trimmed, marks)
    except UnreadableValueError as error:
        raise _CellError("unreadable_value", ", ".join(sorted(marks))) from error
    if value.upper_number is not None and not column.is_range_accepted:
        raise _CellError("not_one_number")
    stem = column.name.removesuffix(PRINTED_SUFFIX)
    upper = {f"{stem}_upper_numeric": value.upper_number} if column.is_range_accepted else {}
    return {
        column.name: trimmed or None,
        f"{stem}_numeric": value.number,
        **upper,
        f"{stem}_kind": value.kind.value,
        f"{stem}_mark": value.mark,
        f"{stem}_unit": value.unit,
    }


def _duplicate_key(
    file: LandingFile, contract: Contract, row_number: int, cells: Mapping[str, str], first_row: int
) -> Rejection:
    return Rejection(
        file.name,
        row_number,
        ", ".join(contract.key),
        ", ".join(cells[name].strip() for name in contract.key),
        "duplicate_key",
        str(first_row),
        json.dumps(cells, ensure_ascii=False),
    )
