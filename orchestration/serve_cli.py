"""`meraukla serve`: Dagster as it is left on a server, its page and its daemon, ended together."""

import os
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
from orchestration.console import EXIT_FAILED, EXIT_LOCKED, err, out
from orchestration.settings import Settings
from warehouse.run_lock import RunLockedError, run_lock

_PATIENCE_SECONDS = 0.2
# Dagster's processes end by themselves what they have started; what is still there then is killed.
_GRACE_SECONDS = 30


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Examples:  meraukla serve  ·  meraukla serve --port 4000")(serve)


def serve(port: Annotated[int, typer.Option(help="Port on the loopback address.")] = 3000) -> None:
    """Run Dagster's page and its daemon with the nightly schedule, until it is told to stop.

    The page is reached from this machine only. Who may see it from elsewhere is a proxy's affair: docs/operations.md.
    """
    settings = Settings.from_environment()
    try:
        with run_lock(settings.lock_file, "meraukla serve: prepare", wait_seconds=60):
            prepare_dagster_home(settings)
            prepare_manifest(settings)
    except RunLockedError as error:
        err.print(str(error), markup=False)
        raise typer.Exit(EXIT_LOCKED) from error
    except (BuildFailedError, OSError) as error:
        err.print(f"Nothing was started. {error}", markup=False)
        raise typer.Exit(EXIT_FAILED) from error
    module = ["--module-name", "orchestration.definitions"]
    page = ["dagster_webserver", *module, "--host", "127.0.0.1", "--port", str(port)]
    daemon = ["dagster._daemon", "run", *module]
    out.print(f"Dagster: http://127.0.0.1:{port}, history in {settings.dagster_home}", soft_wrap=True)
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
    deadline = time.monotonic() + _GRACE_SECONDS
    for process in processes:
        number = signal.SIGTERM
        try:
            process.wait(max(deadline - time.monotonic(), 0))
        except subprocess.TimeoutExpired:
            number = signal.SIGKILL
        # What it had started would notice only after a while that it is gone. A run under way ends as by Ctrl-C.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, number)
        process.wait()
    return failed
