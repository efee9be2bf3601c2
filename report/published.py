"""What the report reads: rows of the published file as typed records, and nothing else.

Layers point one way: the report reads marts, and beside them the dimensions of core, audit and meta. Records are
named after what one row of them is. Texts come in pairs, `…_lv` and `…_en`; `Words.of` picks one.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any, TypeVar

import duckdb

Record = TypeVar("Record")


class NothingToReportError(Exception):
    """The published file holds nothing that a report can be made of."""


@dataclass(frozen=True, slots=True)
class Strategy:
    """A strategy."""

    strategy_code: str
    name_lv: str
    name_en: str
    authority_lv: str
    authority_en: str
    valid_from_year: int
    valid_to_year: int
    adopted_on: date | None


@dataclass(frozen=True, slots=True)
class Period:
    """A period: a school year, a calendar year, or the one that is not printed."""

    period_key: str
    period_kind: str
    label: str
    starts_on: date | None
    ends_on: date | None
    sort_order: int


@dataclass(frozen=True, slots=True)
class Code:
    """A code of a code list."""

    code_list: str
    code: str
    sort_order: int | None
    name_lv: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Advantage:
    """A competitiveness advantage."""

    advantage_no: int
    advantage_code: str
    name_lv: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Direction:
    """A priority direction."""

    direction_no: str
    advantage_no: int
    name_lv: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator."""

    indicator_no: int
    advantage_no: int
    name_lv: str
    name_en: str
    desired_direction: str | None


@dataclass(frozen=True, slots=True)
class Point:
    """A series in a period: its value, or why there is none (`marts.indicator_trend`)."""

    indicator_no: int
    series_key: str
    series_label_lv: str
    series_label_en: str
    period_key: str
    period_order: int
    is_baseline: bool
    is_bridged: bool
    has_value: bool
    value_numeric: float | None
    value_text: str | None
    unit: str
    unit_name_lv: str | None
    unit_name_en: str | None
    obs_status: str
    methodology_key: str | None
    segment_no: int | None
    source_file: str | None
    source_row: int | None
    report_line: int | None


@dataclass(frozen=True, slots=True)
class Progress:
    """A series and a result period, compared and assessed (`marts.indicator_progress`)."""

    advantage_no: int
    indicator_no: int
    series_key: str
    series_label_lv: str
    series_label_en: str
    desired_direction: str | None
    period_key: str
    baseline_value: float | None
    baseline_text: str | None
    baseline_unit: str | None
    baseline_period_label: str | None
    target_value: float | None
    target_upper_value: float | None
    target_text: str | None
    target_comparator: str | None
    target_unit: str | None
    final_target_value: float | None
    final_target_upper_value: float | None
    final_target_text: str | None
    final_target_comparator: str | None
    final_target_unit: str | None
    result_value: float | None
    result_text: str | None
    has_data: bool
    unit: str
    unit_name_lv: str | None
    unit_name_en: str | None
    obs_status: str
    is_comparable: bool
    refusal_reason: str | None
    reason_lv: str | None
    reason_en: str | None
    break_reason_lv: str | None
    break_reason_en: str | None
    change: float | None
    is_improving: bool | None
    progress_share: float | None
    elapsed_share: float | None
    progress_status: str
    progress_status_name_lv: str
    progress_status_name_en: str
    source_file: str | None
    report_line: int | None


@dataclass(frozen=True, slots=True)
class Target:
    """A target of a series, with the period whose end it is due at (`marts.indicator_target`)."""

    series_key: str
    target_year: int
    due_period_key: str
    comparator: str
    target_value: float | None
    target_upper_value: float | None
    unit: str
    value_text: str | None
    printed_unit: str | None
    methodology_key: str | None
    report_line: int | None


@dataclass(frozen=True, slots=True)
class Method:
    """A version of a series' methodology. What the source does not state is None."""

    series_key: str
    methodology_key: str
    version_no: int
    concept_lv: str | None
    concept_en: str | None
    unit: str | None
    numerator: str | None
    denominator: str | None
    population: str | None
    source: str | None
    instrument: str | None
    instrument_version: str | None
    reference_date: str | None
    periodicity: str | None
    rounding: str | None
    desired_direction: str | None
    valid_from: str | None
    valid_to: str | None
    documentation: str | None
    evidence_document: str | None
    evidence_line: int | None
    break_reason_code: str | None
    bridge_code: str | None


