"""`meraukla check`, `receive`, `quarantine` and `template`, on a copy of the repository's landing folder.

What is changed in the copies is made up.
"""

import csv
import io
import json
import shutil
from datetime import date
from pathlib import Path

import openpyxl
import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.settings import PROJECT_DIR, Settings
from warehouse.cache import ReadCache
from warehouse.contract import load_contracts, load_marks
from warehouse.landing import find_files
from warehouse.loading import load
from warehouse.store import open_build, record_files, start_build

STRATEGY = "liepaja-2020-2025"
VALUES = f"{STRATEGY}/indicators/value.csv"
RUN = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MERAUKLA_LANDING_DIR", str(tmp_path / "landing"))
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "300")
    monkeypatch.setenv("NO_COLOR", "1")
    shutil.copytree(PROJECT_DIR / "data" / "landing", tmp_path / "landing")


@pytest.fixture
def handed_in(tmp_path: Path) -> Path:
    """The indicators' values as they are in force, outside of the landing zone."""
    path = tmp_path / "mail" / "value.csv"
    path.parent.mkdir()
    shutil.copyfile(tmp_path / "landing" / VALUES, path)
    return path


def change(path: Path, old: str, new: str) -> None:
    content = path.read_text("utf-8")
    assert content.count(old) == 1
    path.write_text(content.replace(old, new), "utf-8")


def meraukla(*arguments: object) -> Result:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


