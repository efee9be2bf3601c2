"""What was read of a file is kept under the hash of all it depends on, so that an unchanged file is not read again.

An entry is a digest and an Arrow stream: a damaged one is noticed, dropped, and its file is read. An entry appears
whole or not at all. It holds accepted rows and what was quarantined, respondents' rows too: only its owner reads it.
"""

import hashlib
import json
import os
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from tempfile import mkstemp
from typing import Any

import pyarrow as pa

from warehouse.contract import PROVENANCE, Contract
from warehouse.detection import Detection
from warehouse.landing import file_sha256
from warehouse.limits import load_limits
from warehouse.readers import LandingFile, ReadResult, provenance, read_landing_file
from warehouse.rejection import Rejection
from warehouse.values import Marks

# Below that, reading a CSV file takes less time than looking for what was kept of it.
SMALL_BYTES = 1 << 18
KEPT_DAYS = 30
_PACKED = b"PK"
_SUFFIX = ".arrow"
_ABOUT = b"meraukla"
_DIGEST_BYTES = hashlib.sha256().digest_size
# Provenance that tells where and when a file was handed in, not what stands in it.
_OF_THE_FILE = ("strategy_code", *(column.name for column in PROVENANCE if column.name != "_row_number"))


@dataclass(frozen=True, slots=True)
class ReadCache:
    """What was read of files, kept in a folder."""

    folder: Path

    def read(self, file: LandingFile, contract: Contract, marks: Marks) -> ReadResult:
        """Read a file, or take what was kept of it. The result is the same.

        Raises:
            OSError: the file is not there or may not be read.
        """
        # What a survey export means depends on its mapping and on what is registered as well.
        if contract.reader != "cells" or not _is_worth_keeping(file.path):
            return read_landing_file(file, contract, marks)
        sha256 = file_sha256(file.path, file.path.parent) or ""
        entry = self.folder / f"{_key(file, sha256, contract, marks)}{_SUFFIX}"
        kept = self._take(entry, file, sha256, contract)
        if kept:
            return kept
        result = read_landing_file(file, contract, marks)
        # A file that was changed while it was read is kept by nobody.
        if result.sha256 == sha256:
            self._keep(entry, result)
        return result

    def prune(self) -> None:
        """Drop what no run has used for a month, and what a killed run left half written."""
        oldest = time.time() - KEPT_DAYS * 24 * 3600
        for path in self.folder.glob("*") if self.folder.is_dir() else ():
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)

    def _take(self, entry: Path, file: LandingFile, sha256: str, contract: Contract) -> ReadResult | None:
        try:
            content = entry.read_bytes()
            if hashlib.sha256(memoryview(content)[_DIGEST_BYTES:]).digest() != content[:_DIGEST_BYTES]:
                raise pa.ArrowInvalid("digest")
            with pa.ipc.open_stream(pa.py_buffer(content)[_DIGEST_BYTES:]) as stream:
                table = stream.read_all()
            result = _from_table(table, file, sha256, contract)
            os.utime(entry)
        except FileNotFoundError:
            return None
        except (OSError, pa.ArrowException, ValueError, KeyError, TypeError):
            entry.unlink(missing_ok=True)
            return None
        return result

    def _keep(self, entry: Path, result: ReadResult) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        table = _to_table(result)
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
            stream.write_table(table)
        content = sink.getvalue()
        handle, half_written = mkstemp(dir=self.folder, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as part:
                part.write(hashlib.sha256(content).digest())
                part.write(content)
            Path(half_written).replace(entry)
        except BaseException:
            Path(half_written).unlink(missing_ok=True)
            raise


def _is_worth_keeping(path: Path) -> bool:
    if path.stat().st_size >= SMALL_BYTES:
        return True
    with path.open("rb") as file:
        return file.read(len(_PACKED)) == _PACKED


def _key(file: LandingFile, sha256: str, contract: Contract, marks: Marks) -> str:
    depends_on = [
        sha256,
        # The reader takes values out of the name, and may name it in what it says.
        file.path.name,
        dict(file.captured),
        contract.model_dump(mode="json"),
        dict(marks),
        asdict(load_limits()),
        _code_version(),
    ]
    return hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()


@cache
def _code_version() -> str:
    """Return a hash of the code that reads: this package and the libraries it reads with."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    for package in ("pyarrow", "python-calamine"):
        try:
            digest.update(f"{package} {version(package)}\0".encode())
        except PackageNotFoundError:
            continue
    return digest.hexdigest()


def _to_table(result: ReadResult) -> pa.Table:
    about = {
        "rows_read": result.rows_read,
        "is_rejected_whole": result.is_rejected_whole,
        "detection": asdict(result.detection) if result.detection else None,
        "rejections": [asdict(rejection) | {"source_file": ""} for rejection in result.rejections],
    }
    own = result.accepted.drop_columns([name for name in _OF_THE_FILE if name in result.accepted.column_names])
    return own.replace_schema_metadata({_ABOUT: json.dumps(about)})


def _from_table(table: pa.Table, file: LandingFile, sha256: str, contract: Contract) -> ReadResult:
    about = json.loads(table.schema.metadata[_ABOUT])
    constants = provenance(file, sha256, None)
    accepted = pa.Table.from_arrays(
        [
            pa.repeat(pa.scalar(constants[field.name], field.type), table.num_rows)
            if field.name in constants
            else table.column(field.name)
            for field in contract.schema
        ],
        schema=contract.schema,
    )
    return ReadResult(
        file,
        sha256,
        accepted,
        about["rows_read"],
        [replace(Rejection(**rejection), source_file=file.name) for rejection in about["rejections"]],
        _detection(about["detection"]),
        about["is_rejected_whole"],
    )


def _detection(kept: Mapping[str, Any] | None) -> Detection | None:
    if kept is None:
        return None
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in kept.items()
    }
    return Detection(**values)
