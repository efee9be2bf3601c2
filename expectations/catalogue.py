"""What is expected: suites (`suites/*.yml`) and comparability rules (`rules/*.yml`), read and checked."""

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from warehouse.yaml_files import read_yaml

SUITES_DIR = Path(__file__).parent / "suites"
RULES_DIR = Path(__file__).parent / "rules"
THRESHOLDS_FILE = Path(__file__).parent / "thresholds.yml"

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
    """Expectations about the rows of one query: all current rows of a table unless the suite says otherwise."""

    name: str
    stage: Stage
    table: str
    query: str
    expectations: tuple[ExpectationSpec, ...] = Field(min_length=1)


Threshold = int | float


class Rule(_Strict):
    """One comparability rule: `<rule>.yml`, and beside it `<rule>.sql`, its profile.

    `profile` is a query over core with a row for each thing to be judged; it has the columns `strategy_code`,
    `series_key`, `from_period`, `to_period` and those that the expectation and the messages name. It may bring a
    `severity` and a `kind` of its own. The rows that break the expectation become flags. `$name`, in the profile and
    in the expectation, stands for a threshold of the rule. `obs_status` is the status that a finding gives the value
    of `to_period`; `break_reason` says why a confirmed finding is a break, where the rule can tell.
    """

    name: str
    kind: Literal["declared", "suspected"]
    severity: Severity
    is_break: bool
    obs_status: str | None = None
    break_reason: str | None = None
    description_en: str
    description_lv: str
    profile: str
    thresholds: Mapping[str, Threshold] = Field(default_factory=dict)
    expectation: Mapping[str, Any]
    evidence: tuple[str, ...] = Field(min_length=1)
    reason_lv: str
    reason_en: str

    @property
    def description(self) -> str:
        """What a steward reads in Data Docs and on Dagster's page."""
        return f"{self.description_lv} / {self.description_en}"

    @property
    def expectation_kwargs(self) -> Mapping[str, Any]:
        """Arguments of the expectation, with the thresholds put in.

        Raises:
            KeyError: an argument names a threshold that the rule does not have.
        """
        return {name: self._resolve(value) for name, value in self.expectation.items() if name != "type"}

    def _resolve(self, value: object) -> object:
        if not isinstance(value, str) or "$" not in value:
            return value
        sign, _, name = value.partition("$")
        return -self.thresholds[name] if sign == "-" else self.thresholds[name]


@cache
def load_suites(directory: Path = SUITES_DIR) -> tuple[Suite, ...]:
    """Read all suites; a suite is named like its file.

    Raises:
        pydantic.ValidationError: a file is malformed (names the field).
    """
    return tuple(
        Suite.model_validate({"name": path.stem, "table": path.stem, "query": _rows_of(path.stem), **content})
        for path, content in _read(directory)
    )


def _rows_of(table: str) -> str:
    """Return the query of a suite that brings none: of landing files only what no later file has replaced."""
    current = " where _superseded_on is null" if table.startswith("raw.") else ""
    return f"select * from {table}{current}"


@cache
def load_rules(directory: Path = RULES_DIR, thresholds_file: Path = THRESHOLDS_FILE) -> tuple[Rule, ...]:
    """Read all comparability rules with their thresholds; a rule is named like its file.

    Raises:
        FileNotFoundError: a rule has no profile.
        pydantic.ValidationError: a file is malformed (names the field).
        ValueError: there are thresholds for a rule that does not exist.
    """
    thresholds: Mapping[str, Mapping[str, Threshold]] = read_yaml(thresholds_file)
    rules = tuple(
        Rule.model_validate(
            {
                "name": path.stem,
                "profile": path.with_suffix(".sql").read_text("utf-8"),
                "thresholds": thresholds.get(path.stem, {}),
                **content,
            }
        )
        for path, content in _read(directory)
    )
    if unknown := thresholds.keys() - {rule.name for rule in rules}:
        raise ValueError(f"{thresholds_file.name} has thresholds of no rule: {', '.join(sorted(unknown))}")
    return rules


def _read(directory: Path) -> Sequence[tuple[Path, Mapping[str, Any]]]:
    return [(path, read_yaml(path)) for path in sorted(directory.glob("*.yml"))]
