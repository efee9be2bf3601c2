"""What readers see when runs are killed, disks fill, memory ends and clocks jump: a table.

    python bench/faults.py [--kills 300] [--readers 50] [--publications 100] [--gigabytes 2] [--seed 1] [--only …]

Runs are forked from a process that has loaded everything, so a run takes seconds. The moments of the kills come from
the seed. Half of them fall anywhere in a run, half into its publication. Disks are made small in memory, which needs
the right to mount; without it those rows say so.
"""

import argparse
import os
import random
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fault_lab import (
    Child,
    Ended,
    Lab,
    TornError,
    fill,
    limit_memory,
    look_at,
    read_all,
    read_only,
    small_disk,
    warm_up,
)
from orchestration.settings import DATA_VARIABLE
from warehouse.publish import publish
from warehouse.store import open_build, start_build

_STEPS = ("load", "landing__build_file", "landing_files", "core_models", "guard_checks", "guard__flag", "mart_models")
_KILL_WAIT_SECONDS = 120
_COMPLETED_EVERY = 10
_SMALL_DISK_MEGABYTES = 160
_BYTES_LEFT = 64 * 1024
_SHORT_KILLS = 15


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    fault: str
    tried: int
    outcome: str
    is_good: bool


# --- Kills ---


def kills(lab: Lab, count: int, seed: int) -> Iterator[Row]:
    """Kill runs at random moments; look at what is published after each; let some run to their end."""
    luck = random.Random(seed)  # noqa: S311 - moments of kills, not secrets
    contents = {landing: _publish(lab, landing) for landing in "ab"}
    if contents["a"] == contents["b"]:
        raise SystemExit("The two sets of landing files publish the same: nothing could be told apart.")
    seconds = statistics.median(lab.run(landing).seconds for landing in "aba")
    torn, repairs, old, new, ended, leftovers, restarted = [], 0, 0, 0, 0, 0, []
    standing = "a"
    for number in range(1, count + 1):
        other = "b" if standing == "a" else "a"
        before = lab.store.current_id
        child = lab.begin_run(other)
        if number % 2:
            time.sleep(luck.uniform(0, seconds))
        else:
            deadline = time.monotonic() + _KILL_WAIT_SECONDS
            while not child.has_said("publication begins") and child.is_running() and time.monotonic() < deadline:
                time.sleep(0.005)
            time.sleep(luck.uniform(0, seconds / 6))
        child.kill()
        code = child.wait().code
        ended += code == 0
        leftovers += _orphans()
        print(f"kill {number} of {count}", file=sys.stderr, flush=True)
        try:
            seen = lab.look()
        except TornError as error:
            torn.append(f"kill {number}: {error}")
            continue
        is_new = seen.snapshot_id != before
        expected = contents[other if is_new else standing]
        if seen.contents != expected or (code == 0 and not is_new):
            torn.append(f"kill {number}: neither the old contents nor the new")
        old, new, standing = old + (not is_new), new + is_new, other if is_new else standing
        if number % _COMPLETED_EVERY == 0 or number == count:
            other = "b" if standing == "a" else "a"
            completed = lab.run(other)
            restarted.append(completed.seconds)
            repairs += completed.code != 0 or lab.look().contents != contents[other] or bool(_leftovers(lab))
            standing = other
    yield Row(
        f"(a) kill -9, moments by seed {seed}",
        count,
        f"{old} old, {new} new ({ended} had ended), {len(torn)} torn, {leftovers} orphaned processes",
        not torn and not leftovers,
    )
    yield Row(
        "(a) next run, nothing done by hand", len(restarted), f"{repairs} failed or left something", not repairs
    )
    for line in torn:
        print(line, file=sys.stderr)


def _publish(lab: Lab, landing: str) -> str:
    ended = lab.run(landing)
    if ended.code:
        raise SystemExit(f"A run without any fault failed:\n{ended.said}")
    return lab.look().contents


def _orphans() -> int:
    """Count processes that were started by a killed run and are still there a second later."""
    found: list[Path] = []
    for _ in range(20):
        found = [path for path in Path("/proc").glob("[0-9]*") if _is_orphan(path)]
        if not found:
            break
        time.sleep(0.05)
    return len(found)


