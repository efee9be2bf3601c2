"""What becomes of the processes that work for a run when the run ends, however it ends."""

import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from orchestration.worker_process import pipe, start_process

_left: list[ProcessPoolExecutor] = []


def is_there(process: int) -> bool:
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


def ends(process: int) -> bool:
    """Whether a process ends within ten seconds; one that does not is killed."""
    for _ in range(200):
        if not is_there(process):
            return True
        signal.sigtimedwait([], 0.05)
    os.kill(process, signal.SIGKILL)
    return False


def test_a_worker_dies_with_a_run_that_is_killed() -> None:
    reader, writer = os.pipe()
    run = os.fork()
    if run == 0:
        worker = start_process().submit(os.getpid).result()
        os.write(writer, str(worker).encode())
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(run, 0)
    assert ends(int(os.read(reader, 20)))


def leave_a_worker(sender: "Connection[int, None]") -> None:
    """Do what a run does that a signal takes out before it can stop its worker."""
    _left.append(start_process())
    sender.send(_left[0].submit(os.getpid).result())


def test_a_run_ends_though_nobody_stopped_its_worker() -> None:
    # Dagster launches a run as a process of this kind.
    receiver, sender = pipe()
    run = get_context("spawn").Process(target=leave_a_worker, args=(sender,))
    run.start()
    if not receiver.poll(60):
        pytest.fail("the worker never began")
    worker = receiver.recv()
    run.join(30)
    has_ended = run.exitcode == 0
    run.kill()
    assert has_ended
    assert ends(worker)
