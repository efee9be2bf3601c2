"""`meraukla method`: what it shows, what it refuses and names, and that it writes whole or not at all.

It works on a copy of the repository's seeds; what the tests register there is synthetic.
"""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration import method_cli
from orchestration.cli import app
from orchestration.method_cli import matching_series
from orchestration.settings import Settings
from warehouse.registry import DECLARATIONS, VERSIONS, Cells, check_registry, definition_hash, read_registry

STRATEGY = "liepaja-2020-2025"
INDICATOR_07, INDICATOR_24 = f"{STRATEGY}/07/total", f"{STRATEGY}/24/total"
COMMANDS = ("show", "diff", "new", "declare-break", "check")
VERSION_FLAGS = (
    "--valid-from", "2025/2026", "--set", "population=synthetic population",
    "--evidence-document", "synthetic", "--evidence-line", "3",
)  # fmt: skip
BREAK_FLAGS = (
    "--reason-code", "population", "--bridge", "none", "--reason-lv", "Sintētisks iemesls.",
    "--reason-en", "A synthetic reason.", "--declared-by", "steward", "--declared-on", "2026-01-31",
)  # fmt: skip


@pytest.fixture(autouse=True)
def _wide_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(autouse=True)
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository's seeds, which the commands work on."""
    folder = tmp_path / "seeds"
    shutil.copytree(Settings.from_environment().seeds_dir, folder)
    monkeypatch.setattr(Settings, "seeds_dir", folder)
    return folder


def method(*arguments: str, answers: str | None = None) -> Result:
    result = CliRunner().invoke(app, ["method", *arguments], input=answers)
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


def versions(seeds: Path, key: str) -> list[Cells]:
    return [version for _, version in read_registry(seeds).versions(key)]


def declarations(seeds: Path, key: str) -> list[Cells]:
    return [row for _, row in read_registry(seeds).declarations(key)]


def everything(seeds: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (seeds / "strategy").iterdir()}


def lines_added_and_removed(before: bytes, after: bytes) -> tuple[list[str], list[str]]:
    old, new = before.decode().splitlines(), after.decode().splitlines()
    return [line for line in new if line not in old], [line for line in old if line not in new]


# --- Help ---


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_of_each_command_has_an_example_that_can_be_typed(command: str) -> None:
    result = method(command, "--help")
    assert result.exit_code == 0
    assert f"meraukla method {command}" in result.stdout.partition("Example")[2]


# --- Which series ---


@pytest.mark.parametrize("text", [INDICATOR_07, "07/total", "7/total", "7", "07"])
def test_a_series_may_be_named_in_full_or_in_short(text: str) -> None:
    assert matching_series([INDICATOR_07, f"{STRATEGY}/08/total", f"{STRATEGY}/17/total"], text) == [INDICATOR_07]


def test_a_short_name_that_two_strategies_have_may_be_either() -> None:
    keys = ["one/07/total", "two/07/total", "two/07/total/part"]
    assert matching_series(keys, "07/total") == keys[:2]


def test_an_unknown_series_is_refused_with_the_closest_ones() -> None:
    result = method("show", "24/totl")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "No series is called 24/totl" in result.stderr
    assert INDICATOR_24 in result.stderr


def test_an_ambiguous_series_is_refused_with_the_possible_ones() -> None:
    result = method("show", "09", "--language", "lv")
    assert result.exit_code == 2
    assert f"{STRATEGY}/09/maritime_college" in result.stderr
    assert "Norādiet atslēgu pilnīgāk" in result.stderr


# --- show ---


