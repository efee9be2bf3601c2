"""Everything that Dagster loads."""

import dagster as dg

from orchestration.assets.guard import audit_checks, flag, guard_checks
from orchestration.assets.landing import build_file, landing_files, source_document
from orchestration.assets.publish import published_file
from orchestration.assets.received import received_files
from orchestration.assets.transform import core_models, mart_models
from orchestration.dbt import dbt_resource
from orchestration.guard_worker import guard_worker
from orchestration.history import history_job
from orchestration.report_worker import report_worker
from orchestration.run_guard import run_guard
from orchestration.run_watch import failed_run, lost_run
from orchestration.schedules import nightly, pruning, publish_job
from orchestration.sensors import landing_zone

defs = dg.Definitions(
    assets=[
        build_file,
        source_document,
        landing_files,
        received_files,
        core_models,
        flag,
        mart_models,
        published_file,
    ],
    asset_checks=[guard_checks, audit_checks],
    resources={
        "dbt_worker": dbt_resource,
        "guard_worker": guard_worker,
        "report_worker": report_worker,
        "run_guard": run_guard,
    },
    jobs=[publish_job, history_job],
    schedules=[nightly, pruning],
    sensors=[landing_zone, lost_run, failed_run],
    executor=dg.in_process_executor,
)