@dataclass(frozen=True, slots=True)
class Break:
    """A break in a series, declared or suspected."""

    break_key: str
    series_key: str
    from_period: str | None
    to_period: str | None
    kind: str
    reason_code: str | None
    bridge_code: str | None
    is_bridged: bool
    declared_by: str | None
    declared_on: date | None
    evidence: str | None
    reason_lv: str | None
    reason_en: str | None


@dataclass(frozen=True, slots=True)
class Flag:
    """A finding about comparability, with what was decided on it."""

    advantage_no: int | None
    indicator_no: int | None
    domain_code: str | None
    flag_key: str
    flag_id: str
    series_key: str
    from_period: str | None
    to_period: str | None
    rule: str
    kind: str
    severity: str
    is_break: bool
    reason_lv: str
    reason_en: str
    decision_reason: str | None
    decided_by: str | None
    decided_on: date | None


@dataclass(frozen=True, slots=True)
class Action:
    """An action of the plan in a period."""

    advantage_no: int
    direction_no: str
    action_no: str
    action_label_lv: str
    action_label_en: str
    period_key: str
    status_code: str
    status_name_lv: str
    status_name_en: str
    status_text: str | None
    comment_lv: str | None
    comment_en: str | None
    source_file: str | None
    report_line: int | None


@dataclass(frozen=True, slots=True)
class Share:
    """A survey item and group: the share of positive answers with its interval."""

    series_key: str
    advantage_no: int | None
    survey_code: str
    survey_name_lv: str
    survey_name_en: str
    question_lv: str | None
    question_en: str | None
    positive_answers_lv: str | None
    positive_answers_en: str | None
    item_code: str
    item_label_lv: str
    item_label_en: str
    group_code: str
    group_label_lv: str
    group_label_en: str
    period_key: str
    positive_share: float | None
    share_text: str | None
    respondents: int | None
    ci_low: float | None
    ci_high: float | None
    obs_status: str
    conf_status: str
    source_file: str | None
    report_line: int | None


@dataclass(frozen=True, slots=True)
class Response:
    """A survey and group: how many answered."""

    survey_code: str
    group_code: str
    group_label_lv: str
    group_label_en: str
    period_key: str
    respondents: int | None
    respondents_text: str | None
    response_share: float | None
    response_share_text: str | None
    is_approximate: bool
    report_line: int | None


@dataclass(frozen=True, slots=True)
class Count:
    """A number of learners or institutions by year, kind and founder."""

    series_key: str
    period_key: str
    kind_code: str
    kind_name_lv: str
    kind_name_en: str
    ownership_code: str
    ownership_name_lv: str
    ownership_name_en: str
    value: int | None
    value_text: str | None
    as_of_on: date | None
    segment_no: int | None
    source_file: str | None
    report_line: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    """A figure or claim of the published evaluation: printed, recomputed, verdict."""

    claim_no: str
    report_line: int | None
    section: str | None
    statement_lv: str
    statement_en: str
    printed_value: str | None
    unit_code: str | None
    recomputed_text: str | None
    verdict: str
    remark_en: str | None


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A landing file of the run."""

    source_file: str
    sha256: str | None
    vintage: date
    rows_read: int
    rows_accepted: int
    rows_quarantined: int


@dataclass(frozen=True, slots=True)
class Check:
    """An expectation that the run checked."""

    stage: str
    suite: str
    expectation: str
    severity: str
    outcome: str
    element_count: int | None
    unexpected_count: int | None
    description: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document that figures were taken from."""

    document_code: str
    title_lv: str
    title_en: str
    author: str
    commissioned_by: str
    text_sha256: str
    form: str
    rights: str
    received_on: date


@dataclass(frozen=True, slots=True)
class Run:
    """The run that made the published file."""

    run_id: str
    published_at: datetime
    open_suspicion_count: int | None
    new_suspicions: tuple[str, ...]
    meraukla_version: str