@pytest.mark.parametrize(
    ("language", "reason"), [("en", "The result covers one school only"), ("lv", "Rezultāts attiecas tikai uz vienu")]
)
def test_show_puts_versions_side_by_side_with_the_breaks_between(language: str, reason: str) -> None:
    result = method("show", "07/total", "--language", language)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert [cell.strip() for cell in lines[2].split("┃")[1:-1]] == ["column", "v1", "↯", "v2", "↯", "v3"]
    (population,) = (line for line in lines if line.startswith("│ population"))
    assert [cell.strip() for cell in population.split("│")[2:-1]] == [
        "learners with special needs", "≠", "learners of Liepāja Līvupe Basic School only", "≠", "",
    ]  # fmt: skip
    (told,) = (line for line in lines if line.startswith("↯ v1 → v2, 2023/2024, population, bridge: none"))
    assert reason in told


def test_show_writes_one_record_a_version_with_the_break_before_it() -> None:
    records = json.loads(method("show", "07/total", "--format", "json").stdout)
    assert [(row["version_no"], row["break_first_period"], row["bridge_code"]) for row in records] == [
        (1, None, None),
        (2, "2023/2024", "none"),
        (3, "2024/2025", "none"),
    ]
    assert records[0]["baseline_restated"] is False
    rows = list(csv.DictReader(io.StringIO(method("show", "07/total", "--format", "csv").stdout)))
    assert [row["population"] for row in rows][1] == "learners of Liepāja Līvupe Basic School only"


def test_show_lists_a_break_that_is_known_by_its_period_alone() -> None:
    arguments = ("--first-period", "2024/2025", "--evidence-document", "synthetic", *BREAK_FLAGS)
    assert method("declare-break", "24/total", *arguments).exit_code == 0
    assert "↯ 2024/2025, population, bridge: none: A synthetic reason." in method("show", "24/total").stdout
    _, last = json.loads(method("show", "24/total", "--format", "json").stdout)
    assert (last["version_no"], last["concept_en"], last["break_first_period"]) == (None, None, "2024/2025")


# --- diff ---


def test_diff_shows_what_differs_column_by_column() -> None:
    rows = list(csv.reader(io.StringIO(method("diff", "07/total", "1", "2", "--format", "csv").stdout)))
    assert rows[0] == ["column", "v1", "v2", "defines_measure", "meaning"]
    differing = {name: (old, new, defines) for name, old, new, defines, _ in rows[1:]}
    assert differing["population"] == (
        "learners with special needs", "learners of Liepāja Līvupe Basic School only", "True",
    )  # fmt: skip
    assert differing["valid_from"] == ("", "2023/2024", "False")
    assert "concept_en" not in differing


@pytest.mark.parametrize(
    ("given", "compared"), [((), ("v2", "v3")), (("1",), ("v1", "v2")), (("1", "3"), ("v1", "v3"))]
)
def test_diff_compares_the_last_two_versions_unless_told_otherwise(
    given: tuple[str, ...], compared: tuple[str, str]
) -> None:
    header = next(csv.reader(io.StringIO(method("diff", "07/total", *given, "--format", "csv").stdout)))
    assert tuple(header[1:3]) == compared


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("24/total",), "one version only"),
        (("07/total", "3", "4"), "It has: 1, 2, 3"),
        (("07/total", "0", "1"), "no version 0"),
    ],
)
def test_diff_refuses_versions_that_do_not_exist(arguments: tuple[str, ...], told: str) -> None:
    result = method("diff", *arguments)
    assert result.exit_code == 2
    assert told in result.stderr


# --- new ---


