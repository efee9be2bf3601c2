"""What was not accepted is told without secrets and kept whole."""

import csv
import json
from datetime import date
from pathlib import Path

import pytest

from warehouse.cache import ReadCache
from warehouse.contract import Column, Contract, load_marks
from warehouse.landing import FoundFile
from warehouse.loading import LoadedFile, load
from warehouse.quarantine import quarantine_rows, write_quarantine_files
from warehouse.readers import LandingFile

ANSWER = "slepens"
CONTRACT = Contract(
    source="synthetic",
    table="answer",
    grain="One row a synthetic respondent.",
    key=("respondent_no",),
    columns=(
        Column(name="respondent_no", type="integer", required=True, description="Synthetic."),
        Column(name="answer", accepted=("yes", "no"), description="Synthetic."),
    ),
)
FAULTY = f"respondent_no,answer\n1,yes\n2,{ANSWER}\nx,no\n1,no\n3,yes,{ANSWER}\n"


def load_one(folder: Path, content: str, contract: Contract) -> LoadedFile:
    path = folder / "answer.csv"
    path.write_text(content, "utf-8")
    file = FoundFile(LandingFile(path, "synthetic/synthetic/answer.csv", "synthetic", date(2026, 1, 31)), contract)
    (loaded,) = load([file], contract, load_marks(), ReadCache(folder / "cache"), {})
    return loaded


def confidential(kind: str) -> Contract:
    return CONTRACT.model_copy(update={"confidentiality": kind})


def test_of_a_free_table_the_row_is_told_whole(tmp_path: Path) -> None:
    loaded = load_one(tmp_path, FAULTY, CONTRACT)
    rows = list(quarantine_rows("synthetic", CONTRACT, loaded.result.rejections))
    assert [(row["row_number"], row["rule"], row["value"]) for row in rows] == [
        (3, "not_accepted", ANSWER),
        (4, "not_an_integer", "x"),
        (5, "duplicate_key", "1"),
        (6, "wrong_width", "3"),
    ]
    assert json.loads(rows[0]["row_json"]) == {"respondent_no": "2", "answer": ANSWER}


@pytest.mark.parametrize("kind", ["small_cells", "respondent"])
@pytest.mark.parametrize(
    "content",
    [
        FAULTY,
        f"respondent_no,{ANSWER}\n1,yes\n",
        f"{ANSWER},{ANSWER} {ANSWER}\n",
        f'respondent_no,answer\n1,"{ANSWER}\n',
    ],
    ids=["rows", "header", "no header", "unreadable"],
)
def test_of_another_table_nothing_that_the_file_holds_is_told(tmp_path: Path, kind: str, content: str) -> None:
    contract = confidential(kind)
    loaded = load_one(tmp_path, content, contract)
    rows = list(quarantine_rows("synthetic", contract, loaded.result.rejections))
    assert rows
    assert [row for row in rows if ANSWER in json.dumps(row, ensure_ascii=False)] == []
    assert [row for row in rows if row["value"] is not None or row["row_json"] is not None] == []
    # Where it stands and what is expected is told all the same.
    assert all("answer.csv" in row[f"message_{language}"] for row in rows for language in ("lv", "en"))
    if content == FAULTY:
        assert ("answer", 3) in [(row["column_name"], row["row_number"]) for row in rows]
        assert "yes, no" in rows[0]["message_en"]


def test_a_hint_at_a_header_that_may_be_an_answer_is_kept_back(tmp_path: Path) -> None:
    # One letter from a known header: of a free table the steward is told which was meant.
    content = "respondent_no,answar\n1,yes\n"
    told = load_one(tmp_path, content, CONTRACT).result.rejections
    assert any("answar" in rejection.message("en") for rejection in told if rejection.rule == "missing_column")
    contract = confidential("respondent")
    rows = list(quarantine_rows("synthetic", contract, load_one(tmp_path, content, contract).result.rejections))
    assert {row["rule"] for row in rows} == {"missing_column", "unknown_column"}
    assert "answar" not in json.dumps(rows, ensure_ascii=False)


def test_every_rejection_says_how_to_hand_in_again_in_both_languages(tmp_path: Path) -> None:
    for content in (FAULTY, "other\n1\n"):
        loaded = load_one(tmp_path, content, CONTRACT)
        for row in quarantine_rows("synthetic", CONTRACT, loaded.result.rejections):
            assert "meraukla receive FILE" in row["remedy_en"]
            assert "meraukla receive FAILS" in row["remedy_lv"]


def read_rows(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def test_quarantined_rows_are_kept_whole_beside_the_build(tmp_path: Path) -> None:
    folder = tmp_path / "quarantine"
    (written,) = write_quarantine_files(folder, [load_one(tmp_path, FAULTY, confidential("respondent"))])
    assert written == folder / "synthetic/synthetic/answer.csv.csv"
    header, *rows = read_rows(written)
    assert header == ["row_number", "message_lv", "message_en", "respondent_no", "answer", "1", "2", "3"]
    assert [(row[0], *row[3:]) for row in rows] == [
        ("3", "2", ANSWER, "", "", ""),
        ("4", "x", "no", "", "", ""),
        ("5", "1", "no", "", "", ""),
        ("6", "", "", "3", "yes", ANSWER),
    ]
    assert "expected" in rows[1][2] or "accepted" in rows[0][2]
    assert written.stat().st_mode & 0o077 == 0


def test_no_cell_that_is_kept_runs_as_a_formula(tmp_path: Path) -> None:
    content = "respondent_no,answer\n1,\"=cmd|' /C calc'!A0\"\n2,@SUM(1)\n3,-5\n"
    (written,) = write_quarantine_files(tmp_path / "quarantine", [load_one(tmp_path, content, CONTRACT)])
    assert [row[4] for row in read_rows(written)[1:]] == ["'=cmd|' /C calc'!A0", "'@SUM(1)", "-5"]


def test_what_a_run_before_kept_is_gone_when_all_is_accepted(tmp_path: Path) -> None:
    folder = tmp_path / "quarantine"
    write_quarantine_files(folder, [load_one(tmp_path, FAULTY, CONTRACT)])
    assert write_quarantine_files(folder, [load_one(tmp_path, "respondent_no,answer\n1,yes\n", CONTRACT)]) == []
    assert not folder.exists()
