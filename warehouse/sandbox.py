"""Archives and workbooks are read in a process of its own, with limits on its memory and time.

Whatever is packed into a file, it cannot take this process with it: the other one ends in time, or is ended, and what
became of it is told like any other fault of a file. Nothing but texts comes back.
"""

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict
from typing import IO, Any

import pyarrow as pa

from warehouse.detection import Detection, Expected
from warehouse.limits import Limits, beyond
from warehouse.rejection import FileRejectedError, Rejection
from warehouse.sheets import ZIP_STARTS, Cells, Fault, drop_blank_rows, read_csv, refuse_other_formats

_WORKER = "from warehouse.sandbox import serve; serve()"
_OUT_OF_MEMORY = 77
_SHOWN = 200
# What a reader in another language says before it gives up for want of memory.
_MEMORY_WORDS = ("memory allocation", "capacity overflow", "MemoryError", "bad_alloc", "Cannot allocate memory")


def read_packed_cells(name: str, content: bytes, limits: Limits, expected: Expected | None) -> Cells:
    """Read an archive or a workbook, see `sheets.read_cells`.

    Raises:
        FileRejectedError: it cannot be read; says why and what to do.
    """
    job = {"name": name, "limits": asdict(limits), "expected": _as_json(expected)}
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as taken, tempfile.TemporaryFile() as said:
        given.write(json.dumps(job).encode() + b"\n" + content)
        given.seek(0)
        worker = subprocess.Popen(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", _WORKER],
            stdin=given,
            stdout=taken,
            stderr=said,
            env={"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONUTF8": "1"},
            start_new_session=True,
        )
        try:
            code = worker.wait(limits.seconds)
        except subprocess.TimeoutExpired as error:
            raise beyond(name, "too_slow", limits.seconds) from error
        finally:
            if worker.poll() is None:
                worker.kill()
                worker.wait()
        if code:
            raise _failure(name, limits, code, said)
        taken.seek(0)
        return _cells(taken)


def _failure(name: str, limits: Limits, code: int, said: IO[bytes]) -> FileRejectedError:
    said.seek(0)
    words = said.read(100_000).decode("utf-8", "replace")
    if code == _OUT_OF_MEMORY or any(text in words for text in _MEMORY_WORDS):
        return beyond(name, "too_much_memory", limits.memory_bytes)
    if code in {-signal.SIGXCPU, -signal.SIGKILL}:
        return beyond(name, "too_slow", limits.processor_seconds)
    return unreadable(name, (words.strip().splitlines() or [str(code)])[-1])


def unreadable(name: str, why: str) -> FileRejectedError:
    """Return the error of a file that its reader could not cope with."""
    return FileRejectedError(Rejection(name, 0, "", "", "unreadable_file", why[:_SHOWN]))


def _as_json(expected: Expected | None) -> Mapping[str, Any] | None:
    if expected is None:
        return None
    return {
        "meanings": dict(expected.meanings),
        "required": sorted(expected.required),
        "ignored": sorted(expected.ignored),
    }


def _cells(taken: IO[bytes]) -> Cells:
    """Read what the worker wrote.

    Raises:
        FileRejectedError: the worker could not read the file.
    """
    told = json.loads(taken.readline())
    if "rejections" in told:
        raise FileRejectedError(*(Rejection(**rejection) for rejection in told["rejections"]))
    table = pa.ipc.open_stream(taken).read_all()
    arrays = [_one_array(column) for column in table.columns]
    detection = told["detection"]
    for name in ("title_rows", "other_sheets"):
        detection[name] = tuple(detection[name])
    return Cells(
        header=tuple(told["header"]),
        columns=arrays[1:],
        row_numbers=arrays[0],
        detection=Detection(**detection),
        misfits=[(number, tuple(texts)) for number, texts in told["misfits"]],
        faults={(row, column): Fault(rule, expected) for row, column, rule, expected in told["faults"]},
    )


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


# --- In the other process ---