def test_new_closes_the_version_in_force_and_declares_the_break(seeds: Path) -> None:
    before = everything(seeds)
    (first,) = versions(seeds, INDICATOR_24)
    result = method("new", "24/total", *VERSION_FLAGS, *BREAK_FLAGS)
    assert result.exit_code == 0, result.output
    one, two = versions(seeds, INDICATOR_24)
    assert one == {**first, "valid_to": "2024/2025"}
    expected = {
        **first, "version_no": "2", "population": "synthetic population", "valid_from": "2025/2026",
        "evidence_document": "synthetic", "evidence_line": "3",
    }  # fmt: skip
    assert two == {**expected, "definition_hash": definition_hash(expected)}
    (declared,) = declarations(seeds, INDICATOR_24)
    assert {name: text for name, text in declared.items() if text} == {
        "strategy_code": STRATEGY, "series_key": INDICATOR_24, "from_version_no": "1", "to_version_no": "2",
        "first_period": "2025/2026", "reason_code": "population", "bridge_code": "none", "declared_by": "steward",
        "declared_on": "2026-01-31", "evidence_document": "synthetic", "evidence_line": "3",
        "reason_lv": "Sintētisks iemesls.", "reason_en": "A synthetic reason.",
    }  # fmt: skip
    check_registry(seeds)
    after = everything(seeds)
    added, removed = lines_added_and_removed(before[VERSIONS], after[VERSIONS])
    assert (len(added), len(removed)) == (2, 1)
    assert after[DECLARATIONS].startswith(before[DECLARATIONS])
    # The next version stands beside the others of its series.
    lines = after[VERSIONS].decode().splitlines()
    assert lines.index(added[1]) == lines.index(added[0]) + 1
    assert {name for name in after if after[name] != before[name]} == {VERSIONS, DECLARATIONS}


def test_new_tells_what_was_written_and_what_to_do_next(seeds: Path) -> None:
    told = method("new", "24/total", *VERSION_FLAGS, *BREAK_FLAGS).stdout
    assert f"Registered: {INDICATOR_24}/v2, from 2025/2026" in told
    assert "Declared break: v1 → v2, 2025/2026, population, bridge: none" in told
    assert str(seeds / "strategy" / VERSIONS) in told
    assert "git diff" in told
    assert "meraukla build" in told


def test_new_does_not_carry_on_that_baseline_or_targets_were_restated(seeds: Path) -> None:
    key = f"{STRATEGY}/19/total"
    assert versions(seeds, key)[-1]["baseline_restated"] == "true"
    assert method("new", key, *VERSION_FLAGS, "--set", "targets_restated=true", *BREAK_FLAGS).exit_code == 0
    last = versions(seeds, key)[-1]
    assert (last["baseline_restated"], last["targets_restated"]) == ("false", "true")


def test_a_change_that_leaves_the_definition_as_it_is_needs_no_break(seeds: Path) -> None:
    arguments = ("--valid-from", "2025/2026", "--set", "documentation=described", *VERSION_FLAGS[4:])
    assert method("new", "24/total", *arguments).exit_code == 0
    assert [version["documentation"] for version in versions(seeds, INDICATOR_24)] == ["undocumented", "described"]
    assert declarations(seeds, INDICATOR_24) == []


def test_new_with_a_ratio_writes_its_factor(seeds: Path) -> None:
    flags = [*BREAK_FLAGS[:2], "--bridge", "ratio", "--bridge-factor", "1.25", *BREAK_FLAGS[4:]]
    assert method("new", "24/total", *VERSION_FLAGS, *flags).exit_code == 0
    (declared,) = declarations(seeds, INDICATOR_24)
    assert (declared["bridge_code"], declared["bridge_factor"]) == ("ratio", "1.25")


