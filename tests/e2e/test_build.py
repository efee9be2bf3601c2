"""`meraukla build` from landing files to the published file: it publishes whole and right, or not at all."""

import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from expectations.catalogue import load_rules
from expectations.guard import run_rules
from orchestration.settings import PROJECT_DIR, Settings
from warehouse.store import open_build, open_read_only, start_build

STRATEGY = "liepaja-2020-2025"
VALUES = f"{STRATEGY}/indicators/value.csv"
SURVEYS = f"{STRATEGY}/surveys/positive_share.csv"
LEARNERS = f"{STRATEGY}/enrolment/learner_count.csv"
ACTIONS = f"{STRATEGY}/actions/programme.csv"
NEW_LINE_OF_DIRECTION = "12 vai varbūt 13"

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Run:
    """What a command left behind."""

    exit_code: int
    output: str


@dataclass(frozen=True)
class Warehouse:
    """A warehouse of its own below a temporary folder: landing files to spoil, data to look at."""

    landing: Path
    data: Path

    @property
    def published_file(self) -> Path:
        return self.data / "published" / "meraukla.duckdb"

    def command(self, *arguments: str) -> Run:
        """Run the command line as a user would: in a process of its own."""
        environment = os.environ | {
            "MERAUKLA_DATA_DIR": str(self.data),
            "MERAUKLA_LANDING_DIR": str(self.landing),
            "COLUMNS": "200",
        }
        environment.pop("MERAUKLA_BUILD_FILE", None)
        done = subprocess.run(
            [sys.executable, "-m", "orchestration", *arguments],
            cwd=PROJECT_DIR,
            env=environment,
            capture_output=True,
            text=True,
            timeout=600,
            check=False,
        )
        return Run(done.returncode, done.stdout + done.stderr)

    def rows(self, query: str) -> list[Row]:
        return rows(self.published_file, query)

    def change(self, name: str, change: Callable[[list[list[str]]], None]) -> None:
        """Change the cells of a landing file; the header is row 0."""
        path = self.landing / name
        with path.open(encoding="utf-8", newline="") as file:
            cells = list(csv.reader(file))
        change(cells)
        with path.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(cells)
