"""A long run of damaged and made-up files through the readers: does anything crash, hang or get lost?

Each file is one of those that are built to break readers, mutated; a workbook whose XML is mutated; or a table of
random cells. Readers of packed files run in this process, so that a fault of theirs is seen and not only caught; one
file in a hundred goes through the process of its own that real files go through.

    python bench/fuzz_readers.py [seconds] [seed]
"""

import random
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from rich.console import Console

from evil_files import CONTRACT, GOOD, HEADER, archive, evil_files, plain_row, sheet, styles, workbook
from warehouse import sandbox
from warehouse.contract import load_marks
from warehouse.detection import Expected
from warehouse.limits import Limits
from warehouse.readers import LandingFile, ReadResult, read_landing_file
from warehouse.rejection import FileRejectedError
from warehouse.sheets import Cells

SECONDS = 180
LARGEST_SEED_BYTES = 1 << 20
IN_THE_SANDBOX = 100
_CELLS = (
    *("", "1", "2", "3", "12.0", "1 234", "1.234", "spoon", "bļoda", "01.09.2024", "2024-09-01", "1:10"),
    *("⇧", "-", "=1+1"),
)
_LETTERS = "aāĶ\"',;\t\n\u00a0\ufeff%:.-0123456789"
_MERGED = '<mergeCells count="1"><mergeCell ref="B2:B3"/></mergeCells>'
_CALCULATED = (
    '<row r="4"><c r="A4"><f>1+2</f><v>3</v></c><c r="B4" t="e"><v>#N/A</v></c><c r="C4" s="1"><v>0.5</v></c></row>'
)
_XML = (
    (sheet(GOOD + _CALCULATED, _MERGED), "xl/worksheets/sheet1.xml"),
    (styles("0%", "0000000", "yyyy-mm-dd"), "xl/styles.xml"),
    ('<sst count="2"><si><t>a</t></si><si><r><t>b</t></r></si></sst>', "xl/sharedStrings.xml"),
)
_in_sandbox = sandbox.read_packed_cells


@dataclass
class Account:
    """What became of the files."""

    files: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    rows_read: int = 0
    rows_lost: int = 0
    crashes: list[str] = field(default_factory=list)
    unforeseen: Counter[str] = field(default_factory=Counter)
    slowest: tuple[float, str] = (0.0, "")


def main(seconds: float, seed: int) -> None:
    """Run and print the account."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    seeds = [file.content for file in evil_files() if len(file.content) < LARGEST_SEED_BYTES]
    account = Account()
    end = time.monotonic() + seconds
    with tempfile.TemporaryDirectory() as folder:
        number = 0
        while time.monotonic() < end:
            number += 1
            kind, content, rows = _made(chance, seeds)
            way = _in_sandbox if number % IN_THE_SANDBOX == 0 else _here(account)
            setattr(sandbox, "read_packed_cells", way)  # noqa: B010 - put in its place for this run
            _read(Path(folder) / "synthetic_table.bin", content, kind, rows, account)
    out = Console()
    out.print(f"files tried: {sum(account.files.values()):,} {dict(account.files)}")
    out.print(f"rows read: {account.rows_read:,}, rows lost: {account.rows_lost:,}")
    out.print(f"crashes: {len(account.crashes)}")
    for crash in account.crashes[:5]:
        out.print(crash, markup=False)
    out.print(f"faults that only the sandbox catches: {dict(account.unforeseen)}", markup=False)
    out.print(f"slowest: {account.slowest[0]:.2f} s ({account.slowest[1]})")
    out.print(f"rules that answered: {dict(account.rules.most_common())}")


def _here(account: Account) -> Callable[[str, bytes, Limits, Expected | None], Cells]:
    def read(name: str, content: bytes, limits: Limits, expected: Expected | None) -> Cells:
        try:
            return sandbox.read_here(name, content, limits, expected)
        except FileRejectedError:
            raise
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            account.unforeseen[f"{type(error).__name__}: {error}"[:80]] += 1
            raise sandbox.unreadable(name, repr(error)) from error

    return read


def _made(chance: random.Random, seeds: list[bytes]) -> tuple[str, bytes, int | None]:
    """Return kind, bytes, and how many rows with content are in it, if that is known."""
    if chance.random() < 1 / 2:
        rows = [[_cell(chance) for _ in HEADER] for _ in range(chance.randrange(12))]
        count = sum(1 for row in rows if any(cell.strip() for cell in row))
        xml = sheet("".join(plain_row(number, *row) for number, row in enumerate([HEADER, *rows], 1)))
        content = workbook(xml)
        if chance.random() < 1 / 4:
            return "packed table", archive({"t": content}), count
        return "table", content, count
    if chance.random() < 1 / 2:
        xml, part = chance.choice(_XML)
        mutated = _several_times_mutated(chance, xml.encode())
        return "mutated XML", workbook(sheet(GOOD), parts={part: mutated}), None
    return "mutated", _several_times_mutated(chance, chance.choice(seeds)), None


def _several_times_mutated(chance: random.Random, content: bytes) -> bytes:
    for _ in range(chance.randrange(1, 6)):
        content = _mutated(chance, content)
    return content


def _cell(chance: random.Random) -> str:
    if chance.random() < 3 / 4:
        return chance.choice(_CELLS)
    return "".join(chance.choices(_LETTERS, k=chance.randrange(8)))


def _mutated(chance: random.Random, content: bytes) -> bytes:
    place, size = chance.randrange(len(content) + 1), chance.randrange(1, 64)
    match chance.randrange(6):
        case 0:
            return content[:place]
        case 1:
            return content[:place] + chance.randbytes(size) + content[place:]
        case 2:
            return content[:place] + content[place + size :]
        case 3:
            return content[:place] + content[max(0, place - size) :]
        case 4:
            return content[:place] + bytes([chance.randrange(256)]) + content[place + 1 :]
        case _:
            return content.replace(content[place : place + 3], chance.randbytes(3))


def _read(path: Path, content: bytes, kind: str, rows: int | None, account: Account) -> None:
    path.write_bytes(content)
    file = LandingFile(path, path.name, "synthetic", date(2026, 1, 31))
    account.files[kind] += 1
    began = time.monotonic()
    try:
        result = read_landing_file(file, CONTRACT, load_marks())
        for rejection in result.rejections:
            rejection.message("lv")
    except Exception:
        account.crashes.append(traceback.format_exc(limit=-4))
        return
    account.slowest = max(account.slowest, (time.monotonic() - began, kind))
    account.rows_read += result.rows_read
    account.rows_lost += _lost(result, rows)
    account.rules.update({rejection.rule for rejection in result.rejections})


def _lost(result: ReadResult, rows: int | None) -> int:
    """Return how many rows are neither accepted nor quarantined."""
    if result.is_rejected_whole:
        return 0 if result.rejections else result.rows_read
    accepted = set(result.accepted["_row_number"].to_pylist())
    accounted = len(accepted | {rejection.row_number for rejection in result.rejections})
    return abs((result.rows_read if rows is None else rows) - accounted)


if __name__ == "__main__":
    arguments = [*sys.argv[1:], *map(str, (SECONDS, 1)[len(sys.argv) - 1 :])]
    main(float(arguments[0]), int(arguments[1]))
