"""Made-up registries for hypothesis: series with versions, breaks, bridges, suspicions, decisions and values."""

import hashlib
import itertools
import json
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st

from tests.promise.warehouse import STRATEGY

BASELINE_PERIODS = ("2020", "2021", "")
RESULT_PERIODS = ("2021/2022", "2022/2023", "2023/2024", "2024/2025")
RULE = "synthetic_rule"
FLAG_STARTS = ("2020", *RESULT_PERIODS)
# Facts that are no indicators, and codes of their series: stage/founder, type/founder, instrument/item/group.
OTHER_SERIES = {
    "enrolment": ("preschool/total",),
    "institution": ("pii/total",),
    "survey": ("synthetic/item/parents", "synthetic/item/teachers"),
}
_GROUPS = ("parents", "teachers")
_CELLS = {"baseline": "", **{f"result_{period.replace('/', '_')}": period for period in RESULT_PERIODS}}


@dataclass(frozen=True, slots=True)
class Version:
    """One methodology version; `definition` stands for everything that defines the measure."""

    no: int
    definition: str
    unit: str
    documentation: str
    valid_from: str
    valid_to: str
    baseline_restated: bool


@dataclass(frozen=True, slots=True)
class Declaration:
    """A declared break: between two versions (`to_version`), or from a period on."""

    to_version: int | None
    first_period: str
    bridge: str
    factor: float | None


@dataclass(frozen=True, slots=True)
class Flag:
    """What the guard found, and what was decided: none, confirmed, dismissed, or dismissed on other evidence."""

    from_period: str
    to_period: str
    decision: str

    @property
    def evidence(self) -> str:
        """What the rule saw, as JSON."""
        return json.dumps({"synthetic": self.to_period})


@dataclass(frozen=True, slots=True)
class Series:
    """One series with everything that says what may be compared in it."""

    no: int
    versions: tuple[Version, ...]
    declarations: tuple[Declaration, ...]
    flags: tuple[Flag, ...]
    baseline_period: str
    printed: dict[str, str] = field(hash=False)

    @property
    def key(self) -> str:
        """The series' key."""
        return f"{STRATEGY}/{self.no:02}/total"


@dataclass(frozen=True, slots=True)
class OtherSeries:
    """A series of another fact: learners, institutions, a survey's shares. Its breaks are known by period alone."""

    fact: str
    code: str
    declarations: tuple[Declaration, ...]
    flags: tuple[Flag, ...]
    printed: dict[str, str] = field(hash=False)

    @property
    def key(self) -> str:
        """The series' key."""
        return f"{STRATEGY}/{self.fact}/{self.code}"


@dataclass(frozen=True, slots=True)
class Registry:
    """One strategy: its indicators' series, and those of the other facts."""

    indicators: tuple[Series, ...]
    others: tuple[OtherSeries, ...]

    @property
    def series(self) -> tuple[Series | OtherSeries, ...]:
        """All of them."""
        return (*self.indicators, *self.others)


flags = st.lists(
    st.builds(
        Flag,
        from_period=st.sampled_from(FLAG_STARTS),
        to_period=st.sampled_from(RESULT_PERIODS),
        decision=st.sampled_from(("none", "confirmed", "dismissed", "dismissed_otherwise")),
    ).filter(lambda flag: flag.from_period < flag.to_period),
    max_size=2,
    unique_by=lambda flag: (flag.from_period, flag.to_period),
).map(tuple)


