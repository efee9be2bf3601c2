"""Whether this process was told to stop, by Ctrl-C or by SIGTERM, by which a system ends its services.

The exception that a signal raises is no witness to that: between two steps nobody catches it, other errors are raised
on the way out, and the end of a helper process that dies of the same signal may be noticed first. What the system has
delivered is: Python writes the number of each signal to a pipe before anybody handles it.
"""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

_TO_STOP = frozenset({signal.SIGINT, signal.SIGTERM})
_READ_AT_ONCE = 4096


@dataclass(slots=True)
class _Watch:
    """Where the numbers of the signals arrive, and whether one of them was to stop."""

    reader: int
    is_told: bool = False


_watches: list[_Watch] = []


@contextmanager
def watch_for_stop() -> Iterator[None]:
    """Note each signal to stop until the block is left, whoever handles it. Another such block within adds nothing.

    Only the main thread is given signals: in another one, nothing is noted.
    """
    if _watches or threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = os.pipe()
    for end in (reader, writer):
        os.set_blocking(end, False)
    before = signal.set_wakeup_fd(writer, warn_on_full_buffer=False)
    _watches.append(_Watch(reader))
    try:
        yield
    finally:
        _watches.clear()
        signal.set_wakeup_fd(before)
        for end in (reader, writer):
            os.close(end)


def was_told_to_stop() -> bool:
    """Whether a signal to stop has come since the watch began; False if nobody watches."""
    for watch in _watches:
        with suppress(BlockingIOError):
            watch.is_told |= bool(_TO_STOP.intersection(os.read(watch.reader, _READ_AT_ONCE)))
    return any(watch.is_told for watch in _watches)