def _is_orphan(process: Path) -> bool:
    try:
        environment = (process / "environ").read_bytes()
        state, parent = (process / "stat").read_text().rpartition(")")[2].split()[:2]
    except (OSError, ValueError):
        return False
    # What a run starts knows the warehouse from its first moment on; a forked run has only been told of it.
    is_ours = f"{DATA_VARIABLE}={os.environ[DATA_VARIABLE]}".encode() in environment.split(b"\0")
    return is_ours and state != "Z" and int(parent) != os.getpid() and int(process.name) != os.getpid()


def _leftovers(lab: Lab) -> list[str]:
    published, build = lab.settings.published_dir, lab.settings.build_file.parent
    found = [*published.glob("**/.*"), *build.glob("*.tmp"), *build.glob("*.draft"), *published.glob("**/*.wal")]
    return [path.name for path in found]


def _publishing(file: Path, published_file: Path) -> Callable[[], None]:
    def act() -> None:
        print(publish(file, published_file).snapshot_id)

    return act


# --- Readers ---


def readers(lab: Lab, readers_count: int, publications: int) -> Iterator[Row]:
    """Let many processes query everything while snapshots are published one after the other."""
    files = []
    for landing in "ab":
        _publish(lab, landing)
        files.append(lab.folder / f"build_{landing}.duckdb")
        shutil.copyfile(lab.settings.build_file, files[-1])
    yield from _read_while_publishing(lab.folder, files, lab.settings.published_file, readers_count, publications)


def _read_while_publishing(
    folder: Path, files: Sequence[Path], published_file: Path, readers_count: int, publications: int
) -> Iterator[Row]:
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
        ended = Child(_publishing(file, published_file)).wait()
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


# --- Disks ---


def disks(folder: Path) -> Iterator[Row]:
    """Fill the disk, and make folders unwritable, as each stage begins."""
    try:
        with small_disk(folder / "disk", _SMALL_DISK_MEGABYTES):
            lab = Lab(folder / "disk" / "lab")
            contents = {landing: _publish(lab, landing) for landing in "ba"}
            for step in _STEPS:
                yield _full_disk(lab, step, contents)
            yield _unwritable(lab, "published", contents["a"])
            yield _unwritable(lab, "data", contents["a"])
    except PermissionError as error:
        yield Row("(c) full disk, read-only folder", 0, f"not measured: {error}", is_good=True)


def _full_disk(lab: Lab, step: str, contents: dict[str, str]) -> Row:
    before = lab.look()

    def fill_after(done: str) -> None:
        if done == step:
            fill(lab.folder, _BYTES_LEFT)

    ended = lab.run("b", fill_after)
    after = lab.look()
    (lab.folder / "filler").unlink(missing_ok=True)
    is_told = any(words in ended.said.lower() for words in ("space", "full"))
    repaired = lab.run("b")
    is_good = ended.code != 0 and after == before and is_told and repaired.code == 0
    is_good = is_good and lab.look().contents == contents["b"] and not _leftovers(lab)
    _publish(lab, "a")
    return Row(
        f"(c) disk full after {step}",
        1,
        _told(after == before, is_told, ended, repaired),
        is_good,
    )


def _told(is_same: bool, is_told: bool, ended: Ended, repaired: Ended) -> str:
    words = [
        "old file stays" if is_same else "CHANGED",
        "told why" if is_told else f"NOT TOLD: {ended.said[-300:]}",
        "next run succeeds" if repaired.code == 0 else f"next run FAILS: {repaired.said[-300:]}",
    ]
    return ", ".join(words)


def _unwritable(lab: Lab, name: str, contents: str) -> Row:
    folder = lab.data if name == "data" else lab.settings.published_dir
    with read_only(folder):
        ended = lab.run("b")
        is_same = lab.look().contents == contents
    is_told = "read-only" in ended.said.lower()
    repaired = lab.run("a")
    return Row(
        f"(c) read-only folder: {name}",
        1,
        _told(is_same, is_told, ended, repaired),
        ended.code != 0 and is_same and is_told and repaired.code == 0,
    )


