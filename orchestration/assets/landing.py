"""Landing files → tables of schema raw. One asset a contract; bad rows go to quarantine and are counted."""

from collections.abc import Iterator

import dagster as dg

from orchestration.dbt import OWNER
from orchestration.fingerprint import input_fingerprint
from orchestration.metadata import defined_table_schema, raw_table_schema
from orchestration.settings import Settings
from orchestration.version import software_versions
from warehouse.contract import Contract, load_contracts, load_marks
from warehouse.landing import find_strategies
from warehouse.readers import read_landing_file
from warehouse.registry import RegistryError, check_registry
from warehouse.store import open_build, record_files, start_build, write_raw_table, write_source_documents

GROUP = "landing"
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


@dg.asset(key=BUILD_FILE_KEY, group_name=GROUP, kinds={"duckdb"}, owners=[OWNER])
def build_file(context: dg.AssetExecutionContext) -> dg.MaterializeResult[None]:
    """An empty build file, and the row of `audit.run` that says what it is being made from.

    The methodology registry is judged before anything else. Whatever an earlier run left behind is removed: a run
    never builds on what another one left half done.
    """
    settings = Settings.from_environment()
    refuse_faulty_registry(settings)
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
)
def landing_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None] | dg.AssetCheckResult]:
    """Load the files of the chosen contracts."""
    settings = Settings.from_environment()
    marks = load_marks()
    strategies = find_strategies(settings.landing_dir)
    for contract in load_contracts():
        key = landing_asset_key(contract)
        if key not in context.selected_asset_keys:
            continue
        files = [strategy.landing_file(contract) for strategy in strategies]
        results = [read_landing_file(file, contract, marks) for file in files if file]
        with open_build(settings.build_file) as connection:
            rows = write_raw_table(connection, contract, results)
            record_files(connection, contract, results)
        rejections = [rejection.message("en") for result in results for rejection in result.rejections]
        for message in rejections:
            context.log.warning(message)
        yield dg.MaterializeResult(
            asset_key=key,
            metadata={
                "dagster/row_count": rows,
                "rows_read": sum(result.rows_read for result in results),
                "rows_quarantined": sum(result.rows_quarantined for result in results),
                "files": [result.file.name for result in results],
            },
        )
        yield dg.AssetCheckResult(
            asset_key=key,
            check_name="nothing_quarantined",
            passed=not rejections,
            severity=dg.AssetCheckSeverity.WARN,
            metadata={"messages": dg.MetadataValue.md("\n".join(f"- {message}" for message in rejections))},
        )
