"""One run at a time: a lock that dies with the process that holds it, however it dies.

The lock is the operating system's (`flock`), not the file: a file that is left behind locks nobody out.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from warehouse.clock import utc_now

_PATIENCE_SECONDS = 0.2
# Locks of this process: a step of a run finds the one that the run holds already.
_held: set[Path] = set()


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds the lock: a process, since when (UTC), and what for."""

    pid: int | None
    since: str | None
    purpose: str | None


class RunLockedError(Exception):
    """Another run is under way."""

    def __init__(self, holder: Holder) -> None:
        super().__init__(
            f"Another run is under way: process {holder.pid or 'unknown'}, since {holder.since or 'unknown'} UTC "
            f"({holder.purpose or 'unknown'}). Nothing was done. Wait for its end (meraukla status), or let this "
            "command wait: meraukla build --wait 600"
        )
        self.holder = holder


@contextmanager
def run_lock(
    path: Path, purpose: str, wait_seconds: float = 0, when_waiting: Callable[[Holder], None] | None = None
) -> Iterator[None]:
    """Hold the lock for the length of the block. A process that holds it already goes on.

    Args:
        path: the lock's file; it stays when the lock is gone.
        purpose: what is told to others who want it.
        wait_seconds: how long to wait for another process that holds it.
        when_waiting: called once if there is somebody to wait for.

    Raises:
        RunLockedError: another process held it all that time.
        OSError: the folder cannot be written to.
    """
    path = path.resolve()
    if path in _held:
        yield
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _acquire(file.fileno(), path, wait_seconds, when_waiting)
        _held.add(path)
        try:
            file.truncate(0)
            file.write(json.dumps({"pid": os.getpid(), "since": _now(), "purpose": purpose}))
            file.flush()
            yield
        finally:
            _held.discard(path)
            fcntl.flock(file, fcntl.LOCK_UN)


def _acquire(descriptor: int, path: Path, wait_seconds: float, when_waiting: Callable[[Holder], None] | None) -> None:
    # A clock that is set while we wait must not shorten or lengthen the wait.
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _read(path)
            if time.monotonic() >= deadline:
                raise RunLockedError(holder) from None
            if when_waiting:
                when_waiting(holder)
                when_waiting = None
            time.sleep(_PATIENCE_SECONDS)
        else:
            return


def lock_holder(path: Path) -> Holder | None:
    """Return who holds the lock, None if nobody does. Nothing is waited for and nothing is taken."""
    try:
        with path.open(encoding="utf-8") as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            fcntl.flock(file, fcntl.LOCK_UN)
    except BlockingIOError:
        return _read(path)
    except OSError:
        return None
    return None


def _read(path: Path) -> Holder:
    try:
        facts = json.loads(path.read_text("utf-8"))
        return Holder(facts["pid"], facts["since"], facts["purpose"])
    except (OSError, ValueError, LookupError, TypeError):
        # It is being written at this moment.
        return Holder(None, None, None)


def _now() -> str:
    return utc_now().strftime("%Y-%m-%d %H:%M:%S")
