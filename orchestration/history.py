"""Dagster's history of runs is kept for so many days. What was published is kept elsewhere, and longer."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg

from orchestration.operations import load_operations

_FINISHED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
_PAGE = 100


def make_databases() -> None:
    """Make Dagster's databases, unless they are there: page and daemon, which begin at once, would both make them."""
    with dg.DagsterInstance.get():
        pass


def prune_history(instance: dg.DagsterInstance, before: datetime) -> list[str]:
    """Remove runs that were created before a time, with their events and checks.

    A run that is not finished stays, and so does one that Dagster's catalogue rests on: it holds the newest note of
    an asset, or of one of its partitions, for example of a school year that was received once.

    Args:
        instance: whose history.
        before: with its time zone.

    Returns:
        The ids of what was removed, the oldest first.
    """
    kept = set(_runs_of_the_catalogue(instance))
    removed = []
    for run_id in list(_finished_runs(instance, before)):
        if run_id not in kept:
            instance.delete_run(run_id)
            removed.append(run_id)
    return removed


def _finished_runs(instance: dg.DagsterInstance, before: datetime) -> Iterator[str]:
    filters = dg.RunsFilter(statuses=_FINISHED, created_before=before)
    cursor = None
    while page := instance.get_runs(filters, cursor=cursor, limit=_PAGE, ascending=True):
        yield from (run.run_id for run in page)
        cursor = page[-1].run_id


def _runs_of_the_catalogue(instance: dg.DagsterInstance) -> Iterator[str]:
    for record in instance.get_asset_records():
        key, newest = record.asset_entry.asset_key, record.asset_entry.last_materialization_record
        if newest:
            yield newest.run_id
        of_partitions = instance.get_latest_storage_id_by_partition(key, dg.DagsterEventType.ASSET_MATERIALIZATION)
        if ids := list(of_partitions.values()):
            notes = dg.AssetRecordsFilter(asset_key=key, storage_ids=ids)
            yield from (note.run_id for note in instance.fetch_materializations(notes, limit=len(ids)).records)


@dg.op(description="Removes runs that are older than the history is kept.")
def prune_old_runs(context: dg.OpExecutionContext) -> None:
    """Prune the history of this installation."""
    days = load_operations().history_days
    removed = prune_history(context.instance, datetime.now(UTC) - timedelta(days=days))
    context.log.info(f"Removed {len(removed)} runs that are older than {days} days.")


@dg.job(
    name="prune_history",
    executor_def=dg.in_process_executor,
    description="Keeps the history of runs, their events and checks, for so many days and no longer.",
)
def history_job() -> None:
    """Prune."""
    prune_old_runs()
