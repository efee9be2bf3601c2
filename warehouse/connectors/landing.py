"""What was fetched becomes a file of the landing zone, with its origin beside it, if it is new."""

import hashlib
import os
import re
import tempfile
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.connectors.errors import FetchError
from warehouse.connectors.http import Validators

ORIGIN_SUFFIX = ".origin.yml"
_SAFE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,150}")
_FILE_TYPES = frozenset({".csv", ".xlsx", ".zip"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
# What a file of its kind begins with: a page that says „under maintenance” does not.
_BEGINNINGS = {".xlsx": b"PK", ".zip": b"PK"}


class Origin(BaseModel):
    """Where a fetched file comes from: `<stem>.origin.yml` beside it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    publisher: str | None = None
    title: str | None = None
    licence: str | None = None
    url: str
    as_of_on: date | None = None
    retrieved_at: datetime
    sha256: str
    etag: str | None = None
    last_modified: str | None = None

    @property
    def validators(self) -> Validators:
        """What to ask the portal with, whether it has a newer version."""
        return Validators(self.etag, self.last_modified)


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file as it was fetched.

    Attributes:
        name: name of the file, with its ending.
        content: its bytes.
        url: where from.
        title: what the portal calls it.
        publisher: who publishes it.
        licence: under which licence.
        as_of_on: day that its figures are about, if it is known.
        validators: what the portal said of this version.
    """

    name: str
    content: bytes
    url: str
    title: str | None
    publisher: str | None
    licence: str | None
    as_of_on: date | None
    validators: Validators


class SourceFolder:
    """The folder of one source: `<strategy>/<source>/<day handed in>/<file>`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def newest_origin(self, stem: str) -> Origin | None:
        """Return the origin of the newest version of a file; None if it was never fetched, or was taken away."""
        versions = self._versions(stem)
        return read_origin(_origin_path(versions[-1])) if versions else None

    def land(self, fetched: Fetched, now: datetime) -> Path | None:
        """Write a file, unless it has the content of the newest version: then there is nothing new.

        The file appears whole, after its origin; an older version stays where it lies.

        Returns:
            Where it lies, None if there was nothing new.

        Raises:
            FetchError: its name or content cannot be those of a data file, or a version landed today already.
        """
        _refuse_name(fetched)
        versions = self._versions(Path(fetched.name).stem)
        digest = hashlib.sha256(fetched.content).hexdigest()
        if versions and hashlib.sha256(versions[-1].read_bytes()).hexdigest() == digest:
            return None
        path = self._folder / now.date().isoformat() / fetched.name
        if any(version.parent == path.parent for version in versions):
            # A version is known by its day: what was handed in is never written over.
            raise FetchError("fetch_landed_today", fetched.url, value=fetched.name, expected=path.parent.name)
        origin = Origin(
            publisher=fetched.publisher,
            title=fetched.title,
            licence=fetched.licence,
            url=fetched.url,
            as_of_on=fetched.as_of_on,
            retrieved_at=now.replace(microsecond=0),
            sha256=digest,
            etag=fetched.validators.etag,
            last_modified=fetched.validators.last_modified,
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        text = yaml.safe_dump(origin.model_dump(), allow_unicode=True, sort_keys=False)
        write_whole(_origin_path(path), text.encode("utf-8"))
        write_whole(path, fetched.content)
        return path

    def _versions(self, stem: str) -> list[Path]:
        """Return the files of a stem, oldest first; those in the folder itself were there before any day."""
        if not self._folder.is_dir():
            return []
        days = sorted(path for path in self._folder.iterdir() if path.is_dir() and _DAY.fullmatch(path.name))
        return [
            path
            for folder in [self._folder, *days]
            for path in sorted(folder.iterdir())
            if path.is_file() and path.suffix.lower() in _FILE_TYPES and path.stem.lower() == stem.lower()
        ]


def read_origin(path: Path) -> Origin | None:
    """Return the origin that stands in a file; None if there is none, or it cannot be read."""
    try:
        return Origin.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError):
        # It only saves asking again; what it tells is not needed to load the file.
        return None


def find_origins(source_folder: Path) -> list[Origin]:
    """Return the origins of all versions that lie in the folder of a source."""
    found = (read_origin(path) for path in sorted(source_folder.rglob(f"*{ORIGIN_SUFFIX}")))
    return [origin for origin in found if origin]


def _origin_path(path: Path) -> Path:
    return path.with_name(path.stem + ORIGIN_SUFFIX)


def _refuse_name(fetched: Fetched) -> None:
    suffix = Path(fetched.name).suffix.lower()
    if not _SAFE_NAME.fullmatch(fetched.name) or suffix not in _FILE_TYPES:
        raise FetchError(
            "fetch_name_refused", fetched.url, value=fetched.name, expected=", ".join(sorted(_FILE_TYPES))
        )
    if not fetched.content or not fetched.content.startswith(_BEGINNINGS.get(suffix, b"")):
        raise FetchError("fetch_other_content", fetched.url, value=fetched.name, expected=suffix)


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that nobody ever sees a part of it."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
