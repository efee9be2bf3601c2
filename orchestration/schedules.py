"""The jobs, and the night they run in."""

import dagster as dg

from orchestration.assets.received import GROUP as RECEIVED
from orchestration.history import history_job
from orchestration.run_guard import JOB_NAME, note_failure, note_success

publish_job = dg.define_asset_job(
    JOB_NAME,
    # What was received is noted by the way; its partitions are for looking up, and for reading a year by hand.
    selection=dg.AssetSelection.all() - dg.AssetSelection.groups(RECEIVED),
    executor_def=dg.in_process_executor,
    hooks={note_success, note_failure},
    description="The whole way: landing files to the published file. Start it by hand or leave it to the schedule.",
)

nightly = dg.ScheduleDefinition(
    name="nightly",
    job=publish_job,
    cron_schedule="0 2 * * *",
    execution_timezone="Europe/Riga",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Rebuilds and publishes the warehouse at 02:00 in Riga.",
)

pruning = dg.ScheduleDefinition(
    name="pruning",
    job=history_job,
    # After the nightly run, and outside the hour that is there twice, or not at all, when clocks change.
    cron_schedule="30 5 * * *",
    execution_timezone="Europe/Riga",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Removes runs from Dagster's history that are older than `history_days` of operations.yml.",
)
