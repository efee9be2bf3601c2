"""How long a national family of files takes to load, beside DuckDB's own read of the same rows in the same run.

The files are synthetic, under the contract of the state register: each has as many rows as a year of the country, as
CSV and as XLSX. Each measurement runs in a process of its own, which tells its peak memory, and that of the process
that reads workbooks for it. DuckDB reads the CSV files with `read_csv`; it has no reader of XLSX built in.

    python bench/landing.py [rows] [years] [repetitions]
"""

import csv
import json
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from evil_files import cell, workbook
from warehouse.contract import Column, Contract, load_contracts

RAW_TABLE = "viis__programme_enrolment"
ROWS, YEARS, REPETITIONS = 60_000, 10, 3
_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'

_DUCKDB = """
import duckdb, sys, time, resource, json
begin = time.perf_counter()
connection = duckdb.connect(sys.argv[2])
rows = connection.execute(
    f"create table t as select * from read_csv('{sys.argv[1]}/*.csv', delim=';', header=true)"
).fetchone()[0]
connection.close()
print(json.dumps([time.perf_counter() - begin, rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))
"""

_MERAUKLA = """
import sys, time, resource, json
from datetime import date
from pathlib import Path
from warehouse.contract import load_contracts, load_marks
from warehouse.readers import LandingFile, read_landing_file
from warehouse.store import open_build, write_raw_table
contract = next(c for c in load_contracts() if c.raw_table == sys.argv[4])
begin = time.perf_counter()
marks = load_marks()
paths = sorted(Path(sys.argv[1]).glob(sys.argv[3]))
files = [LandingFile(path, path.name, "synthetic", date(2026, 1, 31)) for path in paths]
results = [read_landing_file(file, contract, marks) for file in files]
assert all(not result.rejections for result in results), results[0].rejections[:3]
with open_build(Path(sys.argv[2])) as connection:
    connection.execute("create schema raw")
    rows = write_raw_table(connection, contract, results)
own, children = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps([time.perf_counter() - begin, rows, own, children]))
"""


def main(rows: int, years: int, repetitions: int) -> None:
    """Make the files, measure, print."""
    contract = next(contract for contract in load_contracts() if contract.raw_table == RAW_TABLE)
    with tempfile.TemporaryDirectory() as folder:
        for year in range(years):
            _write_files(Path(folder), contract, 2015 + year, rows)
        sizes = {
            form: sum(path.stat().st_size for path in Path(folder).glob(f"*.{form}")) for form in ("csv", "xlsx")
        }
        ways = {
            "DuckDB, read_csv": (_DUCKDB, ""),
            "Mēraukla, CSV": (_MERAUKLA, "*.csv"),
            "Mēraukla, XLSX": (_MERAUKLA, "*.xlsx"),
        }
        measured = {name: _measure(folder, *way, repetitions) for name, way in ways.items()}
    base_seconds, _, base_memory = measured["DuckDB, read_csv"]
    table = Table(title=f"{years} files of {rows:,} rows and {len(contract.header_columns)} columns, made up")
    for heading in ("", "rows", "seconds", "× DuckDB", "peak memory, MB", "× DuckDB"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, (seconds, loaded, memory) in measured.items():
        table.add_row(
            name,
            f"{loaded:,}",
            f"{seconds:.1f}",
            f"{seconds / base_seconds:.1f}",
            f"{memory / 1024:.0f}",
            f"{memory / base_memory:.1f}",
        )
    Console().print(table)
    Console().print(f"CSV {sizes['csv'] / 1e6:.0f} MB, XLSX {sizes['xlsx'] / 1e6:.0f} MB")


def _measure(folder: str, code: str, pattern: str, repetitions: int) -> tuple[float, int, float]:
    """Return the median of seconds, the rows, and the peak memory in KB."""
    runs = []
    for _ in range(repetitions):
        with tempfile.TemporaryDirectory() as build:
            done = subprocess.run(
                [sys.executable, "-c", code, folder, f"{build}/bench.duckdb", pattern, RAW_TABLE],
                capture_output=True,
                check=True,
                text=True,
            )
            runs.append(json.loads(done.stdout.splitlines()[-1]))
    return statistics.median(run[0] for run in runs), runs[0][1], max(max(run[2:]) for run in runs)


def _write_files(folder: Path, contract: Contract, year: int, count: int) -> None:
    stem = f"izglitojamoskvispizglprogr_pa_progr_0110{year}"
    header = [column.label_lv for column in contract.header_columns]
    rows = list(_rows(contract.header_columns, year, count))
    with (folder / f"{stem}.csv").open("w", encoding="utf-8", newline="") as stream:
        csv.writer(stream, delimiter=";").writerows([header, *rows])
    (folder / f"{stem}.xlsx").write_bytes(_workbook([header, *rows]))


def _rows(columns: Sequence[Column], year: int, count: int) -> Iterator[list[str | int | None]]:
    """Make rows of institutions with 20 programmes each: half of the counts are blank, as in the register's files."""
    chance = random.Random(year)  # noqa: S311 - repeatable, not secret
    for number in range(count):
        institution, programme = divmod(number, 20)
        yield [_value(column, institution, programme, chance) for column in columns]


def _value(column: Column, institution: int, programme: int, chance: random.Random) -> str | int | None:
    match column.name:
        case "institution_code_viis":
            return 4_100_000_000 + institution
        case "programme_code":
            return 1_011_111 + programme
        case "territory_code":
            return 5000 + institution % 43
        case "institution_name":
            return f'Sintētiskā "Iestāde", Nr. {institution}'
        case _ if column.type == "count":
            return chance.randrange(200) if chance.random() < 1 / 2 else None
        case _:
            return f"Sintētisks {column.name} {institution % 43}"


def _workbook(rows: Sequence[Sequence[str | int | None]]) -> bytes:
    """Return a workbook as spreadsheets write it: texts are shared, numbers are numbers."""
    shared: dict[str, int] = {}
    letters = [chr(65 + index) if index < 26 else f"A{chr(39 + index)}" for index in range(len(rows[0]))]  # noqa: PLR2004
    parts = []
    for number, values in enumerate(rows, 1):
        cells = "".join(
            f'<c r="{letter}{number}" t="s"><v>{shared.setdefault(value, len(shared))}</v></c>'
            if isinstance(value, str)
            else cell(f"{letter}{number}", value)
            for letter, value in zip(letters, values, strict=True)
            if value is not None
        )
        parts.append(f'<row r="{number}">{cells}</row>')
    texts = "".join(f"<si><t>{text.replace('&', '&amp;')}</t></si>" for text in shared)
    xml = f"<worksheet {_MAIN}><sheetData>{''.join(parts)}</sheetData></worksheet>"
    return workbook(xml, parts={"xl/sharedStrings.xml": f"<sst {_MAIN}>{texts}</sst>"})


if __name__ == "__main__":
    main(*(int(argument) for argument in [*sys.argv[1:], *map(str, (ROWS, YEARS, REPETITIONS)[len(sys.argv) - 1 :])]))
