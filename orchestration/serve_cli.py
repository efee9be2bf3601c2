"""`meraukla serve`: Dagster as it is left on a server, its page and its daemon, ended together."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from types import FrameType
from typing import Annotated

import typer

from orchestration.build import BuildFailedError, prepare_dagster_home, prepare_manifest
from orchestration.console import EXIT_FAILED, EXIT_LOCKED, EXIT_USAGE, err, out
from orchestration.operations import OperationsError
from orchestration.run_record import conclude_cut_off
from orchestration.settings import Settings
from warehouse.run_lock import RunLockedError, run_lock

_PATIENCE_SECONDS = 0.2
# A run under way leaves its step and says that it was stopped; what is still there then is killed.
GRACE_SECONDS = 45
_PREFIX = re.compile(r"(/[A-Za-z0-9_-]+)+")


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples:  meraukla serve  ·  meraukla serve --port 4000 --path-prefix /dagster")(serve)


def serve(
    port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 3000,
    path_prefix: Annotated[
        str, typer.Option(help="Path that the page lies under behind a proxy, for example /dagster.")
    ] = "",
) -> None:
    """Run Dagster's page and its daemon with the nightly schedule, until it is told to stop.

    The page is reached from this machine only. Who may see it from elsewhere is a proxy's affair: docs/operations.md.
    """
    settings = Settings.from_environment()
    if path_prefix and not _PREFIX.fullmatch(path_prefix):
        err.print(f"Nothing was started. {path_prefix} is no path prefix: /dagster would be one.", markup=False)
        raise typer.Exit(EXIT_USAGE)
    try:
        # After a power cut, this is the first that can tell.
        conclude_cut_off(settings)
        with run_lock(settings.lock_file, "meraukla serve: prepare", wait_seconds=60):
            prepare_dagster_home(settings)
            prepare_manifest(settings)
            from orchestration.history import make_databases  # noqa: PLC0415 - imports Dagster

            make_databases()
    except RunLockedError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(EXIT_LOCKED) from error
    except (BuildFailedError, OperationsError, OSError) as error:
        err.print(f"Nothing was started. {error}", markup=False)
        raise typer.Exit(EXIT_FAILED) from error
    module = ["--module-name", "orchestration.definitions"]
    page = ["dagster_webserver", *module, "--host", "127.0.0.1", "--port", str(port)]
    if path_prefix:
        page += ["--path-prefix", path_prefix]
    daemon = ["dagster._daemon", "run", *module]
    out.print(f"Dagster: http://127.0.0.1:{port}{path_prefix}, history in {settings.dagster_home}", soft_wrap=True)
    sys.stdout.flush()
    raise typer.Exit(_supervise([page, daemon]))


def _supervise(commands: Sequence[Sequence[str]]) -> int:
    """Run modules side by side until one ends or this process is told to; then end all of them.

    Returns:
        0 if it was told to, else what the one that ended by itself told; never 0 then.
    """
    is_told = False

    def end(_: int, __: FrameType | None) -> None:
        nonlocal is_told
        is_told = True

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    processes = [
        # A group of its own: Ctrl-C comes here alone, and the end comes in order.
        subprocess.Popen([sys.executable, "-m", *command], start_new_session=True)  # noqa: S603 - fixed arguments
        for command in commands
    ]
    while not is_told and all(process.poll() is None for process in processes):
        time.sleep(_PATIENCE_SECONDS)
    failed = 0 if is_told else next(process.returncode for process in processes if process.poll() is not None) or 1
    for process in processes:
        process.send_signal(signal.SIGTERM)
    deadline = time.monotonic() + GRACE_SECONDS
    for process in processes:
        with suppress(subprocess.TimeoutExpired):
            process.wait(max(deadline - time.monotonic(), 0))
        # What it had started would notice only after a while that it is gone. A run under way ends as by Ctrl-C.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
    for process in processes:
        _see_the_end_of(process, deadline)
    return failed


def _see_the_end_of(process: subprocess.Popen[bytes], deadline: float) -> None:
    """Wait until a process and all that it has started are gone; kill what is still there when the time is over."""
    with suppress(ProcessLookupError):
        while time.monotonic() < deadline:
            process.poll()
            os.killpg(process.pid, 0)
            time.sleep(_PATIENCE_SECONDS)
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
