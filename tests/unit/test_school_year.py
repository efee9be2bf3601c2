"""Which school year a date or a row belongs to."""

from datetime import date

import pyarrow as pa
import pytest

from warehouse.contract import Column, Contract
from warehouse.school_year import rows_by_school_year, school_year_of


@pytest.mark.parametrize(
    ("value", "school_year"),
    [
        (date(2024, 9, 1), "2024/2025"),
        (date(2025, 8, 31), "2024/2025"),
        (date(2024, 12, 31), "2024/2025"),
        (date(2025, 1, 1), "2024/2025"),
        ("2023/2024", "2023/2024"),
    ],
)
def test_a_school_year_goes_from_september_to_august(value: str | date, school_year: str) -> None:
    assert school_year_of(value) == school_year


@pytest.mark.parametrize("named", ["as_of_on", None])
def test_rows_are_counted_by_the_column_that_the_contract_names(named: str | None) -> None:
    columns = (Column(name="as_of_on", type="date", form="%d.%m.%Y", description="Synthetic."),)
    contract = Contract(
        source="synthetic",
        table="item",
        grain="One row an item.",
        key=("as_of_on",),
        columns=columns,
        school_year=named,
    )
    days = [date(2025, 10, 1), date(2024, 10, 1), date(2025, 3, 1), None]
    rows = pa.table({"as_of_on": pa.array(days, pa.date32())})
    assert rows_by_school_year(contract, rows) == ({"2024/2025": 2, "2025/2026": 1} if named else {})
