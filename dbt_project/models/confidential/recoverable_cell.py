"""Judges whether anything suppressed can be computed from what is shown: warehouse/disclosure_audit.py."""

from typing import Any

import duckdb

from warehouse.disclosure_audit import audit


def model(dbt: Any, session: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyRelation:  # noqa: ANN401 - dbt's own class
    """Return one row a suppressed cell that the publication gives away."""
    return audit(
        session,
        dbt.ref("disclosure_cell"),
        dbt.ref("suppressed_cell"),
        dbt.ref("shown_figure"),
        dbt.ref("policy"),
    )
