"""Decides which cells the publication does not show. The method is in warehouse/disclosure.py."""

from typing import Any

import duckdb

from warehouse.disclosure import suppress


def model(dbt: Any, session: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:  # noqa: ANN401 - dbt's own class
    """Return one row a suppressed cell."""
    return suppress(session, dbt.ref("disclosure_cell"), dbt.ref("policy"))
