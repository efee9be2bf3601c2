"""Why a file, a row or a cell was not accepted: what it is, where it stands, and what the steward can do about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from warehouse.messages import message


@dataclass(frozen=True, slots=True)
class Rejection:
    """One reason why a row (row 0: the whole file) was not accepted.

    Attributes:
        source_file: how users know the file.
        row_number: row of the file's table or sheet, counted from 1; of a faulty header the header's row.
        column_name: column of the contract, or the header as it came.
        value: the cell as it came.
        rule: the rule it breaks: the message's name in the catalogue.
        expected: what the rule would have accepted, or a hint.
        row_json: the whole row as it came, so that nothing is lost.
        sheet: sheet of the workbook; empty for files without sheets.
        label_lv: what the steward calls the column in Latvian.
        label_en: the same in English.
    """

    source_file: str
    row_number: int
    column_name: str
    value: str
    rule: str
    expected: str
    row_json: str = ""
    sheet: str = ""
    label_lv: str = ""
    label_en: str = ""

    def message(self, language: str) -> str:
        """Return what the steward reads, in `lv` or `en`."""
        label = self.label_lv if language == "lv" else self.label_en
        return message(
            self.rule,
            language,
            file=f"{self.source_file} [{self.sheet}]" if self.sheet else self.source_file,
            row=self.row_number,
            column=f"{self.column_name} ({label})" if label else self.column_name,
            value=self.value,
            expected=self.expected,
        )


class FileRejectedError(Exception):
    """A file cannot be read row by row; the rejections say why."""

    def __init__(self, *rejections: Rejection) -> None:
        super().__init__(*rejections)
        self.rejections = list(rejections)


def closest(name: str, candidates: Sequence[str]) -> str:
    """Return the candidate that may have been meant, as a hint for the steward; empty if none is close."""
    return "".join(f"↔ {match}?" for match in get_close_matches(name, candidates, n=1))
