"""Synthetic files of learners, in the form in which the state register is published, with all its traps.

The institutions, programmes and numbers are made up. A model of who learns where is written into workbooks as the
portal would: titles above the header, headers with line breaks and blanks, codes that have become numbers and lost
their leading noughts, blanks for noughts, totals among the rows, other municipalities beside.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl

LIEPAJA, OLD_LIEPAJA, ELSEWHERE = "0005000", "0170000", "0027000"
GRADES = tuple(range(1, 13))


@dataclass(frozen=True)
class Institution:
    """A made-up institution."""

    code: str
    name: str
    type: str
    subordination: str
    municipality: str = "Liepāja"
    territory: str = LIEPAJA


PRESCHOOL = Institution("0012345678", "Sintētiskais bērnudārzs", "Pirmsskolas izglītības iestāde", "Pašvaldības")
SCHOOL = Institution("4111111111", "Sintētiskā vidusskola", "Vidusskola", "Pašvaldības")
PRIVATE = Institution("4222222222", "Sintētiskā privātskola", "Pamatskola", "Privātpersonu")
OTHER_TOWN = Institution(
    "4333333333", "Sintētiskā lauku skola", "Pamatskola", "Pašvaldības", "Dienvidkurzemes novads", ELSEWHERE
)
INSTITUTIONS = (PRESCHOOL, SCHOOL, PRIVATE, OTHER_TOWN)


@dataclass(frozen=True)
class Row:
    """Learners of an institution in a programme: under five, five and more, then grades 1 to 12. None: blank."""

    institution: Institution
    programme_code: str
    programme_name: str
    counts: tuple[int | None, ...]

    @property
    def preschool(self) -> int:
        """Learners in preschool."""
        return sum(count or 0 for count in self.counts[:2])

    @property
    def grades(self) -> int:
        """Learners in grades 1 to 12."""
        return sum(count or 0 for count in self.counts[2:])


def model(step: int = 0) -> tuple[Row, ...]:
    """Who learns where; each step has a few more in the first grade."""
    none = (None,) * 12
    return (
        Row(PRESCHOOL, "01011111", "Pirmsskolas izglītības programma", (60 + step, 45, *none)),
        Row(PRESCHOOL, "01015611", "Speciālā programma", (None, 7, *none)),
        Row(SCHOOL, "21011111", "Pamatizglītības programma", (None, None, 30 + step, *(25,) * 8, None, None, None)),
        Row(SCHOOL, "31016011", "Vidējās izglītības programma", (None,) * 11 + (22, 21, 20)),
        Row(PRIVATE, "21011111", "Pamatizglītības programma", (None, None, 12 + step, *(10,) * 8, None, None, None)),
        Row(OTHER_TOWN, "21011111", "Pamatizglītības programma", (None, None, 9, *(8,) * 8, None, None, None)),
    )


def as_number(code: str) -> int:
    """What a spreadsheet makes of a code."""
    return int(code)


def programme_file(folder: Path, day: date, rows: tuple[Row, ...], **spoilt: object) -> Path:
    """Write a workbook `…_pa_progr_DDMMYYYY.xlsx`; `spoilt` replaces cells of the first row by their header."""
    header = {
        "Pašvaldība": lambda row: f" {row.institution.municipality}\u00a0",
        "Iestādes reģistrācijas\nNr.": lambda row: as_number(row.institution.code),
        "Iestādes nosaukums ": lambda row: row.institution.name,
        "Iestādes veids": lambda row: "Vispārējās izglītības iestāde",
        "Iestādes tips": lambda row: row.institution.type,
        "Pakļautība": lambda row: row.institution.subordination,
        "Faktiskais dibinātājs": lambda row: "Sintētiskais dibinātājs",
        "Adreses  ATVK kods": lambda row: float(as_number(_territory(row.institution, day))),
        "Izglītības programmas kods": lambda row: as_number(row.programme_code),
        "Izglītības programmas nosaukums": lambda row: row.programme_name,
        "Izglītojamo skaits vecumā līdz 5 gadu vecumam": lambda row: row.counts[0],
        "Izglītojamo skaits vecumā 5 gadi un vairāk": lambda row: row.counts[1],
        "Izglītojamo skaits pirmsskolā kopā": lambda row: row.preschool,
        **{f"{grade}. klase": _grade(grade) for grade in GRADES},
        "Kopā 1.-12.klasē": lambda row: row.grades,
        "Izglītojamo skaits kopā": lambda row: row.preschool + row.grades,
    }
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append([f"Sintētiski dati uz {day:%d.%m.%Y}."])
    sheet.append([])
    sheet.append(list(header))
    for number, row in enumerate(rows):
        cells = [cell(row) for cell in header.values()]
        if number == 0:
            cells = [spoilt.get(" ".join(name.split()), value) for name, value in zip(header, cells, strict=True)]
        sheet.append(cells)
    everything = sum(row.preschool + row.grades for row in rows)
    sheet.append(["Kopā", *[None] * (len(header) - 2), everything])
    path = folder / f"izglitojamoskvispizglprogr_pa_progr_{day:%d%m%Y}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def institution_file(folder: Path, day: date, rows: tuple[Row, ...], off_by: int = 0) -> Path:
    """Write a workbook `…_pa_iestadem_DDMMYYYY.xlsx`; with `off_by` the first institution's total is wrong."""
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(
        [
            *("Pašvaldība", "Iestādes reģistrācijas Nr.", "Iestādes nosaukums", "Iestādes veids", "Iestādes tips"),
            *("Pakļautība", "Faktiskais dibinātājs", "Adreses ATVK kods"),
            "Izglītojamo skaits vecumā līdz 5 gadu vecumam",
            "Izglītojamo skaits vecumā 5 gadi un vairāk",
            "Izglītojamo skaits pirmsskolā kopā",
            *(f"{grade}. klase" for grade in GRADES),
            "Kopā 1.-12.klasē",
            "Profesionālās pamatizglītības programmās pie speciālās izglītības iestādēm",
            "Kopējais izglītojamo skaits",
        ]
    )
    for number, institution in enumerate(dict.fromkeys(row.institution for row in rows)):
        own = [row for row in rows if row.institution == institution]
        counts = [sum(row.counts[position] or 0 for row in own) for position in range(14)]
        total = sum(counts) + (off_by if number == 0 else 0)
        sheet.append(
            [
                *(institution.municipality, as_number(institution.code), institution.name, "", institution.type),
                *(institution.subordination, "Sintētiskais dibinātājs", as_number(institution.territory)),
                *(*counts[:2], sum(counts[:2]), *counts[2:], sum(counts[2:]), None, total),
            ]
        )
    path = folder / f"izglitojamoskvispizglprogr_pa_iestadem_{day:%d%m%Y}.xlsx"
    path.parent.mkdir(parents=True, exist_ok=True)
    book.save(path)
    return path