REFUSED: dict[str, tuple[tuple[str, ...], list[str]]] = {
    "nothing given": (("new", "24/total"), ["nothing differs", "--set"]),
    "no break": (("new", "24/total", *VERSION_FLAGS), ["--reason-code", "--bridge", "--reason-lv", "--declared-by"]),
    "no evidence": (
        ("new", "24/total", *VERSION_FLAGS[:4], *BREAK_FLAGS),
        ["--evidence-document", "--evidence-line"],
    ),
    "no period": (("new", "24/total", *VERSION_FLAGS[2:], *BREAK_FLAGS), ["--valid-from"]),
    "no factor": (
        ("new", "24/total", *VERSION_FLAGS, *BREAK_FLAGS, "--bridge", "ratio"),
        ["--bridge-factor"],
    ),
    "zero ratio": (
        ("new", "24/total", *VERSION_FLAGS, *BREAK_FLAGS, "--bridge", "ratio", "--bridge-factor", "0"),
        ["bridge_factor", DECLARATIONS],
    ),
    "unknown reason": (
        ("new", "24/total", *VERSION_FLAGS, "--reason-code", "whim", *BREAK_FLAGS[2:]),
        ["reason_code", "whim", "population", DECLARATIONS],
    ),
    "no period at all": (
        ("new", "24/total", "--valid-from", "autumn", *VERSION_FLAGS[2:], *BREAK_FLAGS),
        ["valid_from", "autumn", VERSIONS],
    ),
    "before the version in force": (
        ("new", "07/total", "--valid-from", "2023/2024", *VERSION_FLAGS[2:], *BREAK_FLAGS),
        ["valid_from", "2024/2025", VERSIONS],
    ),
    "unknown unit": (
        ("new", "24/total", *VERSION_FLAGS, "--set", "unit_code=spoonfuls", *BREAK_FLAGS),
        ["unit_code", "spoonfuls", VERSIONS],
    ),
    "unknown column": (("new", "24/total", "--set", "colour=red"), ["colour=red", "population"]),
    "computed column": (("new", "24/total", "--set", "definition_hash=a"), ["definition_hash=a"]),
    "no value": (("new", "24/total", "--set", "population"), ["column=value"]),
    "break without a place": (("declare-break", "24/total", *BREAK_FLAGS), ["--to, --first-period"]),
    "break without evidence": (
        ("declare-break", "24/total", "--first-period", "2024/2025", *BREAK_FLAGS),
        ["--evidence-document"],
    ),
    "break declared already": (
        ("declare-break", "07/total", "--to", "2", "--evidence-document", "synthetic", *BREAK_FLAGS),
        ["2", DECLARATIONS],
    ),
    "step over a version": (
        ("declare-break", "07/total", "--from", "1", "--to", "3", "--evidence-document", "synthetic", *BREAK_FLAGS),
        ["to_version_no", DECLARATIONS],
    ),
    "version that does not exist": (
        ("declare-break", "24/total", "--to", "2", "--evidence-document", "synthetic", *BREAK_FLAGS),
        ["to_version_no", DECLARATIONS],
    ),
}  # fmt: skip


ENGLISH_ONLY = {"nothing differs", "column=value"}


@pytest.mark.parametrize("language", ["lv", "en"])
@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_in_order_is_refused_by_name_and_nothing_is_written(
    seeds: Path, case: str, language: str
) -> None:
    arguments, named = REFUSED[case]
    before = everything(seeds)
    result = method(*arguments, "--language", language)
    assert (result.exit_code, result.stdout) == (2, "")
    assert all(
        fact in result.stderr for fact in named if language == "en" or fact not in {"nothing differs", "column=value"}
    )
    assert everything(seeds) == before


def test_nobody_is_asked_where_there_is_no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(*_: object, **__: object) -> None:
        raise AssertionError("somebody was asked")

    monkeypatch.setattr(method_cli.typer, "prompt", ask)
    assert method("new", "24/total", *VERSION_FLAGS).exit_code == 2
    assert method("declare-break", "24/total").exit_code == 2


def test_a_registry_that_is_not_in_order_is_told_and_not_written_on(seeds: Path) -> None:
    path = seeds / "strategy" / VERSIONS
    path.write_text(path.read_text("utf-8").replace("learners with special needs", "learners", 1), "utf-8")
    before = everything(seeds)
    for arguments in (("new", "24/total", *VERSION_FLAGS, *BREAK_FLAGS), ("show", "24/total"), ("check",)):
        result = method(*arguments)
        assert result.exit_code == 2
        assert "changed in place" in result.stderr
    assert everything(seeds) == before


# --- Asked on a terminal ---


@pytest.fixture
def _on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(method_cli, "is_terminal", lambda: True)


