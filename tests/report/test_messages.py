"""The catalogue of messages: both languages say the same things, and nothing is missing or left over."""

import re
from pathlib import Path
from string import Formatter

import pytest

import report
from report.words import LANGUAGES, catalogue

PACKAGE = Path(report.__file__).parent
# Messages that are asked for by a code of the data: the code may have one, or is shown itself.
BY_CODE = {
    "unit_form_", "change_form_", "claim_", "verdict_", "outcome_", "char_", "field_", "nav_", "break_", "wish_",
    "said_", "sql_",
}  # fmt: skip


def texts(key: str, language: str) -> list[str]:
    message = catalogue()[key][language]
    return [message] if isinstance(message, str) else list(message.values())


def asked_for(*patterns: str) -> set[str]:
    """Return what templates and code ask for by name."""
    found: set[str] = set()
    for path in [*PACKAGE.rglob("*.j2"), *PACKAGE.rglob("*.py")]:
        text = path.read_text("utf-8")
        for pattern in (r"""\b(?:t|n|say|count)\(\s*['"]([a-z_0-9]+)['"](?!\s*~)""", *patterns):
            found |= set(re.findall(pattern, text))
    return found


# A key that is chosen before the call, or within it.
CHOSEN = (r"""['"]((?:said|break|found|period|missing|not)_[a-z_]+)['"]""", r"""else '([a-z_]+)'\)""")


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_a_message_says_the_same_in_both_languages(key: str) -> None:
    assert set(catalogue()[key]) == set(LANGUAGES)
    facts = [
        {name for text in texts(key, language) for _, name, _, _ in Formatter().parse(text) if name}
        for language in LANGUAGES
    ]
    assert facts[0] == facts[1]
    assert all(text.strip() for language in LANGUAGES for text in texts(key, language))
    if not isinstance(catalogue()[key]["lv"], str):
        assert set(catalogue()[key]["lv"]) == {"zero", "one", "other"}
        assert set(catalogue()[key]["en"]) == {"one", "other"}


def test_no_message_is_missing() -> None:
    known = set(catalogue())
    missing = {key for key in asked_for() if key not in known and not any(key.startswith(code) for code in BY_CODE)}
    assert missing == set()


def test_no_message_is_unused() -> None:
    asked = asked_for(*CHOSEN)
    assert {
        key for key in catalogue() if key not in asked and not any(key.startswith(code) for code in BY_CODE)
    } == set()


def test_quotation_marks_are_those_of_the_language() -> None:
    for key in catalogue():
        for text in texts(key, "lv"):
            assert "“" not in text, key
            assert text.count("„") == text.count("”"), key
        for text in texts(key, "en"):
            assert "„" not in text, key
            assert '"' not in text, key
