"""What every run has around it, whoever started it: the lock, a clean start, and a note of how it went."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from orchestration.operations import load_operations
from orchestration.run_record import begin_run, end_run, fail_run, last_run, tell_locked_out
from orchestration.settings import Settings
from orchestration.stop_signal import was_told_to_stop, watch_for_stop
from warehouse.run_lock import RunLockedError, run_lock
from warehouse.snapshot import SnapshotStore

JOB_NAME = "publish_warehouse"
PUBLICATION_STEP = "published__meraukla"
# Tag of a run whose starter notes its end if no step does: he has the error that ended it between two steps.
NOTED_BY_CALLER = "meraukla/noted_by_caller"


def clear_up(settings: Settings) -> list[str]:
    """Remove what a run that was cut off left behind. The lock must be held.

    Returns:
        The names of what was removed.
    """
    removed = SnapshotStore(settings.published_dir).sweep() if settings.published_dir.is_dir() else []
    build = settings.build_file
    # Rows that DuckDB had no room for in memory. The build file itself goes when the next run begins it.
    for leftover in (*build.parent.glob(f"{build.name}*.tmp"), *build.parent.glob(".*.draft")):
        shutil.rmtree(leftover, ignore_errors=True) if leftover.is_dir() else leftover.unlink(missing_ok=True)
        removed.append(leftover.name)
    return removed


@dg.resource(description="The lock that only one run holds at a time; what is left of a run before is cleared up.")
@contextmanager
def run_guard(context: dg.InitResourceContext) -> Iterator[None]:
    """Hold the lock for the length of the run. A run that `meraukla build` started holds it already."""
    settings = Settings.from_environment()
    run = context.run
    run_id = run.run_id if run else None
    is_whole_job = run is not None and run.job_name == JOB_NAME

    def say(holder: object) -> None:
        if context.log:
            context.log.info(f"Another run is under way ({holder}): waiting for its end.")

    try:
        lock = run_lock(settings.lock_file, f"run {run_id}", load_operations().lock_wait_seconds, say)
        with watch_for_stop(), lock:
            removed = clear_up(settings)
            if removed and context.log:
                context.log.warning(f"Removed what a run that was cut off had left: {', '.join(removed)}")
            if not is_whole_job:
                yield
                return
            try:
                begin_run(settings, run_id)
                yield
            finally:
                # A signal may come while the run begins: there is no step then that could tell of it.
                record = last_run(settings)
                if record and record.state == "running" and record.run_id == run_id:
                    _note_interruption(settings, context)
    except RunLockedError as error:
        tell_locked_out(settings, run_id, error)
        raise


def _note_interruption(settings: Settings, context: dg.InitResourceContext) -> None:
    """Note that a run ends before publication: Dagster calls no hook for a step that a signal interrupts."""
    run_id = context.run.run_id if context.run else None
    failures = (
        context.instance.all_logs(run_id, of_type=dg.DagsterEventType.STEP_FAILURE)
        if context.instance and run_id
        else []
    )
    event = failures[0].dagster_event if failures else None
    error = event.step_failure_data.error if event else None
    if event and error:
        fail_run(settings, run_id, event.step_key or "?", error.message.strip())
    elif was_told_to_stop():
        fail_run(settings, run_id, "run", "stopped")
    elif not (context.run and NOTED_BY_CALLER in context.run.tags):
        fail_run(settings, run_id, "?", "The run ended before it came to publication.")


@dg.success_hook
def note_success(context: dg.HookContext) -> None:
    """Note that the run has published."""
    if context.op.name == PUBLICATION_STEP:
        end_run(Settings.from_environment(), context.run_id)


@dg.failure_hook
def note_failure(context: dg.HookContext) -> None:
    """Note where and why the run failed, and tell those who want to know."""
    fail_run(Settings.from_environment(), context.run_id, context.step_key, words_of(context.op_exception))


def words_of(error: BaseException | None) -> str:
    """Return what an error says; its class where it says nothing, and where the words alone mean little."""
    cause: Any = error
    if isinstance(cause, dg.DagsterUserCodeExecutionError) and cause.user_exception:
        cause = cause.user_exception
    text = str(cause).strip()
    if cause is None:
        return "It says nothing."
    return (
        f"{type(cause).__name__}: {text}".removesuffix(": ") if isinstance(cause, MemoryError) or not text else text
    )
