"""The project's own SQL over made-up registries: every model as dbt compiled it, in a DuckDB in memory.

Nothing of the logic is written again here. The models come from dbt's manifest, the macro from the published file,
rows from the same readers that read landing files. What is made up is called synthetic.
"""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import duckdb

from orchestration.settings import PROJECT_DIR
from warehouse.contract import load_contracts, load_marks
from warehouse.readers import LandingFile, read_landing_file
from warehouse.store import open_read_only
from warehouse.tables import create_tables, insert_rows

STRATEGY = "synthetic"
_REAL = ("code_list", "policy")
_WITHOUT = ("reconciliation", "reconciliation_figure")

Rows = Sequence[Mapping[str, Any]]


def models_in_order(nodes: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield (view, table or python, name, code) of the models among the nodes of dbt's manifest, parents first."""
    graph = {
        name: {parent for parent in node.get("depends_on", {}).get("nodes", ()) if parent in nodes}
        for name, node in nodes.items()
    }
    for name in TopologicalSorter(graph).static_order():
        node = nodes[name]
        if node["resource_type"] == "model":
            kind = "view" if node["config"]["materialized"] == "view" else "table"
            kind = kind if node["language"] == "sql" else "python"
            yield kind, f'{node["schema"]}."{node["name"]}"', node["compiled_code"]


def run_python_model(connection: duckdb.DuckDBPyConnection, name: str, code: str) -> None:
    """Run a model in Python as dbt compiled it, and make its table."""
    module: dict[str, Any] = {}
    exec(compile(code, name, "exec"), module)  # noqa: S102 - the project's own
    dbt = module["dbtObj"](lambda relation: connection.query(f"select * from {relation}"))
    rows = module["model"](dbt, connection)
    connection.register("rows_of_python_model", rows)
    connection.execute(f"create or replace table {name} as select * from rows_of_python_model")
    connection.unregister("rows_of_python_model")


class SyntheticWarehouse:
    """A warehouse of one synthetic strategy, rebuilt for each registry."""

    def __init__(self, manifest: Mapping[str, Any], published_file: Path) -> None:
        self.connection = duckdb.connect(":memory:")
        self._nodes = {
            name: node
            for name, node in manifest["nodes"].items()
            if node["resource_type"] in {"model", "seed"} and node["name"] not in _WITHOUT
        }
        for schema in ("reference", "staging", "confidential", "core", "marts", "raw"):
            self.connection.execute(f"create schema {schema}")
        create_tables(self.connection)
        self._seeds = [node for node in self._nodes.values() if node["resource_type"] == "seed"]
        for seed in self._seeds:
            self._create_seed(seed)
        for contract in load_contracts():
            empty = contract.schema.empty_table()  # noqa: F841 - DuckDB reads it by its name
            self.connection.execute(f'create table raw."{contract.raw_table}" as select * from empty')
        self._models = list(models_in_order(self._nodes))
        with open_read_only(published_file) as published:
            self._macro = published.execute(
                "select parameters, macro_definition from duckdb_functions() where function_name = 'compare' "
                "and schema_name = 'marts'"
            ).fetchall()[0]
            # The real views on one advantage, made to look at the synthetic strategy.
            self._views = [
                sql.replace("liepaja-2020-2025", STRATEGY)
                for (sql,) in published.execute(
                    "select sql from duckdb_views() where schema_name = 'marts' and not internal order by view_name"
                ).fetchall()
            ]

    def build(self, seeds: Mapping[str, Rows], landing: Mapping[str, Rows], flags: Rows, folder: Path) -> None:
        """Make all models anew from the rows of a registry, the rows of landing files, and what the guard found."""
        for seed in self._seeds:
            if seed["original_file_path"].split("/")[1] not in _REAL:
                self._fill_seed(seed, seeds.get(seed["name"], ()))
        for raw_table, rows in landing.items():
            self._load(raw_table, rows, folder)
        self.connection.execute("delete from guard.flag")
        insert_rows(self.connection, "guard.flag", flags)
        for kind, name, code in self._models:
            if kind == "python":
                run_python_model(self.connection, name, code)
            else:
                self.connection.execute(f"create or replace {kind} {name} as {code}")
        parameters, definition = self._macro
        self.connection.execute(
            f"create or replace macro marts.compare({', '.join(parameters)}) as table {definition}"
        )
        for view in self._views:
            self.connection.execute(view.replace("CREATE VIEW", "create or replace view", 1))

    def rows(self, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
        """Run a query."""
        cursor = self.connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description or []]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def _create_seed(self, seed: Mapping[str, Any]) -> None:
        columns = ", ".join(f'"{name}" {sql_type}' for name, sql_type in seed["config"]["column_types"].items())
        self.connection.execute(f'create table reference."{seed["name"]}" ({columns})')
        if seed["original_file_path"].split("/")[1] in _REAL:
            path = PROJECT_DIR / "dbt_project" / seed["original_file_path"]
            with path.open(encoding="utf-8", newline="") as file:
                self._fill_seed(seed, list(csv.DictReader(file)))

    def _fill_seed(self, seed: Mapping[str, Any], rows: Rows) -> None:
        columns = list(seed["config"]["column_types"])
        self.connection.execute(f'delete from reference."{seed["name"]}"')
        values = [[None if row.get(column) == "" else row.get(column) for column in columns] for row in rows]
        if values:
            marks = ", ".join("?" * len(columns))
            self.connection.executemany(f'insert into reference."{seed["name"]}" values ({marks})', values)

    def _load(self, raw_table: str, rows: Rows, folder: Path) -> None:
        (contract,) = (contract for contract in load_contracts() if contract.raw_table == raw_table)
        text = io.StringIO(newline="")
        names = [column.name for column in contract.columns]
        writer = csv.DictWriter(text, names, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        path = folder / f"{contract.table}.csv"
        path.write_text(text.getvalue(), "utf-8")
        file = LandingFile(path, f"{STRATEGY}/{contract.source}/{contract.table}.csv", STRATEGY, date(2026, 1, 31))
        result = read_landing_file(file, contract, load_marks())
        assert not result.rejections, [rejection.message("en") for rejection in result.rejections]
        accepted = result.accepted  # noqa: F841 - DuckDB reads it by its name
        self.connection.execute(f'delete from raw."{raw_table}"')
        self.connection.execute(f'insert into raw."{raw_table}" by name select * from accepted')
