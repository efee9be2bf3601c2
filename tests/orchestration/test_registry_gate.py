"""A methodology registry that is not in order stops a run before it has touched anything."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from orchestration.run_guard import run_guard
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """An installation with seeds of its own to spoil, and a build file of an earlier run."""
    monkeypatch.setenv("MERAUKLA_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("MERAUKLA_BUILD_FILE", raising=False)
    shutil.copytree(Settings.from_environment().seeds_dir, tmp_path / "seeds")
    monkeypatch.setattr(Settings, "seeds_dir", tmp_path / "seeds")
    settings = Settings.from_environment()
    settings.build_file.parent.mkdir(parents=True)
    settings.build_file.write_text("of an earlier run", "utf-8")
    return settings


def spoil(settings: Settings, file: str, old: str, new: str) -> None:
    path = settings.seeds_dir / "strategy" / file
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


def start_run() -> dg.ExecuteInProcessResult:
    """Materialise the first asset of a run."""
    from orchestration.assets.landing import build_file  # noqa: PLC0415 - beside the other assets

    return dg.materialize([build_file], resources={"run_guard": run_guard}, raise_on_error=False)


def test_a_run_starts_if_the_registry_is_in_order(settings: Settings) -> None:
    assert start_run().success
    assert settings.build_file.read_bytes() != b"of an earlier run"


def test_all_findings_are_told_at_once_and_nothing_is_touched(settings: Settings) -> None:
    spoil(settings, "methodology_version.csv", "learners with special needs", "learners")
    spoil(settings, "break_declaration.csv", "recomputed,,", "ratio,,")
    result = start_run()
    assert not result.success
    (failure,) = (event for event in result.all_events if event.is_step_failure)
    error = failure.step_failure_data.error
    assert error is not None
    told = error.to_string()
    assert "The methodology registry is not in order; nothing was built. 2 findings" in told
    assert "seeds/strategy/methodology_version.csv, row " in told
    assert "changed in place" in told
    assert "seeds/strategy/break_declaration.csv, row 2: bridge_factor" in told
    assert "meraukla method check --language lv" in told
    assert settings.build_file.read_text("utf-8") == "of an earlier run"
