"""Files of the landing zone, read under their contracts: each with what became of it and of its predecessors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from warehouse.arrow import empty_table
from warehouse.cache import ReadCache
from warehouse.contract import Contract
from warehouse.landing import FoundFile, superseded_on
from warehouse.messages import message
from warehouse.readers import ReadResult, read_landing_file
from warehouse.rejection import Rejection
from warehouse.values import Marks


@dataclass(frozen=True, slots=True)
class LoadedFile:
    """A file that was read.

    Attributes:
        found: the file, its contract and its origin.
        result: what was read.
        superseded_on: vintage of the file that replaced it, None if it is in force.
        overwritten_sha256: SHA-256 that the file, or its mapping, had when it was last published, if it was
            overwritten in place.
        is_new: whether the published file was made without it, or from another content or mapping of it.
    """

    found: FoundFile
    result: ReadResult
    superseded_on: date | None = None
    overwritten_sha256: str | None = None
    is_new: bool = True

    def told_of_overwriting(self, language: str) -> str:
        """Return what the steward reads of a file that was overwritten in place, in `lv` or `en`."""
        folder = f"{self.found.file.strategy_code}/{self.found.contract.source}"
        name = "overwritten_file" if self.found.contract.reader == "cells" else "overwritten_export"
        return message(name, language, file=self.found.file.name, value=f"{folder}/YYYY-MM-DD/")


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """What the published file knows of a landing file."""

    vintage: date
    sha256: str
    overwritten_sha256: str | None
    mapping_sha256: str | None = None

    def is_made_from(self, result: ReadResult) -> bool:
        """Whether it was made from just what was read now: the file, and the mapping that it was read by."""
        return self.sha256 == result.sha256 and (self.mapping_sha256 or "") == result.mapping_sha256


def load(
    files: Sequence[FoundFile],
    contract: Contract,
    marks: Marks,
    cache: ReadCache,
    published: Mapping[str, PublishedFile],
) -> list[LoadedFile]:
    """Read the files of one contract.

    Args:
        files: the contract's files.
        contract: what they must look like.
        marks: vocabulary of the value reader.
        cache: where what was read is kept.
        published: files that the published file was made from, by name.
    """
    results = [(found, _read(found, contract, marks, cache)) for found in files]
    replaced = superseded_on(found for found, result in results if not result.is_rejected_whole)
    return [
        LoadedFile(
            found,
            result,
            replaced.get(found.file.name),
            _overwritten(result, published.get(found.file.name)),
            is_new=found.file.name not in published or not published[found.file.name].is_made_from(result),
        )
        for found, result in results
    ]


def load_again(files: Sequence[LoadedFile], contract: Contract) -> list[LoadedFile]:
    """Read for a second table what was read for a first one: what the mappings of survey exports say.

    What the first reading did not accept is not read: one file never is in force for one table and not for the other.
    """
    return [
        replace(loaded, result=read_landing_file(loaded.found.file, contract, {}))
        for loaded in files
        if not loaded.result.is_rejected_whole
    ]


def _read(found: FoundFile, contract: Contract, marks: Marks, cache: ReadCache) -> ReadResult:
    try:
        return cache.read(found.file, contract, marks)
    except OSError as error:
        # One file that the system does not give out must not keep the others away.
        reason = error.strerror or type(error).__name__
        rejection = Rejection(found.file.name, 0, "", "", "unreadable_file", reason)
        empty = empty_table(contract.schema)
        return ReadResult(found.file, "", empty, rejections=[rejection], is_rejected_whole=True)


def _overwritten(result: ReadResult, known: PublishedFile | None) -> str | None:
    """Return the hash that a file, or its mapping, had before it was overwritten under its name and vintage.

    Who publishes the overwritten file publishes that hash with it, so that the next run knows it too.
    """
    if known is None or known.vintage != result.file.vintage:
        return None
    if known.is_made_from(result):
        return known.overwritten_sha256
    return known.sha256 if known.sha256 != result.sha256 else known.mapping_sha256
