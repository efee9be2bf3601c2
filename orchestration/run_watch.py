"""Sensors that look after runs which can no longer speak for themselves.

A run notes and tells its own failure. One that is cut off (killed, or the machine stopped) cannot, and Dagster goes
on counting it as under way: as only one run may be, none would ever start again. Dagster's run monitoring does not
help here: its default launcher cannot tell whether a run's process lives.
"""

import json
import time
from datetime import UTC, datetime

import dagster as dg

from orchestration.history import history_job
from orchestration.run_record import conclude_cut_off, tell_untold_failure
from orchestration.schedules import publish_job
from orchestration.settings import Settings
from warehouse.run_lock import lock_holder

# A run holds the lock from its first step to its last, or waits for it. Before and after, it has moments without.
LOST_AFTER_SECONDS = 120


@dg.sensor(
    name="lost_run",
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description=(
        "Tells of a run that was cut off, and marks as failed what Dagster still counts as under way though nobody "
        "has held the lock for two minutes; else the queue would wait for it for ever."
    ),
)
def lost_run(context: dg.SensorEvaluationContext) -> dg.SensorResult:
    """Look for runs whose process is gone."""
    settings = Settings.from_environment()
    conclude_cut_off(settings)
    if lock_holder(settings.lock_file):
        # Whoever else is under way may be waiting for this one's end.
        return dg.SensorResult(skip_reason="A run is under way.", cursor="{}")
    before, now = _suspects(context.cursor), time.time()
    suspects: dict[str, float] = {}
    lost = []
    for run in context.instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        since = before.get(run.run_id, now)
        if now - since < LOST_AFTER_SECONDS:
            suspects[run.run_id] = since
            continue
        context.instance.report_run_failed(run, "Its process is gone: it was killed, or the machine stopped.")
        lost.append(run.run_id)
    reason = f"Marked as failed: {', '.join(lost)}." if lost else "No run is lost."
    return dg.SensorResult(skip_reason=reason, cursor=json.dumps(suspects))


def _suspects(cursor: str | None) -> dict[str, float]:
    """Read which runs were seen under way without the lock, and since when; none if it cannot be read."""
    try:
        return {str(run_id): float(since) for run_id, since in json.loads(cursor or "{}").items()}
    except (AttributeError, TypeError, ValueError):
        return {}


@dg.run_failure_sensor(
    name="failed_run",
    monitored_jobs=[publish_job, history_job],
    minimum_interval_seconds=60,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Tells of a failed run that could not tell it itself: killed, or ended before its first step.",
)
def failed_run(context: dg.RunFailureSensorContext) -> None:
    """Tell of a failure unless it is told."""
    settings = Settings.from_environment()
    conclude_cut_off(settings)
    run, event = context.dagster_run, context.failure_event
    failed_at = context.instance.get_run_stats(run.run_id).end_time or time.time()
    tell_untold_failure(
        settings,
        run.run_id,
        _words(event),
        datetime.fromtimestamp(failed_at, UTC),
        is_publication=run.job_name == publish_job.name,
    )


def _words(event: dg.DagsterEvent) -> str:
    """Return what the error of a failed run says, its own words rather than those around it."""
    # A failure that somebody else reports, of a process that is gone, has no error.
    error = event.job_failure_data.error if event.event_specific_data else None
    while error and error.cause:
        error = error.cause
    return (error.message if error else event.message or "").strip() or "It says nothing."
