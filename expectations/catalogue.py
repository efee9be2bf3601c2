"""What is expected: suites (`suites/*.yml`) and comparability rules (`rules/*.yml`), read and checked."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

SUITES_DIR = Path(__file__).parent / "suites"
RULES_DIR = Path(__file__).parent / "rules"

Severity = Literal["critical", "error", "warning", "info"]
Stage = Literal["landing", "guard", "audit"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ExpectationSpec(_Strict):
    """One expectation: its Great Expectations type and arguments, and what a steward reads about it."""

    type: str
    kwargs: Mapping[str, Any] = Field(default_factory=dict)
    severity: Severity = "critical"
    description: str

    @property
    def subject(self) -> str | None:
        """Column or columns it is about."""
        columns = [self.kwargs[name] for name in ("column", "column_A", "column_B") if name in self.kwargs]
        columns += self.kwargs.get("column_list", [])
        return ", ".join(columns) or None


class Suite(_Strict):
    """Expectations about the rows of one query: all rows of a table unless the suite says otherwise."""

    name: str
    stage: Stage
    table: str
    query: str
    expectations: tuple[ExpectationSpec, ...] = Field(min_length=1)


class Rule(_Strict):
    """One comparability rule.

    `profile` is a query with a row for each thing to be judged; it has the columns `strategy_code`, `series_key`,
    `from_period`, `to_period` and those that the expectation and the messages name. It may bring a `severity` of its
    own. The rows that break the expectation become flags.
    """

    name: str
    kind: Literal["declared", "suspected"]
    severity: Severity
    is_break: bool
    description: str
    profile: str
    expectation: Mapping[str, Any]
    evidence: tuple[str, ...] = Field(min_length=1)
    reason_lv: str
    reason_en: str


@cache
def load_suites(directory: Path = SUITES_DIR) -> tuple[Suite, ...]:
    """Read all suites; a suite is named like its file.

    Raises:
        pydantic.ValidationError: a file is malformed (names the field).
    """
    return tuple(
        Suite.model_validate(
            {"name": path.stem, "table": path.stem, "query": f"select * from {path.stem}", **content}
        )
        for path, content in _read(directory)
    )


@cache
def load_rules(directory: Path = RULES_DIR) -> tuple[Rule, ...]:
    """Read all comparability rules; a rule is named like its file.

    Raises:
        pydantic.ValidationError: a file is malformed (names the field).
    """
    return tuple(Rule.model_validate({"name": path.stem, **content}) for path, content in _read(directory))


def _read(directory: Path) -> Sequence[tuple[Path, Mapping[str, Any]]]:
    return [(path, yaml.safe_load(path.read_text("utf-8"))) for path in sorted(directory.glob("*.yml"))]
