"""What form a file has, found out by rules that can be told: encoding, delimiter, header row.

Nothing is guessed from the data. An encoding is told by the bytes, a delimiter and a header row by the headers that
the contract knows.
"""

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING

from warehouse.rejection import FileRejectedError, Rejection
from warehouse.values import fold_header

if TYPE_CHECKING:
    # The process that reads packed files starts without it.
    from warehouse.contract import Contract

HEADER_SEARCH_ROWS = 20
DELIMITERS = (",", ";", "\t")
_MOST_COLUMNS = 16_384

Row = tuple[int, Sequence[str]]
"""Row number, counted from 1, and the texts of the row's cells."""

# Latvian letters in UTF-8 begin with one of these bytes; in Windows-1257 that would be Ä or Å before a symbol.
_UTF8_LETTER = re.compile(rb"[\xc4\xc5][\x80-\xbf]")
_NO_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Detection:
    """How a file was read.

    Attributes:
        format: `csv` or `xlsx`.
        container: `zip` where the file came packed, else empty.
        member: its name in the archive.
        encoding: of a CSV file: `utf-8`, `utf-8-sig` (with byte order mark) or `windows-1257`.
        delimiter: of a CSV file.
        sheet: of a workbook.
        header_row: row that the headers stand in, counted from 1.
        title_rows: texts of the rows above it that are not blank.
        blank_rows: rows without any content; they are no rows.
        hidden_rows: rows that a workbook hides; they are read like any other.
        other_sheets: sheets of the workbook that were not read.
    """

    format: str
    container: str = ""
    member: str = ""
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header_row: int = 1
    title_rows: tuple[str, ...] = ()
    blank_rows: int = 0
    hidden_rows: int = 0
    other_sheets: tuple[str, ...] = ()

    def packed(self, member: str) -> "Detection":
        """Return the same of a file that came as the member of an archive."""
        return replace(self, container="zip", member=member)


@dataclass(frozen=True, slots=True)
class Expected:
    """Headers that a reader waits for.

    Attributes:
        meanings: folded header → what it means.
        required: meanings that must all stand in the header row.
        ignored: folded headers that are known and not read.
    """

    meanings: Mapping[str, str]
    required: frozenset[str]
    ignored: frozenset[str] = field(default_factory=frozenset)

    @classmethod
    def of(cls, contract: "Contract") -> "Expected":
        """Return the headers of a contract."""
        return cls(
            contract.header_meanings,
            frozenset(column.name for column in contract.header_columns if not column.optional),
            frozenset(fold_header(header) for header in contract.ignored_headers),
        )

    def found_in(self, cells: Sequence[str]) -> frozenset[str]:
        """Return what the cells of a row mean, as far as they are headers."""
        folded = (fold_header(cell) for cell in cells if cell)
        return frozenset(self.meanings[text] for text in folded if text in self.meanings)


@dataclass(frozen=True, slots=True)
class Header:
    """The row that is the header, or comes closest: its position among the rows looked at, and what it holds."""

    position: int
    is_complete: bool
    known_count: int
    width: int

    @property
    def rank(self) -> tuple[bool, int]:
        """The better a row fits, the higher."""
        return self.is_complete, self.known_count


def find_header(rows: Sequence[Row], expected: Expected | None) -> Header | None:
    """Find the header among the first rows of a table.

    It is the first row with all required headers; if none has them, the one with most known headers, so that the
    error can name what is missing; if nothing is known, the first row that is not blank.

    Returns:
        None if all rows are blank.
    """
    best: Header | None = None
    for position, (_, cells) in enumerate(rows[:HEADER_SEARCH_ROWS]):
        width = sum(1 for cell in cells if cell.strip())
        if not width:
            continue
        if expected is None:
            return Header(position, True, width, width)
        found = expected.found_in(cells)
        header = Header(position, expected.required <= found, len(found), width)
        if best is None or header.rank > best.rank:
            best = header
        if header.is_complete:
            break
    return best


def find_encoding(name: str, content: bytes) -> str:
    """Return the encoding of a text file, as Python calls it.

    A byte order mark says UTF-8. Without one, bytes that are valid UTF-8 are UTF-8. Anything else is Windows-1257 if
    each byte is assigned there, the text has no control characters and no letter in UTF-8 stands among the bytes.
    Another one-byte encoding cannot be told from Windows-1257 by its bytes: what it makes of a letter is then wrong,
    and the headers and codes of the contract are what finds it out.

    Raises:
        FileRejectedError: the file is no text in these encodings.
    """
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise FileRejectedError(Rejection(name, 0, "", "UTF-16", "unknown_encoding", _ENCODINGS))
    encoding = "utf-8-sig" if content.startswith(b"\xef\xbb\xbf") else "utf-8"
    try:
        content.decode(encoding)
    except UnicodeDecodeError as error:
        line = str(content.count(b"\n", 0, error.start) + 1)
        if encoding == "utf-8-sig" or (letter := _UTF8_LETTER.search(content)):
            start = error.start if encoding == "utf-8-sig" or letter is None else letter.start()
            shown = content[max(0, start - 10) : start + 12].decode("utf-8", "replace").strip()
            raise FileRejectedError(Rejection(name, 0, "", shown, "mixed_encodings", line)) from error
        if not _is_windows_1257(content):
            shown = f"0x{content[error.start]:02X}"
            raise FileRejectedError(Rejection(name, 0, "", shown, "unknown_encoding", _ENCODINGS)) from error
        return "windows-1257"
    return encoding


_ENCODINGS = "UTF-8, Windows-1257"


def _is_windows_1257(content: bytes) -> bool:
    try:
        return not _NO_TEXT.search(content.decode("windows-1257"))
    except UnicodeDecodeError:
        return False


def records(content: bytes, encoding: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the records of a CSV file, decoded as they are read.

    Raises:
        csv.Error: quotation marks do not match, or a cell is too long.
    """
    text = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
    return csv.reader(text, delimiter=delimiter, strict=True)


def find_delimiter(
    content: bytes, encoding: str, expected: Expected | None, most_columns: int = _MOST_COLUMNS
) -> tuple[str, Header | None]:
    """Find by which delimiter the header row fits best; the first of comma, semicolon and tab if several fit alike.

    Without expected headers it is the one that cuts the first row into most cells. Cells beyond the most columns that
    a file may have are not looked at.
    """
    best: tuple[str, Header | None] = (DELIMITERS[0], None)
    for delimiter in DELIMITERS:
        rows: list[Row] = []
        # Quotation marks that make no sense by this delimiter may do so by another.
        with suppress(csv.Error):
            for number, cells in enumerate(islice(records(content, encoding, delimiter), HEADER_SEARCH_ROWS), 1):
                rows.append((number, cells[: most_columns + 1]))
        header = find_header(rows, expected)
        if header and (best[1] is None or (*header.rank, header.width) > (*best[1].rank, best[1].width)):
            best = (delimiter, header)
    return best
