"""Files that are built to break readers: each is answered by its rule, and no row of them is lost."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evil_files import CONTRACT, EvilFile, evil_files
from warehouse import sandbox
from warehouse.contract import load_marks
from warehouse.detection import Expected
from warehouse.limits import Limits
from warehouse.readers import LandingFile, ReadResult, read_landing_file
from warehouse.sheets import Cells

EVIL = {file.name: file for file in evil_files()}
# What is packed is read in a process of its own; that costs half a second a file, so most tests do without.
IN_THE_SANDBOX = ("workbook", "packed csv", "bomb", "bomb that lies", "workbook cut at 400", "entities outside")


def read(folder: Path, content: bytes) -> ReadResult:
    path = folder / "synthetic_table.xlsx"
    path.write_bytes(content)
    return read_landing_file(LandingFile(path, path.name, "synthetic", date(2026, 1, 31)), CONTRACT, load_marks())


def assert_nothing_is_lost(result: ReadResult) -> None:
    accepted = set(result.accepted["_row_number"].to_pylist())
    if result.is_rejected_whole:
        assert result.rejections
        assert not accepted
    else:
        quarantined = {rejection.row_number for rejection in result.rejections}
        assert not accepted & quarantined
        assert len(accepted) + len(quarantined) == result.rows_read
        assert len(quarantined) == result.rows_quarantined
    for rejection in result.rejections:
        assert rejection.message("lv") != rejection.message("en")


@pytest.fixture
def without_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "read_packed_cells", sandbox.read_here)


@pytest.mark.parametrize("file", EVIL.values(), ids=EVIL)
@pytest.mark.usefixtures("without_sandbox")
def test_an_evil_file_is_answered_by_its_rule(tmp_path: Path, file: EvilFile) -> None:
    result = read(tmp_path, file.content)
    assert ({rejection.rule for rejection in result.rejections}, result.accepted.num_rows) == (
        file.rules,
        file.accepted,
    )
    assert_nothing_is_lost(result)


@pytest.mark.parametrize("name", IN_THE_SANDBOX)
def test_the_sandbox_tells_the_same(tmp_path: Path, name: str) -> None:
    result = read(tmp_path, EVIL[name].content)
    assert {rejection.rule for rejection in result.rejections} == EVIL[name].rules
    assert result.accepted.num_rows == EVIL[name].accepted


MUTABLE = [EVIL[name].content for name in ("workbook", "packed csv", "merged cells", "error in a cell", "good")]
mutations: Any = st.lists(
    st.tuples(st.sampled_from(["set", "cut", "repeat", "drop"]), st.floats(0, 1), st.integers(0, 255)), max_size=4
)


def mutated(content: bytes, steps: list[tuple[str, float, int]]) -> bytes:
    for step, share, value in steps:
        place = int(share * len(content))
        match step:
            case "set":
                content = content[:place] + bytes([value]) + content[place + 1 :]
            case "cut":
                content = content[:place]
            case "repeat":
                content = content[:place] + content[max(0, place - value) :]
            case _:
                content = content[:place] + content[place + value :]
    return content


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(MUTABLE), mutations)
def test_a_damaged_file_is_read_or_answered_and_nothing_raises(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, steps: list[tuple[str, float, int]]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "read_packed_cells", read_here_or_rejected)
        assert_nothing_is_lost(read(tmp_path_factory.mktemp("damaged"), mutated(content, steps)))


def read_here_or_rejected(name: str, content: bytes, limits: Limits, expected: Expected | None) -> Cells:
    """What the sandbox does with what its reader did not foresee, in this process."""
    try:
        return sandbox.read_here(name, content, limits, expected)
    except sandbox.FileRejectedError:
        raise
    except BaseException as error:
        raise sandbox.unreadable(name, repr(error)) from error
