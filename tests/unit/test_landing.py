"""The landing zone: strategies, their origin, and the files that the repository holds."""

from datetime import date
from pathlib import Path

import pytest

from warehouse.contract import Contract, load_contracts, load_marks
from warehouse.landing import SOURCE_FILE, LandingError, Strategy, find_strategies
from warehouse.readers import read_landing_file

LANDING = Path(__file__).parents[2] / "data" / "landing"
FILES = [
    pytest.param(strategy, contract, id=f"{strategy.code}/{contract.raw_table}")
    for strategy in find_strategies(LANDING)
    for contract in load_contracts()
    if strategy.landing_file(contract)
]
SYNTHETIC_SOURCE = """
document_code: synthetic
title_lv: "Sintētisks"
title_en: Synthetic
author: Nobody
commissioned_by: Nobody
contract: none
text_sha256: none
form: Synthetic.
rights: none
received_on: 2026-01-31
"""


def strategy_folder(landing: Path, code: str = "synthetic-strategy", source: str = SYNTHETIC_SOURCE) -> Path:
    folder = landing / code
    folder.mkdir(parents=True)
    (folder / SOURCE_FILE).write_text(source, "utf-8")
    return folder


def test_each_folder_is_a_strategy_with_its_document(tmp_path: Path) -> None:
    strategy_folder(tmp_path, "synthetic-b")
    strategy_folder(tmp_path, "synthetic-a")
    (tmp_path / "notes.txt").write_text("no strategy", "utf-8")
    strategies = find_strategies(tmp_path)
    assert [strategy.code for strategy in strategies] == ["synthetic-a", "synthetic-b"]
    assert strategies[0].document.received_on == date(2026, 1, 31)


def test_a_file_is_known_by_its_path_below_the_landing_folder(tmp_path: Path, synthetic_contract: Contract) -> None:
    folder = strategy_folder(tmp_path)
    path = folder / synthetic_contract.file_name
    path.parent.mkdir()
    path.touch()
    (strategy,) = find_strategies(tmp_path)
    file = strategy.landing_file(synthetic_contract)
    assert file is not None
    assert (file.path, file.name) == (path, "synthetic-strategy/synthetic_source/synthetic_table.csv")
    assert (file.strategy_code, file.vintage) == ("synthetic-strategy", date(2026, 1, 31))


def test_a_file_that_was_not_handed_in_is_none(tmp_path: Path, synthetic_contract: Contract) -> None:
    strategy_folder(tmp_path)
    (strategy,) = find_strategies(tmp_path)
    assert strategy.landing_file(synthetic_contract) is None


@pytest.mark.parametrize("landing", ["empty", "absent"])
def test_a_landing_zone_without_a_strategy_says_what_to_do(tmp_path: Path, landing: str) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(LandingError, match=f"{landing}: no strategy folder found"):
        find_strategies(tmp_path / landing)


def test_a_folder_that_does_not_tell_its_origin_is_refused(tmp_path: Path) -> None:
    (tmp_path / "synthetic-strategy").mkdir()
    with pytest.raises(LandingError, match=r"source\.yml is missing"):
        find_strategies(tmp_path)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (SYNTHETIC_SOURCE.replace("author: Nobody\n", "").encode(), "author"),
        (SYNTHETIC_SOURCE.replace("2026-01-31", "last winter").encode(), "received_on"),
        (SYNTHETIC_SOURCE.encode() + b"licence: unknown to the model\n", "licence"),
        (b"document_code: [never closed", "expected ',' or ']'"),
        (SYNTHETIC_SOURCE.encode("windows-1257"), "utf-8"),
        (b"", "valid dictionary"),
    ],
    ids=["field_missing", "not_a_date", "field_unknown", "not_yaml", "not_utf_8", "empty"],
)
def test_a_malformed_origin_is_refused_with_its_path_and_its_fault(
    tmp_path: Path, content: bytes, named: str
) -> None:
    (strategy_folder(tmp_path) / SOURCE_FILE).write_bytes(content)
    with pytest.raises(LandingError, match=r"source\.yml is malformed") as raised:
        find_strategies(tmp_path)
    assert named in str(raised.value)


@pytest.mark.parametrize(("strategy", "contract"), FILES)
def test_every_row_of_the_repository_s_files_is_accepted(strategy: Strategy, contract: Contract) -> None:
    file = strategy.landing_file(contract)
    assert file is not None
    result = read_landing_file(file, contract, load_marks())
    assert [rejection.message("en") for rejection in result.rejections] == []
    assert result.accepted.num_rows > 0


def test_every_csv_of_the_repository_has_a_contract() -> None:
    known = {
        (strategy.folder / contract.file_name)
        for strategy in find_strategies(LANDING)
        for contract in load_contracts()
    }
    assert set(LANDING.rglob("*.csv")) <= known
