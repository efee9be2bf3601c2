"""`meraukla flags`: which flags it lists, what a decision writes, and that a refused one writes nothing.

It works on a copy of the repository's seeds and of the published file; the flags there are synthetic.
"""

import csv
import getpass
import io
import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import Result
from typer.testing import CliRunner

from orchestration import cli
from orchestration.cli import app
from orchestration.settings import Settings
from warehouse.registry import DECISIONS, DECLARATIONS, Cells, check_registry, read_registry

STRATEGY = "liepaja-2020-2025"
# No series of the city: what is decided on here is decided on nowhere else.
SERIES = f"{STRATEGY}/enrolment/synthetic/total"
# A rule that knows why a confirmed finding is a break, and one that does not.
TELLING, SILENT = "population_changed", "level_shift"


def synthetic_flag(flag_id: str, kind: str, rule: str = SILENT, **others: Any) -> dict[str, Any]:  # noqa: ANN401
    flag: dict[str, Any] = {
        "strategy_code": STRATEGY,
        "flag_id": flag_id,
        "flag_key": f"{SERIES}/{rule}/{flag_id}",
        "series_key": SERIES,
        "from_period": "2022/2023",
        "to_period": "2023/2024",
        "rule": rule,
        "kind": kind,
        "severity": "warning",
        "is_break": True,
        "evidence": json.dumps({"flag": flag_id}),
        "evidence_hash": f"hash of {flag_id}",
        "reason_lv": f"Kāpēc [bold]{flag_id}[/].",
        "reason_en": f"Why [bold]{flag_id}[/].",
        "domain_code": "enrolment",
    }
    return flag | others


FLAGS = (
    synthetic_flag("0penjump", "suspected"),
    synthetic_flag("0penpopu", "suspected", TELLING, to_period="2024/2025"),
    synthetic_flag("n0break0", "suspected", "impossible_share", is_break=False, from_period=None),
    synthetic_flag("c0nfirmd", "confirmed", decision_reason="Seen", decided_by="sts", decided_on=date(2026, 1, 31)),
    synthetic_flag("dismissd", "dismissed", decision_reason="Fine", decided_by="sts", decided_on=date(2026, 1, 31)),
    synthetic_flag("fact0000", "declared", "unit_mismatch", is_break=False),
)
# The list has declared breaks beside the flags; no rule found them.
DECLARED = synthetic_flag("dec1ared", "declared", "declared_break")
TWINS = [synthetic_flag("twins000", "suspected", flag_key=f"{SERIES}/{SILENT}/{no}") for no in (1, 2)]
OPEN = ["0penjump", "0penpopu", "n0break0", "twins000", "twins000"]
KEY = {flag["flag_id"]: flag["flag_key"] for flag in FLAGS}


@pytest.fixture(autouse=True)
def _wide_plain_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "250")
    monkeypatch.setenv("NO_COLOR", "1")


@pytest.fixture(autouse=True)
def seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the repository's seeds, without the decisions that stand there; the commands write to it."""
    folder = tmp_path / "seeds"
    shutil.copytree(Settings.from_environment().seeds_dir, folder)
    header = (folder / "strategy" / DECISIONS).read_text("utf-8").splitlines()[0]
    (folder / "strategy" / DECISIONS).write_text(f"{header}\n", "utf-8")
    monkeypatch.setattr(Settings, "seeds_dir", folder)
    return folder


