"""Which school years the rows of a file are about."""

from collections import Counter
from datetime import date

import pyarrow as pa

from warehouse.contract import Contract

# 1 September to 31 August.
_FIRST_MONTH = 9


def school_year_of(value: str | date) -> str:
    """Return the school year that a date lies in, e.g. 2024/2025; one that is written out stays as it is."""
    if isinstance(value, str):
        return value
    first = value.year if value.month >= _FIRST_MONTH else value.year - 1
    return f"{first}/{first + 1}"


def rows_by_school_year(contract: Contract, rows: pa.Table) -> dict[str, int]:
    """Count the accepted rows of a file by school year, in their order; none if the contract tells no school year."""
    years: Counter[str] = Counter()
    if contract.school_year:
        for entry in rows.column(contract.school_year).value_counts().to_pylist():
            if entry["values"] is not None:
                years[school_year_of(entry["values"])] += entry["counts"]
    return dict(sorted(years.items()))
