"""One run of the whole job in this process: what `meraukla build` does."""

import gc
import json
import os
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from shutil import copyfile

import duckdb

from orchestration.fingerprint import input_fingerprint, is_prepared, mark_prepared
from orchestration.settings import GC_THRESHOLD, Settings
from warehouse.store import open_read_only

# Progress is told by the listener; Dagster's own log stays in its run history.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

StepListener = Callable[[str, float, bool], None]
"""Told of each finished step: its name, its seconds, and whether it succeeded."""


@dataclass(frozen=True, slots=True)
class LastRun:
    """How the last run ended, as kept in `last_run.json`."""

    run_id: str
    started_at: str
    finished_at: str
    succeeded: bool
    failed_step: str | None
    message: str | None


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """The run that made the published file."""

    run_id: str
    published_at: datetime
    input_fingerprint: str


class BuildFailedError(Exception):
    """A stage of the run failed; the file published before stays in place."""

    def __init__(self, step: str, message: str, details: str) -> None:
        super().__init__(message)
        self.step = step
        self.details = details


def published_run(settings: Settings) -> PublishedRun | None:
    """Return the run that made the published file, None if there is no readable one."""
    if not settings.published_file.is_file():
        return None
    try:
        with open_read_only(settings.published_file) as connection:
            row = connection.execute("select run_id, published_at, input_fingerprint from audit.run").fetchone()
    except duckdb.Error:
        # Damaged, or written over by something else: the next build replaces it.
        return None
    return PublishedRun(*row) if row else None


def is_up_to_date(settings: Settings) -> bool:
    """Whether the published file was made from exactly what lies here now."""
    run = published_run(settings)
    return run is not None and run.input_fingerprint == input_fingerprint(settings)


def prepare_dagster_home(settings: Settings) -> None:
    """Make Dagster's home, with telemetry off, and point this process to it."""
    settings.dagster_home.mkdir(parents=True, exist_ok=True)
    copyfile(Path(__file__).with_name("dagster.yaml"), settings.dagster_home / "dagster.yaml")
    os.environ["DAGSTER_HOME"] = str(settings.dagster_home)
    os.environ["GX_ANALYTICS_ENABLED"] = "false"


def prepare_manifest(settings: Settings) -> bool:
    """Prepare the dbt project (manifest, compiled SQL, lineage) unless that was done for just this project.

    Returns:
        Whether there was something to prepare.

    Raises:
        BuildFailedError: the dbt project does not parse or compile.
    """
    if is_prepared(settings):
        return False
    from orchestration import dbt  # noqa: PLC0415 - seconds of import, rarely needed

    try:
        dbt.prepare(settings)
    except dbt.DbtError as error:
        raise BuildFailedError("prepare", str(error), traceback.format_exc()) from error
    mark_prepared(settings)
    return True


def run_build(settings: Settings, listener: StepListener) -> str:
    """Run the job.

    Returns:
        The run's id.

    Raises:
        BuildFailedError: a stage failed.
    """
    started_at = _now()
    clock = time.monotonic()
    gc.set_threshold(GC_THRESHOLD)
    import dagster as dg  # noqa: PLC0415 - seconds of import that other commands do not need

    def finished(step: str, *, succeeded: bool) -> None:
        nonlocal clock
        now = time.monotonic()
        listener(step, now - clock, succeeded)
        clock = now

    prepare_dagster_home(settings)
    if prepare_manifest(settings):
        finished("prepare", succeeded=True)
    from orchestration.definitions import defs  # noqa: PLC0415 - needs the manifest

    finished("load", succeeded=True)

    @dg.success_hook
    def on_success(context: dg.HookContext) -> None:
        finished(context.op.name, succeeded=True)

    @dg.failure_hook
    def on_failure(context: dg.HookContext) -> None:
        finished(context.op.name, succeeded=False)

    job = defs.resolve_job_def("publish_warehouse").with_hooks({on_success, on_failure})
    with dg.DagsterInstance.get() as instance:
        result = job.execute_in_process(instance=instance, raise_on_error=False, run_config=_QUIET)
    failures = [event for event in result.all_events if event.is_step_failure]
    failed_step = failures[0].step_key if failures else None
    error = failures[0].step_failure_data.error if failures else None
    message = None
    if error:
        cause = error.cause or error
        # Dagster puts the exception's class before its words; a steward reads the words.
        message = cause.message.partition(f"{cause.cls_name}: ")[2].strip() or cause.message.strip()
    run = LastRun(result.run_id, started_at, _now(), result.success, failed_step, message)
    settings.last_run_file.write_text(json.dumps(asdict(run), ensure_ascii=False, indent=2), "utf-8")
    if not result.success:
        details = error.to_string() if error else ""
        raise BuildFailedError(failed_step or "unknown", message or "the run did not finish", details)
    return result.run_id


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
