"""Great Expectations on the way: suites on raw, core and marts, and the comparability rules that write flags."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import dagster as dg

from expectations.catalogue import Rule, Stage, Suite, load_rules, load_suites
from expectations.guard import CheckResult
from orchestration.assets.landing import BUILD_FILE_KEY, landing_asset_key
from orchestration.assets.transform import core_models
from orchestration.dbt import OWNER
from orchestration.guard_worker import GuardWorker, is_whole_job
from orchestration.metadata import defined_table_schema
from orchestration.settings import Settings
from warehouse.contract import load_contracts
from warehouse.store import open_build

FLAG_KEY = dg.AssetKey(["guard", "flag"])
# Tables whose asset is not called schema/table.
_ASSET_KEYS = {
    "audit.source_file": BUILD_FILE_KEY,
    **{f"raw.{contract.raw_table}": landing_asset_key(contract) for contract in load_contracts()},
}

_QUARANTINE_SHOWN = 20
_FINDINGS_SHOWN = 20


class GuardError(Exception):
    """A critical expectation failed, or one could not be checked: nothing may be published."""


def _asset_key(suite: Suite) -> dg.AssetKey:
    return _ASSET_KEYS.get(suite.table) or dg.AssetKey(suite.table.split("."))


def _check_name(suite: Suite) -> str:
    return "expectations_" + suite.name.replace(".", "_")


def _check_specs(stage: Stage, *, blocking: bool) -> list[dg.AssetCheckSpec]:
    return [
        dg.AssetCheckSpec(
            _check_name(suite),
            asset=_asset_key(suite),
            blocking=blocking,
            description=f"{len(suite.expectations)} expectations of the suite {suite.name}.",
        )
        for suite in load_suites()
        if suite.stage == stage
    ]


def _to_check_results(stages: Sequence[Stage], results: Sequence[CheckResult]) -> Iterator[dg.AssetCheckResult]:
    for suite in load_suites():
        if suite.stage in stages:
            own = [result for result in results if result.suite == suite.name]
            yield _to_check_result(_check_name(suite), _asset_key(suite), own)


def _about_rule(rule: Rule, found: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """Tell on Dagster's page what a rule asks, by which thresholds, and what it found."""
    return {
        "kind": rule.kind,
        "stops_comparisons": rule.is_break,
        "thresholds": dict(rule.thresholds),
        "flags": len(found),
        "findings": dg.MetadataValue.md(
            "\n".join(f"- {flag['series_key']}: {flag['reason_en']}" for flag in found[:_FINDINGS_SHOWN]) or "none"
        ),
    }


def _to_check_result(
    name: str, asset_key: dg.AssetKey, results: Sequence[CheckResult], metadata: Mapping[str, Any] | None = None
) -> dg.AssetCheckResult:
    broken = [result for result in results if result.outcome != "passed"]
    stops = any(result.stops_publication for result in broken)
    return dg.AssetCheckResult(
        check_name=name,
        asset_key=asset_key,
        passed=not broken,
        severity=dg.AssetCheckSeverity.ERROR if stops else dg.AssetCheckSeverity.WARN,
        metadata={
            "expectations": len(results),
            "not_passed": dg.MetadataValue.md("\n".join(f"- {result}" for result in broken)),
            **(metadata or {}),
        },
    )


def _stop_if_critical(results: Iterable[CheckResult]) -> None:
    stopping = [result for result in results if result.stops_publication]
    if stopping:
        details = "\n".join(f"- {result}" for result in stopping)
        raise GuardError(
            f"Nothing was published; the last good file stays. {len(stopping)} critical findings:\n{details}"
            + _what_was_quarantined()
        )


def _what_was_quarantined() -> str:
    """Tell what was not accepted: often it is the cause, and nobody can look it up in a file not published."""
    with open_build(Settings.from_environment().build_file) as connection:
        messages = connection.execute(
            "select message_en from audit.quarantine order by source_file, row_number, column_name"
        ).fetchall()
    if not messages:
        return ""
    named = "".join(f"\n- {message}" for (message,) in messages[:_QUARANTINE_SHOWN])
    more = len(messages) - _QUARANTINE_SHOWN
    return f"\nNot accepted from the landing files:{named}" + (f"\n- and {more} more" if more > 0 else "")


@dg.multi_asset_check(
    specs=[*_check_specs("landing", blocking=False), *_check_specs("guard", blocking=True)],
    required_resource_keys={"guard_worker", "report_worker"},
)
def guard_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Suites of the raw sources and of core. A critical failure stops the run before any mart is built."""
    worker: GuardWorker = context.resources.guard_worker
    stages: tuple[Stage, ...] = ("landing", "guard")
    settings = Settings.from_environment()
    if is_whole_job(context):
        # dbt is idle until the marts: a core is free.
        context.resources.report_worker.begin_loading()
    outcomes = worker.run_suites(settings, stages)
    if is_whole_job(context) and not any(result.stops_publication for result in outcomes.results):
        worker.begin_rules(settings)
    yield from _to_check_results(stages, outcomes.results)
    _stop_if_critical(outcomes.results)


@dg.asset(
    key=FLAG_KEY,
    deps=[core_models],
    group_name="guard",
    kinds={"greatexpectations", "duckdb"},
    owners=[OWNER],
    metadata=defined_table_schema("guard.flag"),
    required_resource_keys={"guard_worker"},
    check_specs=[dg.AssetCheckSpec(rule.name, asset=FLAG_KEY, description=rule.description) for rule in load_rules()],
)
def flag(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """One row a finding of a comparability rule. The marts read it: what is flagged as a break is not compared."""
    worker: GuardWorker = context.resources.guard_worker
    outcomes = worker.run_rules(Settings.from_environment())
    yield dg.MaterializeResult(metadata={"dagster/row_count": len(outcomes.flags)})
    for rule in load_rules():
        own = [result for result in outcomes.results if result.suite == f"rule.{rule.name}"]
        found = [flag for flag in outcomes.flags if flag["rule"] == rule.name]
        yield _to_check_result(rule.name, FLAG_KEY, own, _about_rule(rule, found))
    _stop_if_critical(outcomes.results)


@dg.multi_asset_check(
    specs=_check_specs("audit", blocking=True),
    required_resource_keys={"guard_worker"},
)
def audit_checks(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """Suites of the marts, the last thing before publication. A critical failure stops it."""
    worker: GuardWorker = context.resources.guard_worker
    settings = Settings.from_environment()
    outcomes = worker.run_suites(settings, ("audit",))
    # The last checks of a run: what is left, publication, needs neither the worker nor the second core.
    worker.write_data_docs(settings)
    yield from _to_check_results(("audit",), outcomes.results)
    _stop_if_critical(outcomes.results)
