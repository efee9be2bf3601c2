"""Publication: the audited build file becomes the file that users open, in one atomic switch."""

from collections.abc import Sequence

import dagster as dg

from orchestration.assets.transform import mart_models
from orchestration.dbt import OWNER
from orchestration.guard_worker import PUBLISHED_KEY
from orchestration.settings import Settings
from warehouse.publish import PublicationError, publish
from warehouse.store import open_build
from warehouse.suspicion import Suspicion, record_suspicions

_SUSPICIONS_SHOWN = 50


def refuse_unaudited(settings: Settings) -> None:
    """Refuse a build file that was not audited to the end, however publication was started.

    Raises:
        PublicationError: a stage of the guard is missing, or it found something critical.
    """
    with open_build(settings.build_file) as connection:
        stages = {
            stage for (stage,) in connection.execute("select distinct stage from audit.check_result").fetchall()
        }
        critical = connection.execute(
            "select suite, description from audit.check_result "
            "where outcome = 'error' or (outcome = 'failed' and severity = 'critical') order by all"
        ).fetchall()
    if missing := {"landing", "guard", "audit"} - stages:
        raise PublicationError(
            f"The build file was not audited (missing: {', '.join(sorted(missing))}). "
            "Run the whole job: meraukla build"
        )
    if critical:
        details = "\n".join(f"- {suite}: {description}" for suite, description in critical)
        raise PublicationError(f"The build file has {len(critical)} critical findings:\n{details}")


@dg.asset(
    key=PUBLISHED_KEY,
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
    refuse_unaudited(settings)
    suspicions = record_suspicions(settings.build_file, settings.published_file)
    tables = publish(settings.build_file, settings.published_file)
    return dg.MaterializeResult(
        metadata={
            "path": str(settings.published_file),
            "tables": len(tables),
            "dagster/row_count": sum(tables.values()),
            "bytes": settings.published_file.stat().st_size,
            "open_suspicions": len(suspicions.open),
            "new_suspicions": dg.MetadataValue.md(_listed(suspicions.new)),
        }
    )


def _listed(suspicions: Sequence[Suspicion]) -> str:
    lines = [f"- `{item.flag_id}` {item.rule}, {item.series_key}: {item.reason_en}" for item in suspicions]
    more = len(lines) - _SUSPICIONS_SHOWN
    return "\n".join([*lines[:_SUSPICIONS_SHOWN], *([f"- and {more} more"] if more > 0 else [])]) or "none"
