"""Tiny tables of schema core, made from rows that say only what matters: nothing here is a fact.

The columns and their types are those of the contracts that dbt enforces, so a rule that is judged here reads what it
reads in a run.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import yaml

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

CORE_DIR = Path(__file__).parents[2] / "dbt_project" / "models" / "core"
STRATEGY = "synthetic"
SERIES = "synthetic/01/total"
UNKNOWN = "unknown"


@contextmanager
def core_tables(tables: Tables) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open a database in memory with every table of core, filled with some rows; what a row does not say is NULL.

    Args:
        tables: rows by name of the table, without its schema.

    Raises:
        KeyError: there is no such table in core.
        duckdb.BinderException: there is no such column in the table.
    """
    with duckdb.connect() as connection:
        create_core(connection)
        for name, rows in tables.items():
            if name not in _ddl():
                raise KeyError(f"{name} is no table of core")
            for row in rows:
                columns, values = ", ".join(row), ", ".join("?" for _ in row)
                connection.execute(f"insert into core.{name} ({columns}) values ({values})", list(row.values()))
        yield connection


def create_core(connection: duckdb.DuckDBPyConnection) -> None:
    """Create every table of core, empty."""
    connection.execute("create schema core")
    connection.execute(";".join(_ddl().values()))


@cache
def _ddl() -> Mapping[str, str]:
    """Statements that create the tables, by name."""
    statements = {}
    for path in sorted(CORE_DIR.glob("*.yml")):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", []):
            columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in model["columns"])
            statements[model["name"]] = f"create table core.{model['name']} ({columns})"
    return statements


def period(label: str) -> Row:
    """Return the row of dim_period of a school year (2023/2024), a calendar year (2021), or the unknown period."""
    starts_on, ends_on = None, None
    if "/" in label:
        starts_on, ends_on = f"{label[:4]}-09-01", f"{label[5:]}-08-31"
    elif label != UNKNOWN:
        starts_on, ends_on = f"{label}-01-01", f"{label}-12-31"
    return {
        "period_key": label,
        "label": label,
        "starts_on": starts_on,
        "ends_on": ends_on,
        "sort_order": _place_in_time(label),
    }


def _place_in_time(label: str) -> int:
    return 0 if label == UNKNOWN else 2 * int(label[:4]) + ("/" in label)


def measurement(
    period_key: str,
    value: float | None,
    text: str | None = None,
    *,
    series: str = SERIES,
    unit: str = "percent",
    **others: Any,  # noqa: ANN401
) -> Row:
    """Return a row of fct_measurement; the number is printed as it stands unless it is said how."""
    printed = text if text is not None else None if value is None else f"{value:g}".replace(".", ",")
    decimals = None if printed is None else len(printed.partition(",")[2].rstrip("% "))
    return {
        "strategy_code": STRATEGY,
        "measurement_key": f"{series}/{period_key}",
        "domain_code": "indicator",
        "series_key": series,
        "block_key": series.rpartition("/")[0],
        "institution_key": "synthetic/city",
        "source": "synthetic_source",
        "period_key": period_key,
        "period_label": period_key,
        "period_order": _place_in_time(period_key),
        "period_ends_on": period(period_key)["ends_on"],
        "is_baseline": False,
        "value_numeric": value,
        "value_text": printed,
        "decimals": decimals,
        "unit": unit,
        "obs_status": "A" if value is not None else "L",
        "conf_status": "F",
        "is_qualitative": False,
        "is_without_method": False,
        "source_file": "synthetic.csv",
        "source_row": 2,
        "report_line": 7,
    } | others


def measured(*measurements: Row, is_count: bool = False) -> dict[str, Sequence[Row]]:
    """Return measurements with the steps between neighbouring numbers of each series, and their periods."""
    steps = []
    for series in dict.fromkeys(row["series_key"] for row in measurements):
        numbers = [row for row in measurements if row["series_key"] == series and row["value_numeric"] is not None]
        numbers.sort(key=lambda row: row["period_order"])
        steps += [_step(*pair, is_count=is_count) for pair in pairwise(numbers)]
    periods = [period(label) for label in dict.fromkeys(row["period_key"] for row in measurements)]
    return {"fct_measurement": measurements, "fct_step": steps, "dim_period": periods}


def _step(earlier: Row, later: Row, *, is_count: bool) -> Row:
    series = later["series_key"]
    same = ("strategy_code", "domain_code", "series_key", "block_key", "institution_key", "source")
    ends: dict[str, Any] = {}
    for side, row in (("from", earlier), ("to", later)):
        ends |= {
            f"{side}_period": row["period_key"],
            f"{side}_period_order": row["period_order"],
            f"{side}_measurement_key": row["measurement_key"],
            f"{side}_value": row["value_numeric"],
            f"{side}_value_text": row["value_text"],
            f"{side}_unit": row["unit"],
        }
    return {
        "step_key": f"{series}/{earlier['period_key']}-{later['period_key']}",
        "decimals": max(earlier["decimals"], later["decimals"]),
        "is_count": is_count,
        **{name: later[name] for name in same},
        **ends,
    }
