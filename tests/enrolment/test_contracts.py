"""The register's files under their contracts: every trap that real ones are known for, read or refused by name."""

from datetime import date
from pathlib import Path

import pytest

from tests.enrolment.synthetic_viis import SCHOOL, institution_file, model, municipality_file, programme_file
from warehouse.contract import contract_for, load_contracts, load_marks
from warehouse.readers import LandingFile, ReadResult, read_landing_file

DAY = date(2025, 10, 1)


def read(path: Path) -> ReadResult:
    found = contract_for(load_contracts(), "viis", path.stem)
    assert found
    contract, captured = found
    file = LandingFile(path, path.name, "synthetic", date(2026, 1, 1), captured)
    return read_landing_file(file, contract, load_marks())


def test_a_workbook_of_the_register_is_read_whole(tmp_path: Path) -> None:
    result = read(programme_file(tmp_path, DAY, model()))
    assert [rejection.message("en") for rejection in result.rejections] == []
    rows = result.accepted.to_pylist()
    assert len(rows) == len(model()) + 1
    first = rows[0]
    # Numbers have become codes again, and the date comes from the name of the file.
    assert (first["institution_code_viis"], first["territory_code"]) == ("0012345678", "0005000")
    assert (first["programme_code"], first["as_of_on"]) == ("01011111", DAY)
    assert first["municipality"] == "Liepāja"
    assert (first["preschool_under_5_count"], first["grade_1_count"]) == (60, None)
    assert [row["is_total"] for row in rows] == [False] * len(model()) + [True]


def test_the_families_by_institution_and_municipality_are_read(tmp_path: Path) -> None:
    institutions = read(institution_file(tmp_path, DAY, model()))
    municipalities = read(municipality_file(tmp_path, DAY, model()))
    assert institutions.rejections == municipalities.rejections == []
    assert institutions.accepted.num_rows == 4
    totals = {row["municipality"]: row["total_count"] for row in municipalities.accepted.to_pylist()}
    assert totals == {"Liepāja": 60 + 45 + 7 + 30 + 200 + 63 + 12 + 80, "Dienvidkurzemes novads": 73}


@pytest.mark.parametrize(
    ("header", "value", "rule"),
    [
        ("Iestādes reģistrācijas Nr.", "12345678901", "not_a_code"),
        ("Adreses ATVK kods", "LV-3401", "not_a_code"),
        ("Izglītības programmas kods", None, "required"),
        ("1. klase", -1, "not_a_count"),
        ("1. klase", 2.5, "not_a_count"),
    ],
)
def test_a_row_that_cannot_be_right_is_quarantined_by_name(
    tmp_path: Path, header: str, value: object, rule: str
) -> None:
    result = read(programme_file(tmp_path, DAY, model(), **{header: value}))
    assert [rejection.rule for rejection in result.rejections] == [rule]
    assert result.rows_read == result.accepted.num_rows + 1


def test_an_institution_and_programme_stand_once_in_a_file(tmp_path: Path) -> None:
    twice = (*model(), next(row for row in model() if row.institution is SCHOOL))
    result = read(programme_file(tmp_path, DAY, twice))
    assert [rejection.rule for rejection in result.rejections] == ["duplicate_key"]


@pytest.mark.parametrize("name", ["izglitojamoskvispizglprogr_pa_progr", "skolas_01102025", "pa_progr_01102025"])
def test_a_file_of_another_name_is_not_taken_for_one_of_these(name: str) -> None:
    assert contract_for(load_contracts(), "viis", name) is None


def test_small_counts_are_nowhere_shown_as_values() -> None:
    own = [contract for contract in load_contracts() if contract.source == "viis"]
    assert {contract.confidentiality for contract in own} == {"small_cells"}