@st.composite
def series(draw: st.DrawFn, no: int) -> Series:
    """One series. The registry is in order: every changed definition has a declared break."""
    starts = sorted(draw(st.sets(st.sampled_from(RESULT_PERIODS), max_size=3)))
    count = len(starts) + 1
    versions = tuple(
        Version(
            no=position + 1,
            definition=draw(st.sampled_from("abc")),
            unit=draw(st.sampled_from(("learners", "learners", "projects"))),
            documentation=draw(st.sampled_from(("described",) * 4 + ("undocumented",) * 3 + ("none",))),
            valid_from="" if position == 0 else starts[position - 1],
            valid_to="" if position == count - 1 else _before(starts[position]),
            baseline_restated=position > 0 and draw(st.booleans()),
        )
        for position in range(count)
    )
    declarations = []
    for earlier, later in itertools.pairwise(versions):
        is_changed = (earlier.definition, earlier.unit) != (later.definition, later.unit)
        if is_changed or draw(st.booleans()):
            bridge = draw(st.sampled_from(("none", "ratio", "ratio", "difference", "recomputed")))
            factor = draw(st.sampled_from((0.5, 2.0, -3.0, 10.0))) if bridge in {"ratio", "difference"} else None
            declarations.append(Declaration(later.no, later.valid_from, bridge, factor))
    taken = {declaration.first_period for declaration in declarations}
    declarations += [
        Declaration(None, period, "none", None)
        for period in draw(st.sets(st.sampled_from(RESULT_PERIODS), max_size=1))
        if period not in taken
    ]
    number = st.integers(0, 999).map(str)
    words = st.sampled_from(("Nav mērīts", "5 %"))
    return Series(
        no=no,
        versions=versions,
        declarations=tuple(declarations),
        flags=draw(flags),
        baseline_period=draw(st.sampled_from(BASELINE_PERIODS)),
        printed={cell: draw(st.one_of(number, number, number, words)) for cell in _CELLS},
    )


@st.composite
def other_series(draw: st.DrawFn, fact: str, code: str) -> OtherSeries:
    """One series of another fact; a period may have no number."""
    periods = draw(st.sets(st.sampled_from(RESULT_PERIODS), max_size=1))
    numbers = st.integers(0, 100).map(str)
    return OtherSeries(
        fact=fact,
        code=code,
        declarations=tuple(Declaration(None, period, "none", None) for period in periods),
        flags=draw(flags),
        printed=draw(st.dictionaries(st.sampled_from(RESULT_PERIODS), numbers, min_size=2)),
    )


registries = st.builds(
    Registry,
    st.integers(1, 6).flatmap(lambda count: st.tuples(*(series(no) for no in range(1, count + 1)))),
    st.tuples(*(other_series(fact, code) for fact, codes in OTHER_SERIES.items() for code in codes)),
)


def seeds_of(registry: Registry) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the strategy's seed files."""
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
        "indicator": [
            {
                "strategy_code": STRATEGY,
                "indicator_no": one.no,
                "advantage_no": 1 + one.no % 4,
                "desired_direction": "up",
            }
            for one in registry.indicators
        ],
        "series": [
            {"strategy_code": STRATEGY, "indicator_no": one.no, "breakdown": "total", "institution_code": "city"}
            for one in registry.indicators
        ],
        # Each wave is a survey of its own, and says itself who answered.
        "survey": [
            {
                "survey_code": period,
                "strategy_code": STRATEGY,
                "period_label": period,
                "part_of_survey_code": period,
                "instrument_code": "synthetic",
                "record_kind": "published",
            }
            for period in RESULT_PERIODS
        ],
        "survey_item": [{"survey_code": period, "item_code": "item", "advantage_no": 1} for period in RESULT_PERIODS],
        "stakeholder_group": [{"group_code": group} for group in _GROUPS],
        "report_cell": [
            {"strategy_code": STRATEGY, "cell": "baseline", "cell_role": "baseline", "is_final_target": False},
            {
                "strategy_code": STRATEGY,
                "cell": "target",
                "cell_role": "target",
                "target_year": 2025,
                "answers_cell": "result_2024_2025",
                "is_final_target": True,
            },
            *(
                {
                    "strategy_code": STRATEGY,
                    "cell": cell,
                    "cell_role": "result",
                    "period_label": period,
                    "is_final_target": False,
                }
                for cell, period in _CELLS.items()
                if period
            ),
        ],
        "methodology_version": [
            {
                "strategy_code": STRATEGY,
                "indicator_no": one.no,
                "breakdown": "total",
                "version_no": version.no,
                "concept_en": version.definition,
                "unit_code": version.unit,
                "documentation": version.documentation,
                "valid_from": version.valid_from,
                "valid_to": version.valid_to,
                "baseline_restated": version.baseline_restated,
                "targets_restated": False,
            }
            for one in registry.indicators
            for version in one.versions
        ],
        "break_declaration": [
            {
                "strategy_code": STRATEGY,
                "series_key": one.key,
                "from_version_no": declaration.to_version and declaration.to_version - 1,
                "to_version_no": declaration.to_version,
                "first_period": declaration.first_period,
                "reason_code": "definition",
                "bridge_code": declaration.bridge,
                "bridge_factor": declaration.factor,
                "declared_by": "synthetic",
                "evidence_document": "synthetic",
                "reason_lv": "s",
                "reason_en": "s",
            }
            for one in registry.series
            for declaration in one.declarations
        ],
        "flag_decision": [
            {
                "flag_key": f"{one.key}/{RULE}/{flag.from_period}-{flag.to_period}",
                "decision": flag.decision.partition("_")[0],
                "reason": "s",
                "evidence_hash": hashlib.md5(
                    (flag.evidence if flag.decision != "dismissed_otherwise" else "other").encode(),
                    usedforsecurity=False,
                ).hexdigest(),
                "decided_by": "synthetic",
            }
            for one in registry.series
            for flag in one.flags
            if flag.decision != "none"
        ],
    }