def municipality_file(folder: Path, day: date, rows: tuple[Row, ...]) -> Path:
    """Write a CSV `…_pa_pasvaldibam_DDMMYYYY.csv` with the headers in ASCII, as the portal's own table has them."""
    header = [
        "Pasvaldiba",
        "Izglitojamo_skaits_vecuma_lidz_5_gadu_vecumam",
        "Izglitojamo_skaits_vecuma_5_gadi_un_vairak",
        "Izglitojamo_skaits_pirmsskola_kopa",
        *(f"{grade}_klase" for grade in GRADES),
        "Kopa_1_12_klase",
        "Profesionalas_pamatizglitibas_programmas_pie_specialas_izglitibas_iestadem",
        "Kopejais_izglitojamo_skaits",
    ]
    lines = [",".join(header)]
    for municipality in dict.fromkeys(row.institution.municipality for row in rows):
        own = [row for row in rows if row.institution.municipality == municipality]
        counts = [sum(row.counts[position] or 0 for row in own) for position in range(14)]
        cells = [*counts[:2], sum(counts[:2]), *counts[2:], sum(counts[2:]), "", sum(counts)]
        lines.append(",".join([municipality, *map(str, cells)]))
    path = folder / f"izglitojamoskvispizglprogr_pa_pasvaldibam_{day:%d%m%Y}.csv"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def expected(rows: tuple[Row, ...]) -> Mapping[tuple[str, str], int]:
    """Count the city's learners by hand: (stage, ownership) → learners."""
    return {key: sum(count for found, count in _counted(rows) if found == key) for key in dict(_counted(rows))}


def _counted(rows: tuple[Row, ...]) -> Iterator[tuple[tuple[str, str], int]]:
    ownership = {"Pašvaldības": "municipal", "Privātpersonu": "private"}
    spans = {"preschool": (0, 2), "general": (2, 14), "basic_1_6": (2, 8), "basic_7_9": (8, 11)}
    spans["secondary"] = (11, 14)
    for row in rows:
        if row.institution.municipality != "Liepāja":
            continue
        for stage, (start, end) in spans.items():
            stated = [count for count in row.counts[start:end] if count is not None]
            if stated:
                yield (stage, "total"), sum(stated)
                yield (stage, ownership[row.institution.subordination]), sum(stated)


def _territory(institution: Institution, day: date) -> str:
    if day < date(2021, 7, 1) and institution.territory == LIEPAJA:
        return OLD_LIEPAJA
    return institution.territory


def _grade(grade: int) -> Any:  # noqa: ANN401 - a cell of any kind
    return lambda row: row.counts[grade + 1]
