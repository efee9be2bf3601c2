"""What is done to runs: disks that fill, folders that cannot be written to, little memory, clocks that jump."""

import ctypes
import os
import resource
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, tzinfo
from pathlib import Path

from warehouse import clock

_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, _CAPABILITY_VERSION = 24, 1, 0x20080522
# Every Python that finds this as `sitecustomize` runs it as it begins.
_LIMITED = """
import duckdb

_connect = duckdb.connect


def connect(database=":memory:", read_only=False, config=None, **others):
    return _connect(database, read_only=read_only, config=dict(config or {{}}) | {limits!r}, **others)


duckdb.connect = connect
"""
_real_time = time.time


# --- Disks ---


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[None]:
    """Mount a small disk in memory on a folder. Needs the right to mount.

    Raises:
        PermissionError: this process may not mount.
    """
    folder.mkdir(parents=True, exist_ok=True)
    _mount(["-t", "tmpfs", "-o", f"size={megabytes}m", "none", str(folder)])
    try:
        yield
    finally:
        _command("umount", ["-l", str(folder)])


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder unwritable for everybody, root too. Needs the right to mount."""
    _mount(["--bind", str(folder), str(folder)])
    try:
        _mount(["-o", "remount,ro,bind", str(folder)])
        yield
    finally:
        _command("umount", ["-l", str(folder)])


@contextmanager
def no_right_to_write(folder: Path) -> Iterator[Callable[[], None]]:
    """Give what takes the right to write from a folder and all in it; afterwards they have it again.

    Who calls it must have given up root's power to write everywhere.
    """
    yield lambda: _set_rights(folder, 0o555)
    _set_rights(folder, 0o755)


def _set_rights(folder: Path, mode: int) -> None:
    for path in (folder, *folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            with suppress(FileNotFoundError):
                path.chmod(mode)


def heed_rights() -> None:
    """Give up root's power to write where the rights do not allow it, for this process and what it starts."""
    if os.geteuid() == 0:
        libc = ctypes.CDLL(None, use_errno=True)
        head = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION, 0)
        held = (ctypes.c_uint32 * 6)()
        done = libc.prctl(_PR_CAPBSET_DROP, _CAP_DAC_OVERRIDE, 0, 0, 0) or libc.capget(head, held)
        for number in range(3):  # Effective, permitted, inheritable.
            held[number] &= ~(1 << _CAP_DAC_OVERRIDE)
        if done or libc.capset(head, held):
            raise PermissionError("this process may not give up root's power to write everywhere")


def fill(folder: Path, left_bytes: int = 0) -> None:
    """Fill the disk that a folder lies on, but for a few bytes."""
    free = shutil.disk_usage(folder).free - left_bytes
    if free > 0:
        with (folder / "filler").open("wb") as file, suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, free)


def _mount(arguments: list[str]) -> None:
    if _command("mount", arguments):
        raise PermissionError("this process may not mount disks")


def _command(name: str, arguments: list[str]) -> int:
    # Not forked through `subprocess`: the lab's processes are counted by their parent.
    return os.spawnvp(os.P_WAIT, name, [name, *arguments])  # noqa: S606 - fixed commands


# --- Memory ---


def limit_duckdb(folder: Path, memory_limit: str, *, spills: bool) -> None:
    """Let every DuckDB of this process, and of the Pythons that it starts, have so much memory.

    Args:
        folder: where a module is written that the other Pythons run as they begin.
        memory_limit: e.g. `100MB`.
        spills: whether it may write to disk what it has no room for.
    """
    limits = {"memory_limit": memory_limit} | ({} if spills else {"max_temp_directory_size": "0KB"})
    code = _LIMITED.format(limits=limits)
    folder.mkdir(exist_ok=True)
    (folder / "sitecustomize.py").write_text(code, "utf-8")
    os.environ["PYTHONPATH"] = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    exec(code, {})  # noqa: S102 - the text above


def limit_memory(megabytes: int) -> None:
    """Let this process, and what it starts, have so much address space and no more."""
    resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))


# --- Clocks ---


def set_clock(moment: datetime) -> None:
    """Set the clock of this process, as the project and Python's libraries read it; it goes on from there."""
    ahead = moment.timestamp() - _real_time()

    class Clock(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> "Clock":
            return cls.fromtimestamp(_real_time() + ahead, tz)

    clock.datetime = Clock  # type: ignore[attr-defined]
    time.time = lambda: _real_time() + ahead
