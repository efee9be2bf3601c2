"""What readers see when runs are killed, disks fill, memory ends and clocks jump: a table.

    python bench/faults.py [--kills 300] [--minutes …] [--readers 50] [--publications 100] [--gigabytes 2] [--only …]

Runs are forked from a process that has loaded everything, so a run takes seconds. The moments of the kills come from
the seed and fall anywhere in a run. Disks are made small in memory, which needs the right to mount; without it those
rows say so. What takes too long can be cut off with --minutes: the table tells how many were tried.
"""

import argparse
import math
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from rich.console import Console
from rich.table import Table

from fault_clocks import clocks
from fault_lab import STAGES, Lab, TornError, warm_up
from fault_readers import readers
from fault_short import short
from fault_storage import disks, memory, rights, stops
from fault_trial import Row, leftovers, publish_both
from orchestration.settings import DATA_VARIABLE

_COMPLETED_EVERY = 15
_SHORT_KILLS = 10
_STARTING_SECONDS = 30
_PARTS = ("kills", "stops", "readers", "disks", "rights", "memory", "clocks")


# --- Kills ---


def kills(lab: Lab, count: int, seed: int, minutes: float) -> Iterator[Row]:
    """Kill runs at random moments; look at what is published after each; let some run to their end."""
    until = time.monotonic() + minutes * 60
    luck = random.Random(seed)  # noqa: S311 - moments of kills, not secrets
    contents = publish_both(lab)
    if contents["a"] == contents["b"]:
        raise SystemExit("The two sets of landing files publish the same: nothing could be told apart.")
    seconds = statistics.median(lab.run(landing).seconds for landing in "aba")
    torn, repairs, old, new, ended, orphans, completions = [], 0, 0, 0, 0, 0, 0
    standing, number = "a", 0
    while number < count and time.monotonic() < until:
        number += 1
        other = "b" if standing == "a" else "a"
        before = lab.store.current_id
        child = lab.begin_run(other)
        time.sleep(luck.uniform(0, seconds))
        child.kill()
        code = child.wait().code
        ended += code == 0
        orphans += _orphans()
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
        if number % _COMPLETED_EVERY == 0 or number == 1:
            other = "b" if standing == "a" else "a"
            completed = lab.run(other)
            # Other work on the machine comes and goes.
            seconds = completed.seconds
            completions += 1
            repairs += completed.code != 0 or lab.look().contents != contents[other] or bool(leftovers(lab))
            standing = other
    yield Row(
        f"(a) kill -9, moments by seed {seed}",
        number,
        f"{old} old, {new} new ({ended} had ended), {len(torn)} torn, {orphans} orphaned processes",
        not torn and not orphans,
    )
    yield Row("(a) next run, nothing done by hand", completions, f"{repairs} failed or left something", not repairs)
    for line in torn:
        print(line, file=sys.stderr)


def _orphans() -> int:
    """Count processes that a killed run had started and that outlive it by more than their own start."""
    until = time.monotonic() + _STARTING_SECONDS
    while found := [path for path in Path("/proc").glob("[0-9]*") if _is_orphan(path)]:
        if time.monotonic() > until:
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


def main() -> None:
    """Do all of it and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=300)
    parser.add_argument("--minutes", type=float, default=math.inf, help="kill no longer than that")
    parser.add_argument("--readers", type=int, default=50)
    parser.add_argument("--publications", type=int, default=100)
    parser.add_argument("--gigabytes", type=float, default=2)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=_PARTS, action="append")
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES), help="of stops, disks, rights")
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
            "kills": lambda: kills(lab, options.kills, options.seed, options.minutes),
            "stops": lambda: stops(lab, options.stages),
            "readers": lambda: readers(lab, options.readers, options.publications),
            "disks": lambda: disks(folder, options.stages),
            "rights": lambda: rights(lab, options.stages),
            "memory": lambda: memory(lab, options.gigabytes),
            "clocks": lambda: clocks(lab),
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