@dataclass(frozen=True, slots=True)
class Published:
    """Everything about one strategy that the report shows."""

    strategy: Strategy
    run: Run
    documents: tuple[Document, ...]
    periods: dict[str, Period]
    codes: dict[tuple[str, str], Code]
    obs_statuses: dict[str, tuple[str, str]]
    action_statuses: dict[str, tuple[str, str]]
    advantages: tuple[Advantage, ...]
    directions: tuple[Direction, ...]
    indicators: tuple[Indicator, ...]
    points: tuple[Point, ...]
    progress: tuple[Progress, ...]
    scorecard: tuple[dict[str, Any], ...]
    targets: tuple[Target, ...]
    methods: tuple[Method, ...]
    breaks: tuple[Break, ...]
    flags: tuple[Flag, ...]
    actions: tuple[Action, ...]
    shares: tuple[Share, ...]
    responses: tuple[Response, ...]
    learners: tuple[Count, ...]
    institutions: tuple[Count, ...]
    claims: tuple[Claim, ...]
    source_files: tuple[SourceFile, ...]
    quarantined: int
    checks: tuple[Check, ...]


# One query a record. `$1` is the strategy. The order is part of the result: two builds of one file are equal.
_POINTS = """
with observation as (
    select series_key, period_key, is_bridged, methodology_key, source_row
    from core.fct_observation
    where strategy_code = $1
    qualify row_number() over (
        partition by series_key, period_key, is_bridged, methodology_key order by vintage desc
    ) = 1
)

select trend.*, observation.source_row
from marts.indicator_trend as trend
left join observation using (series_key, period_key, is_bridged, methodology_key)
where trend.strategy_code = $1
order by trend.indicator_no, trend.series_key, trend.period_order, trend.is_bridged, trend.methodology_key
"""
_PROGRESS = """
select
    progress.*,
    reason.text_lv as reason_lv,
    reason.text_en as reason_en,
    case when reason.is_break then assessment.break_reasons_lv end as break_reason_lv,
    case when reason.is_break then assessment.break_reasons_en end as break_reason_en
from marts.indicator_progress as progress
left join marts.comparability_reason as reason using (refusal_reason)
left join marts.indicator_comparison as assessment using (series_key, period_key)
inner join core.dim_period as period using (period_key)
where progress.strategy_code = $1
order by progress.indicator_no, progress.series_key, period.sort_order
"""
_TARGETS = """
select distinct
    target.series_key, target.target_year, target.due_period_key, target.comparator, target.target_value,
    target.target_upper_value, target.unit, target.value_text, target.printed_unit, target.methodology_key,
    target.report_line
from marts.indicator_target as target
where target.strategy_code = $1
order by all
"""
_LEARNERS = """
select
    *, stage_code as kind_code, stage_name_lv as kind_name_lv, stage_name_en as kind_name_en, learner_count as value
from marts.enrolment_by_year
where strategy_code = $1
order by period_key, stage_code, ownership_code
"""
_INSTITUTIONS = """
select
    *, institution_type_code as kind_code, institution_type_name_lv as kind_name_lv,
    institution_type_name_en as kind_name_en, institution_count as value
from marts.institution_by_year
where strategy_code = $1
order by period_key, institution_type_code, ownership_code
"""
_RESPONSES = """
select response.*, stakeholder_group.label_lv as group_label_lv, stakeholder_group.label_en as group_label_en
from core.fct_survey_response as response
inner join core.dim_stakeholder_group as stakeholder_group using (group_code)
where response.strategy_code = $1
order by response.survey_code, response.source_row, response.group_code
"""


def _select(table: str, order: str) -> str:
    return f"select * from {table} where strategy_code = $1 order by {order}"


def strategies(connection: duckdb.DuckDBPyConnection) -> list[Strategy]:
    """Return the strategies of the published file, the one that began first at the head."""
    return _records(
        connection, Strategy, "select * from core.dim_strategy order by valid_from_year, strategy_code", None
    )


