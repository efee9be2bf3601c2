"""Text as printed → number, kind, mark and unit. The one reader of values.

A report prints `4,5 %`, `1:10`, `+2 %`, `~ 43%`, `Nav mērīts` or an arrow in one and the same column. Nothing of
that is guessed at: a text is a known mark (from `contracts/marks.yml`), fits the grammar of numbers below, or is
unreadable.

A range is two numbers, the lower one first, with a dash or hyphen between them or in words: `20–30 %`, `20-30%`,
`20 % – 30 %`, `20 līdz 30 %`, `no 20 līdz 30 %`; `+2–3 %` is a range of changes. Below zero only words tell a sign
from a dash: `no -5 līdz -2`. What could as well be two years (`2024–2025`) or runs downwards (`30–20`) is unreadable.

Comma and point are both decimal marks, and thousands are parted by blanks: `1.234` and `1,234` are one and a bit.
Only where the contract says that a source parts thousands by one of the two (`thousands_mark`), `1.234` is 1234, and
the other of the two is the decimal mark. What keeps neither rule is unreadable, never guessed at.

Counts, codes, dates, booleans and integers have a reader each, at the end.
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

Marks = Mapping[str, str]
"""Folded text of a mark → its code, e.g. `nav mērīts` → `not_measured`."""


class Kind(StrEnum):
    """What kind of thing is printed in a cell."""

    NUMBER = "number"
    RELATIVE = "relative"  # `+2 %`: a change on the baseline, not a level
    RATIO = "ratio"  # `1:10`: ten to one
    RANGE = "range"  # `20–30 %`: anything between the two
    APPROXIMATE = "approximate"  # `~ 43%`
    MARK = "mark"
    BLANK = "blank"


@dataclass(frozen=True, slots=True)
class PrintedValue:
    """One cell as a machine sees it.

    Attributes:
        kind: what is printed.
        number: the number in the printed unit (percent stays 0–100; `1:10` is 10.0), None for marks and blanks; of a
            range the lower bound.
        mark: code of the mark, None for numbers and blanks.
        unit: `percent` where a percent sign is printed, `ratio` for 1:n, else None.
        upper_number: upper bound of a range, above `number`; None for anything else. The kind is `range`, or
            `relative` where both bounds are changes on the baseline.
    """

    kind: Kind
    number: float | None = None
    mark: str | None = None
    unit: str | None = None
    upper_number: float | None = None


class UnreadableValueError(ValueError):
    """The text is neither a known mark nor a number in a known notation."""


_BLANKS = re.compile(r"\s+")
_BLANKS_AND_UNDERSCORES = re.compile(r"[\s_]+")
# Fifteen digits are what a float holds exactly; more would become another number, or infinity.
_DIGITS = r"(?:\d{1,3}(?: \d{3}){1,4}|\d{1,15})(?:[.,]\d{1,15})?"
_NUMBER = re.compile(rf"(?P<approximate>~ ?)?(?P<sign>[+\-−] ?)?(?P<digits>{_DIGITS}) ?(?P<percent>%)?")
_RATIO = re.compile(rf"1 ?: ?(?P<digits>{_DIGITS})")
_DASHED_RANGE = re.compile(
    rf"(?P<sign>\+ ?)?(?P<lower>{_DIGITS}) ?(?P<lower_percent>%)? ?[\-–—] ?"
    rf"(?P<upper_sign>\+ ?)?(?P<upper>{_DIGITS}) ?(?P<percent>%)?"
)
_WORDED_RANGE = re.compile(
    rf"(?:no )?(?P<sign>[+\-−] ?)?(?P<lower>{_DIGITS}) ?(?P<lower_percent>%)? līdz "
    rf"(?P<upper_sign>[+\-−] ?)?(?P<upper>{_DIGITS}) ?(?P<percent>%)?"
)
_YEAR = re.compile(r"(?:19|20)\d{2}")


def fold(text: str) -> str:
    """Fold blanks (no-break ones too) and case, and compose letters, so that equal-looking texts are equal."""
    return _BLANKS.sub(" ", unicodedata.normalize("NFC", text)).strip().casefold()


def fold_header(text: str) -> str:
    """Fold a header so that its variants are equal: compatibility forms, case, diacritics, blanks and underscores.

    A run of blanks, line breaks and underscores is one blank; soft hyphens and marks of text direction are nothing.
    """
    letters = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(letter for letter in letters if unicodedata.category(letter) not in {"Mn", "Cf"})
    return _BLANKS_AND_UNDERSCORES.sub(" ", unicodedata.normalize("NFKC", kept)).strip()


def read_value(text: str, marks: Marks, thousands_mark: str | None = None) -> PrintedValue:
    """Read one printed cell.

    Args:
        text: the cell as it came.
        marks: folded text → mark code.
        thousands_mark: `.` or `,` where the source parts thousands by it.

    Raises:
        UnreadableValueError: the text is neither blank, nor a mark, nor a number, nor a range.
    """
    folded = fold(text)
    if not folded:
        return PrintedValue(Kind.BLANK)
    if folded in marks:
        return PrintedValue(Kind.MARK, mark=marks[folded])
    if thousands_mark:
        folded = _without_thousands_marks(folded, thousands_mark)
    if ratio := _RATIO.fullmatch(folded):
        return PrintedValue(Kind.RATIO, number=_to_float(ratio["digits"]), unit="ratio")
    if number := _NUMBER.fullmatch(folded):
        return _number(number)
    if (printed_range := _range(folded)) is not None:
        return printed_range
    raise UnreadableValueError(text)


def _number(match: re.Match[str]) -> PrintedValue:
    sign = (match["sign"] or "").strip()
    value = _signed(sign, match["digits"])
    if match["approximate"]:
        kind = Kind.APPROXIMATE
    elif sign == "+":
        kind = Kind.RELATIVE
    else:
        kind = Kind.NUMBER
    return PrintedValue(kind, number=value, unit="percent" if match["percent"] else None)


def _range(folded: str) -> PrintedValue | None:
    """Return the range, None if the text is none: its bounds are in two units or of two kinds, or run downwards."""
    match = _DASHED_RANGE.fullmatch(folded)
    if match is None or _may_be_years(match):
        match = _WORDED_RANGE.fullmatch(folded)
    if match is None:
        return None
    sign, upper_sign = ((match[name] or "").strip() for name in ("sign", "upper_sign"))
    lower, upper = _signed(sign, match["lower"]), _signed(upper_sign, match["upper"])
    is_relative = sign == "+"
    if lower >= upper or (match["lower_percent"] and not match["percent"]) or (upper_sign == "+" and not is_relative):
        return None
    kind = Kind.RELATIVE if is_relative else Kind.RANGE
    return PrintedValue(kind, number=lower, unit="percent" if match["percent"] else None, upper_number=upper)


def _may_be_years(match: re.Match[str]) -> bool:
    return bool(_YEAR.fullmatch(match["lower"]) and _YEAR.fullmatch(match["upper"]) and not match["percent"])


def _signed(sign: str, digits: str) -> float:
    return _to_float(digits) * (-1 if sign in {"-", "−"} else 1)


def _to_float(digits: str) -> float:
    return float(digits.replace(" ", "").replace(",", "."))


_BOOLEANS: Mapping[str, bool] = {"yes": True, "no": False, "jā": True, "nē": False}
# Nine digits always fit the column; int() alone would also take 1_000.
_INTEGER = re.compile(r"[+\-]?[0-9]{1,9}")
# Three noughts behind a mark could be thousands: 12.0 and 12,00 are twelve, 12.000 is nobody's guess.
_COUNT = re.compile(r"(?P<digits>[0-9]{1,3}(?: [0-9]{3}){1,2}|[0-9]{1,9})(?:[.,]0{1,2})?")
_CODE = re.compile(r"(?P<digits>[0-9]+)(?:[.,]0)?")
_ISO_DATE = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?")
_DATE_OR_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9:.]+)?|[0-9]{2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]+)?")
_THOUSANDS = {
    mark: re.compile(rf"(?<![0-9.,])[0-9]{{1,3}}(?:{re.escape(mark)}[0-9]{{3}})+(?![0-9{re.escape(mark)}])")
    for mark in ".,"
}


def _without_thousands_marks(text: str, mark: str) -> str:
    """Remove the marks between thousands.

    Raises:
        UnreadableValueError: the mark stands elsewhere too, where it could only be a decimal mark.
    """
    cleared = _THOUSANDS[mark].sub(lambda match: match[0].replace(mark, ""), text)
    if mark in cleared:
        raise UnreadableValueError(text)
    return cleared


def read_integer(text: str) -> int:
    """Read a whole number of at most nine digits, with or without a sign.

    Raises:
        UnreadableValueError: it is none.
    """
    if not _INTEGER.fullmatch(text):
        raise UnreadableValueError(text)
    return int(text)


def read_count(text: str, thousands_mark: str | None = None) -> int:
    """Read a whole number of at most nine digits, nought or more: `12`, `1 234`, `12.0`, `12,00`.

    Raises:
        UnreadableValueError: it is none, or could be two numbers (`1.234`, `1,000`).
    """
    folded = fold(text)
    if thousands_mark:
        folded = _without_thousands_marks(folded, thousands_mark)
    if not (match := _COUNT.fullmatch(folded)):
        raise UnreadableValueError(text)
    return int(match["digits"].replace(" ", ""))


def read_code(text: str, width: int) -> str:
    """Read a code of digits, and put back the noughts that a spreadsheet dropped: `5000` and `5000.0` → `0005000`.

    Raises:
        UnreadableValueError: it has other letters, or more digits than the code has.
    """
    match = _CODE.fullmatch(text)
    if not match or len(match["digits"]) > width:
        raise UnreadableValueError(text)
    return match["digits"].zfill(width)


def read_date(text: str, form: str | None = None) -> date:
    """Read a date: as ISO 8601 prints it (so do date cells of a workbook), or in the form of the contract.

    Raises:
        UnreadableValueError: it is in neither form, or no day of the calendar.
    """
    try:
        if match := _ISO_DATE.fullmatch(text):
            return date.fromisoformat(match[1])
        if form is not None and text.isascii():
            return datetime.strptime(text, form).date()
    except ValueError as error:
        raise UnreadableValueError(text) from error
    raise UnreadableValueError(text)


def read_boolean(text: str) -> bool:
    """Read yes or no, in either language.

    Raises:
        UnreadableValueError: it is neither.
    """
    if (folded := fold(text)) not in _BOOLEANS:
        raise UnreadableValueError(text)
    return _BOOLEANS[folded]


def is_date_or_time(text: str) -> bool:
    """Tell whether a text is what a date cell or time cell of a workbook reads as.

    A spreadsheet makes a time of `1:10` and a date of `1.10`: what was typed is lost then.
    """
    return _DATE_OR_TIME.fullmatch(text) is not None
