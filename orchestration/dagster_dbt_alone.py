"""dagster-dbt, imported as in an environment without dbt-core.

It looks dbt's classes up to name types, does without them where they are missing, and looking them up takes a second
and a half. dbt runs in a process of its own (`dbt_process.py`). Where dbt is loaded already, nothing is hidden.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def _hidden(package: str) -> Iterator[None]:
    """Let imports of a package fail within the block, unless it is loaded."""
    if package in sys.modules:
        yield
        return
    # Python's own mark of what cannot be imported.
    sys.modules[package] = None  # type: ignore[assignment]
    try:
        yield
    finally:
        del sys.modules[package]


with _hidden("dbt"):
    from dagster_dbt import DagsterDbtTranslator, DagsterDbtTranslatorSettings
    from dagster_dbt.asset_utils import get_subset_selection_for_context
    from dagster_dbt.core.dbt_cli_event import (
        DbtCoreCliEventMessage,
        EventHistoryMetadata,
        _build_column_lineage_metadata,
    )

build_column_lineage_metadata = _build_column_lineage_metadata

__all__ = [
    "DagsterDbtTranslator",
    "DagsterDbtTranslatorSettings",
    "DbtCoreCliEventMessage",
    "EventHistoryMetadata",
    "build_column_lineage_metadata",
    "get_subset_selection_for_context",
]
