"""How the last run went, for `meraukla status`, for monitoring and for alerts, whoever started the run.

`build/last_run.json` is written when a run begins and when it ends. One that says `running` while nobody holds the
lock was cut off: nothing is left to tell it, so it is concluded. `published/status.json` says the same to a monitor.
"""

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Literal

from orchestration.operations import load_operations
from orchestration.settings import Settings
from warehouse.alerts import Alert, Kind, send_alert
from warehouse.files import write_json
from warehouse.messages import message
from warehouse.run_lock import RunLockedError, lock_holder
from warehouse.snapshot import SnapshotError, SnapshotStore
from warehouse.suspicion import Suspicion

State = Literal["running", "succeeded", "failed", "stopped", "killed"]
_BY_TEXT = {
    "remedy_disk_full": ("no space left", "disk is full", "disk full", "not enough space", "disk quota exceeded"),
    "remedy_not_writable": ("read-only file system", "permission denied", "readonly database"),
    "remedy_out_of_memory": ("out of memory", "could not allocate", "memoryerror", "terminated abruptly"),
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


def end_run(settings: Settings, run_id: str | None) -> None:
    """Note that a run succeeded."""
    _write(settings, RunRecord(run_id, "succeeded", _started(settings), _now(), os.getpid()))


def fail_run(settings: Settings, run_id: str | None, step: str, text: str, *, is_stopped: bool = False) -> None:
    """Note that a run failed or was stopped, and tell of it, once a run.

    Args:
        settings: where things lie.
        run_id: the run.
        step: where it failed.
        text: why.
        is_stopped: whether a person or the system stopped it.
    """
    before = _read(settings)
    if before and before.is_trouble and before.pid == os.getpid() and before.run_id == run_id:
        return
    state: State = "stopped" if is_stopped else "failed"
    record = RunRecord(
        run_id, state, _started(settings), _now(), os.getpid(), step, text, remedy_of(text, is_stopped=is_stopped)
    )
    _write(settings, record)
    _tell(settings, record)


def remedy_of(text: str, *, is_stopped: bool = False) -> str:
    """Return the name of the message that tells what to do about a failure, judged by its words."""
    if is_stopped:
        return "remedy_stopped"
    lower = text.lower()
    return next((name for name, words in _BY_TEXT.items() if any(word in lower for word in words)), "remedy_failed")


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
    return f"{told}\n{message(record.remedy, language)}" if record.remedy else told


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
        write_json(
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
    # If it cannot be noted (a full disk), the record goes on saying `running`, and the run counts as cut off.
    with suppress(OSError):
        settings.last_run_file.parent.mkdir(parents=True, exist_ok=True)
        write_json(settings.last_run_file, asdict(record))
    write_status(settings)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
