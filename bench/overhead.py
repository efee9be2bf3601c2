"""How much the whole run costs above the bare minimum, measured side by side in one run.

The bare minimum is what the same result cannot do without: importing the same libraries, `dbt build` of the same
models on the same raw tables, and the same number of expectations on a table of the same size. Each measurement runs
in a process of its own; the figure is the median of the repetitions.

    python bench/overhead.py [repetitions]
"""

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping
from types import MappingProxyType

from rich.console import Console
from rich.table import Table

from orchestration.dbt_process import PROFILE_VARIABLE
from orchestration.settings import Settings
from warehouse.store import open_read_only

_BARE_MINIMUM = """
import sys
import dagster, dagster_dbt
import great_expectations as gx
import pandas as pd
from dbt.cli.main import dbtRunner

project, target, expectations, rows = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
result = dbtRunner().invoke(
    ["--quiet", "--log-level-file=none", "build", "--exclude-resource-type=unit_test", f"--project-dir={project}",
     f"--profiles-dir={project}", f"--target-path={target}"]
)
assert result.success, result.exception
context = gx.get_context(mode="ephemeral")
frame = pd.DataFrame({"value": range(rows)})
batch = context.data_sources.pandas_default.add_dataframe_asset("bench").add_batch_definition_whole_dataframe("all")
suite = gx.ExpectationSuite(
    name="bench",
    expectations=[
        gx.expectations.ExpectColumnValuesToBeBetween(column="value", min_value=-position, max_value=rows)
        for position in range(expectations)
    ],
)
assert batch.get_batch({"dataframe": frame}).validate(suite).success
"""


def main(repetitions: int) -> None:
    """Measure and print the table."""
    settings = Settings.from_environment()
    if not settings.published_file.is_file():
        sys.exit("Build once before: make build")
    with open_read_only(settings.published_file) as connection:
        expectations = _count(connection.execute("select count(*) from audit.check_result").fetchone())
        rows = _count(connection.execute("select max(element_count) from audit.check_result").fetchone())
    full = [_full_run() for _ in range(repetitions)]
    again = [_second_run() for _ in range(repetitions)]
    bare = [_bare_minimum(settings, expectations, rows) for _ in range(repetitions)]
    table = Table(
        "what", "seconds (median)", "ratio", title=f"{repetitions} repetitions, {expectations} expectations"
    )
    minimum = statistics.median(bare)
    for name, seconds in (("bare minimum", bare), ("whole run", full), ("second run, nothing new", again)):
        median = statistics.median(seconds)
        table.add_row(name, f"{median:.1f}", f"{median / minimum:.2f}")
    console = Console()
    console.print(table)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    console.print(f"Peak memory of the largest process: {peak:.0f} MB")


def _count(row: tuple[int, ...] | None) -> int:
    return row[0] if row else 0


def _full_run() -> float:
    return _timed([sys.executable, "-m", "orchestration", "build", "--force"])


def _second_run() -> float:
    return _timed([sys.executable, "-m", "orchestration", "build"])


def _bare_minimum(settings: Settings, expectations: int, rows: int) -> float:
    # On the build file that the whole run left: its raw tables and flags are the input, its models are built again.
    arguments = [str(settings.dbt_project_dir), str(settings.dbt_target_dir), str(expectations), str(rows)]
    return _timed([sys.executable, "-c", _BARE_MINIMUM, *arguments], {PROFILE_VARIABLE: str(settings.build_file)})


def _timed(command: list[str], environment: Mapping[str, str] = MappingProxyType({})) -> float:
    started = time.perf_counter()
    finished = subprocess.run(command, env={**os.environ, **environment}, capture_output=True, text=True, check=False)
    if finished.returncode:
        sys.exit(f"{json.dumps(command[:4])} failed:\n{finished.stdout}\n{finished.stderr}")
    return time.perf_counter() - started


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
