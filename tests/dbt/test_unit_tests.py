"""dbt's unit tests, run on a copy of the build file."""

import shutil
from dataclasses import replace
from pathlib import Path

from orchestration import dbt_process
from orchestration.settings import Settings


def test_the_logic_of_the_models_turns_made_up_rows_into_the_rows_expected(
    published_file: Path, tmp_path: Path
) -> None:
    settings = Settings.from_environment()
    build_file = tmp_path / settings.build_file.name
    shutil.copyfile(settings.build_file, build_file)
    assert dbt_process.run_unit_tests(replace(settings, build_file=build_file)) > 0
