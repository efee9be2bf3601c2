"""What was read of a file is kept: the same result, and never a wrong one."""

import os
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from warehouse import cache
from warehouse.cache import KEPT_DAYS, SMALL_BYTES, ReadCache
from warehouse.contract import Column, Contract, load_marks
from warehouse.readers import LandingFile, ReadResult, read_landing_file

CONTRACT = Contract(
    source="synthetic",
    table="item",
    grain="One row a synthetic item.",
    key=("item_no",),
    columns=(
        Column(name="item_no", type="integer", required=True, description="Synthetic."),
        Column(name="value_printed", type="printed", description="Synthetic."),
        Column(name="as_of_on", type="date", form="%d%m%Y", from_file_name="as_of", description="Synthetic."),
    ),
    files=(r"item_(?P<as_of>\d{8})",),
)
# Enough rows to be kept; one of them is quarantined, and one value is a mark.
CONTENT = "item_no,value_printed\none,1\n0,Nav mērīts\n" + "".join(f"{number},4.5 %\n" for number in range(1, 40_000))


@pytest.fixture
def file(tmp_path: Path) -> LandingFile:
    path = tmp_path / "item_01102025.csv"
    path.write_text(CONTENT, "utf-8")
    assert path.stat().st_size > SMALL_BYTES
    return LandingFile(
        path, f"synthetic/synthetic/{path.name}", "synthetic", date(2026, 1, 31), {"as_of": "01102025"}
    )


@pytest.fixture
def kept(tmp_path: Path) -> ReadCache:
    return ReadCache(tmp_path / "cache")


class Reads:
    """Counts how often a file is really read."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *arguments: object) -> ReadResult:
        """Read a file."""
        self.count += 1
        return read_landing_file(*arguments)  # type: ignore[arg-type]


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    counter = Reads()
    monkeypatch.setattr(cache, "read_landing_file", counter)
    return counter


def read(kept: ReadCache, file: LandingFile, contract: Contract = CONTRACT) -> ReadResult:
    return kept.read(file, contract, load_marks())


def without_moment(result: ReadResult) -> tuple[object, ...]:
    table = result.accepted.drop_columns(["_loaded_at"])
    return (
        result.file, result.sha256, table, result.rows_read, result.rejections, result.detection,
        result.is_rejected_whole, result.accepted.schema,
    )  # fmt: skip


def test_an_unchanged_file_is_read_once_with_the_same_result(
    kept: ReadCache, file: LandingFile, reads: Reads
) -> None:
    first, second = read(kept, file), read(kept, file)
    assert reads.count == 1
    assert (
        without_moment(second)
        == without_moment(first)
        == without_moment(read_landing_file(file, CONTRACT, load_marks()))
    )
    assert (second.rows_read, second.accepted.num_rows, len(second.rejections)) == (40_001, 40_000, 1)


def test_a_file_that_was_kept_may_lie_elsewhere_and_be_of_another_day(
    kept: ReadCache, file: LandingFile, reads: Reads
) -> None:
    read(kept, file)
    moved = file.path.rename(file.path.parent / "moved")
    path = file.path.parent / "later" / file.path.name
    path.parent.mkdir()
    moved.rename(path)
    other = replace(file, path=path, name="other/synthetic/later", strategy_code="other", vintage=date(2026, 2, 28))
    taken = read(kept, other)
    assert reads.count == 1
    assert without_moment(taken) == without_moment(read_landing_file(other, CONTRACT, load_marks()))
    assert {rejection.source_file for rejection in taken.rejections} == {other.name}


@pytest.mark.parametrize("changed", ["content", "contract", "marks", "captured", "code"])
def test_whatever_the_result_depends_on_makes_the_file_be_read_again(
    kept: ReadCache, file: LandingFile, reads: Reads, changed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(kept, file)
    contract, marks = CONTRACT, dict(load_marks())
    match changed:
        case "content":
            # Same size, same time: only the content tells.
            about = file.path.stat()
            file.path.write_text(CONTENT.replace("39999,4.5 %", "39999,5.4 %"), "utf-8")
            os.utime(file.path, ns=(about.st_atime_ns, about.st_mtime_ns))
            assert file.path.stat().st_size == about.st_size
        case "contract":
            contract = CONTRACT.model_copy(update={"grain": "One row another item."})
        case "marks":
            marks["synthetic"] = "nil"
        case "captured":
            file = replace(file, captured={"as_of": "01102024"})
        case "code":
            monkeypatch.setattr(cache, "_code_version", lambda: "another")
    result = kept.read(file, contract, marks)
    assert reads.count == 2
    assert without_moment(result) == without_moment(read_landing_file(file, contract, marks))


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def flip_a_bit(content: bytes) -> bytes:
    middle = len(content) // 2
    return content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]


@pytest.mark.parametrize("damage", [cut, flip_a_bit, lambda _: b"", lambda content: content[:10]])
def test_a_damaged_entry_is_dropped_and_the_file_is_read(
    kept: ReadCache, file: LandingFile, reads: Reads, damage: Callable[[bytes], bytes]
) -> None:
    first = read(kept, file)
    (entry,) = kept.folder.iterdir()
    entry.write_bytes(damage(entry.read_bytes()))
    assert without_moment(read(kept, file)) == without_moment(first)
    assert reads.count == 2
    assert without_moment(read(kept, file)) == without_moment(first)
    assert reads.count == 2


def test_a_small_csv_file_is_read_and_not_kept(kept: ReadCache, file: LandingFile, reads: Reads) -> None:
    file.path.write_text("item_no,value_printed\n1,1\n", "utf-8")
    for _ in range(2):
        assert read(kept, file).accepted.num_rows == 1
    assert reads.count == 2
    assert not kept.folder.exists()


def test_what_nobody_used_for_a_month_is_dropped(kept: ReadCache, file: LandingFile) -> None:
    read(kept, file)
    (entry,) = kept.folder.iterdir()
    forgotten = kept.folder / ".left by a killed run.part"
    forgotten.touch()
    old = time.time() - (KEPT_DAYS + 1) * 24 * 3600
    os.utime(forgotten, (old, old))
    os.utime(entry, (old, old))
    read(kept, file)
    kept.prune()
    assert list(kept.folder.iterdir()) == [entry]


def test_only_its_owner_reads_what_is_kept(kept: ReadCache, file: LandingFile) -> None:
    read(kept, file)
    (entry,) = kept.folder.iterdir()
    assert (kept.folder.stat().st_mode & 0o077, entry.stat().st_mode & 0o077) == (0, 0)
