"""Disks that fill and folders that cannot be written to, memory that ends, and signals, as each stage begins."""

import os
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from fault_harm import fill, heed_rights, limit_duckdb, limit_memory, no_right_to_write, read_only, small_disk
from fault_lab import Child, Fault, Lab
from fault_trial import Row, Trial, last_words
from orchestration.run_record import remedy_of
from warehouse.publish import publish
from warehouse.store import open_build, start_build

_SMALL_DISK_MEGABYTES = 192
_BYTES_LEFT = 64 * 1024
_ADDRESS_SPACES = (2048, 1024)
_RUN_LIMITS = ("20MB",)
# Measured: what DuckDB makes of a row of random text.
_BYTES_A_ROW = 60
_PUBLISH_LIMITS = ("1GB", "200MB")


# --- Disks ---


def disks(folder: Path, stages: Sequence[str]) -> Iterator[Row]:
    """Fill the disk as each stage begins; mount folders read-only."""
    try:
        with small_disk(folder / "disk", _SMALL_DISK_MEGABYTES):
            yield from _mounted(Trial(Lab(folder / "disk" / "lab")), folder, stages)
    except PermissionError as error:
        yield Row("(c) full disk, read-only mount", 0, f"not measured: {error}", is_good=True)


def rights(lab: Lab, stages: Sequence[str]) -> Iterator[Row]:
    """Take the right to write from the data folder as each stage begins."""
    trial = Trial(lab)
    for stage in stages:
        with ExitStack() as stack:
            faults = [
                Fault("load", heed_rights),
                Fault(stage, stack.enter_context(no_right_to_write(trial.lab.data))),
            ]
            yield trial.harm(
                f"(c) no right to write as {stage} begins", faults, "remedy_not_writable", stack.pop_all().close
            )


def _mounted(trial: Trial, folder: Path, stages: Sequence[str]) -> Iterator[Row]:
    filler = trial.lab.folder / "filler"
    for stage in stages:
        faults = [Fault(stage, lambda: fill(trial.lab.folder, _BYTES_LEFT))]
        # A run also removes files on its way: it may find enough room to the end.
        name = f"(c) disk full as {stage} begins"
        yield trial.harm(name, faults, "remedy_disk_full", filler.unlink, may_finish=True)
    for place in (trial.lab.settings.published_dir, trial.lab.data):
        with ExitStack() as stack:
            stack.enter_context(read_only(place))
            name = f"(c) folder {place.name} mounted read-only"
            yield trial.harm(name, [], "remedy_not_writable", stack.pop_all().close)
    with small_disk(folder / "temporary", 1):
        fill(folder / "temporary")

        def use() -> None:
            os.environ["TMPDIR"] = tempfile.tempdir = str(folder / "temporary")

        yield trial.harm(
            "(c) folder for temporary files full", [Fault("load", use)], "remedy_disk_full", may_finish=True
        )


# --- Memory ---


def memory(lab: Lab, gigabytes: float) -> Iterator[Row]:
    """Take workers away, limit a run's memory with spilling and without, publish a large file in little memory."""
    trial, remedy = Trial(lab), "remedy_out_of_memory"
    for stage in ("core", "marts"):
        yield trial.harm(f"(d) workers killed as {stage} begins", [Fault(stage, _kill_workers)], remedy)
    for megabytes in _ADDRESS_SPACES:
        faults = [Fault("load", partial(limit_memory, megabytes))]
        yield trial.harm(f"(d) run in {megabytes} MB of address space", faults, remedy, may_finish=True)
    for limit in _RUN_LIMITS:
        for spills in (True, False):
            faults = [Fault("load", partial(limit_duckdb, lab.folder / "limits", limit, spills=spills))]
            name = f"(d) run, DuckDB in {limit}, spilling {'on' if spills else 'off'}"
            yield trial.harm(name, faults, remedy, may_finish=True)
    yield from large_publications(lab.folder, gigabytes, _PUBLISH_LIMITS)


def large_publications(folder: Path, gigabytes: float, limits: Sequence[str]) -> Iterator[Row]:
    """Publish a made-up build file of about that size in little memory."""
    file = folder / "large.duckdb"
    made = Child(lambda: _make_large(file, gigabytes)).wait()
    if made.code:
        raise SystemExit(made.said)
    for limit in limits:
        for spills in (True, False):
            yield _large_publication(file, limit, spills=spills)


def _large_publication(file: Path, memory_limit: str, *, spills: bool) -> Row:
    target = file.with_name(f"published_{memory_limit}_{spills}") / "meraukla.duckdb"

    def act() -> None:
        limit_duckdb(file.parent / "limits", memory_limit, spills=spills)
        _publish_measured(file, target, memory_limit)

    ended = Child(act).wait()
    size = file.stat().st_size / 1e9
    if ended.code == 0:
        outcome, is_good = ended.said.strip().splitlines()[0], target.exists()
    else:
        why = remedy_of(ended.said)
        outcome = (
            f"stopped, nothing published, {'told why' if why == 'remedy_out_of_memory' else last_words(ended.said)}"
        )
        is_good = why == "remedy_out_of_memory" and not target.exists() and not list(target.parent.rglob(".*"))
        is_good = is_good and not list(file.parent.glob("*.tmp"))
    shutil.rmtree(target.parent, ignore_errors=True)
    name = f"(d) publish {size:.1f} GB, DuckDB in {memory_limit}, spilling {'on' if spills else 'off'}"
    return Row(name, 1, outcome, is_good)


def _kill_workers() -> None:
    from multiprocessing import active_children  # noqa: PLC0415 - of the forked process

    for process in active_children():
        process.kill()


def _make_large(file: Path, gigabytes: float) -> None:
    """Make a synthetic build file of about that size: random text, which cannot be compressed much."""
    start_build(
        file,
        {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"},
    )
    rows = int(gigabytes * 1e9 / _BYTES_A_ROW)
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

    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    begun = time.monotonic()
    publication = publish(file, target, memory_limit=limit)
    seconds = time.monotonic() - begun
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = sum(path.stat().st_size for path in publication.path.rglob("*") if path.is_file()) / 1e9
    print(
        f"{seconds:.0f} s, peak {peak:.0f} MB ({before:.0f} MB before it began), snapshot with Parquet {size:.1f} GB",
        flush=True,
    )


# --- Signals ---


def stops(lab: Lab, stages: Sequence[str]) -> Iterator[Row]:
    """Ask runs to end, by SIGTERM, as each stage begins."""
    trial = Trial(lab)
    for stage in stages:
        if stage == "load":
            # The run has not begun: there is nothing to stop.
            continue
        faults = [Fault(stage, lambda: os.kill(os.getpid(), signal.SIGTERM))]
        yield trial.harm(f"(a) SIGTERM as {stage} begins", faults, "remedy_stopped")
