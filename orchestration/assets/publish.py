"""Publication: the audited build file becomes the file that users open, in one atomic switch."""

import dagster as dg

from orchestration.assets.transform import mart_models
from orchestration.dbt import OWNER
from orchestration.settings import Settings
from warehouse.publish import publish


@dg.asset(
    key=["published", "meraukla"],
    deps=[mart_models],
    group_name="published",
    kinds={"duckdb"},
    owners=[OWNER],
)
def published_file() -> dg.MaterializeResult[None]:
    """`meraukla.duckdb`: schemas core, marts, audit and meta, readable by DuckDB 1.2 and later.

    It is written beside the file published before and renamed over it, so readers see one or the other.
    """
    settings = Settings.from_environment()
    tables = publish(settings.build_file, settings.published_file)
    return dg.MaterializeResult(
        metadata={
            "path": str(settings.published_file),
            "tables": len(tables),
            "dagster/row_count": sum(tables.values()),
            "bytes": settings.published_file.stat().st_size,
        }
    )
