"""Run suites and comparability rules against the build file; results and flags are rows, never exceptions.

Only this module imports Great Expectations and pandas, and only when it runs: the imports take seconds.
"""

import json
import os
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import duckdb

from expectations.catalogue import ExpectationSpec, Rule, Stage, Suite, Threshold, load_rules, load_suites
from warehouse.store import open_build
from warehouse.tables import insert_rows

if TYPE_CHECKING:
    import pandas as pd
    from great_expectations.core.expectation_validation_result import ExpectationValidationResult
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext

os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

Outcome = Literal["passed", "failed", "error"]
_ROW_ID = "_row_id"
_OBSERVED_LENGTH = 500


@dataclass(frozen=True, slots=True)
class CheckResult:
    """Result of one expectation. `error` means that it could not be checked, which is not a failure of the data."""

    stage: str
    suite: str
    expectation: str
    subject: str | None
    severity: str
    outcome: Outcome
    element_count: int | None
    unexpected_count: int | None
    observed_value: str | None
    description: str

    @property
    def stops_publication(self) -> bool:
        """Whether a file with this result must not be published: a critical failure, or anything not checked."""
        return self.outcome == "error" or (self.outcome == "failed" and self.severity == "critical")

    def __str__(self) -> str:
        about = f"{self.suite}" + (f".{self.subject}" if self.subject else "")
        if self.outcome == "error":
            return f"{about}: could not be checked ({self.observed_value}). Expected: {self.description}"
        seen = f", seen: {self.observed_value}" if self.observed_value else ""
        return f"{about}: {self.description} Rows that break it: {self.unexpected_count or 'n/a'}{seen}"


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What a stage of the guard found."""

    results: list[CheckResult] = field(default_factory=list)
    flags: list[dict[str, Any]] = field(default_factory=list)


def warm_up() -> None:
    """Import Great Expectations, so that a worker has paid for it before the first stage needs it."""
    import great_expectations  # noqa: F401, PLC0415


def run_suites(build_file: Path, stages: Sequence[Stage], context: "AbstractDataContext | None" = None) -> Outcomes:
    """Run the suites of some stages and record their results.

    Args:
        build_file: the build file; nobody else may have it open.
        stages: which suites.
        context: the run's context, if its Data Docs are to show the results; else one for this call.
    """
    context = context or new_context()
    outcomes = Outcomes()
    with open_build(build_file) as connection:
        for suite in load_suites():
            if suite.stage in stages:
                outcomes.results.extend(check(context, suite, _fetch(connection, suite.query)))
        _record(connection, outcomes.results)
    return outcomes


def run_rules(build_file: Path, context: "AbstractDataContext | None" = None) -> Outcomes:
    """Run the comparability rules, record their results, and write their flags to `guard.flag` anew.

    Args:
        build_file: the build file with the core tables; nobody else may have it open.
        context: the run's context, if its Data Docs are to show the results; else one for this call.
    """
    context = context or new_context()
    outcomes = Outcomes()
    with open_build(build_file) as connection:
        for rule in load_rules():
            results, flags = judge(context, rule, _fetch(connection, rule.profile, rule.thresholds))
            outcomes.results.extend(results)
            outcomes.flags.extend(flags)
        _record(connection, outcomes.results)
        connection.execute("delete from guard.flag")
        insert_rows(connection, "guard.flag", outcomes.flags)
    return outcomes


def write_data_docs(context: "AbstractDataContext", docs_dir: Path) -> None:
    """Write Data Docs of everything that was checked in a context, in place of those of the run before."""
    shutil.rmtree(docs_dir, ignore_errors=True)
    context.add_data_docs_site(
        "meraukla",
        {
            "class_name": "SiteBuilder",
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(docs_dir)},
        },
    )
    context.build_data_docs()


def _record(connection: duckdb.DuckDBPyConnection, results: Sequence[CheckResult]) -> None:
    for suite in {result.suite for result in results}:
        connection.execute("delete from audit.check_result where suite = ?", [suite])
    insert_rows(connection, "audit.check_result", map(asdict, results))


def check(context: "AbstractDataContext", suite: Suite, rows: "pd.DataFrame") -> list[CheckResult]:
    """Check the rows of a suite's query against its expectations, in their order."""
    validated = _validate(context, suite.name, suite.expectations, rows)
    return [
        _to_result(suite.stage, suite.name, spec, result)
        for spec, result in zip(suite.expectations, validated, strict=True)
    ]


def judge(
    context: "AbstractDataContext", rule: Rule, rows: "pd.DataFrame"
) -> tuple[list[CheckResult], list[dict[str, Any]]]:
    """Judge the rows of a rule's profile: rows that break the expectation become flags, as rows of `guard.flag`."""
    rows = rows.reset_index(drop=True).assign(**{_ROW_ID: range(len(rows))})
    spec = ExpectationSpec(
        type=rule.expectation["type"],
        kwargs=rule.expectation_kwargs,
        severity=rule.severity,
        description=rule.description,
    )
    (validated,) = _validate(context, f"rule.{rule.name}", [spec], rows)
    unexpected = (validated.result or {}).get("unexpected_index_list") or []
    records = rows.to_dict("records")
    flags = [_to_flag(rule, records[entry[_ROW_ID]]) for entry in unexpected]
    return [_to_result("guard", f"rule.{rule.name}", spec, validated)], flags


