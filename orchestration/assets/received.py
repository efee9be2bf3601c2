"""What was received, by school year: files of the sources that have one, read into the cache.

The nightly job is not partitioned: it takes everything through the same cache. When it meets a new or changed file it
notes here for which school years something was received, so that a gap is seen in Dagster's catalogue. A partition
that is materialised by hand reads the files of its year, and says what they give.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from orchestration.dbt import OWNER
from orchestration.settings import Settings
from warehouse.cache import ReadCache
from warehouse.contract import Contract, load_contracts, load_marks
from warehouse.landing import find_files
from warehouse.loading import LoadedFile, load
from warehouse.school_year import rows_by_school_year

GROUP = "received"
SCHOOL_YEARS = dg.DynamicPartitionsDefinition(name="school_year")


def received_key(contract: Contract) -> dg.AssetKey:
    """Return the key of what was received for a contract."""
    return dg.AssetKey([GROUP, contract.source, contract.table])


def _partitioned() -> list[Contract]:
    return [contract for contract in load_contracts() if contract.school_year]


def _metadata(files: Sequence[LoadedFile], school_year: str) -> dict[str, dg.MetadataValue[Any]]:
    rows = {
        loaded.found.file.name: rows_by_school_year(loaded.found.contract, loaded.result.accepted).get(school_year, 0)
        for loaded in files
        if loaded.superseded_on is None
    }
    held = {name: count for name, count in rows.items() if count}
    return {"dagster/row_count": dg.MetadataValue.int(sum(held.values())), "files": dg.MetadataValue.json(list(held))}


def note_received(context: dg.AssetExecutionContext, contract: Contract, files: Sequence[LoadedFile]) -> None:
    """Note for which school years the new or changed files of a contract hold rows.

    Args:
        context: the step that read them.
        contract: their contract.
        files: all files of the contract.
    """
    years = {
        year for loaded in files if loaded.is_new for year in rows_by_school_year(contract, loaded.result.accepted)
    }
    if not years:
        return
    context.instance.add_dynamic_partitions(str(SCHOOL_YEARS.name), sorted(years))
    for year in sorted(years):
        metadata = _metadata(files, year)
        context.log_event(dg.AssetMaterialization(received_key(contract), metadata=metadata, partition=year))


@dg.multi_asset(
    specs=[
        dg.AssetSpec(
            received_key(contract),
            group_name=GROUP,
            kinds={"csv", "arrow"},
            owners=[OWNER],
            description=f"{contract.grain} What was received for one school year, read into the cache.",
            partitions_def=SCHOOL_YEARS,
        )
        for contract in _partitioned()
    ],
    can_subset=True,
)
def received_files(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
    """Read the files that hold rows of one school year."""
    settings = Settings.from_environment()
    zone = find_files(settings.landing_dir, load_contracts())
    cache = ReadCache(settings.cache_dir)
    for contract in _partitioned():
        if received_key(contract) in context.selected_asset_keys:
            files = load(zone.files_of(contract), contract, load_marks(), cache, {})
            yield dg.MaterializeResult(
                asset_key=received_key(contract), metadata=_metadata(files, context.partition_key)
            )
