"""Words, numbers and dates as people read them, in Latvian and English: one catalogue, `messages.yml`."""

import re
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Any

from report.published import Period
from warehouse.yaml_files import read_yaml

MESSAGES_FILE = Path(__file__).parent / "messages.yml"
LANGUAGES = ("lv", "en")
NO_BREAK = "\N{NO-BREAK SPACE}"
MINUS = "\N{MINUS SIGN}"
# A number that takes the form of fractions.
_FRACTION = 2
# An arrow of the font Symbol, in a place that Unicode leaves to private use: no other font shows it.
_PRIVATE_ARROW = "\uf0dd"
# Not from the calendar of the machine, which speaks the language of its locale.
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_SCHOOL_YEAR = re.compile(r"(\d{4})/(\d{4})")


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return the messages: key → language → text, or text by plural form."""
    content: Mapping[str, Mapping[str, Any]] = read_yaml(MESSAGES_FILE)
    return content


def plural_form(language: str, count: int) -> str:
    """Return the plural form that a number takes (Unicode CLDR).

    Latvian: 1, 21, 31, but not 11 → one; 0, 10–20, 30 → zero, which is a genitive; the rest → other.
    """
    if language == "lv":
        if count % 10 == 0 or 11 <= count % 100 <= 19:  # noqa: PLR2004 - CLDR
            return "zero"
        return "one" if count % 10 == 1 else "other"
    return "one" if count == 1 else "other"


class Words:
    """One language's words. Texts of data come as pairs of fields, `…_lv` and `…_en`."""

    def __init__(self, language: str, periods: Mapping[str, Period]) -> None:
        self.language = language
        self.other_language = next(code for code in LANGUAGES if code != language)
        self._periods = {**{period.label: period for period in periods.values()}, **periods}

    def say(self, key: str, /, **facts: object) -> str:
        """Return a message with its facts in their places."""
        text = catalogue()[key][self.language]
        if not isinstance(text, str):
            raise TypeError(f"The message {key} has plural forms: ask for it with a count.")
        return text.format(**facts) if facts else text

    def count(self, key: str, count: int, /, **facts: object) -> str:
        """Return a message in the plural form that `count` asks for; the number, `{n}`, keeps to its noun."""
        forms = catalogue()[key][self.language]
        form = forms.get(plural_form(self.language, count)) or forms["other"]
        return str(form.replace("{n} ", f"{{n}}{NO_BREAK}").format(n=self.number(count), **facts))

    def has(self, key: str) -> bool:
        """Whether the catalogue knows a message."""
        return key in catalogue()

    def of(self, record: object, name: str) -> str:
        """Return a text of a record in this language."""
        value = (
            record.get(f"{name}_{self.language}")
            if isinstance(record, Mapping)
            else getattr(record, f"{name}_{self.language}")
        )
        return tidy(value)

    def number(self, value: float | None, decimals: int | None = None) -> str:
        """Write a number: decimal comma in Latvian, thousands apart, a true minus sign.

        Args:
            value: None gives an empty text.
            decimals: at most so many; None keeps up to four that are there.
        """
        if value is None:
            return ""
        rounded = round(float(value), 4 if decimals is None else decimals)
        text = f"{abs(rounded):.{4 if decimals is None else decimals}f}"
        whole, _, fraction = text.partition(".")
        fraction = fraction.rstrip("0")
        # Four digits stand together in Latvian, in English they do not.
        apart, shortest = (NO_BREAK, 5) if self.language == "lv" else (",", 4)
        if len(whole) >= shortest:
            whole = f"{int(whole):,}".replace(",", apart)
        point = "," if self.language == "lv" else "."
        sign = MINUS if rounded < 0 else ""
        return f"{sign}{whole}{point}{fraction}" if fraction else f"{sign}{whole}"

    def signed(self, value: float, decimals: int | None = None) -> str:
        """Write a change: with its sign, also a plus."""
        return f"+{self.number(value, decimals)}" if value > 0 else self.number(value, decimals)

    def value(self, value: float | None, unit: str | None) -> str:
        """Write a value with its unit, where the unit has a short form (per cent, one to ten)."""
        if value is None:
            return ""
        key = f"unit_form_{unit}"
        number = self.number(value)
        return self.say(key, value=number) if self.has(key) else number

    def change(self, value: float, unit: str | None) -> str:
        """Write a change of a value; a change of per cent is in percentage points."""
        key = f"change_form_{unit}"
        number = self.signed(value)
        if not self.has(key):
            return number
        # A fraction goes with the plural: 1,5 procentpunkti.
        return self.count(key, abs(int(value)) if value == int(value) else _FRACTION, value=number)

    def share(self, value: float | None, decimals: int = 0) -> str:
        """Write a share of 0 to 100 as per cent."""
        return "" if value is None else self.say("unit_form_percent", value=self.number(value, decimals))

    def target(
        self,
        comparator: str | None,
        value: float | None,
        upper: float | None,
        text: str | None,
        unit: str | None,
    ) -> str:
        """Write a target: ≥ 12, ≤ 5 %, 20–30 %, ↑, or as it was printed if it is no number in the unit."""
        if comparator in {"up", "down"}:
            return "↑" if comparator == "up" else "↓"
        if comparator in {None, "not_set"}:
            return ""
        if value is None:
            return tidy(text)
        if upper is not None:
            return f"{self.number(value)}–{self.value(upper, unit)}"
        sign = {"at_least": "≥", "at_most": "≤"}.get(str(comparator), "")
        return f"{sign}{NO_BREAK}{self.value(value, unit)}" if sign else self.value(value, unit)

    def period(self, key: str | None) -> str:
        """Write a period: 2024./2025. m. g. or 2021. g. in Latvian, 2024/2025 or 2021 in English."""
        if not key:
            return ""
        period = self._periods.get(key)
        if period is not None and period.period_kind == "unknown":
            return self.say("period_unknown")
        label = period.label if period else key
        if match := _SCHOOL_YEAR.fullmatch(label):
            return self.say("period_school_year", first=match[1], second=match[2])
        if period is not None and period.period_kind == "calendar_year":
            return self.say("period_calendar_year", year=label)
        return label

    def within(self, key: str | None) -> str:
        """Write a period as the answer to “when”; one without a year is the period of the baseline."""
        period = self._periods.get(key or "")
        return self.say("within_unknown") if period and period.period_kind == "unknown" else self.period(key)

    def short_period(self, key: str) -> str:
        """Write a period as a chart's axis has room for it."""
        if match := _SCHOOL_YEAR.fullmatch(key):
            return self.say("period_school_year_short", first=match[1][2:], second=match[2][2:])
        period = self._periods.get(key)
        return self.say("period_unknown_short") if period and period.period_kind == "unknown" else key

    def span(self, from_period: str | None, to_period: str | None) -> str:
        """Write from when to when."""
        if from_period and to_period and from_period != to_period:
            return f"{self.period(from_period)} → {self.period(to_period)}"
        return self.period(to_period or from_period)

    def date(self, day: date | datetime | None) -> str:
        """Write a date."""
        if day is None:
            return ""
        if self.language == "lv":
            return f"{day:%d.%m.%Y.}"
        return f"{day.day}{NO_BREAK}{_MONTHS[day.month - 1]}{NO_BREAK}{day.year}"

    def listed(self, parts: Sequence[str]) -> str:
        """Join parts into a list within a sentence."""
        *most, last = parts or [""]
        return f"{', '.join(most)} {self.say('and')} {last}" if most else last


def tidy(text: str | None) -> str:
    """Return a text of the source with the one arrow that no font shows replaced by one that fonts do."""
    return "" if text is None else text.replace(_PRIVATE_ARROW, "↑")


def slug(text: str) -> str:
    """Return a text as part of an address: lower case letters, digits and hyphens."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
