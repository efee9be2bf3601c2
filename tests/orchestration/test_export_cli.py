"""`meraukla check`, `receive` and `template` for survey exports and their mappings, on a copy of the landing folder.

Nobody gave the answers: they are synthetic.
"""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest
import yaml
from click.testing import Result
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.fingerprint import input_fingerprint
from orchestration.settings import PROJECT_DIR, Settings
from warehouse import sandbox
from warehouse.cache import ReadCache
from warehouse.contract import load_contracts, load_marks
from warehouse.landing import find_files
from warehouse.loading import LoadedFile, load
from warehouse.store import open_build, record_files, start_build

STRATEGY = "liepaja-2020-2025"
RUN = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}
FIRST, SECOND, THIRD = "2026-01-31", "2026-02-28", "2026-03-31"
ROWS = [
    ["Grupa", "Vīzija", "Misija", "E-pasts"],
    *(["vadītāji", "Piekrītu", "Drīzāk piekrītu", "synthetic"] for _ in range(6)),
    *(["vadītāji", "Drīzāk nepiekrītu", "", "synthetic"] for _ in range(3)),
]
MAPPING: dict[str, Any] = {
    "wave": "stakeholder_2024_2025",
    "period": "2024/2025",
    "form": "wide",
    "weight": "none",
    "group": {"header": "Grupa", "answers": {"Vadītāji": "institution_heads"}},
    "population": {"institution_heads": "unknown"},
    "questions": [
        {
            "survey": "strategic_setting",
            "scale": "agreement_4",
            "positive": ["agree", "rather_agree"],
            "items": {"vision": "Vīzija", "mission": "Misija"},
        }
    ],
    "ignored": ["E-pasts"],
}
# What was wrong with the mapping: only full agreement was to count.
CORRECTED = {**MAPPING, "questions": [{**MAPPING["questions"][0], "positive": ["agree"]}]}