def landing_of(registry: Registry) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of the landing files, by raw table: each cell of each series, and a target."""
    numbers = [
        (one, period, printed, one.code.split("/"))
        for one in registry.others
        for period, printed in one.printed.items()
    ]
    return {
        "indicators__value": [
            {
                "indicator_no": f"{one.no:02}",
                "breakdown": "total",
                "cell": cell,
                "value_printed": printed,
                "period_printed": one.baseline_period if cell == "baseline" else "",
                "cell_printed": printed,
                "is_merged": "no",
                "report_line": one.no,
            }
            for one in registry.indicators
            for cell, printed in (*one.printed.items(), ("target", "500"))
        ],
        "enrolment__learner_count": [
            {
                "school_year": period,
                "stage_code": code[0],
                "ownership_code": code[1],
                "counted_by": "institution",
                "value_printed": printed,
                "report_line": 1,
            }
            for one, period, printed, code in numbers
            if one.fact == "enrolment"
        ],
        "enrolment__institution_count": [
            {
                "school_year": period,
                "institution_type_code": code[0],
                "ownership_code": code[1],
                "value_printed": printed,
                "report_line": 1,
            }
            for one, period, printed, code in numbers
            if one.fact == "institution"
        ],
        "surveys__positive_share": [
            {
                "survey_code": period,
                "item_code": code[1],
                "group_code": code[2],
                "share_printed": f"{printed} %",
                "report_line": 1,
            }
            for one, period, printed, code in numbers
            if one.fact == "survey"
        ],
        "surveys__respondent_group": [
            {"survey_code": period, "group_code": group, "respondents_printed": "100", "report_line": 1}
            for period in RESULT_PERIODS
            for group in _GROUPS
        ],
    }


def flags_of(registry: Registry) -> list[dict[str, Any]]:
    """Return the rows that the guard would have written."""
    return [
        {
            "strategy_code": STRATEGY,
            "series_key": one.key,
            "from_period": flag.from_period,
            "to_period": flag.to_period,
            "rule": RULE,
            "kind": "suspected",
            "severity": "warning",
            "is_break": True,
            "evidence": flag.evidence,
            "reason_lv": "s",
            "reason_en": "s",
        }
        for one in registry.series
        for flag in one.flags
    ]


def _before(period: str) -> str:
    first = int(period[:4])
    return f"{first - 1}/{first}"