@pytest.fixture
def empty_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A new installation: nothing has been built."""
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    return Settings.from_environment()


@pytest.fixture
def synthetic_flags(published_file: Path, empty_data: Settings) -> Path:
    """The published file with synthetic flags, and no others."""
    file = empty_data.published_file
    file.parent.mkdir(parents=True)
    shutil.copyfile(published_file, file)
    with duckdb.connect(str(file)) as connection:
        for table in ("core.fct_flag", "marts.comparability_flag"):
            connection.execute(f"delete from {table}")
            columns = [row[0] for row in connection.execute(f"describe {table}").fetchall()]
            marks = ", ".join("?" * len(columns))
            for flag in (*FLAGS, *TWINS, *([DECLARED] if table.startswith("marts") else [])):
                connection.execute(f"insert into {table} values ({marks})", [flag.get(name) for name in columns])
    return file


def flags(*arguments: str) -> Result:
    result = CliRunner().invoke(app, ["flags", *arguments])
    assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
    return result


def listed(*arguments: str) -> list[dict[str, Any]]:
    result = flags(*arguments, "--format", "json")
    assert result.exit_code == 0, result.output
    rows: list[dict[str, Any]] = json.loads(result.stdout)
    return rows


def ids(*arguments: str) -> list[str]:
    return [row["flag_id"] for row in listed(*arguments)]


def everything(seeds: Path) -> dict[str, bytes]:
    return {path.relative_to(seeds).as_posix(): path.read_bytes() for path in seeds.rglob("*") if path.is_file()}


def decisions(seeds: Path) -> list[Cells]:
    return [cells for _, cells in read_registry(seeds).rows(DECISIONS)]


def declarations(seeds: Path) -> list[Cells]:
    return [cells for _, cells in read_registry(seeds).declarations(SERIES)]


# --- Help ---


@pytest.mark.parametrize("command", ["confirm", "dismiss"])
def test_the_help_of_each_command_has_an_example_that_can_be_typed(command: str) -> None:
    result = flags(command, "--help")
    assert result.exit_code == 0
    assert f"meraukla flags {command}" in result.stdout.partition("Example")[2]


# --- The list ---


@pytest.mark.usefixtures("synthetic_flags")
@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ((), [*OPEN, "c0nfirmd", "dismissd"]),
        (("--kind", "suspected"), OPEN),
        (("--kind", "confirmed"), ["c0nfirmd"]),
        (("--kind", "dismissed"), ["dismissd"]),
        (("--kind", "declared"), ["dec1ared", "fact0000"]),
        (("--kind", "all"), [*OPEN, "c0nfirmd", "dismissd", "dec1ared", "fact0000"]),
        (("--rule", "unit_mismatch"), ["fact0000"]),
        (("--rule", SILENT, "--kind", "dismissed"), ["dismissd"]),
        (("--rule", TELLING), ["0penpopu"]),
        (("--kind", "no_such_kind"), []),
    ],
)
def test_what_waits_comes_first_then_what_was_decided_and_facts_only_when_asked_for(
    arguments: tuple[str, ...], expected: list[str]
) -> None:
    # Flags of one rule, series and period have no order of their own.
    assert sorted(ids(*arguments)) == sorted(expected)
    kinds = [row["kind"] for row in listed(*arguments)]
    assert kinds == sorted(kinds, key=["suspected", "confirmed", "dismissed", "declared"].index)


@pytest.mark.usefixtures("synthetic_flags")
@pytest.mark.parametrize("language", ["lv", "en"])
def test_csv_and_json_have_every_column_that_a_decision_is_made_from(language: str) -> None:
    columns = [
        "flag_id", "flag_key", "kind", "rule", "severity", "is_break", "series_key", "from_period", "to_period",
        f"reason_{language}", "evidence", "decision_reason", "decided_by", "decided_on",
    ]  # fmt: skip
    arguments = ("--kind", "confirmed", "--language", language)
    (row,) = listed(*arguments)
    (read,) = csv.DictReader(io.StringIO(flags(*arguments, "--format", "csv").stdout))
    assert list(row) == list(read) == columns
    assert {name: str(value) for name, value in row.items()} == read
    assert row[f"reason_{language}"] == {"lv": "Kāpēc [bold]c0nfirmd[/].", "en": "Why [bold]c0nfirmd[/]."}[language]
    assert (row["decision_reason"], row["decided_by"], row["decided_on"]) == ("Seen", "sts", "2026-01-31")
    assert json.loads(row["evidence"]) == {"flag": "c0nfirmd"}


@pytest.mark.usefixtures("synthetic_flags")
@pytest.mark.parametrize(("language", "reason"), [("lv", "Kāpēc"), ("en", "Why")])
def test_the_table_shows_reason_and_decision_in_the_language_asked_for(language: str, reason: str) -> None:
    table = flags("--kind", "dismissed", "--language", language).stdout
    assert f"{reason} [bold]dismissd[/]. – Fine" in table
    assert "2022/2023 → 2023/2024" in table


@pytest.mark.usefixtures("synthetic_flags")
def test_a_finding_about_one_period_shows_that_period_alone() -> None:
    table = flags("--rule", "impossible_share").stdout
    assert "2023/2024" in table
    assert "→" not in table


# --- Decisions ---


@pytest.mark.usefixtures("synthetic_flags")
@pytest.mark.parametrize("name", ["0penjump", KEY["0penjump"]], ids=["by_id", "by_key"])
def test_a_confirmed_break_is_written_as_decision_and_declaration(seeds: Path, name: str) -> None:
    result = flags("confirm", name, "--reason", " One school ", "--reason-code", "population", "--by", "steward")
    assert result.exit_code == 0, result.output
    (decision,) = decisions(seeds)
    assert decision == {
        "flag_key": KEY["0penjump"],
        "decision": "confirmed",
        "reason": "One school",
        "evidence_hash": "hash of 0penjump",
        "decided_by": "steward",
        "decided_on": datetime.now(UTC).date().isoformat(),
    }
    (declaration,) = declarations(seeds)
    assert (declaration["first_period"], declaration["reason_code"]) == ("2023/2024", "population")
    assert (declaration["declared_by"], declaration["bridge_code"]) == ("steward", "none")
    check_registry(seeds)
    assert f"Confirmed: 0penjump {SILENT} {SERIES}" in result.stdout
    assert all(str(seeds / "strategy" / file) in result.stdout for file in (DECISIONS, DECLARATIONS))
    assert "meraukla build" in result.stdout


@pytest.mark.usefixtures("synthetic_flags")
@pytest.mark.parametrize("name", ["0penjump", KEY["0penjump"]], ids=["by_id", "by_key"])
def test_a_dismissal_is_written_as_decision_alone(seeds: Path, name: str) -> None:
    before = everything(seeds)
    result = flags("dismiss", name, "--reason", "Pārbaudīts", "--language", "lv")
    assert result.exit_code == 0, result.output
    (decision,) = decisions(seeds)
    assert (decision["decision"], decision["evidence_hash"]) == ("dismissed", "hash of 0penjump")
    assert (decision["reason"], decision["decided_by"]) == ("Pārbaudīts", getpass.getuser())
    after = everything(seeds)
    assert [file for file in after if after[file] != before[file]] == [f"strategy/{DECISIONS}"]
    assert f"Noraidīts: 0penjump {SILENT} {SERIES}" in result.stdout
    assert f"Ierakstīts: {seeds / 'strategy' / DECISIONS}." in result.stdout


@pytest.mark.usefixtures("synthetic_flags")
def test_a_rule_that_can_tell_why_the_series_broke_needs_no_code(seeds: Path) -> None:
    assert flags("confirm", "0penpopu", "--reason", "Seen").exit_code == 0
    assert [row["reason_code"] for row in declarations(seeds)] == ["population"]


@pytest.mark.usefixtures("synthetic_flags")
def test_the_code_that_a_person_gives_counts_more_than_that_of_the_rule(seeds: Path) -> None:
    assert flags("confirm", "0penpopu", "--reason", "Seen", "--reason-code", "territory").exit_code == 0
    assert [row["reason_code"] for row in declarations(seeds)] == ["territory"]


@pytest.mark.usefixtures("synthetic_flags")
def test_a_finding_that_is_no_break_is_confirmed_without_a_code(seeds: Path) -> None:
    assert flags("confirm", "n0break0", "--reason", "A misprint").exit_code == 0
    assert [row["flag_key"] for row in decisions(seeds)] == [KEY["n0break0"]]
    assert declarations(seeds) == []


@pytest.mark.usefixtures("synthetic_flags")
def test_several_flags_are_decided_on_at_once_and_one_named_twice_once(seeds: Path) -> None:
    result = flags("dismiss", "0penjump", "n0break0", "0penjump", "--reason", "Seen")
    assert result.exit_code == 0, result.output
    assert [row["flag_key"] for row in decisions(seeds)] == [KEY["0penjump"], KEY["n0break0"]]
    assert result.stdout.count("Dismissed:") == 2


@pytest.mark.usefixtures("synthetic_flags")
def test_one_flag_named_by_id_and_by_key_is_decided_on_once(seeds: Path) -> None:
    code = ("--reason", "Seen", "--reason-code", "unit")
    assert flags("confirm", "0penjump", KEY["0penjump"], *code).exit_code == 0
    assert len(decisions(seeds)) == len(declarations(seeds)) == 1


@pytest.mark.usefixtures("synthetic_flags")
def test_a_dismissal_may_be_confirmed_later(seeds: Path) -> None:
    flags("dismiss", "0penjump", "--reason", "Seen")
    assert flags("confirm", "0penjump", "--reason", "Seen again", "--reason-code", "unit").exit_code == 0
    assert [(row["decision"], row["reason"]) for row in decisions(seeds)] == [("confirmed", "Seen again")]


# --- What is refused writes nothing ---

CODE = ("--reason-code", "unit")


@pytest.mark.usefixtures("synthetic_flags")
@pytest.mark.parametrize("command", ["confirm", "dismiss"])
@pytest.mark.parametrize(
    ("arguments", "exit_code", "told"),
    [
        (("n0such00", "--reason", "x"), 2, ("Atzīmes n0such00 nav.", "There is no flag n0such00.")),
        (("0penpopu", "n0such00", "--reason", "x"), 2, ("Atzīmes n0such00 nav.", "There is no flag n0such00.")),
        (("twins000", "--reason", "x"), 2, ("Vairākām atzīmēm", "More than one flag has the id twins000")),
        (("0penpopu", "--reason", ""), 2, ("--reason ir tukšs", "--reason is empty")),
        (("0penpopu", "--reason", " \n"), 2, ("--reason ir tukšs", "--reason is empty")),
        (("fact0000", "--reason", "x"), 1, ("tas ir fakts", "it states a fact")),
        (("dec1ared", "--reason", "x"), 1, ("tas ir fakts", "it states a fact")),
        (("0penpopu", "fact0000", "--reason", "x"), 1, ("Nekas nav ierakstīts.", "Nothing was written.")),
    ],
    ids=["unknown", "one_unknown", "ambiguous", "no_reason", "blank_reason", "fact", "declared_break", "one_fact"],
)
def test_a_decision_that_is_refused_says_why_and_writes_nothing(
    seeds: Path, command: str, arguments: tuple[str, ...], exit_code: int, told: tuple[str, str]
) -> None:
    before = everything(seeds)
    for language, words in zip(("lv", "en"), told, strict=True):
        result = flags(command, *arguments, "--language", language)
        assert (result.exit_code, result.stdout) == (exit_code, "")
        assert words in result.stderr
    assert everything(seeds) == before


@pytest.mark.usefixtures("synthetic_flags")
@pytest.mark.parametrize("names", [("0penjump",), ("0penpopu", "0penjump")])
def test_a_break_is_not_confirmed_without_a_code_and_the_codes_are_named(seeds: Path, names: tuple[str, ...]) -> None:
    before = everything(seeds)
    result = flags("confirm", *names, "--reason", "x")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "Nothing was written. 0penjump is about a break" in result.stderr
    assert ", ".join(read_registry(seeds).code_lists["break_reason"]) in " ".join(result.stderr.split())
    assert everything(seeds) == before


@pytest.mark.usefixtures("synthetic_flags")
def test_a_code_that_is_none_is_refused_with_the_codes_there_are(seeds: Path) -> None:
    before = everything(seeds)
    result = flags("confirm", "0penjump", "--reason", "x", "--reason-code", "whim")
    assert result.exit_code == 1
    assert "whim" in result.stderr
    assert "definition" in result.stderr
    assert everything(seeds) == before


@pytest.mark.usefixtures("synthetic_flags")
def test_what_was_confirmed_is_not_dismissed(seeds: Path) -> None:
    flags("confirm", "0penjump", "--reason", "x", *CODE)
    before = everything(seeds)
    result = flags("dismiss", "0penjump", "--reason", "x")
    assert result.exit_code == 1
    assert "To take that back, remove its rows" in result.stderr
    assert everything(seeds) == before


@pytest.mark.usefixtures("synthetic_flags")
def test_a_decision_without_its_reason_is_a_usage_error(seeds: Path) -> None:
    before = everything(seeds)
    assert flags("dismiss", "0penjump").exit_code == 2
    assert flags("confirm", "--reason", "x").exit_code == 2
    assert everything(seeds) == before


@pytest.mark.usefixtures("empty_data")
@pytest.mark.parametrize("command", ["confirm", "dismiss"])
def test_before_the_first_build_there_is_nothing_to_decide_on(seeds: Path, command: str) -> None:
    before = everything(seeds)
    result = flags(command, "0penjump", "--reason", "x")
    assert result.exit_code == 3
    assert "Nothing is published yet. Do: meraukla build" in result.stderr
    assert everything(seeds) == before


# --- The summary of a build ---


def summary(monkeypatch: pytest.MonkeyPatch, file: Path, open_count: int, new: list[str]) -> str:
    """Show the summary of a build that did nothing but note its suspicions."""
    with duckdb.connect(str(file)) as connection:
        connection.execute(
            "update audit.run set open_suspicion_count = ?, new_suspicions = ?", [open_count, json.dumps(new)]
        )
    monkeypatch.setattr(cli, "is_up_to_date", lambda _: False)
    monkeypatch.setattr(cli, "run_build", lambda *_: None)
    result = CliRunner().invoke(app, ["build"])
    assert result.exit_code == 0, result.output
    return result.stdout


def test_the_summary_of_a_build_lists_the_new_suspicions(
    synthetic_flags: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = summary(monkeypatch, synthetic_flags, 5, [KEY["0penpopu"], KEY["n0break0"]])
    assert "5 open, 2 of them new" in told
    assert [line for line in told.splitlines() if line.startswith("?")] == [
        f"? n0break0 impossible_share {SERIES}: Why [bold]n0break0[/].",
        f"? 0penpopu {TELLING} {SERIES}: Why [bold]0penpopu[/].",
    ]


def test_the_summary_of_a_build_without_new_suspicions_lists_none(
    synthetic_flags: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = summary(monkeypatch, synthetic_flags, 5, [])
    assert "5 open, 0 of them new" in told
    assert not any(line.startswith("?") for line in told.splitlines())


def test_the_summary_of_a_build_says_how_many_new_suspicions_it_leaves_out(
    synthetic_flags: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cli, "_NEW_SHOWN", 1)
    told = summary(monkeypatch, synthetic_flags, 5, [KEY["0penpopu"], KEY["n0break0"]])
    assert sum(line.startswith("?") for line in told.splitlines()) == 1
    assert "… and 1 more new suspicions: meraukla flags --kind suspected" in told