def read_published(connection: duckdb.DuckDBPyConnection, strategy: Strategy) -> Published:
    """Read all that a report on one strategy shows.

    Args:
        connection: the published file, opened read-only.
        strategy: one of `strategies`.

    Raises:
        NothingToReportError: the file tells of no run, so nothing could be dated.
    """
    code = strategy.strategy_code

    def rows(record: type[Record], sql: str) -> tuple[Record, ...]:
        return tuple(_records(connection, record, sql, code))

    return Published(
        strategy=strategy,
        run=_run(connection),
        documents=rows(Document, _select("meta.source_document", "document_code")),
        periods={
            period.period_key: period
            for period in _records(connection, Period, "select * from core.dim_period order by sort_order", None)
        },
        codes={
            (item.code_list, item.code): item
            for item in _records(connection, Code, "select * from core.dim_code order by all", None)
        },
        obs_statuses=_names(connection, "core.dim_obs_status", "obs_status_code", "precedence"),
        action_statuses=_names(connection, "core.dim_action_status", "action_status_code", "sort_order"),
        advantages=rows(Advantage, _select("core.dim_advantage", "advantage_no")),
        directions=rows(Direction, _select("core.dim_direction", "direction_no")),
        indicators=rows(Indicator, _select("core.dim_indicator", "indicator_no")),
        points=rows(Point, _POINTS),
        progress=rows(Progress, _PROGRESS),
        scorecard=tuple(
            _dicts(connection, _select("marts.advantage_scorecard", "advantage_no, period_key desc"), code)
        ),
        targets=rows(Target, _TARGETS),
        methods=rows(Method, _select("core.dim_methodology", "series_key, version_no")),
        breaks=rows(Break, _select("core.fct_break", "series_key, to_period, kind, break_key")),
        flags=rows(Flag, _select("marts.comparability_flag", "rule, series_key, to_period, flag_key")),
        actions=rows(Action, _select("marts.action_progress", "direction_no, action_no, period_key")),
        shares=rows(Share, _select("marts.survey_result", "survey_code, item_code, group_code, period_key")),
        responses=rows(Response, _RESPONSES),
        learners=rows(Count, _LEARNERS),
        institutions=rows(Count, _INSTITUTIONS),
        claims=rows(Claim, _select("audit.reconciliation", "claim_no")),
        source_files=rows(SourceFile, _select("audit.source_file", "source_file")),
        quarantined=_quarantined(connection, code),
        checks=tuple(
            _records(
                connection,
                Check,
                "select * from audit.check_result order by stage, suite, expectation, subject, description",
                None,
            )
        ),
    )


def _run(connection: duckdb.DuckDBPyConnection) -> Run:
    rows = connection.execute(
        "select run_id, coalesce(published_at, started_at), open_suspicion_count, "
        "from_json(coalesce(new_suspicions, '[]'), '[\"varchar\"]'), meraukla_version from audit.run"
    ).fetchall()
    if not rows:
        raise NothingToReportError("The published file tells of no run. Build it anew: meraukla build --force")
    run_id, published_at, open_count, new, version = rows[0]
    return Run(run_id, published_at, open_count, tuple(new), version)


def _quarantined(connection: duckdb.DuckDBPyConnection, code: str) -> int:
    ((count,),) = connection.execute(
        "select count(*) from audit.quarantine where strategy_code = $1", [code]
    ).fetchall()
    return int(count)


def _names(connection: duckdb.DuckDBPyConnection, table: str, code: str, order: str) -> dict[str, tuple[str, str]]:
    rows = connection.execute(f"select {code}, name_lv, name_en from {table} order by {order}, {code}").fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def _dicts(connection: duckdb.DuckDBPyConnection, sql: str, code: str | None) -> list[dict[str, Any]]:
    cursor = connection.execute(sql, [code] if code is not None else [])
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _records(connection: duckdb.DuckDBPyConnection, record: type[Record], sql: str, code: str | None) -> list[Record]:
    """Read rows into records by the names of their fields."""
    cursor = connection.execute(sql, [code] if code is not None else [])
    names = [column[0] for column in cursor.description or []]
    places = [names.index(field.name) for field in fields(record)]  # type: ignore[arg-type]
    return [record(*(row[place] for place in places)) for row in cursor.fetchall()]


def groups(items: Sequence[Record], attribute: str) -> dict[Any, list[Record]]:
    """Group records by one of their fields, in the order met."""
    found: dict[Any, list[Record]] = {}
    for item in items:
        found.setdefault(getattr(item, attribute), []).append(item)
    return found
