"""What handing in a file would give, found out without writing: accepted, quarantined, changed, unlike before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import duckdb

from warehouse.contract import Contract, load_contracts
from warehouse.landing import FoundFile, LandingZone, is_mapping, shown_name, stem_of
from warehouse.readers import LandingFile, ReadResult, read_landing_file
from warehouse.revision import changed_cells_sql
from warehouse.survey_mapping import MAPPING_SUFFIX, mapping_of
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
        compared: contract of the rows that were compared with it: of an export, what the mappings say.
        changes: cells that differ from it.
        answers_changed: of an export that is the same and only read by another mapping, the number of answers that
            come or go or mean something else; None where answers cannot be compared one by one.
        is_nothing_new: whether it gives just what the predecessor gives, of which it is a copy.
    """

    contract: Contract
    recognised_by: str
    has_known_name: bool
    result: ReadResult
    predecessor: LandingFile | None = None
    compared: Contract | None = None
    changes: list[Change] = field(default_factory=list)
    answers_changed: int | None = None
    is_nothing_new: bool = False

    @property
    def stem(self) -> str:
        """The stem that the file has, or gets, in the landing zone."""
        own = stem_of(self.result.file.path.name)
        return own if self.has_known_name or self.contract.files else self.contract.table

    @property
    def lineage(self) -> tuple[str, str, str]:
        """What it shares with the files that it replaces, see `FoundFile.lineage`."""
        return self.result.file.strategy_code, self.contract.raw_table, self.stem


def file_to_read(path: Path, zone: LandingZone, strategy_code: str, day: date) -> LandingFile:
    """Return what is to be read of a file that a steward gives: itself, or of a mapping the export it is meant for.

    Args:
        path: the file. Of a mapping, the export beside it is meant, else the one that was handed in last.
        zone: the landing zone.
        strategy_code: strategy that it is handed in for.
        day: day on which it is handed in.

    Raises:
        NotRecognisedError: there is no export that the mapping could be meant for.
    """
    if not is_mapping(path.name):
        return LandingFile(path, shown_name(path.name), strategy_code, day)
    stem = stem_of(path.name[: -len(MAPPING_SUFFIX)])
    beside = [other for other in path.parent.iterdir() if other.is_file() and stem_of(other.name) == stem]
    if len(beside) == 1:
        return LandingFile(beside[0], shown_name(beside[0].name), strategy_code, day)
    found = zone.export_of(path.name, strategy_code, day)
    if found is None:
        known = sorted({other.file.path.name for other in zone.found if other.contract.reader == "survey_answers"})
        raise NotRecognisedError("check_mapping_without_export", shown_name(path.name), ", ".join(known) or "–")
    return replace(found.file, name=shown_name(found.file.path.name), vintage=day, mapping=path)


def choose_contract(
    file: LandingFile, contracts: Sequence[Contract], landing: Path, source: str | None
) -> tuple[list[Contract], str]:
    """Find the contracts that a file may be meant for, and by what they were found.

    Args:
        file: the file.
        contracts: all contracts.
        landing: the landing folder.
        source: source, or `source.table`, that the steward names.

    Raises:
        NotRecognisedError: the named source does not exist.
    """
    contracts = [contract for contract in contracts if not contract.files_of]
    if source:
        own = [
            contract for contract in contracts if source in (contract.source, f"{contract.source}.{contract.table}")
        ]
        if not own:
            known = sorted({contract.source for contract in contracts})
            raise NotRecognisedError("check_unknown_source", source, ", ".join(known))
        named = _named(file, own)
        return (named or own), ("source" if len(own) == 1 else "name" if named else "header")
    resolved = file.path.resolve()
    if resolved.is_relative_to(landing.resolve()):
        parts = resolved.relative_to(landing.resolve()).parts
        own = [contract for contract in contracts if len(parts) > 2 and contract.source == parts[1]]  # noqa: PLR2004
        if named := _named(file, own):
            return named, "folder"
    telling = [contract for contract in contracts if contract.reader != "cells" or not contract.takes_any_name]
    if named := _named(file, telling):
        return named, "name"
    return contracts, "header"


def _named(file: LandingFile, contracts: Sequence[Contract]) -> list[Contract]:
    stem = stem_of(file.path.name)
    own = [contract for contract in contracts if contract.captured_from(stem) is not None]
    # An export may have any name; what makes a file one is its mapping.
    is_export = mapping_of(file).is_file()
    return [contract for contract in own if is_export == (contract.reader != "cells")]


