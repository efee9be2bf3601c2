"""Snapshots: what was published, each in a folder of its own, and the one link that says which of them stands.

    published/
      current -> snapshots/<id>              the one thing that is switched
      meraukla.duckdb -> current/meraukla.duckdb, and likewise parquet, manifest.json, changes.json, …
      history.jsonl                          one line a switch
      snapshots/<UTC time>-<run id>/         never changed again once it stands

A folder holds the mark `.unpublished` until the switch has happened. Whatever still has it at the next start was left
by a run that was killed, and is removed, unless it is the current one: then the run was killed just after the switch.
"""

import getpass
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, tzinfo
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

from warehouse.clock import utc_now
from warehouse.files import file_sha256, flush, flush_tree, point

FOLDER = "snapshots"
CURRENT = "current"
HISTORY = "history.jsonl"
MANIFEST = "manifest.json"
CHANGES = "changes.json"
_UNPUBLISHED = ".unpublished"
_REMOVED_PREFIX = ".removed-"


class SnapshotError(Exception):
    """A snapshot that was asked for is not there or not whole; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Retention:
    """How many snapshots are kept beside the current one.

    Counted are days, months and years in which something was published, not days of the calendar: a clock that jumps
    ahead, or a summer without runs, makes nothing disappear.

    Attributes:
        latest: the newest, whatever day they are of.
        nights: the last one of each of so many days.
        month_ends: the last one of each of so many months.
        year_ends: the last one of each of so many years; None keeps every year.
    """

    latest: int = 3
    nights: int = 30
    month_ends: int = 12
    year_ends: int | None = None


@dataclass(frozen=True)
class Snapshot:
    """One published snapshot."""

    path: Path
    is_current: bool

    @property
    def snapshot_id(self) -> str:
        """Its name: when it was published (UTC) and by which run."""
        return self.path.name

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """What its manifest says.

        Raises:
            SnapshotError: the manifest is missing or damaged.
        """
        try:
            content: Mapping[str, Any] = json.loads((self.path / MANIFEST).read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise SnapshotError(
                f"The snapshot {self.snapshot_id} has no readable manifest ({error}). Remove its folder: {self.path}"
            ) from error
        return content

    @property
    def number(self) -> int:
        """How many publications there were when it was made: the order of snapshots, whatever the clock said."""
        return int(self.manifest["number"])

    @property
    def published_at(self) -> datetime:
        """When it was published, UTC."""
        return datetime.fromisoformat(self.manifest["published_at"])

    def damages(self) -> list[str]:
        """Compare its files with the manifest: one line for each that is missing, changed, or not listed there."""
        listed: Mapping[str, Mapping[str, Any]] = self.manifest["files"]
        found = {path.relative_to(self.path).as_posix() for path in listed_files(self.path)}
        lines = [f"{name} is missing" for name in listed if name not in found]
        lines += [
            f"{name} is not what was published"
            for name, facts in listed.items()
            if name in found and file_sha256(self.path / name) != facts["sha256"]
        ]
        return lines + [f"{name} was added" for name in sorted(found - set(listed) - {MANIFEST})]


def listed_files(folder: Path) -> list[Path]:
    """Return the files of a snapshot that its manifest lists, in order.

    What can be made from them again at any time, the report, lies in a hidden folder that a link leads to.
    """
    return sorted(
        path
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


@dataclass(frozen=True, slots=True)
class SnapshotDraft:
    """A snapshot that is being made. Who adds to it writes below `path`; all of it is switched in together.

    Attributes:
        path: its folder.
        database: the DuckDB file in it: written, proven, closed; readers open it read-only.
    """

    path: Path
    database: Path

    @property
    def snapshot_id(self) -> str:
        """Its name once it stands."""
        return self.path.name


@dataclass(frozen=True, slots=True)
class SnapshotStore:
    """The folder of what is published."""

    folder: Path

    @property
    def current_id(self) -> str | None:
        """The snapshot that users read, None if nothing is published."""
        link = self.folder / CURRENT
        return link.readlink().name if link.is_symlink() and link.exists() else None

    def snapshots(self) -> list[Snapshot]:
        """Return all published snapshots with a readable manifest, the newest first."""
        current, found = self.current_id, []
        for path in (self.folder / FOLDER).glob("*"):
            if path.name.startswith(".") or (path / _UNPUBLISHED).exists():
                continue
            snapshot = Snapshot(path, path.name == current)
            try:
                found.append((snapshot.number, snapshot.snapshot_id, snapshot))
            except SnapshotError:
                # Emptied or damaged by hand: it is no snapshot any more, and no obstacle to the next one.
                continue
        return [snapshot for _, _, snapshot in sorted(found, key=lambda one: one[:2], reverse=True)]

    def current(self) -> Snapshot | None:
        """Return the snapshot that users read."""
        name = self.current_id
        return Snapshot(self.folder / FOLDER / name, is_current=True) if name else None

    def find(self, name: str) -> Snapshot:
        """Return the snapshot whose id is, begins with, or ends with a text; `current` and `previous` are names too.

        Raises:
            SnapshotError: there is none, or there are several.
        """
        snapshots = self.snapshots()
        if name == CURRENT and (current := self.current()):
            return current
        if name == "previous":
            return self._before_current(snapshots)
        found = [one for one in snapshots if one.snapshot_id == name]
        if not found and name:
            found = [one for one in snapshots if one.snapshot_id.startswith(name) or one.snapshot_id.endswith(name)]
        if len(found) == 1:
            return found[0]
        listed = "\n".join(f"- {one.snapshot_id}" for one in found or snapshots) or "- none"
        what = "Several snapshots are called" if found else "There is no snapshot"
        raise SnapshotError(f"{what} {name}. There are:\n{listed}")

    def _before_current(self, snapshots: Sequence[Snapshot]) -> Snapshot:
        current = self.current()
        older = [one for one in snapshots if current is None or one.number < current.number]
        if not older:
            raise SnapshotError("There is no snapshot older than the current one, so there is nothing to go back to.")
        return older[0]

    @contextmanager
    def draft(self, run_id: str, database_name: str, moment: datetime) -> Iterator[SnapshotDraft]:
        """Make room for a new snapshot; whatever is in it when the block is left by an error is removed.

        Args:
            run_id: the run that makes it.
            database_name: name of its DuckDB file.
            moment: when it is published, in UTC: its name begins with it.
        """
        self.sweep()
        path = self.folder / FOLDER / f"{moment:%Y%m%dT%H%M%SZ}-{run_id}"
        path.mkdir(parents=True)
        try:
            (path / _UNPUBLISHED).touch()
            yield SnapshotDraft(path, path / database_name)
        except BaseException:
            if path.name != self.current_id:
                shutil.rmtree(path, ignore_errors=True)
            raise

    def switch_in(self, draft: SnapshotDraft) -> None:
        """Flush a finished draft to disk and make it what users read."""
        flush_tree(draft.path)
        flush(draft.path.parent)
        before = self._switch(draft.snapshot_id)
        # From here on it is published. What a full disk keeps from being noted now is made good by the next sweep,
        # which knows by the mark that something is missing.
        with suppress(OSError):
            self._complete(draft.path, "published", before)

    def roll_back(self, snapshot: Snapshot) -> None:
        """Make an older snapshot, or a newer one again, what users read.

        Raises:
            SnapshotError: its files are not those that were published.
        """
        for leftover in snapshot.path.glob("*.wal"):
            # Written by a user who opened the file for writing, while it was the current one.
            leftover.unlink()
        if damages := snapshot.damages():
            raise SnapshotError(
                f"The snapshot {snapshot.snapshot_id} is damaged, so nothing was switched: {'; '.join(damages)}."
            )
        before = self._switch(snapshot.snapshot_id)
        self._complete(snapshot.path, "rolled_back", before)

    def _switch(self, snapshot_id: str) -> str | None:
        before = self.current_id
        # Left by a user who wrote to the published file; older clients would replay it on the new one.
        for leftover in self.folder.glob("*.duckdb.wal"):
            leftover.unlink()
        point(self.folder / CURRENT, f"{FOLDER}/{snapshot_id}")
        return before

    def _complete(self, path: Path, event: Literal["published", "rolled_back"], before: str | None) -> None:
        self._link(path)
        self._note({"event": event, "snapshot": path.name, "before": before})
        (path / _UNPUBLISHED).unlink(missing_ok=True)

    def _link(self, target: Path) -> None:
        """Give each thing in a snapshot its stable name; a plain file of an earlier version makes way at once."""
        names = {path.name for path in target.iterdir() if not path.name.startswith(".")}
        for name in sorted(names):
            link = self.folder / name
            if not link.is_symlink() or link.readlink() != Path(CURRENT, name):
                if link.is_dir() and not link.is_symlink():
                    shutil.rmtree(link)
                point(link, f"{CURRENT}/{name}")
        for link in self.folder.iterdir():
            if link.is_symlink() and link.readlink() == Path(CURRENT, link.name) and link.name not in names:
                link.unlink()

    def _note(self, entry: Mapping[str, str | None]) -> None:
        line = {"at": utc_now().isoformat(timespec="seconds"), "by": _user(), **entry}
        with (self.folder / HISTORY).open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())

    def history(self) -> list[Mapping[str, str]]:
        """Return what was switched, the oldest first; a line that was cut off by a crash is left out."""
        file = self.folder / HISTORY
        entries = []
        for line in file.read_text("utf-8").splitlines() if file.is_file() else []:
            try:
                entries.append(json.loads(line))
            except ValueError:
                continue
        return entries

    def sweep(self) -> list[str]:
        """Remove what killed runs left behind. Only the run that holds the lock may do this.

        Returns:
            The names of what was removed.
        """
        removed = []
        for path in (self.folder / FOLDER).glob("*"):
            is_half = path.name.startswith(_REMOVED_PREFIX) or (path / _UNPUBLISHED).exists()
            if is_half and path.name == self.current_id:
                self._complete(path, "published", None)
            elif is_half:
                shutil.rmtree(path, ignore_errors=True)
                removed.append(path.name)
        # A link or file that was to be renamed, and the workspace of versions before there were snapshots.
        for path in (*self.folder.glob(".*.draft"), *self.folder.glob(".publishing-*")):
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() and not path.is_symlink() else path.unlink()
            removed.append(path.name)
        return removed

    def prune(self, retention: Retention, zone: tzinfo) -> list[str]:
        """Remove the snapshots that need not be kept, never the current one or the one before it.

        Readers that hold a file of a removed snapshot open go on reading it.

        Returns:
            The ids of what was removed.
        """
        snapshots = self.snapshots()
        kept = {one.snapshot_id for one in _kept(snapshots, retention, zone)}
        removed = [one for one in snapshots if one.snapshot_id not in kept and not one.is_current]
        for snapshot in removed:
            # Renamed first: one that is half removed must not look like one that is whole.
            doomed = snapshot.path.with_name(f"{_REMOVED_PREFIX}{snapshot.snapshot_id}")
            snapshot.path.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)
        return [one.snapshot_id for one in removed]


def _kept(snapshots: Sequence[Snapshot], retention: Retention, zone: tzinfo) -> Iterator[Snapshot]:
    """Yield what is kept of snapshots that come with the newest first."""
    current = next((one for one in snapshots if one.is_current), None)
    yield from snapshots[: max(retention.latest, 1)]
    if current:
        yield from [one for one in snapshots if one.number < current.number][:1]
    spans = (("%Y-%m-%d", retention.nights), ("%Y-%m", retention.month_ends), ("%Y", retention.year_ends))
    for form, count in spans:
        last_of: dict[str, Snapshot] = {}
        for one in snapshots:
            last_of.setdefault(one.published_at.astimezone(zone).strftime(form), one)
        yield from list(last_of.values())[:count]


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
