"""A short version: what can go wrong with publications of one build file, in about a minute."""

import random
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from fault_clocks import nights, publications_by_clock
from fault_harm import fill, heed_rights, limit_duckdb, no_right_to_write, small_disk
from fault_lab import Action, Child, Ended, look_at
from fault_readers import publishing, read_while_publishing
from fault_trial import Row, last_words
from orchestration.run_guard import words_of
from orchestration.run_record import remedy_of
from warehouse.publish import publish
from warehouse.store import open_build

_COMPLETED_EVERY = 10


@dataclass(frozen=True, slots=True)
class _Trial:
    files: Sequence[Path]
    published_file: Path


def short(folder: Path, build_file: Path, count: int, seed: int) -> Iterator[Row]:
    """Harm publications of one build file in the ways that take no whole run."""
    files = [folder / "old.duckdb", folder / "new.duckdb"]
    for file in files:
        shutil.copyfile(build_file, file)
    published_file = folder / "published" / "meraukla.duckdb"
    _done(Child(lambda: _change(files[1])))
    contents, seconds = [], 0.0
    for file in files:
        seconds = _done(Child(publishing(file, published_file))).seconds
        contents.append(look_at(published_file).contents)
    if contents[0] == contents[1]:
        raise SystemExit("The two build files publish the same: nothing could be told apart.")
    trial = _Trial(files, published_file)
    yield _kill_publications(files, published_file, contents, [seconds * share for share in _luck(seed, count)])
    yield from read_while_publishing(folder, files, published_file, 4, 4)
    try:
        with small_disk(folder / "disk", 24):
            small = folder / "disk" / "meraukla.duckdb"
            _done(Child(publishing(files[0], small)))
            for left in (0, 1 << 16, 1 << 20, 3 << 20):
                fill(small.parent, left)
                remove = (small.parent / "filler").unlink
                name = f"(c) disk full but for {left // 1024} KB"
                yield _harm(_Trial(files, small), name, lambda: None, "remedy_disk_full", remove)
    except PermissionError as error:
        yield Row("(c) full disk", 0, f"not measured: {error}", is_good=True)
    with ExitStack() as stack:
        take = stack.enter_context(no_right_to_write(published_file.parent))

        def give_up() -> None:
            heed_rights()
            take()

        yield _harm(trial, "(c) no right to write", give_up, "remedy_not_writable", stack.pop_all().close)
    for spills in (True, False):
        limit = partial(limit_duckdb, folder / "limits", "2MB", spills=spills)
        name = f"(d) DuckDB in 2 MB, spilling {'on' if spills else 'off'}"
        yield _harm(trial, name, limit, "remedy_out_of_memory")
    yield nights()
    yield from publications_by_clock(files, published_file, contents)


def _luck(seed: int, count: int) -> list[float]:
    luck = random.Random(seed)  # noqa: S311 - moments of kills, not secrets
    return [luck.uniform(0, 1.1) for _ in range(count)]


def _kill_publications(
    files: Sequence[Path], published_file: Path, contents: Sequence[str], moments: Sequence[float]
) -> Row:
    bad, new, standing = 0, 0, 1
    for number, moment in enumerate(moments):
        before = look_at(published_file).snapshot_id
        child = Child(publishing(files[1 - standing], published_file))
        time.sleep(moment)
        child.kill()
        child.wait()
        seen = look_at(published_file)
        is_new = seen.snapshot_id != before
        new, standing = new + is_new, 1 - standing if is_new else standing
        bad += seen.contents != contents[standing]
        if number % _COMPLETED_EVERY == 0:
            standing = 1 - standing
            _done(Child(publishing(files[standing], published_file)))
            bad += look_at(published_file).contents != contents[standing]
            bad += bool(list(published_file.parent.rglob(".*")))
    outcome = f"{new} new, {len(moments) - new} old, {bad} bad"
    return Row("(a) kill -9 of publications", len(moments), outcome, bad == 0)


def _harm(trial: _Trial, name: str, harm: Action, remedy: str, end: Action | None = None) -> Row:
    before = look_at(trial.published_file)

    def act() -> None:
        harm()
        try:
            publish(trial.files[1], trial.published_file)
        except Exception as error:
            print(f"told: {remedy_of(words_of(error))}: {error}")
            raise

    ended = Child(act).wait()
    stays = look_at(trial.published_file) == before
    if end:
        end()
    repaired = Child(publishing(trial.files[0], trial.published_file)).wait()
    hidden = [path.name for path in trial.published_file.parent.rglob(".*")]
    is_told = f"told: {remedy}:" in ended.said
    words = [
        "old file stays" if stays else "CHANGED",
        "told why" if is_told else f"NOT TOLD ({ended.code}): {last_words(ended.said)}",
        "next one succeeds" if repaired.code == 0 else f"next one FAILS: {last_words(repaired.said)}",
        *([f"LEFT {hidden}"] if hidden else []),
    ]
    is_good = ended.code != 0 and stays and is_told and repaired.code == 0 and not hidden
    return Row(name, 1, ", ".join(words), is_good)


def _change(file: Path) -> None:
    with open_build(file) as connection:
        connection.execute("update core.fct_observation set value_text = 'synthetic'")


def _done(child: Child) -> Ended:
    ended = child.wait()
    if ended.code:
        raise SystemExit(f"What nobody disturbed failed:\n{ended.said}")
    return ended
