"""The last word: a person confirms or dismisses a suspicion, and the registry remembers who, when and why."""

from dataclasses import dataclass
from datetime import date

from warehouse.messages import message
from warehouse.registry import DECISIONS, DECLARATIONS, Registry, Value


@dataclass(frozen=True, slots=True)
class Finding:
    """What has to be known of a flag to decide on it: a row of `marts.comparability_flag`."""

    strategy_code: str
    flag_key: str
    flag_id: str
    series_key: str
    to_period: str | None
    rule: str
    kind: str
    is_break: bool
    evidence_hash: str
    reason_lv: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Decision:
    """Who decides what, when, and why."""

    decision: str
    reason: str
    decided_by: str
    decided_on: date


class DecisionError(Exception):
    """A flag cannot be decided on so; the message says what to do instead."""

    def __init__(self, name: str, **facts: str) -> None:
        self._name, self._facts = name, facts
        super().__init__(self.message("en"))

    def message(self, language: str) -> str:
        """Return what the steward reads, in `lv` or `en`."""
        return message(self._name, language, **self._facts)


def decide(registry: Registry, finding: Finding, decision: Decision, break_reason: str | None = None) -> Registry:
    """Return the registry with a decision on one flag; a confirmed break is declared as well.

    Args:
        registry: the registry as it stands.
        finding: the flag decided on.
        decision: `confirmed` or `dismissed`, with its reason.
        break_reason: code of the seed break_reason; needed to confirm a flag that is about a break.

    Raises:
        DecisionError: the flag is a fact that no decision changes, was confirmed before and is now to be dismissed,
            or a break is to be confirmed without the code of its reason.
    """
    earlier = [(number, cells) for number, cells in registry.rows(DECISIONS) if cells["flag_key"] == finding.flag_key]
    was_confirmed = any(cells["decision"] == "confirmed" for _, cells in earlier)
    if finding.kind == "declared":
        raise DecisionError("decision_of_fact", flag=finding.flag_id)
    if was_confirmed and decision.decision == "dismissed":
        raise DecisionError(
            "decision_taken_back", flag=finding.flag_id, declarations=DECLARATIONS, decisions=DECISIONS
        )
    row: dict[str, Value] = {
        "flag_key": finding.flag_key,
        "decision": decision.decision,
        "reason": decision.reason,
        "evidence_hash": finding.evidence_hash,
        "decided_by": decision.decided_by,
        "decided_on": decision.decided_on,
    }
    registry = registry.replace(DECISIONS, earlier[0][0], row) if earlier else registry.append(DECISIONS, row)
    if decision.decision == "confirmed" and finding.is_break and not _is_declared(registry, finding):
        if break_reason is None:
            codes = ", ".join(registry.code_lists["break_reason"])
            raise DecisionError("decision_without_break_reason", flag=finding.flag_id, codes=codes)
        registry = registry.declare_break(_declaration(finding, decision, break_reason))
    return registry


def _is_declared(registry: Registry, finding: Finding) -> bool:
    """Whether a break is declared at that place already: one place, one declaration.

    A declaration between two versions need not name the period: the later version begins with it.
    """
    begins = {version["version_no"]: version["valid_from"] for _, version in registry.versions(finding.series_key)}
    return any(
        (cells["first_period"] or begins.get(cells["to_version_no"])) == finding.to_period
        for _, cells in registry.declarations(finding.series_key)
    )


def _declaration(finding: Finding, decision: Decision, break_reason: str) -> dict[str, Value]:
    return {
        "strategy_code": finding.strategy_code,
        "series_key": finding.series_key,
        "first_period": finding.to_period,
        "reason_code": break_reason,
        "bridge_code": "none",
        "declared_by": decision.decided_by,
        "declared_on": decision.decided_on,
        "evidence_document": f"{DECISIONS}: {finding.flag_key}",
        "reason_lv": finding.reason_lv,
        "reason_en": finding.reason_en,
    }