# --- Memory ---


def memory(lab: Lab, gigabytes: float) -> Iterator[Row]:
    """Take the guard's worker away, limit a run's memory, and publish a large build file in little memory."""
    contents = _publish(lab, "a")
    yield _stopped(lab, "(d) worker killed, as by want of memory", contents, _kill_worker)
    yield _stopped(lab, "(d) run in 1.5 GB of address space", contents, lambda _: limit_memory(1536))
    file = lab.folder / "large.duckdb"
    made = Child(lambda: _make_large(file, gigabytes)).wait()
    if made.code:
        raise SystemExit(made.said)
    size = file.stat().st_size / 1e9
    for limit in ("1GB", "200MB"):
        target = lab.folder / f"large_{limit}" / "meraukla.duckdb"
        ended = Child(partial(_publish_measured, file, target, limit)).wait()
        said = ended.said.strip().splitlines()[-1] if ended.said.strip() else ""
        yield Row(
            f"(d) publish {size:.1f} GB, memory limit {limit}",
            1,
            said if ended.code == 0 else f"stopped, nothing published: {ended.said[:160]}",
            ended.code == 0 or not target.exists(),
        )


def _kill_worker(step: str) -> None:
    if step == "landing_files":
        from multiprocessing import active_children  # noqa: PLC0415 - of the forked process

        for process in active_children():
            process.kill()


def _stopped(lab: Lab, fault: str, contents: str, listener: Callable[[str], None]) -> Row:
    ended = lab.run("b", listener)
    is_same = lab.look().contents == contents
    repaired = lab.run("a")
    outcome = "run finished all the same" if ended.code == 0 else "run failed, old file stays"
    is_good = (ended.code == 0 or is_same) and repaired.code == 0
    return Row(fault, 1, f"{outcome}, next run {'succeeds' if repaired.code == 0 else 'FAILS'}", is_good)


def _make_large(file: Path, gigabytes: float) -> None:
    """Make a synthetic build file of about that size: random text, which cannot be compressed much."""
    start_build(
        file,
        {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"},
    )
    rows = int(gigabytes * 1e9 / 110)
    with open_build(file) as connection:
        connection.execute("create schema core; create schema marts")
        connection.execute(
            f"""
            create table core.synthetic_fact as
            select
                i as item_no, 'synthetic' as strategy_code, (i % 6)::integer as advantage_no,
                (2020 + i % 5)::varchar as period_key, random() as value_numeric,
                md5(i::varchar) || md5((i + 1)::varchar) || md5((i + 2)::varchar) as value_text
            from range({rows}) as numbers (i)
            """
        )


def _publish_measured(file: Path, target: Path, limit: str) -> None:
    import resource  # noqa: PLC0415 - of the forked process

    begun = time.monotonic()
    publication = publish(file, target, memory_limit=limit)
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in publication.path.rglob("*") if path.is_file()) / 1e9
    print(f"{seconds:.0f} s, peak {peak:.0f} MB, snapshot with Parquet {size:.1f} GB")


# --- Signals and clocks ---


def stops(lab: Lab) -> Iterator[Row]:
    """Ask runs to end, by SIGTERM, at each stage."""
    contents = _publish(lab, "a")
    bad = 0
    for step in _STEPS:

        def ask(done: str, step: str = step) -> None:
            if done == step:
                os.kill(os.getpid(), signal.SIGTERM)

        ended = lab.run("b", ask)
        bad += ended.code == 0 or lab.look().contents != contents or bool(_leftovers(lab))
    repaired = lab.run("b")
    yield Row(
        "(d) SIGTERM after each stage",
        len(_STEPS),
        f"{bad} left something or changed the file, next run {'succeeds' if repaired.code == 0 else 'FAILS'}",
        bad == 0 and repaired.code == 0,
    )


# --- A short version, of publication alone ---


