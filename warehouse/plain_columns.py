"""The fast way through a large CSV file: Arrow's reader, where it leaves no doubt about what it reads.

It is taken only if every quotation mark of the file stands where it must, every line ends alike, and every row has as
many cells as the header. Otherwise nothing is returned, and the strict reader goes through the file row by row.
"""

import re
from dataclasses import dataclass

import pyarrow as pa

LARGE_BYTES = 1 << 20
"""A smaller file is read by the strict reader before Arrow's has been imported."""

_BLOCK_BYTES = 1 << 22
# Possessive: a mark that is never closed is found out in one go.
_QUOTED = re.compile(rb'"(?:[^"]++|"")*+"')


@dataclass(frozen=True, slots=True)
class _Quoted:
    """What the quotation marks of a file do: whether each opens or closes a cell, or stands doubled in one."""

    is_in_order: bool
    has_lines_in_cells: bool = False

    @classmethod
    def of(cls, content: bytes, delimiter: str) -> "_Quoted":
        around = {*delimiter.encode(), *b"\r\n"}
        marks, has_lines = 0, False
        for match in _QUOTED.finditer(content):
            start, end = match.span()
            if (start and content[start - 1] not in around) or (end < len(content) and content[end] not in around):
                return cls(is_in_order=False)
            cell = match[0]
            marks += cell.count(b'"')
            has_lines = has_lines or b"\n" in cell
        return cls(marks == content.count(b'"'), has_lines)


def plain_columns(content: bytes, encoding: str, delimiter: str, above: int, width: int) -> list[pa.Array] | None:
    """Read the rows below the header into columns of texts.

    Args:
        content: the file.
        encoding: of it, known to be valid.
        delimiter: of it.
        above: how many rows stand above the first one, the header among them.
        width: how many cells the header has.

    Returns:
        The columns; None if the file is not that plain.
    """
    from pyarrow import csv as arrow_csv  # noqa: PLC0415 - needed for large files only

    if b"\x00" in content or content.count(b"\r") != content.count(b"\r\n"):
        return None
    if encoding == "windows-1257":
        content = content.decode(encoding).encode()
    content = content.removeprefix(b"\xef\xbb\xbf")
    quoted = _Quoted.of(content, delimiter)
    if not quoted.is_in_order:
        return None
    names = [str(position) for position in range(width)]
    try:
        table = arrow_csv.read_csv(
            pa.BufferReader(content),
            arrow_csv.ReadOptions(column_names=names, skip_rows_after_names=above, block_size=_BLOCK_BYTES),
            arrow_csv.ParseOptions(
                delimiter=delimiter, ignore_empty_lines=False, newlines_in_values=quoted.has_lines_in_cells
            ),
            arrow_csv.ConvertOptions(column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False),
        )
    except pa.ArrowInvalid:
        return None
    return [pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], pa.string()) for column in table]
