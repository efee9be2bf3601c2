"""The last word on a flag, on synthetic files: what a decision writes, and which decisions are refused."""

import csv
import io
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from warehouse.decision import Decision, DecisionError, Finding, decide
from warehouse.registry import (
    DECISIONS,
    DECLARATIONS,
    VERSIONS,
    Cells,
    Registry,
    RegistryError,
    definition_hash,
    load_schema,
    read_registry,
)

CODE_LISTS = Path(__file__).parents[2] / "dbt_project" / "seeds" / "code_list"
SERIES = "synthetic/01/total"
BREAK_REASONS = tuple(
    row["break_reason_code"] for row in csv.DictReader((CODE_LISTS / "break_reason.csv").open(encoding="utf-8"))
)
# The definition changed, and the break is declared, from 2022/2023 on: version 2 says so, the declaration need not.
VERSION_ROWS = (
    {"version_no": "1", "concept_en": "spoons", "valid_to": "2021/2022"},
    {"version_no": "2", "concept_en": "forks", "valid_from": "2022/2023"},
)
VERSION_BREAK = {"from_version_no": "1", "to_version_no": "2"}

FINDING = Finding(
    strategy_code="synthetic",
    flag_key=f"{SERIES}/synthetic_rule/2022/2023-2023/2024",
    flag_id="5f00f1a9",
    series_key=SERIES,
    to_period="2023/2024",
    rule="synthetic_rule",
    kind="suspected",
    is_break=True,
    evidence_hash="hash of what was seen",
    reason_lv="Sintētisks iemesls.",
    reason_en="A synthetic reason.",
)
CONFIRMED = Decision("confirmed", "Only one school was counted", "steward", date(2026, 1, 31))
DISMISSED = Decision("dismissed", "Checked: it did double", "steward", date(2026, 1, 31))


def write(folder: Path, file: str, rows: Sequence[Mapping[str, str]]) -> None:
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, load_schema()[file].column_names, restval="", lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    (folder / "strategy" / file).write_text(text.getvalue(), "utf-8")


def version(cells: Mapping[str, str]) -> dict[str, str]:
    row = {
        "strategy_code": "synthetic",
        "indicator_no": "1",
        "breakdown": "total",
        "concept_lv": "karotes",
        "unit_code": "percent",
        "baseline_restated": "false",
        "targets_restated": "false",
        "documentation": "described",
        "evidence_document": "synthetic",
        "evidence_line": "1",
        **cells,
    }
    return row | {"definition_hash": definition_hash(row)}


