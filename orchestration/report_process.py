"""What runs in the report's own process: no Dagster, no dbt; and the main process imports no templates."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from report.build import Built


def load() -> None:
    """Load what a report is written with before it is asked for."""
    from report import build  # noqa: PLC0415 - the main process imports this module

    build.load()


def publish(published_file: Path, place: Path, editions_dir: Path) -> "Built":
    """Write the report on a published file; see `report.build.publish_report`."""
    from report import build  # noqa: PLC0415 - see above

    base_url = os.environ.get(build.URL_VARIABLE, "")
    return build.publish_report(published_file, place, editions_dir, base_url=base_url)
