"""Many processes that read everything while snapshots are published one after the other."""

import os
import shutil
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from fault_lab import Action, Child, Lab, TornError, read_all
from fault_trial import Row, publish_once
from warehouse.publish import publish


def readers(lab: Lab, readers_count: int, publications: int) -> Iterator[Row]:
    """Let many processes query everything while snapshots are published one after the other."""
    files = []
    for landing in "ab":
        publish_once(lab, landing)
        files.append(lab.folder / f"build_{landing}.duckdb")
        shutil.copyfile(lab.settings.build_file, files[-1])
    yield from read_while_publishing(lab.folder, files, lab.settings.published_file, readers_count, publications)


def read_while_publishing(
    folder: Path, files: Sequence[Path], published_file: Path, readers_count: int, publications: int
) -> Iterator[Row]:
    """Publish build files in turn, and let so many processes read all there is, again and again, meanwhile."""
    end = folder / "end"

    def read() -> None:
        os.nice(15)
        queries = failed = torn = 0
        snapshots = set()
        while not end.exists():
            try:
                snapshots.add(read_all(published_file).snapshot_id)
            except TornError as error:
                torn += 1
                print(error, file=sys.stderr)
            except Exception as error:  # Whatever a query raises is a failed query.
                failed += 1
                print(error, file=sys.stderr)
            queries += 1
        print(f"counted {queries} {failed} {torn} {len(snapshots)}")

    children = [Child(read) for _ in range(readers_count)]
    seconds = []
    for number in range(publications):
        begun = time.monotonic()
        file = files[number % len(files)]
        ended = Child(publishing(file, published_file)).wait()
        if ended.code:
            raise SystemExit(f"Publication {number} failed:\n{ended.said}")
        seconds.append(time.monotonic() - begun)
    end.touch()
    counted = [[int(word) for word in child.wait().said.rpartition("counted ")[2].split()[:4]] for child in children]
    reads, failed, torn, _ = (sum(column) for column in zip(*counted, strict=True))
    seen = max(snapshots for *_, snapshots in counted)
    yield Row(
        f"(b) {readers_count} readers, {publications} publications",
        reads,
        f"{failed} failed, {torn} torn; {seen} snapshots seen by one reader; "
        f"publication {statistics.median(seconds):.1f} s (median, beside the readers)",
        failed == 0 and torn == 0 and seen > 1,
    )


def publishing(file: Path, published_file: Path) -> Action:
    """Return what publishes a build file."""

    def act() -> None:
        print(publish(file, published_file).snapshot_id)

    return act
