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
    def published_file(self) -> Path:
        """The file that users open."""
        return self.data_dir / "published" / "meraukla.duckdb"

    @property
    def last_run_file(self) -> Path:
        """How the last run ended, for `meraukla status`."""
        return self.data_dir / "build" / "last_run.json"

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
