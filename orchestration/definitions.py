"""Everything that Dagster loads."""

import dagster as dg

from orchestration.assets.guard import audit_checks, flag, guard_checks
from orchestration.assets.landing import build_file, landing_files, source_document
from orchestration.assets.publish import published_file
from orchestration.assets.transform import core_models, mart_models
from orchestration.guard_worker import guard_worker
from orchestration.schedules import nightly, publish_job

defs = dg.Definitions(
    assets=[build_file, source_document, landing_files, core_models, flag, mart_models, published_file],
    asset_checks=[guard_checks, audit_checks],
    resources={"guard_worker": guard_worker},
    jobs=[publish_job],
    schedules=[nightly],
    executor=dg.in_process_executor,
)
