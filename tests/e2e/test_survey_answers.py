"""Synthetic answers that reproduce the report's shares go the whole way, from the export to the published file.

Nobody gave these answers: they are drawn so that their shares round to those that the report prints.
"""

import csv
import shutil
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from orchestration.settings import Settings
from tests.e2e.test_build import Run, Warehouse, rows
from tests.surveys.synthetic_answers import Group, write_export

STRATEGY = "liepaja-2020-2025"
SCALES = {"strategic_setting": "agreement_4", "development_need": "fulfilment_4"}
# A faulty answer, written over one that was left blank.
UNKNOWN = "Varbūt, bet ne šodien"


def printed(folder: Path) -> list[Group]:
    """Return the groups of the report, with their respondents and the shares it prints."""
    with (folder / "respondent_group.csv").open(encoding="utf-8", newline="") as file:
        respondents = {row["group_code"]: int(row["respondents_printed"]) for row in csv.DictReader(file)}
    groups = {code: Group(code, count, {}) for code, count in respondents.items()}
    with (folder / "positive_share.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            text = row["share_printed"].removesuffix("%").strip().replace(",", ".")
            shares: Any = groups[row["group_code"]].shares
            shares[row["survey_code"], row["item_code"]] = float(text) if text[0].isdigit() else None
    return list(groups.values())


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    """A warehouse with the real landing files and a synthetic export."""
    folder = tmp_path_factory.mktemp("answers")
    landing = folder / "landing"
    shutil.copytree(Settings.from_environment().landing_dir, landing)
    groups = printed(landing / STRATEGY / "surveys")
    export = write_export(
        landing / STRATEGY / "responses",
        "synthetic_answers",
        groups,
        SCALES,
        {"wave": "stakeholder_2024_2025", "period": "2024/2025"},
    )
    with export.open(encoding="utf-8") as file:
        lines = file.read().splitlines()
    # Learners were not asked about the vision: their cell in the first item is blank.
    row = next(number for number, line in enumerate(lines) if ",learners_7_12,," in line)
    lines[row] = lines[row].replace(",learners_7_12,,", f',learners_7_12,"{UNKNOWN}",', 1)
    export.write_text("\n".join(lines) + "\n", "utf-8")
    yield Warehouse(landing, folder / "data")
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def published(warehouse: Warehouse) -> Path:
    """The file published first; it stays when another one is."""
    done = warehouse.command("build")
    assert done.exit_code == 0, done.output
    return warehouse.published_file.resolve()


def test_every_printed_share_is_recomputed_from_the_answers(published: Path) -> None:
    found = rows(
        published,
        "select survey_code, item_code, group_code, published_share, computed_share, source_kind "
        "from marts.survey_result where published_share is not null order by all",
    )
    printed_count = sum(
        share is not None
        for group in printed(Settings.from_environment().landing_dir / STRATEGY / "surveys")
        for share in group.shares.values()
    )
    assert len(found) == printed_count
    assert {kind for *_, kind in found} == {"published"}
    # 65 % of 29 heads is one that no whole number of them gives (GRIM): 19 of 29 is the nearest.
    impossible = {
        key: (share, computed)
        for *key_parts, share, computed, _ in found
        if round(computed) != share
        for key in [tuple(key_parts)]
    }
    assert impossible == {("development_need", "2.1", "institution_heads"): (65.0, pytest.approx(100 * 19 / 29))}


def test_a_share_that_the_answers_do_not_give_is_reported_and_publishes_all_the_same(published: Path) -> None:
    ((outcome, count),) = rows(
        published,
        "select outcome, unexpected_count from audit.check_result where suite = 'core.survey_recomputation'",
    )
    assert (outcome, count) == ("failed", 1)


def test_no_series_has_two_values_in_a_period(published: Path) -> None:
    assert not rows(
        published,
        "select series_key, period_key from core.fct_survey_share group by all having count(*) > 1 "
        "union all select series_key, period_key from marts.survey_result group by all having count(*) > 1",
    )
    ((record, other),) = rows(
        published,
        "select count(*) filter (where is_of_record), count(*) filter (where not is_of_record) "
        "from core.fct_survey_share",
    )
    assert record == 80
    assert other > 0


def test_nothing_of_a_single_respondent_is_published(published: Path) -> None:
    schemas = {schema for (schema,) in rows(published, "select distinct schema_name from duckdb_tables()")}
    assert schemas == {"core", "marts", "audit", "meta"}
    quarantined = rows(
        published, "select value, row_json, message_lv from audit.quarantine where source_name = 'responses'"
    )
    assert len(quarantined) == 1
    assert quarantined[0][:2] == (None, None)
    assert UNKNOWN not in quarantined[0][2]
    columns = rows(published, "select distinct column_name from duckdb_columns() where not internal")
    assert ("respondent_no",) not in columns


def test_each_answer_was_accepted_or_quarantined(published: Path) -> None:
    ((read, accepted, quarantined),) = rows(
        published,
        "select rows_read, rows_accepted, rows_quarantined from audit.source_file where source_name = 'responses'",
    )
    respondents = sum(
        group.respondents for group in printed(Settings.from_environment().landing_dir / STRATEGY / "surveys")
    )
    assert (read, quarantined) == (20 * respondents, 1)
    assert read == accepted + quarantined


# --- A mapping that is corrected beside an unchanged export ---


class Correction(NamedTuple):
    """What was published after the mapping was handed in anew, and what was told."""

    file: Path
    day: date
    received: Run
    again: Run


@pytest.fixture(scope="module")
def correction(warehouse: Warehouse, published: Path) -> Correction:
    """Hand in the mapping alone: of the strategic settings only full agreement is to count."""
    responses = warehouse.landing / STRATEGY / "responses"
    mapping = yaml.safe_load((responses / "synthetic_answers.mapping.yml").read_text("utf-8"))
    for questions in mapping["questions"]:
        if questions["survey"] == "strategic_setting":
            questions["positive"] = ["agree"]
    handed_in = warehouse.data.parent / "synthetic_answers.mapping.yml"
    handed_in.write_text(yaml.safe_dump(mapping, allow_unicode=True), "utf-8")
    ((vintage,),) = rows(published, "select vintage from audit.source_file where source_name = 'responses'")
    day = vintage + timedelta(days=1)
    received = warehouse.command("receive", str(handed_in), "--day", str(day), "--even-so")
    assert received.exit_code == 0, received.output
    assert [path.name for path in (responses / str(day)).iterdir()] == ["synthetic_answers.mapping.yml"]
    done = warehouse.command("build")
    assert done.exit_code == 0, done.output
    return Correction(warehouse.published_file.resolve(), day, received, warehouse.command("build"))


def test_a_corrected_mapping_is_loaded_by_the_next_build_and_then_is_nothing_new(
    published: Path, correction: Correction
) -> None:
    assert "“agree; rather agree” → “agree”" in correction.received.output
    assert correction.file != published
    assert correction.again.exit_code == 0
    assert "Nothing new" in correction.again.output


def test_the_shares_follow_the_corrected_mapping_and_the_earlier_ones_stay_published_as_they_were(
    published: Path, correction: Correction
) -> None:
    query = (
        "select survey_code, item_code, group_code, computed_share, published_share from marts.survey_result "
        "where computed_share is not null order by all"
    )
    before, after = ({row[:3]: row[3:] for row in rows(file, query)} for file in (published, correction.file))
    assert before.keys() == after.keys()
    changed = {key for key in before if before[key] != after[key]}
    assert changed
    assert {survey for survey, *_ in changed} == {"strategic_setting"}
    assert all(after[key][0] < before[key][0] and after[key][1] == before[key][1] for key in changed)


def test_both_vintages_of_an_export_are_told_and_what_the_mapping_changed(
    published: Path, correction: Correction
) -> None:
    first, second = (f"{STRATEGY}/responses/{day}synthetic_answers.csv" for day in ("", f"{correction.day}/"))
    query = "from audit.source_file where source_name = 'responses' order by vintage"
    told = "source_file, superseded_on, rows_read, overwritten_sha256"
    ((read,),) = rows(published, f"select rows_read {query}")
    assert rows(correction.file, f"select {told} {query}") == [
        (first, correction.day, read, None),
        (second, None, read, None),
    ]
    exports, mappings = zip(*rows(correction.file, f"select sha256, mapping_sha256 {query}"), strict=True)
    assert len(set(exports)) == 1
    assert len(set(mappings)) == 2
    assert rows(published, f"select mapping_sha256 {query}") == [(mappings[0],)]
    revisions = rows(
        correction.file,
        "select distinct kind, column_name, old_value, new_value, source_file, earlier_file from audit.revision "
        "where source_name = 'responses' and table_name = 'question' and column_name = 'positive_answers_en'",
    )
    assert revisions == [
        ("changed", "positive_answers_en", "agree; rather agree", "agree", second, first),
    ]


def test_the_answers_of_both_vintages_stay_in_the_build_file(warehouse: Warehouse, correction: Correction) -> None:
    found = rows(
        warehouse.data / "build" / "meraukla.duckdb",
        "select _vintage, _superseded_on, count(*) filter (is_positive) > 0 from raw.responses__answer "
        "where survey_code = 'strategic_setting' group by all order by all",
    )
    assert [row[1:] for row in found] == [(correction.day, True), (None, True)]
