"""What the commands share: where they write, in which form, and how a query of the published file is shown."""

import csv
import json
import sys
from collections.abc import Sequence
from decimal import Decimal
from enum import StrEnum
from typing import Any

import duckdb
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from orchestration.settings import Settings
from warehouse.store import open_read_only

EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_NOTHING_PUBLISHED = 3
EXIT_ATTENTION = 4
EXIT_LOCKED = 5
# What a shell tells of a command that SIGTERM ended.
EXIT_STOPPED = 143

out = Console()
err = Console(stderr=True)


class OutputFormat(StrEnum):
    """How rows are written."""

    TABLE = "table"
    CSV = "csv"
    JSON = "json"


class Language(StrEnum):
    """Language of what is read by people."""

    LV = "lv"
    EN = "en"


def fetch_published(sql: str, parameters: Sequence[Any] = ()) -> tuple[list[str], list[tuple[Any, ...]]]:
    """Run SQL on the published file.

    Returns:
        Column names and rows.

    Raises:
        typer.Exit: nothing is published, or the query failed; the user has been told.
    """
    settings = Settings.from_environment()
    if not settings.published_file.is_file():
        err.print("Nothing is published yet. Do: meraukla build")
        raise typer.Exit(EXIT_NOTHING_PUBLISHED)
    try:
        with open_read_only(settings.published_file) as connection:
            cursor = connection.execute(sql, list(parameters))
            # DuckDB answers an empty statement with nothing at all.
            columns = [column[0] for column in cursor.description or []] if cursor else []
            rows = cursor.fetchall() if cursor else []
    except duckdb.Error as error:
        err.print(f"[bold red]The query failed.[/] {escape(str(error))}")
        raise typer.Exit(EXIT_USAGE) from error
    return columns, rows


def print_rows(columns: Sequence[str], rows: Sequence[Sequence[Any]], output: OutputFormat) -> None:
    """Write rows to standard output."""
    match output:
        case OutputFormat.CSV:
            writer = csv.writer(sys.stdout, lineterminator="\n")
            writer.writerow(columns)
            writer.writerows(rows)
        case OutputFormat.JSON:
            records = [dict(zip(columns, row, strict=True)) for row in rows]
            sys.stdout.write(json.dumps(records, ensure_ascii=False, indent=2, default=_to_json) + "\n")
        case OutputFormat.TABLE:
            table = Table(*map(escape, columns))
            for row in rows:
                table.add_row(*("" if value is None else escape(str(value)) for value in row))
            out.print(table)


def _to_json(value: object) -> float | str:
    """Write what JSON has no type for: a decimal is a number, a date is text."""
    return float(value) if isinstance(value, Decimal) else str(value)
