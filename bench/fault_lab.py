"""A laboratory for faults: a warehouse of its own, runs in forked processes that can be harmed, and a sharp eye.

Everything is synthetic in one respect: the warehouse lies in a temporary folder, and its second set of landing files
differs from the real ones in a single cell, so that old and new contents can be told apart.
"""

import csv
import json
import os
import shutil
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Thread

from orchestration.settings import DATA_VARIABLE, LANDING_VARIABLE, PROJECT_DIR, Settings
from warehouse.difference import STAMPS
from warehouse.messages import message
from warehouse.publish import stamp_sql
from warehouse.snapshot import SnapshotStore
from warehouse.store import open_read_only

_CHANGED_FILE = "liepaja-2020-2025/indicators/value.csv"
# The result of indicator 3 in 2024/2025 (report, line 565); what stands instead is synthetic.
_CHANGED_ROW, _CHANGED_COLUMN, _SYNTHETIC_VALUE = 25, "value_printed", "4,6 %"
# What a run does, one after the other → the step that ends just before. The report is a part of publication: its
# folder tells that it is being written.
STAGES = {
    "load": None,
    "landing": "load",
    "core": "landing_files",
    "guard": "core_models",
    "marts": "guard__flag",
    "audit": "mart_models",
    "publication": "audit_checks",
    "report": None,
}
_LAST_BEFORE_PUBLICATION = STAGES["publication"]
_REPORT = "snapshots/*/.report-*"
_LOOK_SECONDS = 0.001
Action = Callable[[], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that happens once, in the process of the run, as a stage of it begins."""

    stage: str
    act: Action


@dataclass(frozen=True, slots=True)
class Ended:
    """How a forked process ended: its exit code, or minus the signal, what it said, and its seconds."""

    code: int
    said: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Seen:
    """What a reader finds: which snapshot, and a hash of everything in it that does not tell of the run itself."""

    snapshot_id: str
    contents: str


class TornError(Exception):
    """A reader found something that is not whole."""


class Lab:
    """One warehouse in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """Make the folder with two sets of landing files, `a` and `b`."""
        self.folder = folder
        self.data = folder / "data"
        for name in ("a", "b"):
            shutil.copytree(PROJECT_DIR / "data" / "landing", folder / name)
        changed = folder / "b" / _CHANGED_FILE
        with changed.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
        rows[_CHANGED_ROW][rows[0].index(_CHANGED_COLUMN)] = _SYNTHETIC_VALUE
        with changed.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(rows)
        self.use("a")

    def use(self, landing: str) -> Settings:
        """Point this process, and those forked from it, to the warehouse with one of the two sets of files."""
        os.environ |= {DATA_VARIABLE: str(self.data), LANDING_VARIABLE: str(self.folder / landing)}
        os.environ.pop("MERAUKLA_BUILD_FILE", None)
        return Settings.from_environment()

    @property
    def settings(self) -> Settings:
        """Where things lie."""
        return Settings.from_environment()

    @property
    def store(self) -> SnapshotStore:
        """What is published."""
        return SnapshotStore(self.settings.published_dir)

    # --- Runs ---

    def begin_run(self, landing: str, *faults: Fault) -> "Child":
        """Begin a run of the whole job in a forked process.

        Args:
            landing: which set of files it reads.
            faults: what happens to it.
        """
        settings = self.use(landing)

        def run() -> None:
            from orchestration.build import BuildFailedError, run_build  # noqa: PLC0415 - imported before the fork
            from orchestration.run_record import place_of, remedy_of  # noqa: PLC0415

            def tell(step: str, _: float, __: bool) -> None:
                if step == _LAST_BEFORE_PUBLICATION:
                    print("publication begins", flush=True)
                for fault in faults:
                    if step == STAGES[fault.stage]:
                        fault.act()

            for fault in faults:
                if fault.stage == "load":
                    fault.act()
                elif fault.stage == "report":
                    stand = list(settings.published_dir.glob(_REPORT))
                    arguments = (settings.published_dir, stand, fault.act)
                    Thread(target=_act_when_seen, args=arguments, daemon=True).start()
            try:
                print("run", run_build(settings, tell), flush=True)
            except BuildFailedError as error:
                remedy = remedy_of(str(error), is_stopped=error.is_stopped)
                print(f"told: at {error.step}: {error}")
                print(f"told: {remedy}: {message(remedy, 'en', place=place_of(str(error), settings))}", flush=True)
                raise

        return Child(run)

    def run(self, landing: str, *faults: Fault) -> Ended:
        """Run the whole job in a forked process to its end."""
        ended = self.begin_run(landing, *faults).wait()
        what = ", ".join(fault.stage for fault in faults) or "no fault"
        print(f"run ({what}): ended with {ended.code} after {ended.seconds:.0f} s", file=sys.stderr, flush=True)
        return ended

    # --- Readers ---

    def look(self) -> Seen:
        """Open and fully read what is published, in a process of its own; prove that it is whole.

        Raises:
            TornError: something is not as the snapshot's own stamps and manifest say.
        """
        return look_at(self.settings.published_file)


def _act_when_seen(published: Path, stand: Collection[Path], act: Action) -> None:
    """Act as soon as there is a report beside those that stand."""
    while set(published.glob(_REPORT)) <= set(stand):
        time.sleep(_LOOK_SECONDS)
    act()


def look_at(published_file: Path) -> Seen:
    """Open and fully read a published file, in a process of its own; prove that it and all beside it is whole.

    Raises:
        TornError: something is not as the snapshot's own stamps and manifest say.
    """

    def look() -> None:
        seen = read_all(published_file)
        current = SnapshotStore(published_file.parent).current()
        if damages := current.damages() if current else ["nothing is published"]:
            raise TornError(f"the files do not agree with the manifest: {damages}")
        print(json.dumps({"snapshot_id": seen.snapshot_id, "contents": seen.contents}))

    ended = Child(look).wait()
    if ended.code:
        raise TornError(ended.said)
    return Seen(**json.loads(ended.said.splitlines()[-1]))


def read_all(file: Path) -> Seen:
    """Read all tables and views of a published file in one connection and compare each table with its stamp.

    Raises:
        TornError: a table is not what its stamp says, or the stamps are of several snapshots.
    """
    with open_read_only(file) as connection:
        connection.execute("set threads = 1")
        stamps = connection.execute(
            f"select table_name, row_count, content_hash, snapshot_id from {STAMPS} order by table_name"
        ).fetchall()
        ((run_snapshot,),) = connection.execute("select snapshot_id from audit.run").fetchall()
        snapshots = {snapshot for *_, snapshot in stamps} | {run_snapshot}
        if len(snapshots) != 1:
            raise TornError(f"tables of several snapshots: {sorted(snapshots)}")
        columns: dict[str, list[str]] = {}
        for table, column in connection.execute(
            "select schema_name || '.' || table_name, column_name from duckdb_columns() where not internal "
            "order by table_oid, column_index"
        ).fetchall():
            columns.setdefault(table, []).append(column)
        for table, row_count, content_hash, _ in stamps:
            schema, _, name = table.partition(".")
            found = connection.execute(stamp_sql(f'"{schema}"."{name}"', columns[table])).fetchall()
            if found != [(row_count, content_hash)]:
                raise TornError(f"{table}: {found} is read, {(row_count, content_hash)} was published")
        for (view,) in connection.execute(
            "select '\"' || schema_name || '\".\"' || view_name || '\"' from duckdb_views() where not internal"
        ).fetchall():
            connection.execute(f"select count(*) from {view}").fetchall()
        contents = [f"{table} {content_hash}" for table, _, content_hash, _ in stamps if table != "audit.run"]
    return Seen(snapshots.pop(), "\n".join(contents))


# --- Processes ---


class Child:
    """A forked process that does one thing; its imports are those of the process it is forked from."""

    def __init__(self, action: Callable[[], None]) -> None:
        """Fork, and begin."""
        self.begun = time.monotonic()
        self.output = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - closed by wait
        sys.stdout.flush()
        sys.stderr.flush()
        self.pid = os.fork()
        if self.pid == 0:
            self._do(action)

    def _do(self, action: Callable[[], None]) -> None:
        code = 1
        try:
            os.dup2(self.output.fileno(), 1)
            os.dup2(self.output.fileno(), 2)
            sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - a descriptor
            sys.stderr = sys.stdout
            try:
                action()
                code = 0
            except BaseException as error:  # Whatever it is, the parent is told.
                print(f"{type(error).__name__}: {error}")
                traceback.print_exc()
            sys.stdout.flush()
        finally:
            # Whatever happens, this process ends here: what follows is the parent's.
            os._exit(code)

    def has_said(self, words: str) -> bool:
        """Whether something has been said so far."""
        return words.encode() in os.pread(self.output.fileno(), 1 << 20, 0)

    def is_running(self) -> bool:
        """Whether it has not ended yet."""
        info = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return info is None

    def kill(self, number: int = signal.SIGKILL) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def wait(self) -> Ended:
        """Wait for its end."""
        _, status = os.waitpid(self.pid, 0)
        seconds = time.monotonic() - self.begun
        said = os.pread(self.output.fileno(), 1 << 20, 0).decode("utf-8", "replace")
        self.output.close()
        return Ended(os.waitstatus_to_exitcode(status), said, seconds)


def warm_up() -> None:
    """Import what a run imports, once: forked runs begin where others have loaded."""
    from orchestration.build import prepare_dagster_home, prepare_manifest  # noqa: PLC0415 - needs the environment

    settings = Settings.from_environment()
    prepare_dagster_home(settings)
    # DuckDB has threads, which a fork would lose: this process never opens a file itself.
    if (ended := Child(lambda: print(prepare_manifest(settings))).wait()).code:
        raise SystemExit(ended.said)
    from orchestration.definitions import defs  # noqa: PLC0415 - needs the manifest

    defs.resolve_job_def("publish_warehouse")
