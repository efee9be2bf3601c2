"""One hash over everything a result depends on: same fingerprint, same rows."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from orchestration.settings import PROJECT_DIR, Settings

_INPUTS = (
    "requirements.lock",
    "pyproject.toml",
    "warehouse/**/*",
    "expectations/**/*",
    "orchestration/**/*",
    "dbt_project/*.yml",
    "dbt_project/models/**/*",
    "dbt_project/macros/**/*",
    "dbt_project/seeds/**/*",
    "dbt_project/tests/**/*",
)
_SUFFIXES = frozenset({".py", ".yml", ".sql", ".csv", ".lock", ".toml", ".md"})


def input_fingerprint(settings: Settings) -> str:
    """Hash the landing files, reference data, models, rules, code and pinned versions.

    Returns:
        SHA-256 in hexadecimal.
    """
    digest = hashlib.sha256()
    for name, path in _input_files(settings):
        digest.update(name.encode() + b"\0" + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _input_files(settings: Settings) -> Iterator[tuple[str, Path]]:
    paths = {path for pattern in _INPUTS for path in PROJECT_DIR.glob(pattern)}
    for path in sorted(paths):
        if path.is_file() and path.suffix in _SUFFIXES:
            yield path.relative_to(PROJECT_DIR).as_posix(), path
    for path in sorted(settings.landing_dir.rglob("*")):
        if path.is_file():
            yield f"landing/{path.relative_to(settings.landing_dir).as_posix()}", path