@pytest.fixture(autouse=True)
def responses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of exports in a copy of the landing zone."""
    monkeypatch.setenv("MERAUKLA_LANDING_DIR", str(tmp_path / "landing"))
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setattr(sandbox, "read_packed_cells", sandbox.read_here)
    shutil.copytree(PROJECT_DIR / "data" / "landing", tmp_path / "landing")
    return tmp_path / "landing" / STRATEGY / "responses"


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    """A folder outside of the landing zone, with an export and its mapping."""
    folder = tmp_path / "mail"
    folder.mkdir()
    write_csv(folder / "synthetic_answers.csv")
    write_mapping(folder, MAPPING)
    return folder


def write_csv(path: Path) -> Path:
    path.write_text("".join(";".join(row) + "\n" for row in ROWS), "utf-8")
    return path


def write_workbook(path: Path) -> Path:
    workbook = openpyxl.Workbook()
    sheet = workbook.worksheets[0]
    sheet.title = "Atbildes"
    for row in ROWS:
        sheet.append(row)
    workbook.save(path)
    return path


def write_mapping(folder: Path, mapping: dict[str, Any], comment: str = "") -> Path:
    path = folder / "synthetic_answers.mapping.yml"
    path.write_text(comment + yaml.safe_dump(mapping, allow_unicode=True, sort_keys=False), "utf-8")
    return path


def meraukla(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


def receive(path: Path, day: str, *arguments: str) -> Result:
    result = meraukla("receive", path, "--day", day, *arguments)
    assert result.exit_code == 0, result.output
    return result


def below(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def loaded() -> list[LoadedFile]:
    """Load the exports as a run does."""
    settings = Settings.from_environment()
    (contract,) = (one for one in load_contracts() if one.raw_table == "responses__answer")
    zone = find_files(settings.landing_dir, load_contracts())
    return load(zone.files_of(contract), contract, load_marks(), ReadCache(settings.cache_dir), {})


def positive_counts() -> dict[str, tuple[int, date | None]]:
    """Return of each vintage the number of positive answers, and when it was replaced."""
    return {
        str(file.found.file.vintage): (
            file.result.accepted["is_positive"].to_pylist().count(True),
            file.superseded_on,
        )
        for file in loaded()
    }


# --- check ---


@pytest.mark.parametrize("write", [write_csv, write_workbook])
def test_check_tells_what_an_export_would_give_and_writes_nothing(
    mail: Path, tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    (mail / "synthetic_answers.csv").unlink()
    export = write(mail / f"synthetic_answers.{'csv' if write is write_csv else 'xlsx'}")
    before = below(tmp_path)
    result = meraukla("check", export)
    assert below(tmp_path) == before
    assert result.exit_code == 0, result.output
    assert "recognised by its name: Answers of respondents (responses.answer)" in result.output
    assert ("sheet: Atbildes" if write is write_workbook else "delimiter: ;") in result.output
    assert "Rows read: 18; accepted: 18; quarantined: 0." in result.output
    assert "It is the first file of its name" in result.output


def test_check_names_the_cell_that_no_scale_knows(mail: Path) -> None:
    export = mail / "synthetic_answers.csv"
    export.write_text(export.read_text("utf-8").replace("Drīzāk nepiekrītu", "Varbūt", 1), "utf-8")
    result = meraukla("check", export, "--language", "lv")
    assert result.exit_code == 1
    assert "Nolasītas rindas: 18; pieņemtas: 17; karantīnā: 1." in result.output
    (line,) = [line for line in result.output.splitlines() if "„Varbūt”" in line]
    assert "8. rinda" in line
    assert "Vīzija" in line


def test_check_tells_all_that_is_wrong_with_a_mapping(mail: Path) -> None:
    write_mapping(mail, {**MAPPING, "wave": "stakeholder_2025", "weight": "some", "perriod": "2024/2025"})
    result = meraukla("check", mail / "synthetic_answers.csv")
    assert result.exit_code == 1
    assert "perriod" in result.output
    assert "weight" in result.output
    write_mapping(mail, {**MAPPING, "wave": "stakeholder_2025"})
    assert "stakeholder_2024_2025" in meraukla("check", mail / "synthetic_answers.csv").output


def test_an_export_without_a_mapping_is_told_what_it_lacks(mail: Path) -> None:
    (mail / "synthetic_answers.mapping.yml").unlink()
    result = meraukla("check", mail / "synthetic_answers.csv", "--source", "responses")
    assert result.exit_code == 1
    assert "the mapping synthetic_answers.mapping.yml is missing" in result.output


def test_check_of_a_corrected_mapping_tells_what_it_changes(mail: Path) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    write_mapping(mail, CORRECTED)
    for given in ("synthetic_answers.csv", "synthetic_answers.mapping.yml"):
        result = meraukla("check", mail / given)
        assert result.exit_code == 0, result.output
        assert "cells changed: 4, added: 0, removed: 0" in result.output
        assert "“agree; rather agree” → “agree”" in result.output
        # Six agreed with the mission rather than fully.
        assert "answers that are read otherwise than before: 6." in result.output


def test_answers_of_another_export_are_not_said_to_be_the_same(mail: Path) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    (mail / "synthetic_answers.csv").write_text("Grupa;Vīzija;Misija\nVadītāji;Piekrītu;Piekrītu\n", "utf-8")
    result = meraukla("check", mail / "synthetic_answers.csv")
    assert "cells changed: 0, added: 0, removed: 0" in result.output
    assert "read otherwise" not in result.output


def test_a_mapping_without_any_export_is_told_which_exports_there_are(mail: Path, tmp_path: Path) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    alone = tmp_path / "synthetic_other.mapping.yml"
    shutil.copyfile(mail / "synthetic_answers.mapping.yml", alone)
    result = meraukla("check", alone)
    assert result.exit_code == 2
    assert "synthetic_other.mapping.yml is a mapping, but no export of that name" in result.output
    assert "synthetic_answers.csv" in result.output


# --- receive ---


def test_receive_files_an_export_with_its_mapping(mail: Path, responses: Path) -> None:
    receive(write_workbook(mail / "synthetic_answers.xlsx"), FIRST)
    assert sorted(below(responses)) == [
        f"{FIRST}/synthetic_answers.mapping.yml",
        f"{FIRST}/synthetic_answers.xlsx",
    ]
    assert positive_counts() == {FIRST: (12, None)}


@pytest.mark.parametrize(
    ("given", "export_is_beside"),
    [
        ("synthetic_answers.csv", True),
        ("synthetic_answers.mapping.yml", True),
        ("synthetic_answers.mapping.yml", False),
    ],
)
def test_a_corrected_mapping_makes_the_export_be_read_anew_as_a_new_vintage(
    mail: Path, responses: Path, given: str, export_is_beside: bool
) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    fingerprint = input_fingerprint(Settings.from_environment())
    write_mapping(mail, CORRECTED)
    if not export_is_beside:
        (mail / "synthetic_answers.csv").unlink()
    assert "Handed in" in receive(mail / given, SECOND).output
    # The answers themselves lie there once.
    assert sorted(below(responses)) == [
        f"{FIRST}/synthetic_answers.csv",
        f"{FIRST}/synthetic_answers.mapping.yml",
        f"{SECOND}/synthetic_answers.mapping.yml",
    ]
    assert positive_counts() == {FIRST: (12, date.fromisoformat(SECOND)), SECOND: (6, None)}
    assert input_fingerprint(Settings.from_environment()) != fingerprint


def test_a_mapping_that_yields_nothing_else_is_nothing_new(mail: Path, responses: Path) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    before = below(responses)
    write_mapping(mail, dict(reversed(MAPPING.items())), comment="# written down in another order\n")
    for given in ("synthetic_answers.csv", "synthetic_answers.mapping.yml"):
        assert "Nothing new" in receive(mail / given, SECOND).output
    assert below(responses) == before


def test_a_mapping_that_only_knows_a_faulty_answer_is_something_new(mail: Path, responses: Path) -> None:
    export = mail / "synthetic_answers.csv"
    export.write_text(export.read_text("utf-8").replace("Drīzāk nepiekrītu", "Varbūt", 1), "utf-8")
    assert meraukla("receive", export, "--day", FIRST).exit_code == 1
    assert below(responses) == {}
    receive(export, FIRST, "--even-so")
    questions = [{**MAPPING["questions"][0], "answers": {"Varbūt": "rather_disagree"}}]
    write_mapping(mail, {**MAPPING, "questions": questions})
    assert "read otherwise than before: 1." in receive(export, SECOND).output
    assert [file.result.rows_quarantined for file in loaded()] == [1, 0]


def test_an_export_that_was_refused_for_its_mapping_is_mended_by_the_mapping(mail: Path, responses: Path) -> None:
    for path in (mail / "synthetic_answers.csv", write_mapping(mail, {**MAPPING, "period": "2023/2024"})):
        (responses / FIRST).mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, responses / FIRST / path.name)
    assert [file.result.is_rejected_whole for file in loaded()] == [True]
    receive(write_mapping(mail, MAPPING), SECOND)
    assert positive_counts() == {FIRST: (0, None), SECOND: (12, None)}


def test_a_mapping_is_handed_in_with_the_export_that_lies_beside_it(mail: Path, responses: Path) -> None:
    receive(mail / "synthetic_answers.mapping.yml", FIRST)
    export = mail / "synthetic_answers.csv"
    export.write_text(export.read_text("utf-8") + "Vadītāji;Piekrītu;Piekrītu;synthetic\n", "utf-8")
    receive(mail / "synthetic_answers.mapping.yml", SECOND)
    assert sorted(below(responses)) == [
        f"{day}/synthetic_answers.{ending}" for day in (FIRST, SECOND) for ending in ("csv", "mapping.yml")
    ]
    assert positive_counts() == {FIRST: (12, date.fromisoformat(SECOND)), SECOND: (14, None)}


def test_a_mapping_for_a_day_before_its_export_takes_the_export_along(mail: Path) -> None:
    receive(mail / "synthetic_answers.csv", SECOND)
    write_mapping(mail, CORRECTED)
    receive(mail / "synthetic_answers.csv", FIRST)
    assert positive_counts() == {FIRST: (6, date.fromisoformat(SECOND)), SECOND: (12, None)}


def test_a_mapping_that_only_ignores_what_was_quarantined_is_something_new(mail: Path) -> None:
    rows = "ID;Grupa;Jautājums;Atbilde\na;Vadītāji;Vīzija;Piekrītu\na;Vadītāji;Piezīmes;Paldies\n"
    (mail / "synthetic_answers.csv").write_text(rows, "utf-8")
    long = {"respondent": "ID", "question": "Jautājums", "answer": "Atbilde"}
    mapping = {**MAPPING, "form": "long", "long": long, "ignored": []}
    write_mapping(mail, mapping)
    receive(mail / "synthetic_answers.csv", FIRST, "--even-so")
    receive(write_mapping(mail, {**mapping, "ignored": ["Piezīmes"]}), SECOND)
    assert [file.result.rows_quarantined for file in loaded()] == [1, 0]


def test_a_second_correction_replaces_the_first(mail: Path) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    receive(write_mapping(mail, CORRECTED), SECOND)
    receive(write_mapping(mail, MAPPING), THIRD)
    assert positive_counts() == {
        FIRST: (12, date.fromisoformat(SECOND)),
        SECOND: (6, date.fromisoformat(THIRD)),
        THIRD: (12, None),
    }


def test_a_mapping_of_the_same_day_takes_the_place_of_the_first_until_it_is_published(
    mail: Path, responses: Path
) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    receive(write_mapping(mail, CORRECTED), FIRST)
    assert sorted(below(responses)) == [f"{FIRST}/synthetic_answers.csv", f"{FIRST}/synthetic_answers.mapping.yml"]
    assert positive_counts() == {FIRST: (6, None)}
    settings = Settings.from_environment()
    start_build(settings.published_file, RUN)
    with open_build(settings.published_file) as connection:
        record_files(connection, loaded()[0].found.contract, loaded())
    refused = meraukla("receive", write_mapping(mail, MAPPING), "--day", FIRST)
    assert refused.exit_code == 1
    assert "is published already" in refused.output
    assert positive_counts() == {FIRST: (6, None)}


def test_an_export_of_the_same_day_never_takes_the_earlier_one_with_it(mail: Path, responses: Path) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    receive(write_mapping(mail, CORRECTED), SECOND)
    export = mail / "synthetic_answers.csv"
    export.write_text(export.read_text("utf-8") + "Vadītāji;Piekrītu;Piekrītu;synthetic\n", "utf-8")
    receive(export, SECOND)
    assert sorted(below(responses)) == [
        f"{day}/synthetic_answers.{ending}" for day in (FIRST, SECOND) for ending in ("csv", "mapping.yml")
    ]
    assert positive_counts() == {FIRST: (12, date.fromisoformat(SECOND)), SECOND: (8, None)}


@pytest.mark.parametrize("name", ["responses/{day}/synthetic_answers.csv", "indicators/{day}/value.csv"])
def test_a_file_that_lies_there_already_is_not_lost_when_it_is_handed_in_once_more(
    mail: Path, tmp_path: Path, name: str
) -> None:
    receive(mail / "synthetic_answers.csv", FIRST)
    folder = tmp_path / "landing" / STRATEGY
    path = folder / name.format(day=FIRST)
    if not path.exists():
        path.parent.mkdir()
        content = (folder / "indicators" / "value.csv").read_text("utf-8")
        path.write_text(content.replace("24,total,baseline,18,", "24,total,baseline,19,"), "utf-8")
    before = below(folder)
    receive(path, FIRST)
    assert below(folder) == before


# --- template ---


@pytest.mark.parametrize(("language", "told"), [("en", "mapping"), ("lv", "kartējumu")])
def test_exports_have_no_table_to_fill_in_but_a_mapping(tmp_path: Path, language: str, told: str) -> None:
    for source in ("responses", "responses.answer", "responses.question"):
        result = meraukla("template", source, "--language", language, "--folder", tmp_path / "templates")
        assert result.exit_code == 2
        assert told in result.output
    assert not (tmp_path / "templates").exists()
