"""One run of the whole job in this process: what `meraukla build` does."""

import gc
import logging
import os
import signal
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING

import duckdb

from orchestration import dbt_worker
from orchestration.fingerprint import input_fingerprint, is_prepared, mark_prepared
from orchestration.run_record import begin_run, fail_run
from orchestration.settings import GC_THRESHOLD, Settings
from orchestration.stop_signal import was_told_to_stop, watch_for_stop
from warehouse.run_lock import Holder, run_lock
from warehouse.store import open_read_only

if TYPE_CHECKING:
    from dagster import ExecuteInProcessResult

# Progress is told by the listener; Dagster's own log stays in its run history.
_QUIET = {"loggers": {"console": {"config": {"log_level": "CRITICAL"}}}}

StepListener = Callable[[str, float, bool], None]
"""Told of each finished step: its name, its seconds, and whether it succeeded."""


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """The run that made the published file."""

    run_id: str
    published_at: datetime
    input_fingerprint: str


class BuildFailedError(Exception):
    """A stage of the run failed, or the run was stopped; the file published before stays in place."""

    def __init__(self, step: str, message: str, details: str, *, run_id: str | None = None) -> None:
        super().__init__(message)
        self.step = step
        self.details = details
        self.run_id = run_id
        self.is_stopped = was_told_to_stop()


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
    from orchestration import dbt_process  # noqa: PLC0415 - seconds of import, rarely needed
    from orchestration.dbt import WarehouseTranslator  # noqa: PLC0415
    from orchestration.lineage import write_lineage  # noqa: PLC0415

    try:
        dbt_process.compile_project(settings)
        write_lineage(settings, WarehouseTranslator())
    except dbt_process.DbtError as error:
        raise BuildFailedError("prepare", str(error), traceback.format_exc()) from error
    mark_prepared(settings)
    return True


def run_build(
    settings: Settings,
    listener: StepListener,
    wait_seconds: float = 0,
    when_waiting: Callable[[Holder], None] | None = None,
) -> str:
    """Run the job.

    Args:
        settings: where things lie.
        listener: told of each finished step.
        wait_seconds: how long to wait for another run that is under way.
        when_waiting: called once if there is one.

    Returns:
        The run's id.

    Raises:
        BuildFailedError: a stage failed, or the run was stopped.
        RunLockedError: another run was under way all that time.
    """
    try:
        with watch_for_stop(), run_lock(settings.lock_file, "meraukla build", wait_seconds, when_waiting):
            begin_run(settings, None)
            try:
                with _interruptible():
                    return _run(settings, listener)
            except BuildFailedError as error:
                fail_run(settings, error.run_id, error.step, str(error))
                raise
            except (KeyboardInterrupt, Exception) as error:
                # Of Dagster's own: it could not write its history, for example, because the disk is full.
                text = "stopped" if isinstance(error, KeyboardInterrupt) else f"{type(error).__name__}: {error}"
                fail_run(settings, None, "run", text)
                raise BuildFailedError("run", text, traceback.format_exc()) from error
    except OSError as error:
        raise BuildFailedError("start", f"The data folder cannot be used: {error}", traceback.format_exc()) from error


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let SIGTERM, by which a system ends its services, do what Ctrl-C does: leave each block and clear up."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    # A shell that starts a command in the background makes it deaf to Ctrl-C; Dagster would pass that on to SIGTERM.
    before_interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        signal.signal(signal.SIGINT, before_interrupt)


def _run(settings: Settings, listener: StepListener) -> str:
    clock = time.monotonic()
    gc.set_threshold(GC_THRESHOLD)

    def finished(step: str, succeeded: bool) -> None:
        nonlocal clock
        now = time.monotonic()
        listener(step, now - clock, succeeded)
        clock = now

    prepare_dagster_home(settings)
    if prepare_manifest(settings):
        finished("prepare", True)
    # From here on another core loads dbt; this one loads Dagster.
    dbt_worker.begin()
    try:
        result = _execute(finished)
    finally:
        dbt_worker.end()
    if result.success:
        return result.run_id
    failures = [event for event in result.all_events if event.is_step_failure]
    if not failures and was_told_to_stop():
        raise BuildFailedError("run", "stopped", "", run_id=result.run_id)
    error = failures[0].step_failure_data.error if failures else None
    cause = (error.cause or error) if error else None
    # Dagster puts the exception's class before its words; a steward reads the words.
    words = cause.message.partition(f"{cause.cls_name}: ")[2].strip() or cause.message.strip() if cause else ""
    raise BuildFailedError(
        (failures[0].step_key if failures else None) or "unknown",
        words or "the run did not finish",
        error.to_string() if error else "",
        run_id=result.run_id,
    )


def _execute(finished: Callable[[str, bool], None]) -> "ExecuteInProcessResult":
    """Run Dagster's job in this process."""
    import dagster as dg  # noqa: PLC0415 - a second of import that other commands do not need

    from orchestration.definitions import defs  # noqa: PLC0415 - needs the manifest
    from orchestration.run_guard import NOTED_BY_CALLER  # noqa: PLC0415 - imports Dagster

    # What Dagster's libraries say is kept with the run; on a terminal it would stand between the steps.
    logging.getLogger("dagster.builtin").propagate = False
    finished("load", True)

    @dg.success_hook
    def on_success(context: dg.HookContext) -> None:
        finished(context.op.name, True)

    @dg.failure_hook
    def on_failure(context: dg.HookContext) -> None:
        finished(context.op.name, False)

    job = defs.resolve_job_def("publish_warehouse").with_hooks({on_success, on_failure})
    with dg.DagsterInstance.get() as instance:
        return job.execute_in_process(
            instance=instance, raise_on_error=False, run_config=_QUIET, tags={NOTED_BY_CALLER: "true"}
        )
