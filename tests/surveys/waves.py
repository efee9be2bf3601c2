"""A synthetic strategy with a questionnaire that is asked twice, in two versions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from tests.promise.warehouse import STRATEGY, SyntheticWarehouse
from tests.surveys.conftest import contract_of
from warehouse.readers import LandingFile
from warehouse.survey_export import read_export
from warehouse.survey_mapping import RegisteredSurvey, SurveyRegistry

PERIODS = {"1": "2023/2024", "2": "2024/2025"}
GROUPS = ("heads", "teachers")


@dataclass(frozen=True)
class Asked:
    """An item of one wave.

    Attributes:
        code: the item.
        positive: number of positive answers of each group.
        respondents: number of answers of each group.
        scale: scale.
        positive_answers: answers that count as positive.
    """

    code: str
    positive: Mapping[str, int]
    respondents: Mapping[str, int]
    scale: str = "agreement_4"
    positive_answers: Sequence[str] = ("agree", "rather_agree")


def seeds(
    waves: Mapping[str, Sequence[str]], questions: Sequence[Mapping[str, Any]]
) -> dict[str, list[dict[str, Any]]]:
    """Return the registry: version of the questionnaire → its items, and what a person judged of them."""
    return {
        "strategy": [
            {
                "strategy_code": STRATEGY,
                "name_lv": "s",
                "name_en": "s",
                "valid_from_year": 2020,
                "valid_to_year": 2025,
            }
        ],
        "advantage": [
            {"strategy_code": STRATEGY, "advantage_no": no, "advantage_code": f"KP{no}", "view_prefix": f"kp{no}"}
            for no in range(1, 5)
        ],
        "institution": [{"strategy_code": STRATEGY, "institution_code": "city", "institution_type_code": "city"}],
        "survey": [
            {
                "survey_code": f"synthetic_{version}",
                "strategy_code": STRATEGY,
                "name_lv": "s",
                "name_en": "s",
                "period_label": PERIODS[version],
                "question_lv": "Cik lielā mērā?",
                "question_en": "How far?",
                "instrument_code": "synthetic",
                "instrument_version": version,
                "record_kind": "computed",
            }
            for version in waves
        ],
        "survey_item": [
            {
                "survey_code": f"synthetic_{version}",
                "item_code": item,
                "advantage_no": 1,
                "label_lv": item,
                "label_en": item,
            }
            for version, items in waves.items()
            for item in items
        ],
        "survey_question": [
            {"strategy_code": STRATEGY, "instrument_code": "synthetic", **question} for question in questions
        ],
        "stakeholder_group": [{"group_code": group, "label_lv": group, "label_en": group} for group in GROUPS],
    }


def registry_of(rows: Mapping[str, Sequence[Mapping[str, Any]]]) -> SurveyRegistry:
    """Return the registered surveys as the reader of mappings knows them."""
    return SurveyRegistry(
        {
            row["survey_code"]: RegisteredSurvey(
                STRATEGY, row["survey_code"], row["period_label"], row["instrument_version"]
            )
            for row in rows["survey"]
        },
        frozenset((row["survey_code"], row["item_code"]) for row in rows["survey_item"]),
        frozenset(GROUPS),
    )


def write_wave(folder: Path, version: str, items: Sequence[Asked], population: Mapping[str, str]) -> Path:
    """Write a synthetic export of one wave, and its mapping."""
    path = folder / f"synthetic_wave_{version}.csv"
    texts = {"agree": "Piekrītu", "disagree": "Nepiekrītu"}
    lines = [",".join(("Grupa", *(item.code for item in items)))]
    for group in GROUPS:
        most = max((item.respondents.get(group, 0) for item in items), default=0)
        for number in range(most):
            cells = [
                texts["agree"]
                if number < item.positive.get(group, 0)
                else texts["disagree"]
                if number < item.respondents.get(group, 0)
                else ""
                for item in items
            ]
            lines.append(",".join((group, *cells)))
    path.write_text("\n".join(lines) + "\n", "utf-8")
    mapping = {
        "wave": f"synthetic_{version}",
        "period": PERIODS[version],
        "instrument_version": version,
        "form": "wide",
        "weight": "none",
        "group": {"header": "Grupa", "answers": {group: group for group in GROUPS}},
        "population": dict(population),
        "questions": [
            {
                "survey": f"synthetic_{version}",
                "scale": item.scale,
                "positive": list(item.positive_answers),
                "items": {item.code: item.code},
            }
            for item in items
        ],
    }
    path.with_name(f"synthetic_wave_{version}.mapping.yml").write_text(
        yaml.safe_dump(mapping, allow_unicode=True), "utf-8"
    )
    return path


@dataclass(frozen=True)
class Export:
    """A synthetic export, and the days from which and until which it was in force."""

    path: Path
    vintage: date = date(2026, 1, 31)
    superseded_on: date | None = None


def load_waves(warehouse: SyntheticWarehouse, exports: Sequence[Export], registry: SurveyRegistry) -> None:
    """Load synthetic exports into the raw tables, in place of what a test before left there."""
    for table in ("answer", "question"):
        contract = contract_of(table)
        warehouse.connection.execute(f"delete from raw.{contract.raw_table}")
        for export in exports:
            name = f"{STRATEGY}/responses/{export.vintage}/{export.path.name}"
            file = LandingFile(export.path, name, STRATEGY, export.vintage, superseded_on=export.superseded_on)
            result = read_export(file, contract, registry=registry)
            assert not result.rejections, result.rejections[0].message("en")
            accepted = result.accepted  # noqa: F841 - DuckDB reads it by its name
            warehouse.connection.execute(f"insert into raw.{contract.raw_table} by name select * from accepted")
