"""What one file may ask of the machine: beyond it the file is quarantined whole, and the limit is named."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from evil_files import CONTRACT, CSV, GOOD, archive, sheet, workbook
from warehouse import sandbox
from warehouse.contract import load_marks
from warehouse.limits import Limits, load_limits
from warehouse.readers import LandingFile, ReadResult, read_landing_file

Read = Callable[..., ReadResult]
LIMITS = load_limits()
# A worker that binds itself to the limits it is given, and then does as it likes.
BOUND = (
    "import json, sys\nfrom warehouse.sandbox import Limits, restrict\n"
    "restrict(Limits(**json.loads(sys.stdin.buffer.readline())['limits']))\n"
)


@pytest.fixture
def read(tmp_path: Path) -> Read:
    def with_limits(content: bytes, **limits: int) -> ReadResult:
        path = tmp_path / "synthetic_table.csv"
        path.write_bytes(content)
        file = LandingFile(path, path.name, "synthetic", date(2026, 1, 31))
        return read_landing_file(file, CONTRACT, load_marks(), limits=replace(LIMITS, **limits))

    return with_limits


@pytest.mark.parametrize(
    ("content", "limit", "value", "rule"),
    [
        (CSV.encode(), "file_bytes", 20, "file_too_large"),
        (CSV.encode(), "columns", 2, "too_many_columns"),
        (CSV.encode(), "rows", 2, "too_many_rows"),
        (CSV.encode(), "cell_characters", 8, "unreadable_file"),
        (archive({"a.csv": CSV, "b": "", "c": ""}), "archive_members", 2, "too_many_members"),
        (workbook(sheet(GOOD)), "rows", 1, "too_many_rows"),
        (workbook(sheet(GOOD)), "columns", 2, "too_many_columns"),
        (workbook(sheet(GOOD)), "sheet_cells", 50, "too_many_cells"),
        (workbook(sheet(GOOD)), "cell_characters", 4, "cell_too_long"),
    ],
)
def test_a_file_beyond_a_limit_is_answered_with_the_limit(
    read: Read, content: bytes, limit: str, value: int, rule: str
) -> None:
    result = read(content, **{limit: value})
    assert {rejection.rule for rejection in result.rejections} == {rule}
    assert result.accepted.num_rows == 0
    assert result.sha256
    if rule != "unreadable_file":
        assert all(str(value) in rejection.message("lv") for rejection in result.rejections)


def test_a_file_within_its_limits_is_read(read: Read) -> None:
    assert read(CSV.encode(), file_bytes=len(CSV.encode()), columns=3, rows=3).accepted.num_rows == 2


def test_what_is_packed_may_not_come_to_more_than_the_limit_however_it_is_packed(read: Read) -> None:
    packed = archive({"a.csv": CSV + "3;" + " " * 1_000_000 + ";\n"})
    within = {"unpacked_free_bytes": 2_000_000}
    assert read(packed, **within).rejections[0].rule == "unreadable_file"
    too_much = read(packed, unpacked_free_bytes=10_000, unpacked_ratio=5)
    assert [rejection.rule for rejection in too_much.rejections] == ["unpacked_too_large"]


# --- The process that reads packed files ---


def test_a_reader_that_takes_too_long_is_ended(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_WORKER", "import time; time.sleep(60)")
    began = time.monotonic()
    result = read(workbook(sheet(GOOD)), seconds=1)
    assert [rejection.rule for rejection in result.rejections] == ["too_slow"]
    assert time.monotonic() - began < 30


def test_a_reader_that_does_not_stop_computing_is_ended(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_WORKER", f"{BOUND}while 1: 1")
    result = read(workbook(sheet(GOOD)), processor_seconds=1, seconds=60)
    assert [rejection.rule for rejection in result.rejections] == ["too_slow"]


def test_a_reader_that_asks_for_too_much_memory_is_refused(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_WORKER", f"{BOUND}b'x' * 10**10")
    result = read(workbook(sheet(GOOD)), memory_bytes=1_000_000_000)
    assert [rejection.rule for rejection in result.rejections] == ["too_much_memory"]


def test_a_reader_that_dies_takes_nothing_with_it(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_WORKER", "import os; os.abort()")
    result = read(workbook(sheet(GOOD)))
    assert [rejection.rule for rejection in result.rejections] == ["unreadable_file"]


def test_a_panic_of_the_reader_is_told_in_its_words(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "_WORKER", "raise BaseException('index out of bounds')")
    (rejection,) = read(workbook(sheet(GOOD))).rejections
    assert (rejection.rule, rejection.expected) == ("unreadable_file", "BaseException: index out of bounds")


def test_the_process_sees_nothing_of_our_environment(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SYNTHETIC_SECRET", "hidden")
    monkeypatch.setattr(
        sandbox, "_WORKER", "import os; raise SystemExit('SECRET' + os.getenv('SYNTHETIC_SECRET', '-'))"
    )
    (rejection,) = read(workbook(sheet(GOOD))).rejections
    assert rejection.expected == "SECRET-"


@pytest.mark.parametrize("value", ["0", "-1", "many", "1.5", "true"])
def test_a_limit_that_is_no_number_is_refused_by_its_name(value: str) -> None:
    settings = {name: getattr(LIMITS, name) for name in LIMITS.__slots__} | {"rows": value}
    with pytest.raises(ValueError, match="rows must be a whole number above 0"):
        Limits(**settings)