def _validate(
    context: "AbstractDataContext", name: str, specs: Sequence[ExpectationSpec], rows: "pd.DataFrame"
) -> list["ExpectationValidationResult"]:
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.expectations.metadata_types import FailureSeverity  # noqa: PLC0415
    from great_expectations.expectations.registry import get_expectation_impl  # noqa: PLC0415

    import expectations.custom  # noqa: F401, PLC0415 - registers our own expectations

    suite = gx.ExpectationSuite(
        name=name,
        expectations=[
            get_expectation_impl(spec.type)(
                **spec.kwargs,
                description=spec.description,
                severity=FailureSeverity(_GX_SEVERITY[spec.severity]),
                meta={"position": position},
            )
            for position, spec in enumerate(specs)
        ],
    )
    asset = context.data_sources.pandas_default.add_dataframe_asset(name)
    definition = gx.ValidationDefinition(
        name=name, data=asset.add_batch_definition_whole_dataframe("all rows"), suite=context.suites.add(suite)
    )
    context.validation_definitions.add(definition)
    result_format: dict[str, Any] = {"result_format": "SUMMARY"}
    if _ROW_ID in rows.columns:
        result_format = {"result_format": "COMPLETE", "unexpected_index_column_names": [_ROW_ID]}
    run = definition.run(batch_parameters={"dataframe": rows}, result_format=result_format)
    return sorted(run.results, key=lambda result: result.expectation_config.meta["position"])  # type: ignore[union-attr]


_GX_SEVERITY: Mapping[str, str] = {
    "critical": "critical",
    "error": "warning",
    "warning": "warning",
    "info": "info",
}


def new_context() -> "AbstractDataContext":
    """Return an empty context in memory. One for a whole run keeps all its results together."""
    import great_expectations as gx  # noqa: PLC0415
    from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: PLC0415

    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    context.delete_data_docs_site("local_site")
    return context


def _fetch(
    connection: duckdb.DuckDBPyConnection, query: str, thresholds: Mapping[str, Threshold] | None = None
) -> "pd.DataFrame":
    """Fetch rows with NULL as None: pandas would turn missing text into NaN, which no message should print."""
    # DuckDB refuses a parameter that the query does not name; the expectation may be the one that needs it.
    named = {name: value for name, value in (thresholds or {}).items() if re.search(rf"\${name}\b", query)}
    rows: pd.DataFrame = connection.execute(query, named).df()
    return rows.astype(object).where(rows.notna(), None)


def _to_result(
    stage: str, suite: str, spec: ExpectationSpec, validated: "ExpectationValidationResult"
) -> CheckResult:
    raised = _raised(validated.exception_info or {})
    details = validated.result or {}
    observed = details.get("observed_value", details.get("partial_unexpected_list"))
    if raised:
        observed = raised
    outcome: Outcome = "error" if raised else "passed" if validated.success else "failed"
    return CheckResult(
        stage=stage,
        suite=suite,
        expectation=spec.type,
        subject=spec.subject,
        severity=spec.severity,
        outcome=outcome,
        element_count=details.get("element_count"),
        unexpected_count=details.get("unexpected_count"),
        observed_value=None if observed in (None, []) else str(observed)[:_OBSERVED_LENGTH],
        description=spec.description,
    )


def _raised(info: Mapping[str, Any]) -> str | None:
    """Return the message of an exception inside the check; Great Expectations nests it by metric."""
    entries: Iterable[Any] = [info, *info.values()]
    for entry in entries:
        if isinstance(entry, Mapping) and entry.get("raised_exception"):
            return str(entry.get("exception_message"))
    return None


def _to_flag(rule: Rule, values: Mapping[Any, Any]) -> dict[str, Any]:
    return {
        "strategy_code": values["strategy_code"],
        "series_key": values["series_key"],
        "from_period": values["from_period"],
        "to_period": values["to_period"],
        "rule": rule.name,
        "kind": values.get("kind") or rule.kind,
        "severity": values.get("severity") or rule.severity,
        "is_break": rule.is_break,
        "obs_status": rule.obs_status,
        "evidence": json.dumps({name: values[name] for name in rule.evidence}, ensure_ascii=False, default=str),
        "reason_lv": rule.reason_lv.format_map(_Printed(values, decimal_mark=",")),
        "reason_en": rule.reason_en.format_map(_Printed(values, decimal_mark=".")),
    }


class _Printed(dict[Any, Any]):
    """Values as a sentence prints them: numbers without idle decimals, and a question mark for what is not known."""

    def __init__(self, values: Mapping[Any, Any], decimal_mark: str) -> None:
        super().__init__(values)
        self._decimal_mark = decimal_mark

    def __getitem__(self, name: object) -> object:
        value = super().__getitem__(name)
        if value is None:
            return "?"
        return f"{value:.10g}".replace(".", self._decimal_mark) if isinstance(value, float) else value
