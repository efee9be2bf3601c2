"""Text as printed → number, kind, mark and unit. The one reader of values.

A report prints `4,5 %`, `1:10`, `+2 %`, `~ 43%`, `Nav mērīts` or an arrow in one and the same column. Nothing of
that is guessed at: a text is a known mark (from `contracts/marks.yml`), fits the grammar of numbers below, or is
unreadable.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

Marks = Mapping[str, str]
"""Folded text of a mark → its code, e.g. `nav mērīts` → `not_measured`."""


class Kind(StrEnum):
    """What kind of thing is printed in a cell."""

    NUMBER = "number"
    RELATIVE = "relative"  # `+2 %`: a change on the baseline, not a level
    RATIO = "ratio"  # `1:10`: ten to one
    APPROXIMATE = "approximate"  # `~ 43%`
    MARK = "mark"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class PrintedValue:
    """One cell as a machine sees it.

    Attributes:
        kind: what is printed.
        number: the number in the printed unit (percent stays 0–100; `1:10` is 10.0), None for marks and blanks.
        mark: code of the mark, None for numbers and blanks.
        unit: `percent` where a percent sign is printed, `ratio` for 1:n, else None.
    """

    kind: Kind
    number: float | None = None
    mark: str | None = None
    unit: str | None = None


class UnreadableValueError(ValueError):
    """The text is neither a known mark nor a number in a known notation."""


_BLANKS = re.compile(r"\s+")
# Fifteen digits are what a float holds exactly; more would become another number, or infinity.
_DIGITS = r"(?:\d{1,3}(?: \d{3}){1,4}|\d{1,15})(?:[.,]\d{1,15})?"
_NUMBER = re.compile(rf"(?P<approximate>~ ?)?(?P<sign>[+\-−] ?)?(?P<digits>{_DIGITS}) ?(?P<percent>%)?")
_RATIO = re.compile(rf"1 ?: ?(?P<digits>{_DIGITS})")


def fold(text: str) -> str:
    """Fold blanks (no-break ones too) and case, and compose letters, so that equal-looking texts are equal."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip().casefold()


def read_value(text: str, marks: Marks) -> PrintedValue:
    """Read one printed cell.

    Args:
        text: the cell as it came.
        marks: folded text → mark code.

    Raises:
        UnreadableValueError: the text is neither blank, nor a mark, nor a number.
    """
    folded = fold(text)
    if not folded:
        return PrintedValue(Kind.BLANK)
    if folded in marks:
        return PrintedValue(Kind.MARK, mark=marks[folded])
    if ratio := _RATIO.fullmatch(folded):
        return PrintedValue(Kind.RATIO, number=_to_float(ratio["digits"]), unit="ratio")
    if number := _NUMBER.fullmatch(folded):
        return _number(number)
    raise UnreadableValueError(text)


def _number(match: re.Match[str]) -> PrintedValue:
    sign = (match["sign"] or "").strip()
    value = _to_float(match["digits"]) * (-1 if sign in {"-", "−"} else 1)
    if match["approximate"]:
        kind = Kind.APPROXIMATE
    elif sign == "+":
        kind = Kind.RELATIVE
    else:
        kind = Kind.NUMBER
    return PrintedValue(kind, number=value, unit="percent" if match["percent"] else None)


def _to_float(digits: str) -> float:
    return float(digits.replace(" ", "").replace(",", "."))
