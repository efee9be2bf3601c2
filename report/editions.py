"""Frozen editions of the report: a folder that nothing changes any more, with its figures as data.

What became of a figure since is not written into the edition. Each new report compares the figures of every edition
with what is published now, and lists the differences as corrections.
"""

import csv
import io
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import duckdb

from report.published import Published, Run
from warehouse.store import open_read_only

FIGURES = "figures.csv"
DESCRIPTION = "edition.json"
_NAME = re.compile(r"\d{4}-\d{2}-\d{2}")
_KEY = ("series_key", "period_key", "kind")
_FIELDS = ("value", "unit", "obs_status", "methodology", "progress_status")

Figures = dict[tuple[str, str, str], dict[str, str]]


class EditionError(Exception):
    """An edition cannot be frozen."""


@dataclass(frozen=True, slots=True)
class Correction:
    """A figure of an edition that is not the same now. None: there was none, or there is none any more."""

    series_key: str
    period_key: str
    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class Edition:
    """A frozen edition."""

    name: str
    as_of: date
    run_id: str
    published_at: datetime
    folder: Path
    corrections: tuple[Correction, ...] = ()


def figures(published: Published) -> Figures:
    """Return the figures of a report by series, period and kind (observation or bridged)."""
    statuses = {(one.series_key, one.period_key): one.progress_status for one in published.progress}
    return {
        (point.series_key, point.period_key, "bridged" if point.is_bridged else "observed"): {
            "value": _text(point.value_numeric) if point.has_value else (point.value_text or ""),
            "unit": point.unit,
            "obs_status": point.obs_status,
            "methodology": (point.methodology_key or "").rpartition("/")[2],
            "progress_status": statuses.get((point.series_key, point.period_key), ""),
        }
        for point in published.points
    }


def _text(number: float | None) -> str:
    return "" if number is None else f"{number:.10g}"


def write_figures(found: Figures, file: Path) -> None:
    """Write figures as CSV."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*_KEY, *_FIELDS])
    for key in sorted(found):
        writer.writerow([*key, *(found[key][field] for field in _FIELDS)])
    file.write_text(text.getvalue(), "utf-8", newline="")


def read_figures(file: Path) -> Figures:
    """Read figures that `write_figures` wrote."""
    with file.open(encoding="utf-8", newline="") as lines:
        return {
            (row["series_key"], row["period_key"], row["kind"]): {field: row[field] for field in _FIELDS}
            for row in csv.DictReader(lines)
        }


def corrections(before: Figures, now: Figures) -> tuple[Correction, ...]:
    """Return what of the figures of an edition is different now: changed, gone, or come later into its periods.

    Periods that the edition did not have are not corrections of it, but news.
    """
    periods = {key[1] for key in before}
    found = []
    for key in sorted({*before, *(key for key in now if key[1] in periods)}):
        old, new = before.get(key), now.get(key)
        if old is None or new is None:
            found.append(
                Correction(key[0], key[1], "value", old["value"] if old else None, new["value"] if new else None),
            )
            continue
        found += [
            Correction(key[0], key[1], field, old[field], new[field]) for field in _FIELDS if old[field] != new[field]
        ]
    return tuple(found)


def write_description(folder: Path, as_of: date, run: Run) -> None:
    """Write what an edition is into its folder."""
    content = {
        "as_of": as_of.isoformat(),
        "run_id": run.run_id,
        "published_at": run.published_at.isoformat(timespec="seconds"),
    }
    (folder / DESCRIPTION).write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def read_editions(folder: Path, strategy_code: str, now: Figures) -> tuple[Edition, ...]:
    """Return the frozen editions, the latest first, each with the corrections since.

    Args:
        folder: where editions are kept, `<date>/` each.
        strategy_code: strategy whose figures are compared.
        now: the figures that are published now.
    """
    found = []
    for path in sorted(folder.glob("*/"), reverse=True) if folder.is_dir() else []:
        description = path / DESCRIPTION
        if not _NAME.fullmatch(path.name) or not description.is_file():
            continue
        content: Mapping[str, str] = json.loads(description.read_text("utf-8"))
        file = path / "data" / strategy_code / FIGURES
        found.append(
            Edition(
                name=path.name,
                as_of=date.fromisoformat(content["as_of"]),
                run_id=content["run_id"],
                published_at=datetime.fromisoformat(content["published_at"]),
                folder=path,
                corrections=corrections(read_figures(file), now) if file.is_file() else (),
            )
        )
    return tuple(found)


def published_by(day: date, files: Iterable[Path]) -> Path:
    """Return the published file that stood at the end of a day (UTC): the last one that was published by then.

    Args:
        day: the day.
        files: published files: the one that stands now, and kept snapshots.

    Raises:
        EditionError: none of them was published by then.
    """
    known: list[tuple[datetime, Path]] = []
    for file in files:
        try:
            with open_read_only(file) as connection:
                row = connection.execute("select published_at from audit.run").fetchone()
        except duckdb.Error:
            # Damaged or half-written: not what stood at any time.
            continue
        if row and row[0]:
            known.append((row[0], file))
    by_then = [one for one in known if one[0].date() <= day]
    if not by_then:
        oldest = min((one[0] for one in known), default=None)
        raise EditionError(
            f"Nothing that was published by {day.isoformat()} is kept"
            + (f"; the oldest is of {oldest:%Y-%m-%d}. Freeze with that day or a later one." if oldest else ".")
        )
    return max(by_then)[1]
