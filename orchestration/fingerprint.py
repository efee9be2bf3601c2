"""One hash over everything a result depends on: same fingerprint, same rows."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from orchestration.settings import PROJECT_DIR, Settings
from warehouse.landing import file_sha256, landing_paths, shown_name

_DBT_PROJECT = (
    "dbt_project/*.yml",
    "dbt_project/models/**/*",
    "dbt_project/macros/**/*",
    "dbt_project/seeds/**/*",
    "dbt_project/tests/**/*",
)
_INPUTS = (
    "requirements.lock",
    "pyproject.toml",
    "warehouse/**/*",
    "expectations/**/*",
    "orchestration/**/*",
    "report/**/*",
    *_DBT_PROJECT,
)
# What the manifest and the column lineage are made from. Rows of seeds are read by each run, not by these.
_PREPARED_FROM = (*_DBT_PROJECT, "requirements.lock", "warehouse/**/*.yml", "orchestration/lineage.py")
_SUFFIXES = frozenset({".py", ".yml", ".sql", ".csv", ".lock", ".toml", ".md", ".j2", ".css", ".js"})


def input_fingerprint(settings: Settings) -> str:
    """Hash all that a result depends on: landing files, reference data, models, rules, code, pinned versions.

    Returns:
        SHA-256 in hexadecimal.
    """
    digest = hashlib.sha256()
    for name, path in _project_files(_INPUTS):
        _add(digest, name, path.read_bytes())
    # The content is hashed each time: a run that trusted size and time would miss what was written over unseen.
    for name, path in landing_paths(settings.landing_dir):
        content = file_sha256(path, settings.landing_dir) or "not ours to read"
        digest.update(f"landing/{shown_name(name)}\0{content}\0".encode())
    return digest.hexdigest()


def project_fingerprint() -> str:
    """Hash what the dbt manifest and the column lineage depend on.

    Returns:
        SHA-256 in hexadecimal.
    """
    digest = hashlib.sha256()
    for name, path in _project_files(_PREPARED_FROM):
        _add(digest, name, b"" if path.suffix == ".csv" else path.read_bytes())
    return digest.hexdigest()


def is_prepared(settings: Settings) -> bool:
    """Whether the dbt project was prepared just as it lies here now."""
    mark = _prepared_mark(settings)
    return settings.manifest_file.is_file() and mark.is_file() and mark.read_text("utf-8") == project_fingerprint()


def mark_prepared(settings: Settings) -> None:
    """Remember that the dbt project was prepared as it lies here now."""
    _prepared_mark(settings).write_text(project_fingerprint(), "utf-8")


def _prepared_mark(settings: Settings) -> Path:
    return settings.dbt_target_dir / "prepared.sha256"


def _add(digest: "hashlib._Hash", name: str, content: bytes) -> None:
    digest.update(name.encode() + b"\0" + hashlib.sha256(content).digest())


def _project_files(patterns: tuple[str, ...]) -> Iterator[tuple[str, Path]]:
    for path in sorted({path for pattern in patterns for path in PROJECT_DIR.glob(pattern)}):
        if path.is_file() and path.suffix in _SUFFIXES:
            yield path.relative_to(PROJECT_DIR).as_posix(), path
