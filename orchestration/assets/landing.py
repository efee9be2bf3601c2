"""Landing files → tables of schema raw. One asset a contract; bad rows go to quarantine and are counted."""

from collections.abc import Iterator

import dagster as dg

from orchestration.assets.received import note_received
from orchestration.dbt import OWNER
from orchestration.fingerprint import input_fingerprint
from orchestration.metadata import defined_table_schema, raw_table_schema
from orchestration.settings import Settings
from orchestration.version import software_versions
from warehouse.cache import ReadCache
from warehouse.connectors.config import ConnectorConfigError
from warehouse.connectors.fetch import fetch
from warehouse.contract import Contract, load_contracts, load_marks
from warehouse.landing import find_files, find_strategies
from warehouse.loading import LoadedFile, load, load_again
from warehouse.quarantine import write_quarantine_files
from warehouse.registry import RegistryError, check_registry
from warehouse.revision import record_revisions
from warehouse.store import (
    open_build,
    published_files,
    record_files,
    record_refused,
    start_build,
    write_raw_table,
    write_source_documents,
)

GROUP = "landing"
# Each message is an event in Dagster's history; the whole list is in audit.quarantine.
_TOLD = 20
BUILD_FILE_KEY = dg.AssetKey(["landing", "build_file"])


class FaultyRegistryError(Exception):
    """The methodology registry is not in order: nothing can be built by it."""


def refuse_faulty_registry(settings: Settings) -> None:
    """Refuse to build by a methodology registry that is not in order.

    Raises:
        FaultyRegistryError: names all findings at once, each with file, row, column and remedy.
    """
    try:
        check_registry(settings.seeds_dir)
    except RegistryError as error:
        findings = "\n".join(f"- {text}" for text in error.messages("en"))
        raise FaultyRegistryError(
            f"The methodology registry is not in order; nothing was built. "
            f"{len(error.rejections)} findings:\n{findings}\n"
            "The same in Latvian: meraukla method check --language lv"
        ) from error


def fetch_before_landing(context: dg.AssetExecutionContext, settings: Settings) -> None:
    """Fetch what is new. A portal that gives nothing never fails the run: it goes on with what has landed."""
    try:
        outcomes = fetch(settings.landing_dir, settings.fetch_log_file)
    except (ConnectorConfigError, OSError) as error:
        context.log.warning(str(error))
        return
    for outcome in outcomes:
        if outcome.state == "failed":
            context.log.warning(outcome.message_en)
        elif outcome.state == "new":
            context.log.info(f"fetched {outcome.path}")


@dg.asset(
    key=BUILD_FILE_KEY, group_name=GROUP, kinds={"duckdb"}, owners=[OWNER], required_resource_keys={"run_guard"}
)
def build_file(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """An empty build file, and the row of `audit.run` that says what it is being made from.

    The methodology registry is judged before anything else. Whatever an earlier run left behind is removed: a run
    never builds on what another one left half done.
    """
    settings = Settings.from_environment()
    refuse_faulty_registry(settings)
    fetch_before_landing(context, settings)
    start_build(
        settings.build_file,
        {
            "run_id": context.run_id,
            "input_fingerprint": input_fingerprint(settings),
            **software_versions(),
        },
    )
    return dg.MaterializeResult(metadata={"path": str(settings.build_file)})


@dg.asset(
    key=["meta", "source_document"],
    deps=[BUILD_FILE_KEY],
    group_name=GROUP,
    kinds={"yaml", "duckdb"},
    owners=[OWNER],
    metadata=defined_table_schema("meta.source_document"),
    required_resource_keys={"run_guard"},
)
def source_document() -> dg.MaterializeResult[None]:
    """One row a document that figures were taken from, from each strategy's `source.yml`."""
    settings = Settings.from_environment()
    strategies = find_strategies(settings.landing_dir)
    with open_build(settings.build_file) as connection:
        rows = write_source_documents(connection, strategies)
    return dg.MaterializeResult(metadata={"dagster/row_count": rows})


def landing_asset_key(contract: Contract) -> dg.AssetKey:
    """Return the key of a contract's asset: its name gives its place."""
    return dg.AssetKey([GROUP, contract.source, contract.table])


def _spec(contract: Contract) -> dg.AssetSpec:
    return dg.AssetSpec(
        landing_asset_key(contract),
        deps=[BUILD_FILE_KEY],
        group_name=GROUP,
        kinds={"csv", "arrow", "duckdb"},
        owners=[OWNER],
        description=f"{contract.grain} Rows as they came, under the contract of source {contract.source}.",
        metadata=raw_table_schema(contract),
    )


def _check_spec(contract: Contract) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(
        "nothing_quarantined",
        asset=landing_asset_key(contract),
        description="Every row that was read was accepted.",
    )


# One step for all contracts: a step of its own for each costs more than reading its files. Any of them can be chosen.
@dg.multi_asset(
    specs=[_spec(contract) for contract in load_contracts()],
    check_specs=[_check_spec(contract) for contract in load_contracts()],
    can_subset=True,
    required_resource_keys={"run_guard"},
)
def landing_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Load the files of the chosen contracts, all vintages of them, and record what became of each file."""
    settings = Settings.from_environment()
    contracts = [
        contract for contract in load_contracts() if landing_asset_key(contract) in context.selected_asset_keys
    ]
    zone = find_files(settings.landing_dir, load_contracts())
    published = published_files(settings.published_file)
    cache = ReadCache(settings.cache_dir)
    loaded: dict[Contract, list[LoadedFile]] = {}
    for contract in contracts:
        named = (contract.source, contract.files_of)
        first = next((one for one in load_contracts() if (one.source, one.table) == named), contract)
        files = loaded.get(first) or load(zone.files_of(first), first, load_marks(), cache, published)
        loaded[contract] = load_again(files, contract) if contract.files_of else files
    cache.prune()
    for contract, files in loaded.items():
        with open_build(settings.build_file) as connection:
            rows = write_raw_table(connection, contract, files)
            if not contract.files_of:
                record_files(connection, contract, files)
            record_revisions(connection, contract, files)
        note_received(context, contract, files)
        told = [rejection for file in files for rejection in file.result.rejections]
        told += [refused.rejection for refused in zone.refused if refused.contract == contract]
        messages = [rejection.message("en") for rejection in told[:_TOLD]]
        if len(told) > _TOLD:
            messages.append(f"… and {len(told) - _TOLD} more: meraukla quarantine --source {contract.source}")
        messages += [file.told_of_overwriting("en") for file in files if file.overwritten_sha256]
        for text in messages:
            context.log.warning(text)
        yield dg.MaterializeResult(
            asset_key=landing_asset_key(contract),
            metadata={
                "dagster/row_count": rows,
                "rows_read": sum(file.result.rows_read for file in files),
                "rows_quarantined": sum(file.result.rows_quarantined for file in files),
                "files": [file.found.file.name for file in files],
            },
        )
        yield dg.AssetCheckResult(
            asset_key=landing_asset_key(contract),
            check_name="nothing_quarantined",
            passed=not told,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"messages": dg.MetadataValue.md("\n".join(f"- {text}" for text in messages))},
        )
    with open_build(settings.build_file) as connection:
        record_refused(connection, zone.refused)
    for refused in zone.refused:
        if refused.contract is None:
            context.log.warning(refused.rejection.message("en"))
    if zone.ignored:
        context.log.info(f"Ignored, left there by other programs: {', '.join(zone.ignored)}")
    write_quarantine_files(settings.quarantine_dir, [file for files in loaded.values() for file in files])
