"""Writing files so that they are whole or not there: flushed to disk, then switched in by one rename."""

import json
import os
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

_CHUNK_BYTES = 1 << 20
_FLUSHED_AT_ONCE = 16


def flush(path: Path) -> None:
    """Flush a file or a folder to disk: for a folder, the names in it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_tree(folder: Path) -> None:
    """Flush everything in a folder to disk: the files first, then the names of them.

    Many at once: each waits for the disk to write its journal, and one journal entry can answer for all of them.
    """
    with ThreadPoolExecutor(_FLUSHED_AT_ONCE) as pool:
        list(pool.map(flush, (path for path in folder.rglob("*") if path.is_file())))
        list(pool.map(flush, (path for path in (folder, *folder.rglob("*")) if path.is_dir())))


def write_whole(path: Path, text: str) -> None:
    """Write a file so that whoever reads it sees the old text or the new one, after a power cut too.

    Raises:
        OSError: the folder cannot be written to, or the disk is full; the file is as it was.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}.draft")
    try:
        with draft.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    flush(path.parent)


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole; what JSON has no type for, a time for example, becomes text."""
    write_whole(path, _as_text(content))


def _as_text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, ensure_ascii=False, indent=2, default=str) + "\n"


def write_json_on_a_full_disk(path: Path, content: Mapping[str, Any]) -> None:
    """Write a JSON file whole; where there is no room for a second one, over the first one, which has its room.

    Who reads it must bear that a crash just then leaves half of it.

    Raises:
        OSError: there is no such file yet, or it cannot be written to.
    """
    try:
        write_json(path, content)
    except OSError:
        with path.open("r+", encoding="utf-8") as file:
            file.write(_as_text(content))
            file.truncate()
            file.flush()
            os.fsync(file.fileno())


def point(link: Path, target: str) -> None:
    """Point a symbolic link to a target, relative to the link's folder, in one atomic rename."""
    draft = link.with_name(f".{link.name}.draft")
    draft.unlink(missing_ok=True)
    draft.symlink_to(target)
    draft.replace(link)
    flush(link.parent)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal, read in pieces."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
