"""How the last run went, for `meraukla status`, for monitoring and for alerts, whoever started the run.

`build/last_run.json` is written when a run begins and when it ends. One that says `running` while nobody holds the
lock was cut off: nothing is left to tell it, so it is concluded. `published/status.json` says the same to a monitor.
Who tells of it is whoever notices first: the next run, `meraukla serve` when it starts, or a sensor while it serves.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from tempfile import gettempdir
from typing import Literal

from orchestration.operations import load_operations
from orchestration.settings import Settings
from orchestration.stop_signal import was_told_to_stop
from warehouse.alerts import Alert, Kind, is_logged, send_alert
from warehouse.clock import utc_now
from warehouse.files import write_json_on_a_full_disk
from warehouse.messages import message
from warehouse.run_lock import RunLockedError, lock_holder, run_lock
from warehouse.snapshot import SnapshotError, SnapshotStore
from warehouse.suspicion import Suspicion

State = Literal["running", "succeeded", "failed", "stopped", "killed"]
_BY_TEXT = {
    # SQLite, which keeps Dagster's history, calls it an I/O error when there is no room for its log.
    "remedy_disk_full": (
        "no space left",
        "disk is full",
        "disk full",
        "not enough space",
        "disk quota exceeded",
        "disk i/o error",
    ),
    "remedy_not_writable": ("read-only file system", "permission denied", "readonly database", "read only database"),
    "remedy_out_of_memory": (
        "out of memory",
        "cannot allocate",
        "could not allocate",
        "failed to allocate",
        "memoryerror",
        "bad_alloc",
        "want of memory",
        "can't start new thread",
    ),
    "remedy_locked": ("another run is under way",),
}
# State → what status says, and the subject of the alert.
_STATUS: dict[State, str] = {
    "running": "status_running",
    "succeeded": "status_succeeded",
    "failed": "status_failed",
    "stopped": "status_stopped",
    "killed": "status_killed",
}
_SUBJECTS: dict[State, str] = {
    "failed": "alert_run_failed",
    "stopped": "alert_run_stopped",
    "killed": "alert_run_killed",
}
_SUSPICIONS_TOLD = 20
# Alerts that tell how a run ended.
_ENDS: frozenset[Kind] = frozenset({"run_failed", "run_killed", "run_locked_out"})


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One run: when it began and ended, how, and where and why it failed."""

    run_id: str | None
    state: State
    started_at: str
    finished_at: str | None = None
    pid: int | None = None
    failed_step: str | None = None
    message: str | None = None
    remedy: str | None = None
    """Name of the message that tells what to do."""
    place: str | None = None
    """The folder that it is about, of a disk that is full or a folder that cannot be written to."""

    @property
    def is_trouble(self) -> bool:
        """Whether somebody has to look after it."""
        return self.state in {"failed", "stopped", "killed"}


def last_run(settings: Settings) -> RunRecord | None:
    """Return how the last run went; None if there was none, or nothing readable is left of it."""
    record = _read(settings)
    if record and record.state == "running" and lock_holder(settings.lock_file) is None:
        return replace(record, state="killed", remedy="remedy_killed")
    return record


def begin_run(settings: Settings, run_id: str | None) -> None:
    """Note that a run begins, and tell of the one before if it was cut off. The lock must be held.

    Dagster gives a run its id when it starts; what begins before is noted without one.
    """
    before = _read(settings)
    is_own = before is not None and before.state == "running" and before.pid == os.getpid()
    if before and before.state == "running" and not is_own:
        _tell(settings, replace(before, state="killed", remedy="remedy_killed"))
    started_at = before.started_at if before and is_own else _now()
    _write(settings, RunRecord(run_id, "running", started_at, pid=os.getpid()))


def conclude_cut_off(settings: Settings) -> RunRecord | None:
    """Note that the last run was cut off, and tell of it, once; nothing if it was not, or a run is under way.

    Returns:
        The run that was cut off.
    """
    record = last_run(settings)
    if record is None or record.state != "killed":
        return None
    try:
        # The lock keeps out a run that begins at this moment: it would tell of the same.
        with run_lock(settings.lock_file, "look after a run that was cut off"):
            before = _read(settings)
            if before is None or before.state != "running":
                return None
            record = replace(before, state="killed", remedy="remedy_killed")
            _tell(settings, record)
            _write(settings, record)
            return record
    except (RunLockedError, OSError):
        # The run that has begun tells of it; a folder that cannot be written to is told of by that run.
        return None


def tell_untold_failure(
    settings: Settings, run_id: str, text: str, failed_at: datetime, *, is_publication: bool
) -> bool:
    """Note and tell that Dagster counts a run as failed, unless that was told already.

    A run notes its own failures. What ends it before its first step, or from outside, only Dagster knows.

    Args:
        settings: where things lie.
        run_id: the run.
        text: why it failed.
        failed_at: when, with its time zone.
        is_publication: whether it was to publish; how another one ended is told, and not noted as the last run.

    Returns:
        Whether it had not been told.
    """
    if is_logged(run_id, _ENDS, settings.alert_log):
        return False
    record = RunRecord(run_id, "failed", _now(), _now(), None, "run", text, remedy_of(text), place_of(text, settings))
    last = last_run(settings)
    # A run that began since knows better how things stand.
    if is_publication and (last is None or datetime.fromisoformat(last.started_at) <= failed_at):
        _write(settings, record)
    _tell(settings, record)
    return True


def end_run(settings: Settings, run_id: str | None) -> None:
    """Note that a run succeeded."""
    _write(settings, RunRecord(run_id, "succeeded", _started(settings), _now(), os.getpid()))


