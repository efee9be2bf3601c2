"""What makes a run worth while: every change of what lies in the landing zone, and nothing else that lies there."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from orchestration.fingerprint import input_fingerprint
from orchestration.settings import Settings


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    folder = tmp_path / "landing" / "synthetic" / "source"
    folder.mkdir(parents=True)
    (folder / "a.csv").write_text("a\n1\n", "utf-8")
    return Settings(tmp_path / "landing", tmp_path / "data", tmp_path / "data" / "build.duckdb")


def change_under_the_old_date(folder: Path) -> None:
    about = (folder / "a.csv").stat()
    (folder / "a.csv").write_text("a\n2\n", "utf-8")
    os.utime(folder / "a.csv", ns=(about.st_atime_ns, about.st_mtime_ns))


def hand_in_later(folder: Path) -> None:
    (folder / "2026-01-31").mkdir()
    (folder / "a.csv").rename(folder / "2026-01-31" / "a.csv")


@pytest.mark.parametrize(
    "change",
    [
        change_under_the_old_date,
        hand_in_later,
        lambda folder: (folder / "b.csv").touch(),
        lambda folder: (folder / "a.csv").unlink(),
        lambda folder: (folder / "b.csv").symlink_to("/dev/zero"),
    ],
    ids=["content", "day", "new", "gone", "link"],
)
def test_a_change_of_a_file_its_name_or_its_day_is_something_new(
    settings: Settings, change: Callable[[Path], None]
) -> None:
    before = input_fingerprint(settings)
    change(settings.landing_dir / "synthetic" / "source")
    assert input_fingerprint(settings) != before


@pytest.mark.parametrize("name", ["~$a.xlsx", ".~lock.a.csv#", ".DS_Store", "a.csv.part"])
def test_what_other_programs_leave_is_nothing_new(settings: Settings, name: str) -> None:
    before = input_fingerprint(settings)
    (settings.landing_dir / "synthetic" / "source" / name).write_text("lock", "utf-8")
    os.utime(settings.landing_dir / "synthetic" / "source" / "a.csv")
    assert input_fingerprint(settings) == before


def test_of_what_a_link_points_to_outside_nothing_matters(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "outside.csv").write_text("a\n1\n", "utf-8")
    (settings.landing_dir / "synthetic" / "source" / "b.csv").symlink_to(tmp_path / "outside.csv")
    before = input_fingerprint(settings)
    (tmp_path / "outside.csv").write_text("a\n2\n", "utf-8")
    assert input_fingerprint(settings) == before
