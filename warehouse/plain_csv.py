"""CSV as the project's own files are: UTF-8, commas, the header in the first row with exactly the known columns.

Files of others come in many forms: `sheets.py` reads those.
"""

import csv
import io
import json
from collections import Counter
from collections.abc import Iterator, Sequence

from warehouse.rejection import FileRejectedError, Rejection, closest

HEADER_ROW = 1


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
