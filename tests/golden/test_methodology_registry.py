"""The methodology registry means the same in Python, in SQL, and in its page of the documentation."""

import re
from pathlib import Path

from orchestration.settings import PROJECT_DIR, Settings
from warehouse.registry import (
    VERSIONS,
    Column,
    defining_columns,
    definition_hash,
    load_schema,
    read_registry,
    series_key,
)
from warehouse.store import open_read_only

PAGE = PROJECT_DIR / "docs" / "methodology-registry.md"


def test_the_macro_call_lists_the_columns_that_the_registry_marks_in_its_order() -> None:
    model = Settings.from_environment().dbt_project_dir / "models" / "core" / "dim_methodology.sql"
    (call,) = re.findall(r"definition_hash\(\[(.*?)\]\)", model.read_text("utf-8"), re.DOTALL)
    assert tuple(re.findall(r"'(\w+)'", call)) == defining_columns()


def test_the_hash_is_the_same_in_python_and_in_sql_for_every_version(published_file: Path) -> None:
    expected = {
        (series_key(row["strategy_code"], row["indicator_no"], row["breakdown"]), int(row["version_no"])): (
            definition_hash(row),
            row["definition_hash"],
        )
        for _, row in read_registry(Settings.from_environment().seeds_dir).rows(VERSIONS)
    }
    with open_read_only(published_file) as connection:
        published = connection.execute(
            "select series_key, version_no, definition_hash, sealed_hash from core.dim_methodology"
        ).fetchall()
    assert {(key, number): (computed, sealed) for key, number, computed, sealed in published} == expected


def described(column: Column) -> str:
    values = f"codes of `{column.code_list}.csv`" if column.code_list else ", ".join(column.accepted)
    cells = (
        f"`{column.name}`",
        column.type,
        "yes" if column.required else "",
        values,
        "yes" if column.defines_measure else "",
        column.meaning("en"),
    )
    return "| " + " | ".join(cells) + " |"


def page_part(file: str) -> str:
    """What the page must say of a file: paste it there if the schema has changed."""
    schema = load_schema()[file]
    head = [
        f"### {file}",
        f"{schema.grain_en} Key: {', '.join(f'`{name}`' for name in schema.key)}.",
        "",
        "| column | type | required | accepted | defines the measure | meaning |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*head, *map(described, schema.columns)])


def test_the_page_describes_the_columns_as_the_schema_does() -> None:
    page = PAGE.read_text("utf-8")
    missing = [page_part(file) for file in load_schema() if page_part(file) not in page]
    assert not missing, "\n\n".join(missing)
