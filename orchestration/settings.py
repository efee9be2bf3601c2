"""Where things lie. Everything hangs below one project folder; the environment can move the parts that are data."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Self

PROJECT_DIR = Path(__file__).resolve().parent.parent

BUILD_FILE_VARIABLE = "MERAUKLA_BUILD_FILE"
LANDING_VARIABLE = "MERAUKLA_LANDING_DIR"
DATA_VARIABLE = "MERAUKLA_DATA_DIR"

# New objects before Python looks for cycles among them. A run makes millions that live to its end; with Python's own
# 700 a tenth of its time is spent looking.
GC_THRESHOLD = 10_000


@dataclass(frozen=True, slots=True)
class Settings:
    """Paths of one installation."""

    landing_dir: Path
    data_dir: Path
    build_file: Path

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings; what the environment does not say lies below `data/` of the project."""
        data = Path(os.environ.get(DATA_VARIABLE, PROJECT_DIR / "data")).resolve()
        landing = Path(os.environ.get(LANDING_VARIABLE, PROJECT_DIR / "data" / "landing")).resolve()
        build_file = Path(os.environ.get(BUILD_FILE_VARIABLE, data / "build" / "meraukla.duckdb")).resolve()
        return cls(landing, data, build_file)

    @property
    def published_dir(self) -> Path:
        """Snapshots, and the stable names of what is in the current one."""
        return self.data_dir / "published"

    @property
    def published_file(self) -> Path:
        """The file that users open: a link into the current snapshot."""
        return self.published_dir / "meraukla.duckdb"

    @property
    def lock_file(self) -> Path:
        """What a run holds from its beginning to its end."""
        return self.data_dir / "build" / "run.lock"

    @property
    def alert_log(self) -> Path:
        """Alerts, one JSON object a line."""
        return self.data_dir / "logs" / "alerts.jsonl"

    @property
    def report_dir(self) -> Path:
        """The monitoring report on what is published."""
        return self.published_file.with_name("report")

    @property
    def editions_dir(self) -> Path:
        """Frozen editions of the report, one folder a day."""
        return self.data_dir / "editions"

    @property
    def published_files(self) -> list[Path]:
        """The published file, and those of kept snapshots."""
        return [self.published_file, *sorted(self.published_file.parent.glob("snapshots/*/meraukla.duckdb"))]

    @property
    def last_run_file(self) -> Path:
        """How the last run ended, for `meraukla status`."""
        return self.data_dir / "build" / "last_run.json"

    @property
    def fetch_log_file(self) -> Path:
        """When each portal was asked, and when it last answered everything."""
        return self.data_dir / "build" / "fetch_log.json"

    @property
    def cache_dir(self) -> Path:
        """What was read of landing files, kept for the next run. It may be removed at any time."""
        return self.data_dir / "cache"

    @property
    def quarantine_dir(self) -> Path:
        """Rows that the last run did not accept, whole, a CSV file for each landing file."""
        return self.data_dir / "build" / "quarantine"

    @property
    def dagster_home(self) -> Path:
        """Dagster's run history and schedule state."""
        return self.data_dir / "dagster"

    @property
    def docs_dir(self) -> Path:
        """Generated documentation: Data Docs and dbt docs."""
        return self.data_dir / "docs"

    @property
    def data_docs_dir(self) -> Path:
        """Great Expectations' Data Docs."""
        return self.docs_dir / "expectations"

    @property
    def dbt_project_dir(self) -> Path:
        """The dbt project."""
        return PROJECT_DIR / "dbt_project"

    @property
    def seeds_dir(self) -> Path:
        """Reference data: strategies with their methodology registry, code lists, policy."""
        return self.dbt_project_dir / "seeds"

    @property
    def dbt_target_dir(self) -> Path:
        """What dbt compiles, and its manifest."""
        return self.dbt_project_dir / "target"

    @property
    def manifest_file(self) -> Path:
        """Dbt's description of the project, which the asset graph is made from."""
        return self.dbt_target_dir / "manifest.json"