def declaration(**cells: str) -> dict[str, str]:
    return {
        "strategy_code": "synthetic",
        "series_key": SERIES,
        "reason_code": "definition",
        "bridge_code": "none",
        "declared_by": "authority",
        "evidence_document": "synthetic",
        "reason_lv": "Sintētisks iemesls.",
        "reason_en": "A synthetic reason.",
        **cells,
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A registry in order, without a decision: two versions and the declared break between them."""
    folder = tmp_path / "seeds"
    shutil.copytree(CODE_LISTS, folder / "code_list")
    (folder / "strategy").mkdir()
    (folder / "strategy" / "series.csv").write_text(
        "strategy_code,indicator_no,breakdown\nsynthetic,1,total\n", "utf-8"
    )
    write(folder, VERSIONS, [version(cells) for cells in VERSION_ROWS])
    write(folder, DECLARATIONS, [declaration(**VERSION_BREAK)])
    write(folder, DECISIONS, [])
    return folder


def everything(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "strategy").iterdir()}


def cells_of(registry: Registry, file: str) -> list[Cells]:
    return [cells for _, cells in registry.rows(file)]


def declared(registry: Registry) -> list[Cells]:
    """The declarations but for the one between the two versions."""
    return [cells for cells in cells_of(registry, DECLARATIONS) if not cells["to_version_no"]]


# --- What is written ---


def test_a_confirmed_break_is_decided_on_and_declared_from_its_period_on(folder: Path) -> None:
    written = decide(read_registry(folder), FINDING, CONFIRMED, "population").write()
    assert {path.name for path in written} == {DECISIONS, DECLARATIONS}
    registry = read_registry(folder)
    assert registry.validate() == []
    assert cells_of(registry, DECISIONS) == [
        {
            "flag_key": FINDING.flag_key,
            "decision": "confirmed",
            "reason": "Only one school was counted",
            "evidence_hash": "hash of what was seen",
            "decided_by": "steward",
            "decided_on": "2026-01-31",
        }
    ]
    (row,) = declared(registry)
    assert {name: text for name, text in row.items() if text} == {
        "strategy_code": "synthetic",
        "series_key": SERIES,
        "first_period": "2023/2024",
        "reason_code": "population",
        "bridge_code": "none",
        "declared_by": "steward",
        "declared_on": "2026-01-31",
        "evidence_document": f"{DECISIONS}: {FINDING.flag_key}",
        "reason_lv": "Sintētisks iemesls.",
        "reason_en": "A synthetic reason.",
    }


def test_a_confirmed_finding_that_is_no_break_is_decided_on_alone(folder: Path) -> None:
    written = decide(read_registry(folder), replace(FINDING, is_break=False), CONFIRMED).write()
    assert [path.name for path in written] == [DECISIONS]
    assert [cells["decision"] for cells in cells_of(read_registry(folder), DECISIONS)] == ["confirmed"]


@pytest.mark.parametrize("is_break", [True, False])
def test_a_dismissal_is_bound_to_the_evidence_seen_and_declares_nothing(folder: Path, is_break: bool) -> None:
    written = decide(read_registry(folder), replace(FINDING, is_break=is_break), DISMISSED).write()
    assert [path.name for path in written] == [DECISIONS]
    (cells,) = cells_of(read_registry(folder), DECISIONS)
    assert (cells["decision"], cells["evidence_hash"]) == ("dismissed", "hash of what was seen")
    assert cells["reason"] == "Checked: it did double"


def test_a_series_of_another_fact_is_decided_on_likewise(folder: Path) -> None:
    series = "synthetic/enrolment/preschool/total"
    finding = replace(FINDING, series_key=series, flag_key=f"{series}/synthetic_rule/2022/2023-2023/2024")
    decide(read_registry(folder), finding, CONFIRMED, "population").write()
    assert [cells["series_key"] for cells in declared(read_registry(folder))] == [series]


def test_a_decision_keeps_quotes_commas_and_lines_of_its_reason(folder: Path) -> None:
    reason = 'Pārbaudīts: "viena skola",\nnevis divas'
    decide(read_registry(folder), FINDING, replace(DISMISSED, reason=reason)).write()
    assert [cells["reason"] for cells in cells_of(read_registry(folder), DECISIONS)] == [reason]


def test_a_registry_without_a_file_of_decisions_gets_one(folder: Path) -> None:
    (folder / "strategy" / DECISIONS).unlink()
    decide(read_registry(folder), FINDING, DISMISSED).write()
    lines = (folder / "strategy" / DECISIONS).read_text("utf-8").splitlines()
    assert lines[0] == "flag_key,decision,reason,evidence_hash,decided_by,decided_on"
    assert len(lines) == 2


@pytest.mark.parametrize(
    ("first_period", "to_period"),
    [("2023/2024", "2023/2024"), ("2022/2023", "2022/2023"), ("", "2022/2023")],
    ids=["by_period", "by_versions_and_period", "by_versions_alone"],
)
def test_a_place_that_is_declared_already_gets_no_second_declaration(
    folder: Path, first_period: str, to_period: str
) -> None:
    versions = VERSION_BREAK if to_period == "2022/2023" else {}
    rows = [declaration(**VERSION_BREAK)] if not versions else []
    write(folder, DECLARATIONS, [*rows, declaration(first_period=first_period, **versions)])
    before = everything(folder)
    # Where a break is declared no reason code is asked for.
    decide(read_registry(folder), replace(FINDING, to_period=to_period), CONFIRMED).write()
    assert everything(folder)[DECLARATIONS] == before[DECLARATIONS]
    assert len(cells_of(read_registry(folder), DECISIONS)) == 1


def test_another_period_of_the_series_is_declared_beside_what_is_declared_already(folder: Path) -> None:
    write(folder, DECLARATIONS, [declaration(**VERSION_BREAK), declaration(first_period="2024/2025")])
    decide(read_registry(folder), FINDING, CONFIRMED, "population").write()
    assert [cells["first_period"] for cells in declared(read_registry(folder))] == ["2024/2025", "2023/2024"]


# --- Deciding again ---


@pytest.mark.parametrize("again", [CONFIRMED, DISMISSED], ids=["confirmed", "dismissed"])
def test_deciding_again_replaces_the_decision(folder: Path, again: Decision) -> None:
    other = replace(FINDING, flag_key=f"{SERIES}/other_rule/-2023/2024", is_break=False)
    registry = decide(decide(read_registry(folder), FINDING, DISMISSED), other, DISMISSED)
    seen_later = replace(FINDING, evidence_hash="hash of what is seen now")
    decide(registry, seen_later, replace(again, reason="Looked again", decided_by="other steward"), "unit").write()
    first, second = cells_of(read_registry(folder), DECISIONS)
    assert (first["flag_key"], first["decision"]) == (FINDING.flag_key, again.decision)
    assert first["reason"] == "Looked again"
    assert (first["evidence_hash"], first["decided_by"]) == ("hash of what is seen now", "other steward")
    assert (second["flag_key"], second["reason"]) == (other.flag_key, DISMISSED.reason)
    assert len(declared(read_registry(folder))) == (again is CONFIRMED)


def test_confirming_twice_declares_once(folder: Path) -> None:
    registry = decide(read_registry(folder), FINDING, CONFIRMED, "population")
    again = decide(registry, replace(FINDING, kind="confirmed"), CONFIRMED, "population")
    assert len(cells_of(again, DECISIONS)) == len(declared(again)) == 1


# --- What is refused ---


def refused(registry: Registry, finding: Finding, decision: Decision, code: str | None = None) -> DecisionError:
    with pytest.raises(DecisionError) as error:
        decide(registry, finding, decision, code)
    assert str(error.value) == error.value.message("en") != error.value.message("lv")
    assert all(finding.flag_id in error.value.message(language) for language in ("lv", "en"))
    return error.value


def test_a_break_is_not_confirmed_without_the_code_of_its_reason_and_the_codes_are_named(folder: Path) -> None:
    before = everything(folder)
    error = refused(read_registry(folder), FINDING, CONFIRMED)
    for language, words in (("lv", "norādiet, kāpēc datu rinda pārtrūka"), ("en", "say with --reason-code why")):
        told = error.message(language)
        assert words in told
        assert ", ".join(BREAK_REASONS) in told
    assert everything(folder) == before


def test_a_reason_code_that_is_none_is_refused_by_the_registry_and_nothing_is_written(folder: Path) -> None:
    before = everything(folder)
    with pytest.raises(RegistryError) as error:
        decide(read_registry(folder), FINDING, CONFIRMED, "whim").write()
    assert [rejection.rule for rejection in error.value.rejections] == ["not_accepted"]
    assert BREAK_REASONS[0] in str(error.value)
    assert everything(folder) == before


@pytest.mark.parametrize("kind", ["suspected", "confirmed"])
def test_what_was_confirmed_is_not_dismissed_before_its_rows_are_removed(folder: Path, kind: str) -> None:
    decide(read_registry(folder), FINDING, CONFIRMED, "population").write()
    before = everything(folder)
    error = refused(read_registry(folder), replace(FINDING, kind=kind), DISMISSED)
    assert all(file in error.message(language) for file in (DECISIONS, DECLARATIONS) for language in ("lv", "en"))
    assert "ir apstiprināts" in error.message("lv")
    assert "was confirmed" in error.message("en")
    assert everything(folder) == before


@pytest.mark.parametrize("decision", [CONFIRMED, DISMISSED], ids=["confirm", "dismiss"])
@pytest.mark.parametrize("is_break", [True, False])
def test_a_fact_cannot_be_decided_on(folder: Path, decision: Decision, is_break: bool) -> None:
    finding = replace(FINDING, kind="declared", is_break=is_break)
    error = refused(read_registry(folder), finding, decision, "population")
    assert "tas ir fakts" in error.message("lv")
    assert "it states a fact" in error.message("en")


def test_no_decision_is_written_into_a_registry_that_is_not_in_order(folder: Path) -> None:
    write(folder, DECLARATIONS, [])
    before = everything(folder)
    with pytest.raises(RegistryError) as error:
        decide(read_registry(folder), FINDING, DISMISSED).write()
    assert [rejection.rule for rejection in error.value.rejections] == ["break_not_declared"]
    assert everything(folder) == before
