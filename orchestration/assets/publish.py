"""Publication: the audited build file becomes the file that users open, with its report, in one atomic switch."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg

from orchestration import dbt
from orchestration.assets.transform import AFTER_GUARD, mart_models
from orchestration.dbt import OWNER
from orchestration.guard_worker import PUBLISHED_KEY
from orchestration.operations import load_operations
from orchestration.report_worker import ReportWorker
from orchestration.run_record import tell_suspicions
from orchestration.settings import Settings
from warehouse.difference import Difference
from warehouse.publish import PublicationError, publish
from warehouse.snapshot import SnapshotDraft, SnapshotError, SnapshotStore
from warehouse.store import open_build
from warehouse.suspicion import Suspicion, record_suspicions

if TYPE_CHECKING:
    from report.build import Built

REPORT_KEY = dg.AssetKey(["published", "report"])
_SUSPICIONS_SHOWN = 50
_FILE_DESCRIPTION = """`meraukla.duckdb`: schemas core, marts, audit and meta, readable by DuckDB 1.2 and later.

It is the file of a snapshot, which also holds Parquet copies, a manifest, what changed and the report. The snapshot
is switched in whole: readers see the one before or this one.
"""
_REPORT_DESCRIPTION = """The monitoring report: a static site and a PDF in Latvian and English, without a network.

Its texts are written from the published file by templates. It belongs to the file's snapshot.
"""
_PREVIEW = """[Latviski]({lv}) · [English]({en}){pdf}

| | |
|---|---|
| pages | {pages} |
| frozen editions | {editions} |
| figures corrected since | {corrections} |
"""


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


@dg.multi_asset(
    name="published__meraukla",
    specs=[
        dg.AssetSpec(
            PUBLISHED_KEY,
            deps=[*mart_models.keys],
            group_name="published",
            kinds={"duckdb"},
            owners=[OWNER],
            description=_FILE_DESCRIPTION,
            freshness_policy=dg.FreshnessPolicy.time_window(fail_window=load_operations().late_after),
        ),
        dg.AssetSpec(
            REPORT_KEY,
            deps=[PUBLISHED_KEY],
            group_name="published",
            kinds={"html"},
            owners=[OWNER],
            description=_REPORT_DESCRIPTION,
        ),
    ],
    required_resource_keys={"report_worker", "run_guard"},
)
def published_file(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """What is published is switched in together: the file with its copies, and the report on it."""
    operations = load_operations()
    settings = Settings.from_environment()
    refuse_unaudited(settings)
    suspicions = record_suspicions(settings.build_file, settings.published_file)
    worker: ReportWorker = context.resources.report_worker
    reports: list[Built] = []

    def write_report(draft: SnapshotDraft) -> None:
        reports.append(worker.publish(draft.database, draft.path, settings.editions_dir))

    publication = publish(
        settings.build_file,
        settings.published_file,
        keys=dbt.table_keys(AFTER_GUARD),
        producers=[write_report],
        memory_limit=operations.publish_memory_limit,
    )
    tables = publication.tables
    try:
        SnapshotStore(settings.published_dir).prune(operations.retention.as_retention(), operations.zone)
    except (OSError, SnapshotError) as error:
        # What was published stands. The next run tries again.
        context.log.warning(f"Old snapshots could not be removed: {error}")
    for problem in tell_suspicions(settings, context.run_id, suspicions.new):
        context.log.warning(f"An alert could not be sent: {problem}")
    yield dg.MaterializeResult(
        asset_key=PUBLISHED_KEY,
        metadata={
            "path": str(settings.published_file),
            "snapshot": publication.snapshot_id,
            "changes": _told(publication.difference),
            "tables": len(tables),
            "dagster/row_count": sum(tables.values()),
            "bytes": settings.published_file.stat().st_size,
            "open_suspicions": len(suspicions.open),
            "new_suspicions": dg.MetadataValue.md(_listed(suspicions.new)),
        },
    )
    yield dg.MaterializeResult(asset_key=REPORT_KEY, metadata=_metadata(reports[0], settings.report_dir))


def _metadata(report: "Built", folder: Path) -> dict[str, dg.MetadataValue | str | int | float]:
    front = {language: (folder / language / "index.html").as_uri() for language in ("lv", "en")}
    pdfs = [folder / name for name in ("lv/parskats.pdf", "en/report.pdf")]
    return {
        "path": dg.MetadataValue.path(folder),
        "url": dg.MetadataValue.url(front["lv"]),
        "preview": dg.MetadataValue.md(
            _PREVIEW.format(
                **front,
                pdf="".join(f" · [{pdf.name}]({pdf.as_uri()})" for pdf in pdfs if pdf.is_file()),
                pages=report.pages,
                editions=len(report.editions),
                corrections=sum(len(edition.corrections) for edition in report.editions),
            )
        ),
        "pages": report.pages,
        "bytes": report.bytes,
        "seconds": round(report.seconds, 2),
        "pdf": report.pdf_refused or "printed",
    }


def _told(difference: Difference | None) -> str:
    if difference is None:
        return "nothing to compare with"
    lines = [
        f"{change.table}: {change.rows_added} added, {change.rows_changed} changed, {change.rows_removed} removed"
        for change in difference.tables
    ]
    return "; ".join(lines) or "none"


def _listed(suspicions: Sequence[Suspicion]) -> str:
    lines = [f"- `{item.flag_id}` {item.rule}, {item.series_key}: {item.reason_en}" for item in suspicions]
    more = len(lines) - _SUSPICIONS_SHOWN
    return "\n".join([*lines[:_SUSPICIONS_SHOWN], *([f"- and {more} more"] if more > 0 else [])]) or "none"
