"""Exports to read: synthetic ones, in a folder of the test."""

from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from warehouse import survey_export
from warehouse.contract import Contract, load_contracts
from warehouse.readers import LandingFile, ReadResult
from warehouse.survey_mapping import RegisteredSurvey, SurveyRegistry

STRATEGY = "synthetic-strategy"
REGISTRY = SurveyRegistry(
    {
        "wave": RegisteredSurvey(STRATEGY, "wave", "2025/2026", "2"),
        "need": RegisteredSurvey(STRATEGY, "wave", "2025/2026", "2"),
        "other": RegisteredSurvey(STRATEGY, "other", "2024/2025", "1"),
        "foreign": RegisteredSurvey("another-strategy", "foreign", "2025/2026", "2"),
    },
    frozenset({("need", "1.1"), ("need", "1.10"), ("other", "a"), ("foreign", "a")}),
    frozenset({"heads", "teachers"}),
)
MAPPING: Mapping[str, Any] = {
    "wave": "wave",
    "period": "2025/2026",
    "instrument_version": "2",
    "form": "wide",
    "weight": "none",
    "group": {"header": "Jūs esat", "answers": {"Vadītājs": "heads", "Skolotājs": "teachers"}},
    "population": {"heads": "30", "teachers": "unknown"},
    "questions": [
        {
            "survey": "need",
            "scale": "agreement_4_dont_know",
            "positive": ["agree", "rather_agree"],
            "left_out": ["dont_know"],
            "answers": {"4": "agree"},
            "items": {"1.1": ["Vai tīkls ir sakārtots?", "Is the network orderly?"], "1.10": "Vai ir droši?"},
        }
    ],
    "ignored": ["Laika zīmogs"],
}
LONG: Mapping[str, Any] = {
    **MAPPING,
    "form": "long",
    "long": {"respondent": "ID", "question": "Jautājums", "answer": "Atbilde"},
    "ignored": ["Kopējās piezīmes"],
}


class _PlainDumper(yaml.SafeDumper):
    """Writes what stands twice twice, not as a reference."""

    def ignore_aliases(self, data: object) -> bool:
        return True


ReadExport = Callable[..., ReadResult]


def contract_of(table: str) -> Contract:
    """Return a contract of source responses."""
    (contract,) = (one for one in load_contracts() if (one.source, one.table) == ("responses", table))
    return contract


@pytest.fixture
def read_export(tmp_path: Path) -> ReadExport:
    """Write an export and its mapping, and read them."""

    def read(
        content: str | bytes,
        mapping: Mapping[str, Any] | str | None = MAPPING,
        table: str = "answer",
        ending: str = "csv",
    ) -> ReadResult:
        path = tmp_path / f"synthetic_answers.{ending}"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if mapping is not None:
            text = (
                mapping
                if isinstance(mapping, str)
                else yaml.dump(dict(mapping), Dumper=_PlainDumper, allow_unicode=True)
            )
            (tmp_path / "synthetic_answers.mapping.yml").write_text(text, "utf-8")
        file = LandingFile(path, f"{STRATEGY}/responses/{path.name}", STRATEGY, date(2026, 1, 31))
        return survey_export.read_export(file, contract_of(table), registry=REGISTRY)

    return read