def everything_below(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


# --- check ---


def test_check_tells_what_would_change_and_writes_nothing(handed_in: Path, tmp_path: Path) -> None:
    # Report, line 974: baseline of indicator 24.
    change(handed_in, "24,total,baseline,18,", "24,total,baseline,180,")
    change(handed_in, "24,total,result_2023_2024,20,,20,no,974\n", "")
    before = everything_below(tmp_path)
    result = meraukla("check", handed_in)
    assert everything_below(tmp_path) == before
    assert result.exit_code == 0, result.output
    assert "recognised by its name: Values of indicators (indicators.value)" in result.output
    assert "format: csv; encoding: utf-8; delimiter: ,; header in row: 1" in result.output
    assert "Rows read: 389; accepted: 389; quarantined: 0." in result.output
    assert f"would replace {VALUES} of" in result.output
    assert "Cells changed: 1, added: 0, removed: 4." in result.output
    first, *rest = [line for line in result.output.splitlines() if line.startswith("  - ")]
    assert "24 · total · baseline: Value “18” → “180”. That is far from what it was" in first
    assert any("24 · total · result_2023_2024: Value “20” is gone" in line for line in rest)
    assert "Not checked here" in result.output


def test_a_small_change_is_told_but_not_called_unlike(handed_in: Path) -> None:
    change(handed_in, "24,total,baseline,18,", "24,total,baseline,19,")
    result = meraukla("check", handed_in)
    assert "Value “18” → “19”" in result.output
    assert "far from what it was" not in result.output


def test_check_names_row_column_and_value_of_what_would_be_quarantined(handed_in: Path) -> None:
    change(handed_in, "24,total,baseline,18,", "24,total,baseline,astoņpadsmit,")
    result = meraukla("check", handed_in, "--language", "lv")
    assert result.exit_code == 1
    assert "Nolasītas rindas: 390; pieņemtas: 389; karantīnā: 1." in result.output
    (line,) = [line for line in result.output.splitlines() if "astoņpadsmit" in line]
    assert "332. rinda: value_printed (Vērtība)" in line


def test_a_file_is_recognised_by_its_header_and_told_its_name(handed_in: Path) -> None:
    other = handed_in.rename(handed_in.with_name("no skolas.csv"))
    result = meraukla("check", other)
    assert result.exit_code == 1
    assert "recognised by its header: Values of indicators (indicators.value)" in result.output
    assert "Call it: value" in result.output
    assert f"would replace {VALUES}" in result.output


def test_a_file_that_fits_nothing_names_the_tables_there_are(tmp_path: Path) -> None:
    path = tmp_path / "shopping.csv"
    path.write_text("spoons,forks\n1,2\n", "utf-8")
    result = meraukla("check", path)
    assert result.exit_code == 2
    assert "shopping.csv fits no contract" in result.output
    assert "indicators.value" in result.output
    unknown = meraukla("check", path, "--source", "spoons")
    assert unknown.exit_code == 2
    assert "No source or table is called spoons" in unknown.output


def test_a_named_source_says_what_is_wrong_with_a_file_that_does_not_fit(handed_in: Path) -> None:
    change(handed_in, "value_printed,period_printed", "value_printd,period_printed")
    result = meraukla("check", handed_in, "--source", "indicators.value")
    assert result.exit_code == 1
    assert "value_printd" in result.output
    assert "Rows read: 390; accepted: 0; quarantined: 390." in result.output


def test_a_file_of_the_landing_zone_is_compared_with_the_one_before_it(tmp_path: Path) -> None:
    later = tmp_path / "landing" / STRATEGY / "indicators" / "2099-01-31" / "value.csv"
    later.parent.mkdir()
    shutil.copyfile(tmp_path / "landing" / VALUES, later)
    result = meraukla("check", tmp_path / "landing" / VALUES)
    assert "lies in the landing zone and is read as" in result.output
    assert "It is the first file of its name" in result.output


def test_with_several_strategies_check_asks_for_one(handed_in: Path, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "landing" / STRATEGY, tmp_path / "landing" / "synthetic-strategy")
    result = meraukla("check", handed_in)
    assert result.exit_code == 2
    assert f"--strategy which: {STRATEGY}, synthetic-strategy" in result.output
    assert meraukla("check", handed_in, "--strategy", "synthetic-strategy").exit_code == 0


# --- receive ---


def days(tmp_path: Path) -> list[str]:
    folder = tmp_path / "landing" / STRATEGY / "indicators"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_receive_puts_a_corrected_file_under_its_day(handed_in: Path, tmp_path: Path) -> None:
    change(handed_in, "24,total,baseline,18,", "24,total,baseline,19,")
    result = meraukla("receive", handed_in, "--day", "2099-01-31")
    assert result.exit_code == 0, result.output
    assert days(tmp_path) == ["2099-01-31/value.csv", "value.csv"]
    zone = find_files(tmp_path / "landing", load_contracts())
    assert [
        (file.file.vintage.year, file.contract.table) for file in zone.found if file.contract.table == "value"
    ] == [
        (2099, "value"),
        (zone.strategies[0].document.received_on.year, "value"),
    ]


def test_receive_gives_the_name_that_the_landing_zone_knows(handed_in: Path, tmp_path: Path) -> None:
    change(handed_in, "24,total,baseline,18,", "24,total,baseline,19,")
    other = handed_in.rename(handed_in.with_name("labots.CSV"))
    assert meraukla("receive", other, "--day", "2099-01-31").exit_code == 0
    assert days(tmp_path) == ["2099-01-31/value.CSV", "value.csv"]


def test_what_is_in_force_already_is_not_handed_in_again(handed_in: Path, tmp_path: Path) -> None:
    result = meraukla("receive", handed_in, "--day", "2099-01-31")
    assert result.exit_code == 0
    assert f"Nothing new: {VALUES} has just this content" in result.output
    assert days(tmp_path) == ["value.csv"]


def test_a_faulty_file_is_not_handed_in_unless_the_steward_says_so(handed_in: Path, tmp_path: Path) -> None:
    change(handed_in, "24,total,baseline,18,", "24,total,baseline,astoņpadsmit,")
    refused = meraukla("receive", handed_in, "--day", "2099-01-31")
    assert refused.exit_code == 1
    assert "Nothing was handed in" in refused.output
    assert days(tmp_path) == ["value.csv"]
    assert meraukla("receive", handed_in, "--day", "2099-01-31", "--even-so").exit_code == 0
    assert days(tmp_path) == ["2099-01-31/value.csv", "value.csv"]


def test_a_file_without_rows_is_not_handed_in(handed_in: Path, tmp_path: Path) -> None:
    handed_in.write_text(handed_in.read_text("utf-8").splitlines()[0] + "\n", "utf-8")
    result = meraukla("receive", handed_in, "--even-so")
    assert result.exit_code == 1
    assert "It holds no rows" in result.output
    assert days(tmp_path) == ["value.csv"]


def test_a_second_file_of_a_day_replaces_the_first_only_until_it_is_published(
    handed_in: Path, tmp_path: Path
) -> None:
    for baseline in ("19", "17"):
        change(handed_in, f"24,total,baseline,{18 if baseline == '19' else 19},", f"24,total,baseline,{baseline},")
        assert meraukla("receive", handed_in, "--day", "2099-01-31").exit_code == 0
    assert days(tmp_path) == ["2099-01-31/value.csv", "value.csv"]
    publish_what_lies_there()
    change(handed_in, "24,total,baseline,17,", "24,total,baseline,16,")
    refused = meraukla("receive", handed_in, "--day", "2099-01-31")
    assert refused.exit_code == 1
    assert "is published already" in refused.output
    assert (
        "24,total,baseline,17," in (tmp_path / "landing" / STRATEGY / "indicators/2099-01-31/value.csv").read_text()
    )


def test_a_day_that_is_none_is_refused(handed_in: Path) -> None:
    result = meraukla("receive", handed_in, "--day", "31.01.2099")
    assert result.exit_code == 2
    assert "“31.01.2099” is no day" in result.output


# --- quarantine ---


def publish_what_lies_there(file: Path | None = None, run_id: str = "synthetic") -> None:
    """Write the accounts of the landing zone into a file that stands for the published one."""
    settings = Settings.from_environment()
    zone = find_files(settings.landing_dir, load_contracts())
    target = file or settings.published_file
    start_build(target, RUN | {"run_id": run_id})
    with open_build(target) as connection:
        for contract in load_contracts():
            files = load(zone.files_of(contract), contract, load_marks(), ReadCache(settings.cache_dir), {})
            record_files(connection, contract, files)


@pytest.fixture
def two_faults(tmp_path: Path) -> None:
    change(tmp_path / "landing" / VALUES, "24,total,baseline,18,", "24,total,baseline,astoņpadsmit,")
    actions = tmp_path / "landing" / STRATEGY / "actions" / "action.csv"
    change(actions, "\n1.1.1,1.1,", "\n1.1.1,viens,")


@pytest.mark.usefixtures("two_faults")
def test_the_list_tells_file_row_column_value_rule_and_remedy_in_the_language_asked_for() -> None:
    publish_what_lies_there()
    rows = list(csv.DictReader(io.StringIO(meraukla("quarantine", "--format", "csv", "--language", "lv").output)))
    assert [
        (row["source_file"], row["row_number"], row["column_name"], row["value"], row["rule"]) for row in rows
    ] == [
        (f"{STRATEGY}/actions/action.csv", "2", "direction_no", "viens", "wrong_form"),
        (VALUES, "332", "value_printed", "astoņpadsmit", "unreadable_value"),
    ]
    assert "332. rinda" in rows[1]["message_lv"]
    assert "meraukla receive FAILS" in rows[1]["remedy_lv"]
    assert "332" in meraukla("quarantine").output


@pytest.mark.usefixtures("two_faults")
@pytest.mark.parametrize(
    "filters",
    [("--source", "indicators"), ("--file", "value"), ("--rule", "unreadable_value")],
)
def test_the_list_can_be_narrowed(filters: tuple[str, str]) -> None:
    publish_what_lies_there()
    (row,) = json.loads(meraukla("quarantine", "--format", "json", *filters).output)
    assert row["value"] == "astoņpadsmit"
    assert json.loads(meraukla("quarantine", "--format", "json", filters[0], "nothing like it").output) == []


@pytest.mark.usefixtures("two_faults")
def test_after_a_failed_run_the_list_is_what_that_run_did_not_accept() -> None:
    settings = Settings.from_environment()
    start_build(settings.published_file, RUN)
    publish_what_lies_there(settings.build_file, "synthetic failure")
    result = meraukla("quarantine", "--format", "csv")
    assert "astoņpadsmit" in result.output
    assert "The last run failed" in result.output
    # While a run writes its build file, the list is that of the published file.
    with open_build(settings.build_file):
        during = meraukla("quarantine")
    assert "Nothing is in quarantine" in during.output
    publish_what_lies_there(settings.build_file)
    assert "The last run failed" not in meraukla("quarantine").output


def test_an_empty_quarantine_says_so_and_no_publication_too() -> None:
    assert meraukla("quarantine").exit_code == 3
    publish_what_lies_there()
    result = meraukla("quarantine", "--language", "lv")
    assert (result.exit_code, result.output.strip()) == (0, "Karantīnā nav nekā.")


# --- template ---


def test_a_filled_in_template_is_accepted_and_compared_by_check(tmp_path: Path) -> None:
    folder = tmp_path / "templates"
    assert meraukla("template", "enrolment", "--language", "lv", "--folder", folder).exit_code == 0
    assert sorted(path.name for path in folder.iterdir()) == ["institution_count.xlsx", "learner_count.xlsx"]
    path = folder / "learner_count.xlsx"
    assert meraukla("check", path).exit_code == 1
    workbook = openpyxl.load_workbook(path)
    # Report, line 286: learners of general education in 2019/2020; the second figure is made up.
    for column, values in enumerate(zip(*_LEARNERS, strict=True), 1):
        for row, value in enumerate(values, 2):
            workbook.worksheets[0].cell(row, column, value)
    workbook.save(path)
    result = meraukla("check", path, "--language", "lv")
    assert result.exit_code == 0, result.output
    assert "formāts: xlsx; lapa: Izglītojamo skaits" in result.output
    assert "2019/2020 · general · total: Izglītojamo skaits „8643” → „864”. Tas krasi atšķiras" in result.output


_LEARNERS = [
    ("2019/2020", "general", "municipal", "institution", "8399", None, 286),
    ("2019/2020", "general", "total", "institution", "864", None, 286),
]


def test_a_template_never_writes_over_a_file(tmp_path: Path) -> None:
    assert meraukla("template", "enrolment.learner_count", "--folder", tmp_path).exit_code == 0
    (tmp_path / "learner_count.xlsx").write_bytes(b"filled in")
    result = meraukla("template", "enrolment.learner_count", "--folder", tmp_path)
    assert result.exit_code == 1
    assert (tmp_path / "learner_count.xlsx").read_bytes() == b"filled in"
    assert meraukla("template", "spoons", "--folder", tmp_path).exit_code == 2


def test_the_day_is_today_in_riga_unless_it_is_told(handed_in: Path, tmp_path: Path) -> None:
    change(handed_in, "24,total,baseline,18,", "24,total,baseline,19,")
    assert meraukla("receive", handed_in).exit_code == 0
    (day,) = [path.split("/")[0] for path in days(tmp_path) if "/" in path]
    assert abs((date.fromisoformat(day) - date.today()).days) <= 1