def read_preview(file: LandingFile, choice: tuple[list[Contract], str], marks: Marks) -> Preview:
    """Read a file under the contract that fits it.

    Args:
        file: the file.
        choice: contracts it may be meant for, and by what they were found.
        marks: vocabulary of the value reader.

    Raises:
        NotRecognisedError: no contract fits, or several do.
        OSError: the file is not there or may not be read.
    """
    candidates, recognised_by = choice
    read = [(contract, _read(file, contract, marks)) for contract in candidates]
    fitting = [(contract, result) for contract, result in read if not result.is_rejected_whole] or read
    if len(fitting) != 1:
        tables = ", ".join(f"{contract.source}.{contract.table}" for contract, _ in fitting)
        name = "check_not_recognised" if fitting is read else "check_ambiguous"
        raise NotRecognisedError(name, file.name, tables)
    ((contract, result),) = fitting
    return Preview(contract, recognised_by, contract.captured_from(stem_of(file.path.name)) is not None, result)


def _read(file: LandingFile, contract: Contract, marks: Marks) -> ReadResult:
    captured = contract.captured_from(stem_of(file.path.name)) or {}
    return read_landing_file(replace(file, captured=captured), contract, marks)


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
        if earlier.is_rejected_whole:
            continue
        preview.predecessor = found.file
        is_same_file = earlier.sha256 == preview.result.sha256
        mappings = _contract_of_mappings(preview.contract)
        if mappings is None or preview.result.is_rejected_whole:
            preview.compared = preview.contract
            preview.changes = list(_changes(preview.contract, earlier, preview.result, max_factor))
            preview.is_nothing_new = is_same_file
            return
        said = [read_landing_file(file, mappings, marks) for file in (found.file, preview.result.file)]
        preview.compared = mappings
        preview.changes = list(_changes(mappings, said[0], said[1], max_factor))
        if is_same_file:
            preview.answers_changed = _answers_changed(preview.contract, earlier, preview.result)
            preview.is_nothing_new = not (
                preview.changes or preview.answers_changed or _reasons(earlier) != _reasons(preview.result)
            )
        return


def _contract_of_mappings(contract: Contract) -> Contract | None:
    """Return the contract of what the mappings of exports say, None if the contract is not that of exports."""
    return next(
        (one for one in load_contracts() if (one.source, one.files_of) == (contract.source, contract.table)), None
    )


def _reasons(result: ReadResult) -> list[tuple[int, str, str, str]]:
    return sorted(
        (rejection.row_number, rejection.column_name, rejection.value, rejection.rule)
        for rejection in result.rejections
    )


def _in_force(preview: Preview, zone: LandingZone) -> list[FoundFile]:
    """Return the files of the same lineage, the latest first; the file itself may lie among them already."""
    own = preview.result.file
    files = [
        found
        for found in zone.found
        if found.lineage == preview.lineage
        and _where(found.file, preview.contract) != _where(own, preview.contract)
        and found.file.vintage <= own.vintage
    ]
    return sorted(files, key=lambda found: found.file.vintage, reverse=True)


def _where(file: LandingFile, contract: Contract) -> tuple[Path, ...]:
    """Return where all lies that is read of a file."""
    own = (file.path,) if contract.reader == "cells" else (file.path, mapping_of(file))
    return tuple(path.resolve() for path in own)


def _answers_changed(contract: Contract, earlier: ReadResult, later: ReadResult) -> int:
    """Return how many answers of one export come, go or mean something else by another mapping.

    Here, and only here, a respondent is known by the row of the file.
    """
    columns = ", ".join(f'"{column.name}"' for column in contract.columns)
    with duckdb.connect() as connection:
        connection.register("rows_in_force", earlier.accepted)
        connection.register("rows_handed_in", later.accepted)
        before, after = (f"select {columns}, _row_number from {name}" for name in ("rows_in_force", "rows_handed_in"))
        row = connection.execute(
            f"""
            select count(distinct (survey_code, item_code, _row_number))
            from (({before} except all {after}) union all ({after} except all {before}))
            """
        ).fetchone()
    return int(row[0]) if row else 0


def _changes(contract: Contract, earlier: ReadResult, later: ReadResult, max_factor: float) -> Iterator[Change]:
    with duckdb.connect() as connection:
        connection.register("rows_in_force", earlier.accepted)
        connection.register("rows_handed_in", later.accepted)
        cells = changed_cells_sql(contract, "select * from rows_in_force", "select * from rows_handed_in")
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