def serve() -> None:
    """Read the job and the file from standard input, write what was read to standard output."""
    given, taken = sys.stdin.buffer, sys.stdout.buffer
    job = json.loads(given.readline())
    limits = Limits(**job["limits"])
    restrict(limits)
    expected = job["expected"] and Expected(
        job["expected"]["meanings"], frozenset(job["expected"]["required"]), frozenset(job["expected"]["ignored"])
    )
    try:
        cells = read_here(job["name"], given.read(), limits, expected)
    except FileRejectedError as rejected:
        told = {"rejections": [asdict(rejection) for rejection in rejected.rejections]}
        taken.write(json.dumps(told).encode() + b"\n")
    except MemoryError:
        os._exit(_OUT_OF_MEMORY)
    else:
        _write(cells, taken)
    taken.flush()
    # Taking the texts apart one by one would only cost time.
    os._exit(0)


def restrict(limits: Limits) -> None:
    """Bind this process to the limits; there is no way back."""
    seconds = limits.processor_seconds
    for kind, soft, hard in (
        (resource.RLIMIT_AS, limits.memory_bytes, limits.memory_bytes),
        (resource.RLIMIT_CPU, seconds, seconds + 5),
        (resource.RLIMIT_CORE, 0, 0),
        (resource.RLIMIT_FSIZE, 4 * limits.unpacked_bytes, 4 * limits.unpacked_bytes),
    ):
        # The machine's own limit may be narrower already.
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (soft, hard))


def read_here(name: str, content: bytes, limits: Limits, expected: Expected | None) -> Cells:
    """Read an archive or a workbook in this very process, whatever it may do to it.

    Raises:
        FileRejectedError: it cannot be read; says why and what to do.
    """
    from warehouse.archive import Archive  # noqa: PLC0415 - needed in this process only
    from warehouse.workbook import WORKBOOK, read_workbook  # noqa: PLC0415

    archive = Archive(name, content, limits)
    if archive.has(WORKBOOK):
        cells = read_workbook(name, content, archive, limits, expected)
    else:
        _refuse_other_packages(name, archive.members)
        if len(archive.files) != 1:
            members = ", ".join(archive.files[:10])
            raise FileRejectedError(Rejection(name, 0, "", members, "not_one_member", str(len(archive.files))))
        member = archive.files[0]
        inner = archive.read(member)
        if not inner.strip():
            raise FileRejectedError(Rejection(name, 0, "", member, "empty_file", ""))
        if inner.startswith(ZIP_STARTS):
            within = Archive(name, inner, limits)
            if not within.has(WORKBOOK):
                raise FileRejectedError(Rejection(name, 0, "", f"ZIP > {member}", "other_format", "CSV, XLSX, ZIP"))
            cells = read_workbook(name, inner, within, limits, expected)
        else:
            refuse_other_formats(name, inner)
            cells = read_csv(name, inner, limits, expected)
        cells.detection = cells.detection.packed(member)
    drop_blank_rows(cells)
    return cells


def _refuse_other_packages(name: str, members: Mapping[str, object]) -> None:
    for mark, form in {
        "xl/workbook.bin": "XLSB",
        "word/document.xml": "DOCX",
        "ppt/presentation.xml": "PPTX",
        "mimetype": "OpenDocument (ODS, ODT)",
    }.items():
        if mark in members:
            raise FileRejectedError(Rejection(name, 0, "", form, "other_format", "CSV, XLSX, ZIP"))


def _write(cells: Cells, taken: IO[bytes]) -> None:
    told = {
        "header": cells.header,
        "detection": asdict(cells.detection),
        "misfits": cells.misfits,
        "faults": [(*place, fault.rule, fault.expected) for place, fault in cells.faults.items()],
    }
    taken.write(json.dumps(told).encode() + b"\n")
    arrays = [cells.row_numbers, *cells.columns]
    table = pa.table(arrays, names=[str(position) for position in range(len(arrays))])
    with pa.ipc.new_stream(taken, table.schema) as writer:
        writer.write_table(table)