def fail_run(settings: Settings, run_id: str | None, step: str, text: str) -> None:
    """Note that a run failed, or was stopped if this process was told to stop, and tell of it, once a run.

    Args:
        settings: where things lie.
        run_id: the run.
        step: where it failed.
        text: why.
    """
    before = _read(settings)
    if before and before.is_trouble and before.pid == os.getpid() and before.run_id == run_id:
        return
    is_stopped = was_told_to_stop()
    state: State = "stopped" if is_stopped else "failed"
    record = RunRecord(
        run_id,
        state,
        _started(settings),
        _now(),
        os.getpid(),
        step,
        text,
        remedy_of(text, is_stopped=is_stopped),
        place_of(text, settings),
    )
    _write(settings, record)
    _tell(settings, record)


def remedy_of(text: str, *, is_stopped: bool = False) -> str:
    """Return the name of the message that tells what to do about a failure, judged by its words."""
    if is_stopped:
        return "remedy_stopped"
    lower = text.lower()
    return next((name for name, words in _BY_TEXT.items() if any(word in lower for word in words)), "remedy_failed")


def place_of(text: str, settings: Settings) -> str:
    """Return the folder that a failure of writing is about: the one it names, else that of the data."""
    places = [settings.data_dir, settings.build_file.parent, settings.dbt_target_dir, Path(gettempdir())]
    named = [place for place in places if str(place) in text]
    return str(max(named, key=lambda place: len(place.parts), default=settings.data_dir))


def tell_suspicions(settings: Settings, run_id: str, suspicions: Sequence[Suspicion]) -> list[str]:
    """Tell of suspicions that are new.

    Returns:
        What could not be sent.
    """
    if not suspicions:
        return []
    texts = {}
    for language in ("lv", "en"):
        lines = [
            f"- {item.flag_id} {item.rule}, {item.series_key}: "
            f"{item.reason_lv if language == 'lv' else item.reason_en}"
            for item in suspicions[:_SUSPICIONS_TOLD]
        ]
        more = len(suspicions) - _SUSPICIONS_TOLD
        texts[language] = "\n".join(
            [*lines, *([f"+ {more}"] if more > 0 else []), message("alert_how_to_decide", language)]
        )
    return _send(settings, "new_suspicions", run_id, "alert_new_suspicions", texts, count=len(suspicions))


def tell_locked_out(settings: Settings, run_id: str | None, error: RunLockedError) -> None:
    """Tell that a run gave up waiting for another one. What is noted of that other run stays."""
    texts = {language: f"{error}\n{message('remedy_locked', language)}" for language in ("lv", "en")}
    _send(settings, "run_locked_out", run_id, "alert_run_failed", texts, step="run_lock")


def tell_late(settings: Settings, texts: dict[str, str], *, is_published: bool) -> list[str]:
    """Tell that what is published is late, or that nothing is.

    Returns:
        What could not be sent.
    """
    subject = "alert_published_late" if is_published else "alert_nothing_published"
    return _send(settings, "published_late", None, subject, texts)


def describe(record: RunRecord, language: str) -> str:
    """Say how a run went and what to do, in one language."""
    facts = {
        "at": record.finished_at or record.started_at,
        "step": record.failed_step or "?",
        "message": record.message or "",
        "pid": record.pid,
        "since": record.started_at,
    }
    told = message(_STATUS[record.state], language, **facts)
    return f"{told}\n{message(record.remedy, language, place=record.place or '?')}" if record.remedy else told


def write_status(settings: Settings) -> None:
    """Write `published/status.json`. It never stops anything: a monitor that finds an old one sees that it is old."""
    operations = load_operations()
    record = last_run(settings)
    published = None
    with suppress(SnapshotError, OSError, KeyError, ValueError):
        if current := SnapshotStore(settings.published_dir).current():
            published = {
                "snapshot_id": current.snapshot_id,
                "published_at": current.published_at.isoformat(),
                "late_after": (current.published_at + operations.late_after).isoformat(),
                "run_id": current.manifest["run"]["run_id"],
                "open_suspicion_count": current.manifest["run"]["open_suspicion_count"],
            }
    with suppress(OSError):
        settings.published_dir.mkdir(parents=True, exist_ok=True)
        write_json_on_a_full_disk(
            settings.published_dir / "status.json",
            {"written_at": _now(), "published": published, "last_run": asdict(record) if record else None},
        )


def _tell(settings: Settings, record: RunRecord) -> None:
    kind: Kind = "run_killed" if record.state == "killed" else "run_failed"
    texts = {language: describe(record, language) for language in ("lv", "en")}
    _send(settings, kind, record.run_id, _SUBJECTS[record.state], texts, step=record.failed_step or "?")


def _send(
    settings: Settings, kind: Kind, run_id: str | None, subject: str, texts: dict[str, str], **facts: object
) -> list[str]:
    subjects = {language: message(subject, language, **facts) for language in texts}
    alert = Alert(kind, run_id, subjects["lv"], subjects["en"], texts["lv"], texts["en"])
    return send_alert(alert, load_operations().alerts, settings.alert_log)


def _started(settings: Settings) -> str:
    record = _read(settings)
    return record.started_at if record and record.state == "running" else _now()


def _read(settings: Settings) -> RunRecord | None:
    try:
        return RunRecord(**json.loads(settings.last_run_file.read_text("utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _write(settings: Settings, record: RunRecord) -> None:
    # If it cannot be noted (a folder without rights), the record goes on saying `running`: the run counts as cut off.
    with suppress(OSError):
        settings.last_run_file.parent.mkdir(parents=True, exist_ok=True)
        write_json_on_a_full_disk(settings.last_run_file, asdict(record))
    write_status(settings)


def _now() -> str:
    return utc_now().isoformat(timespec="seconds")
