"""Suspicions that nobody has decided on: how many are open, and which of them are new since the last publication."""

import json
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.store import open_build, open_read_only

_OPEN = """
    select flag_key, flag_id, rule, series_key, reason_lv, reason_en
    from core.fct_flag
    where kind = 'suspected'
    order by flag_key
"""


@dataclass(frozen=True, slots=True)
class Suspicion:
    """One open question: a row of `core.fct_flag`."""

    flag_key: str
    flag_id: str
    rule: str
    series_key: str
    reason_lv: str
    reason_en: str


@dataclass(frozen=True, slots=True)
class Suspicions:
    """What is open in a build file, and the part of it that is new."""

    open: tuple[Suspicion, ...]
    new: tuple[Suspicion, ...]


def record_suspicions(build_file: Path, published_file: Path) -> Suspicions:
    """Compare the open suspicions with those of the file published before, and note both in `audit.run`.

    Args:
        build_file: the build file, with its flags; nobody else may have it open.
        published_file: what users open now; it may be missing.
    """
    known = _known_keys(published_file)
    with open_build(build_file) as connection:
        suspicions = tuple(Suspicion(*row) for row in connection.execute(_OPEN).fetchall())
        new = tuple(suspicion for suspicion in suspicions if suspicion.flag_key not in known)
        connection.execute(
            "update audit.run set open_suspicion_count = ?, new_suspicions = ?",
            [len(suspicions), json.dumps([suspicion.flag_key for suspicion in new], ensure_ascii=False)],
        )
    return Suspicions(suspicions, new)


def _known_keys(published_file: Path) -> set[str]:
    if not published_file.is_file():
        return set()
    try:
        with open_read_only(published_file) as connection:
            return {row[0] for row in connection.execute(_OPEN).fetchall()}
    except duckdb.Error:
        # Damaged, or made before there were flags: everything is new then.
        return set()