@pytest.mark.usefixtures("_on_a_terminal")
def test_new_asks_for_what_is_missing_and_keeps_what_is_only_confirmed(seeds: Path) -> None:
    (first,) = versions(seeds, INDICATOR_24)
    answers = [
        "autumn", "2025/2026",  # valid_from, asked again
        "", "", "spoonfuls", "", "", "", "synthetic population", "-",  # … unit_code asked again …, population, source
        "", "", "", "", "", "", "", "true", "",  # … targets_restated, documentation
        "synthetic", "3",
        "population", "ratio", "Sintētisks iemesls.", "A synthetic reason.", "steward", "", "1.25",
    ]  # fmt: skip
    result = method("new", "24/total", answers="\n".join(answers) + "\n")
    assert result.exit_code == 0, result.output
    assert "“autumn” cannot stand in valid_from" in result.stdout
    assert "“spoonfuls” cannot stand in unit_code" in result.stdout
    changed = {name: text for name, text in versions(seeds, INDICATOR_24)[1].items() if text != first[name]}
    assert changed.pop("definition_hash")
    assert changed == {
        "version_no": "2", "valid_from": "2025/2026", "population": "synthetic population", "source": "",
        "targets_restated": "true", "evidence_document": "synthetic", "evidence_line": "3",
    }  # fmt: skip
    (declared,) = declarations(seeds, INDICATOR_24)
    assert (declared["bridge_code"], declared["bridge_factor"]) == ("ratio", "1.25")


@pytest.mark.usefixtures("_on_a_terminal")
def test_the_questions_are_in_the_language_asked_for() -> None:
    result = method("declare-break", "24/total", "--language", "lv", answers="2024/2025\n")
    assert "Pirmais periods, uz kuru pārtraukums attiecas" in result.stdout
    assert "Pārtraukuma iemesls. (definition, population" in result.stdout


# --- declare-break ---


def test_a_break_may_be_declared_by_its_period_alone(seeds: Path) -> None:
    before = everything(seeds)
    arguments = ("--first-period", "2024/2025", "--evidence-document", "synthetic", *BREAK_FLAGS)
    result = method("declare-break", "24/total", *arguments)
    assert result.exit_code == 0, result.output
    assert "Declared break: 2024/2025, population, bridge: none" in result.stdout
    (declared,) = declarations(seeds, INDICATOR_24)
    assert (declared["from_version_no"], declared["to_version_no"], declared["first_period"]) == ("", "", "2024/2025")
    after = everything(seeds)
    assert {name for name in after if after[name] != before[name]} == {DECLARATIONS}


@pytest.mark.parametrize("step", [("--to", "2"), ("--from", "1"), ("--from", "1", "--to", "2")])
def test_a_break_between_two_versions_begins_with_the_later_one(seeds: Path, step: tuple[str, ...]) -> None:
    new = ("--valid-from", "2025/2026", "--set", "documentation=described", *VERSION_FLAGS[4:])
    assert method("new", "24/total", *new).exit_code == 0
    assert method("declare-break", "24/total", *step, "--evidence-document", "synthetic", *BREAK_FLAGS).exit_code == 0
    (declared,) = declarations(seeds, INDICATOR_24)
    assert (declared["from_version_no"], declared["to_version_no"], declared["first_period"]) == (
        "1",
        "2",
        "2025/2026",
    )


def test_the_day_of_a_declaration_is_today_unless_told_otherwise(seeds: Path) -> None:
    arguments = ("--first-period", "2024/2025", "--evidence-document", "synthetic", *BREAK_FLAGS[:-2])
    assert method("declare-break", "24/total", *arguments).exit_code == 0
    assert declarations(seeds, INDICATOR_24)[0]["declared_on"] == method_cli.date.today().isoformat()


# --- check ---


def test_check_tells_that_the_registry_is_in_order() -> None:
    result = method("check", "--language", "lv")
    assert result.exit_code == 0
    assert "ir kārtībā" in result.stdout
