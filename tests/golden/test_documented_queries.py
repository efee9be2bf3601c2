"""Documents cannot lie: each SQL block of the README and of docs/ prints the table that stands below it.

If a figure has changed for a good reason, paste the table that the failing test prints.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest

from orchestration.settings import PROJECT_DIR
from warehouse.store import open_read_only

MODEL_PAGE = PROJECT_DIR / "docs" / "model.md"
DOCUMENTS = [PROJECT_DIR / "README.md", *sorted((PROJECT_DIR / "docs").glob("*.md"))]

# A block of SQL, then the lines of the table below it, if there is one.
_SQL_BLOCK = re.compile(r"^```sql\n(?P<sql>.*?)^```\n\n?(?P<table>(?:^\|[^\n]*\n?)*)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class DocumentedQuery:
    """A query of a document with the table printed below it."""

    place: str
    sql: str
    table: str


def documented_queries(document: Path) -> list[DocumentedQuery]:
    text = document.read_text("utf-8")
    return [
        DocumentedQuery(
            place=f"{document.name}:{text.count(chr(10), 0, block.start()) + 1}",
            sql=block["sql"],
            table=block["table"].strip(),
        )
        for block in _SQL_BLOCK.finditer(text)
    ]


def markdown_table(columns: list[str], rows: list[tuple[Any, ...]]) -> str:
    lines = [columns, ["---"] * len(columns), *([_cell(value) for value in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _cell(value: object) -> str:
    """NULL is an empty cell, a whole number has no decimals, true and false are yes and no."""
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case float():
            return f"{value:.12g}"
        case _:
            return str(value).replace("|", "\\|")


QUERIES = [query for document in DOCUMENTS if document.is_file() for query in documented_queries(document)]


@pytest.fixture(scope="module")
def published(published_file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_read_only(published_file) as connection:
        yield connection


@pytest.mark.parametrize("query", QUERIES, ids=[query.place for query in QUERIES])
def test_query_prints_the_table_below_it(published: duckdb.DuckDBPyConnection, query: DocumentedQuery) -> None:
    cursor = published.execute(query.sql)
    columns = [column[0] for column in cursor.description or []]
    real = markdown_table(columns, cursor.fetchall())
    assert query.table == real, f"{query.place} prints another table than the query gives, which is:\n{real}"


@pytest.mark.parametrize(("document", "least"), [("README.md", 3), ("docs/analyst-guide.md", 10)])
def test_documents_hold_their_queries(document: str, least: int) -> None:
    assert len(documented_queries(PROJECT_DIR / document)) >= least


def test_model_page_names_every_published_table(published: duckdb.DuckDBPyConnection) -> None:
    page = MODEL_PAGE.read_text("utf-8")
    names = published.execute(
        """
        select table_name from duckdb_tables() where not internal
        union all select view_name from duckdb_views() where not internal and view_name not in (
            select view_name from marts.advantage_view
        )
        """
    ).fetchall()
    assert [name for (name,) in names if f"`{name}`" not in page] == []


def test_null_is_not_zero_in_a_table() -> None:
    assert markdown_table(["synthetic", "n"], [("a|b", 1.0), (None, 0)]).splitlines()[2:] == [
        "| a\\|b | 1 |",
        "|  | 0 |",
    ]
