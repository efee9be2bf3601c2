"""The job, and the night it runs in."""

import dagster as dg

publish_job = dg.define_asset_job(
    "publish_warehouse",
    selection=dg.AssetSelection.all(),
    executor_def=dg.in_process_executor,
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
