"""What was not accepted, as it is told and as it is kept.

It is told in `audit.quarantine`, which is published: of tables that are not free for publication without any value.
It is kept whole beside the build, a CSV file for each landing file, for the steward to mend and to look up.
"""

import csv
import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from warehouse.contract import Contract
from warehouse.harmless import harmless
from warehouse.loading import LoadedFile
from warehouse.messages import message
from warehouse.rejection import Rejection

# Stands for what a file holds and nobody but the steward may read.
_HIDDEN = "…"
_WHERE = ("row_number", "message_lv", "message_en")


def quarantine_rows(
    strategy_code: str, contract: Contract | None, rejections: Sequence[Rejection], source: str = ""
) -> Iterator[Mapping[str, Any]]:
    """Yield rows of `audit.quarantine`.

    Args:
        strategy_code: strategy of the file.
        contract: its contract, None if no contract knows it.
        rejections: what was not accepted.
        source: folder of a file that no contract knows.
    """
    for rejection in rejections:
        told = rejection if contract is None or contract.confidentiality == "free" else _hide(rejection, contract)
        yield {
            "strategy_code": strategy_code,
            "source_name": contract.source if contract else source or None,
            "table_name": contract.table if contract else None,
            "source_file": told.source_file,
            "sheet": told.sheet or None,
            "row_number": told.row_number,
            "column_name": told.column_name or None,
            "value": None if told.value in ("", _HIDDEN) else told.value,
            "rule": told.rule,
            "message_lv": told.message("lv"),
            "message_en": told.message("en"),
            "remedy_lv": remedy(rejection, "lv"),
            "remedy_en": remedy(rejection, "en"),
            "row_json": told.row_json or None,
        }


def remedy(rejection: Rejection, language: str) -> str:
    """Return what the steward does next, in `lv` or `en`."""
    if rejection.row_json:
        name = "remedy_of_a_row"
    elif rejection.rule in _OF_THE_PLACE:
        name = "remedy_of_a_place"
    else:
        name = "remedy_of_a_file"
    return message(name, language, file=rejection.source_file)


# The file itself may be sound: it lies where nothing is known of it.
_OF_THE_PLACE = frozenset(
    {
        "misplaced_file",
        "unknown_source",
        "unknown_file",
        "ambiguous_file",
        "folder_without_day",
        "no_file_of_its_own",
        "sidecar_without_file",
        "handed_in_twice",
    }
)


def write_quarantine_files(folder: Path, files: Sequence[LoadedFile]) -> list[Path]:
    """Write what was quarantined, each row whole, in place of what a run before left there.

    A cell that a spreadsheet would take for a formula gets an apostrophe before it; the landing file is left alone.

    Returns:
        The files written: one for each landing file that was not accepted in all its rows.
    """
    shutil.rmtree(folder, ignore_errors=True)
    written = []
    for loaded in files:
        rejections = [rejection for rejection in loaded.result.rejections if rejection.row_json]
        if rejections:
            path = folder / f"{loaded.found.file.name}.csv"
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _write(path, rejections)
            written.append(path)
    return written


def _write(path: Path, rejections: Sequence[Rejection]) -> None:
    rows: dict[int, list[Rejection]] = {}
    for rejection in rejections:
        rows.setdefault(rejection.row_number, []).append(rejection)
    cells = {number: _cells(own[0].row_json) for number, own in rows.items()}
    header = list(dict.fromkeys(name for row in cells.values() for name in row))
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        path.chmod(0o600)
        writer = csv.writer(file)
        writer.writerow(map(harmless, (*_WHERE, *header)))
        for number, own in rows.items():
            told = [" ".join(rejection.message(language) for rejection in own) for language in ("lv", "en")]
            texts = (cells[number].get(name, "") for name in header)
            writer.writerow([number, *map(harmless, told), *map(harmless, texts)])


def _cells(row_json: str) -> Mapping[str, str]:
    """Return a row's cells by header; of a row that has more or fewer than the header, by their number."""
    row = json.loads(row_json)
    return row if isinstance(row, dict) else {str(number): text for number, text in enumerate(row, 1)}


def _hide(rejection: Rejection, contract: Contract) -> Rejection:
    """Return a rejection without anything that the file holds."""
    is_column = rejection.column_name in {column.name for column in contract.columns}
    is_key = rejection.rule == "duplicate_key"
    return replace(
        rejection,
        value=_HIDDEN if rejection.value else "",
        row_json="",
        # A header that is not the contract's may be a row of data; so may be what is said to be close to it.
        column_name=rejection.column_name if is_column or is_key or not rejection.column_name else _HIDDEN,
        expected=rejection.expected if rejection.row_json else "",
    )
