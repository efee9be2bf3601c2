"""Text for files that people open in a spreadsheet: what came as text must not run there as a formula."""

import re

# A spreadsheet takes a text that begins so for a formula.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+\-−]?[\d \u00a0\u202f.,]+ ?%?|[\-+]")


def harmless(text: str) -> str:
    """Return a text that no spreadsheet runs: an apostrophe is put before what looks like a formula.

    Numbers with a sign, and a lone dash, stay as they are.
    """
    if text.startswith(_FORMULA_STARTS) and not _NUMBER.fullmatch(text):
        return f"'{text}"
    return text