def short(folder: Path, build_file: Path, count: int, seed: int) -> Iterator[Row]:
    """Kill publications of a build file, read while others happen, and fill the disk under them."""
    luck = random.Random(seed)  # noqa: S311 - moments of kills, not secrets
    files = [folder / "old.duckdb", folder / "new.duckdb"]
    for file in files:
        shutil.copyfile(build_file, file)
    published_file = folder / "published" / "meraukla.duckdb"
    _done(Child(lambda: _change(files[1])))
    contents, seconds = [], 0.0
    for file in files:
        seconds = _done(Child(_publishing(file, published_file))).seconds
        contents.append(look_at(published_file).contents)
    bad, new, standing = int(contents[0] == contents[1]), 0, 1
    for number in range(count):
        before = look_at(published_file).snapshot_id
        child = Child(_publishing(files[1 - standing], published_file))
        time.sleep(luck.uniform(0, seconds * 1.1))
        child.kill()
        child.wait()
        seen = look_at(published_file)
        is_new = seen.snapshot_id != before
        new, standing = new + is_new, 1 - standing if is_new else standing
        bad += seen.contents != contents[standing]
        if number % _COMPLETED_EVERY == 0:
            standing = 1 - standing
            _done(Child(_publishing(files[standing], published_file)))
            bad += look_at(published_file).contents != contents[standing]
            bad += bool(list(published_file.parent.glob("**/.*")))
    yield Row("(a) kill -9 of publications", count, f"{new} new, {count - new} old, {bad} bad", bad == 0)
    yield from _read_while_publishing(folder, files, published_file, 4, 6)
    try:
        with small_disk(folder / "disk", 24):
            small = folder / "disk" / "meraukla.duckdb"
            _done(Child(_publishing(files[0], small)))
            for left in (0, 1 << 16, 1 << 20, 3 << 20):
                before = look_at(small).snapshot_id
                fill(small.parent, left)
                ended = Child(_publishing(files[1], small)).wait()
                stays = look_at(small).snapshot_id == before
                (small.parent / "filler").unlink()
                repaired = Child(_publishing(files[0], small)).wait().code == 0
                outcome = f"{'old file stays' if stays else 'CHANGED'}, next {'succeeds' if repaired else 'FAILS'}"
                yield Row(f"(c) {left // 1024} KB left", 1, outcome, ended.code != 0 and stays and repaired)
    except PermissionError as error:
        yield Row("(c) full disk", 0, f"not measured: {error}", is_good=True)


def _change(file: Path) -> None:
    with open_build(file) as connection:
        connection.execute("update core.fct_observation set value_text = 'synthetic'")


def _done(child: Child) -> Ended:
    ended = child.wait()
    if ended.code:
        raise SystemExit(f"What nobody disturbed failed:\n{ended.said}")
    return ended


def main() -> None:
    """Do all of it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--publications", type=int, default=100)
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=["kills", "readers", "disks", "memory", "stops"], action="append")
    parser.add_argument("--short", type=Path, metavar="BUILD_FILE", help="a short version, on this build file")
    options = parser.parse_args()
    table = Table("fault", "tried", "outcome", "good", title="Faults")
    is_good = True
    with tempfile.TemporaryDirectory(prefix="meraukla-faults-") as name:
        folder = Path(name)
        lab = Lab(folder / "lab")
        if not options.short:
            warm_up()
        parts: dict[str, Callable[[], Iterator[Row]]] = {
            "short": lambda: short(folder, options.short, min(options.kills, _SHORT_KILLS), options.seed),
            "kills": lambda: kills(lab, options.kills, options.seed),
            "stops": lambda: stops(lab),
            "readers": lambda: readers(lab, options.readers, options.publications),
            "disks": lambda: disks(folder),
            "memory": lambda: memory(lab, options.gigabytes),
        }
        for part, measure in parts.items():
            if (part == "short") != bool(options.short) or (options.only and part not in options.only):
                continue
            for row in measure():
                print(row.fault, row.outcome, flush=True)
                table.add_row(row.fault, str(row.tried), row.outcome, "yes" if row.is_good else "NO")
                is_good = is_good and row.is_good
    Console(width=160).print(table)
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
