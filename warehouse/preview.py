"""What handing in a file would give, found out without writing: accepted, quarantined, changed, unlike before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import duckdb

from warehouse.contract import Contract
from warehouse.landing import FoundFile, LandingZone, shown_name, stem_of
from warehouse.readers import LandingFile, ReadResult, read_landing_file
from warehouse.revision import changed_cells_sql
from warehouse.survey_mapping import mapping_path
from warehouse.values import Marks


class NotRecognisedError(Exception):
    """No contract, or more than one, fits the file.

    Attributes:
        name: message of the catalogue that says so.
        value: what was asked for.
        expected: what there is to choose from.
    """

    def __init__(self, name: str, value: str, expected: str) -> None:
        super().__init__(name)
        self.name = name
        self.value = value
        self.expected = expected


@dataclass(frozen=True, slots=True)
class Change:
    """A cell that differs from the file in force; `is_unlike` if its number is another by more than the factor."""

    kind: str
    row_key: str
    column_name: str | None
    old_value: str | None
    new_value: str | None
    is_unlike: bool = False


@dataclass(slots=True)
class Preview:
    """What a file would give.

    Attributes:
        contract: the contract it was read under.
        recognised_by: `folder`, `source`, `name` or `header`.
        has_known_name: whether the landing zone would know it by its name.
        result: what was read.
        predecessor: the file in force that it would replace, None if it is the first of its name.
        changes: cells that differ from it.
    """

    contract: Contract
    recognised_by: str
    has_known_name: bool
    result: ReadResult
    predecessor: LandingFile | None = None
    changes: list[Change] = field(default_factory=list)

    @property
    def stem(self) -> str:
        """The stem that the file has, or gets, in the landing zone."""
        own = stem_of(self.result.file.path.name)
        return own if self.has_known_name or self.contract.files else self.contract.table

    @property
    def lineage(self) -> tuple[str, str, str]:
        """What it shares with the files that it replaces, see `FoundFile.lineage`."""
        return self.result.file.strategy_code, self.contract.raw_table, self.stem


def choose_contract(
    path: Path, contracts: Sequence[Contract], landing: Path, source: str | None
) -> tuple[list[Contract], str]:
    """Find the contracts that a file may be meant for, and by what they were found.

    Args:
        path: the file.
        contracts: all contracts.
        landing: the landing folder.
        source: source, or `source.table`, that the steward names.

    Raises:
        NotRecognisedError: the named source does not exist.
    """
    if source:
        own = [
            contract for contract in contracts if source in (contract.source, f"{contract.source}.{contract.table}")
        ]
        if not own:
            known = sorted({contract.source for contract in contracts})
            raise NotRecognisedError("check_unknown_source", source, ", ".join(known))
        named = _named(path, own)
        return (named or own), ("source" if len(own) == 1 else "name" if named else "header")
    resolved = path.resolve()
    if resolved.is_relative_to(landing.resolve()):
        parts = resolved.relative_to(landing.resolve()).parts
        own = [contract for contract in contracts if len(parts) > 2 and contract.source == parts[1]]  # noqa: PLR2004
        if named := _named(path, own):
            return named, "folder"
    telling = [contract for contract in contracts if contract.reader != "cells" or not contract.takes_any_name]
    if named := _named(path, telling):
        return named, "name"
    return list(contracts), "header"


def _named(path: Path, contracts: Sequence[Contract]) -> list[Contract]:
    stem = stem_of(path.name)
    own = [contract for contract in contracts if contract.captured_from(stem) is not None]
    # An export may have any name; what makes a file one is the mapping beside it.
    is_export = mapping_path(path).is_file()
    return [contract for contract in own if is_export == (contract.reader != "cells")]


def read_preview(
    path: Path, choice: tuple[list[Contract], str], strategy_code: str, day: date, marks: Marks
) -> Preview:
    """Read a file under the contract that fits it.

    Args:
        path: the file.
        choice: contracts it may be meant for, and by what they were found.
        strategy_code: strategy that it is handed in for.
        day: day on which it is handed in.
        marks: vocabulary of the value reader.

    Raises:
        NotRecognisedError: no contract fits, or several do.
        OSError: the file is not there or may not be read.
    """
    candidates, recognised_by = choice
    read = [(contract, _read(path, contract, strategy_code, day, marks)) for contract in candidates]
    fitting = [(contract, result) for contract, result in read if not result.is_rejected_whole] or read
    if len(fitting) != 1:
        tables = ", ".join(f"{contract.source}.{contract.table}" for contract, _ in fitting)
        name = "check_not_recognised" if fitting is read else "check_ambiguous"
        raise NotRecognisedError(name, shown_name(path.name), tables)
    ((contract, result),) = fitting
    return Preview(contract, recognised_by, contract.captured_from(stem_of(path.name)) is not None, result)


def _read(path: Path, contract: Contract, strategy_code: str, day: date, marks: Marks) -> ReadResult:
    captured = contract.captured_from(stem_of(path.name)) or {}
    return read_landing_file(LandingFile(path, shown_name(path.name), strategy_code, day, captured), contract, marks)


def compare_with_predecessor(preview: Preview, zone: LandingZone, marks: Marks, max_factor: float) -> None:
    """Compare a file with the one in force that it would replace, and note what differs.

    Args:
        preview: what the file would give; what is found is added to it.
        zone: the landing zone.
        marks: vocabulary of the value reader.
        max_factor: a number that becomes this many times larger or smaller is unlike the one before.
    """
    for found in _in_force(preview, zone):
        earlier = read_landing_file(found.file, preview.contract, marks)
        if not earlier.is_rejected_whole:
            preview.predecessor = found.file
            # Respondents have no number that stays: rows of two exports cannot be told to be the same one.
            if preview.contract.confidentiality != "respondent":
                preview.changes = list(_changes(preview, earlier, max_factor))
            return


def _in_force(preview: Preview, zone: LandingZone) -> list[FoundFile]:
    """Return the files of the same lineage, the latest first; the file itself may lie among them already."""
    own = preview.result.file
    files = [
        found
        for found in zone.found
        if found.lineage == preview.lineage
        and found.file.path.resolve() != own.path.resolve()
        and found.file.vintage <= own.vintage
    ]
    return sorted(files, key=lambda found: found.file.vintage, reverse=True)


def _changes(preview: Preview, earlier: ReadResult, max_factor: float) -> Iterator[Change]:
    with duckdb.connect() as connection:
        connection.register("rows_in_force", earlier.accepted)
        connection.register("rows_handed_in", preview.result.accepted)
        cells = changed_cells_sql(preview.contract, "select * from rows_in_force", "select * from rows_handed_in")
        rows = connection.execute(
            f"""
            select
                kind, row_key, column_name, old_value, new_value,
                coalesce(
                    greatest(abs(old_number), abs(new_number)) > ? * least(abs(old_number), abs(new_number)), false
                )
            from ({cells}) order by all
            """,
            [max_factor],
        ).fetchall()
    yield from (Change(*row) for row in rows)
