"""Layers of the Python code: the store knows nothing of its users, and slow libraries are imported late."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ABOVE_THE_STORE = {"dagster", "dagster_dbt", "dbt", "great_expectations", "expectations", "orchestration"}
ABOVE_THE_GUARD = {"dagster", "dagster_dbt", "dbt", "orchestration"}


def imported_packages(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.split(".")[0]


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("warehouse", ABOVE_THE_STORE), ("expectations", ABOVE_THE_GUARD), ("report", ABOVE_THE_STORE)],
)
def test_a_lower_layer_does_not_import_a_higher_one(package: str, forbidden: set[str]) -> None:
    modules = sorted((PROJECT / package).rglob("*.py"))
    imported = {path.name: forbidden.intersection(imported_packages(path)) for path in modules}
    assert imported == {path.name: set() for path in modules}
    assert modules


def test_great_expectations_is_imported_only_when_the_guard_runs() -> None:
    code = "import sys, expectations.guard, warehouse.publish; sys.exit('great_expectations' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT)  # noqa: S603


def test_the_solver_is_imported_only_where_something_is_small() -> None:
    code = """
import sys
from datetime import date
from warehouse.disclosure import choose
from warehouse.disclosure_audit import ShownFigure, find
from warehouse.disclosure_cell import Cell, Policy

day = date(2026, 1, 31)
cells = [Cell("all", day, 30, 3), Cell("a", day, 12, 3, {"by": "all"}), Cell("b", day, 18, 3, {"by": "all"})]
assert choose(cells, Policy()) == []
figures = [ShownFigure("t", cell.key, cell.value, {(cell.key, day): 1.0}) for cell in cells]
assert find(cells, {}, figures, Policy()) == []
sys.exit("scipy" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=PROJECT)  # noqa: S603
