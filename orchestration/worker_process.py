"""A process that works for a run beside its main one."""

import atexit
import ctypes
import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from orchestration.settings import GC_THRESHOLD

if TYPE_CHECKING:
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing.connection import Connection

_PR_SET_PDEATHSIG = 1
# Python closes a pool's queues with 10; what is killed before then is missed, and all that waits for it ends.
_BEFORE_QUEUES_CLOSE = 100


def start_process(begin: Callable[..., object] | None = None, *arguments: object) -> "ProcessPoolExecutor":
    """Return a pool of one new process, which does one thing after the other and imports what these need.

    Args:
        begin: called in the process before anything else, with the arguments.
        arguments: what it is called with; the end of a pipe, for example.
    """
    # Not before the command line has registered how it ends: what multiprocessing wants done then must come first.
    from concurrent.futures import ProcessPoolExecutor  # noqa: PLC0415
    from multiprocessing import get_context  # noqa: PLC0415

    _end_with_this_process()
    return ProcessPoolExecutor(
        max_workers=1,
        mp_context=get_context("spawn"),
        initializer=_prepare,
        initargs=(os.getpid(), begin, arguments),
    )


def pipe() -> "tuple[Connection[Any, Any], Connection[Any, Any]]":
    """Return the ends of a pipe from a process to this one: the receiver's and the sender's."""
    from multiprocessing import get_context  # noqa: PLC0415 - see above

    return get_context("spawn").Pipe(duplex=False)


def _end_with_this_process() -> None:
    """Have the processes that are still there when this one ends killed.

    Whoever starts a process stops it, and waits for what it does. A signal may come before he can: then Python would
    wait for the process for ever, and the process for work.
    """
    from multiprocessing import active_children  # noqa: PLC0415 - see above
    from multiprocessing.util import Finalize  # noqa: PLC0415

    def end() -> None:
        for process in active_children():
            process.kill()

    Finalize(None, end, exitpriority=_BEFORE_QUEUES_CLOSE)


def _prepare(parent: int, begin: Callable[..., object] | None, arguments: tuple[object, ...]) -> None:
    """Prepare the process, before anything else runs in it."""
    gc.set_threshold(GC_THRESHOLD)
    _die_with(parent)
    # Ctrl-C goes to all processes of a terminal; the one that runs the job decides what becomes of this one.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # The run waits for the worker's end, and taking the interpreter apart, library by library, takes a second.
    atexit.register(os._exit, 0)
    if begin:
        begin(*arguments)


def _die_with(parent: int) -> None:
    """Have Linux end this process when the one that runs the job ends, however that ends.

    Else it would wait for ever for work, with hundreds of megabytes, and with the build file if it has it open.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            # It ended before this was set.
            os._exit(1)
