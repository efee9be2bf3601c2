"""Messages to the steward: every rule answers in both languages, with file, row, column and value.

What the rules of the methodology registry say is tested with the rules, in test_registry.py, and what
`meraukla method` says is tested with the command.
"""

import ast
import inspect
import string
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from warehouse import readers
from warehouse.messages import MESSAGES_FILE
from warehouse.readers import ReadResult, Rejection

ReadBytes = Callable[[bytes], ReadResult]

PROJECT = Path(__file__).parents[2]
MESSAGES = yaml.safe_load(MESSAGES_FILE.read_text("utf-8"))
LANGUAGES = ("lv", "en")
FILE = "synthetic-strategy/synthetic_source/synthetic_table.csv"
HEADER = "item_no,item_name,colour,school_year,is_new,value_printed"

# For each rule a file that breaks it, and what its message must name beside the file.
OFFENCES: dict[str, tuple[str, list[str]]] = {
    "unreadable_file": (f'{HEADER}\n1,"never closed', ["unexpected end of data"]),
    "missing_column": ("item_no,item_name,colour,school_year,is_new\n", ["value_printed"]),
    "unknown_column": (f"{HEADER},colours\n", ["colours", "colour?"]),
    "duplicate_column": (f"{HEADER},colour\n", ["colour"]),
    "wrong_width": (f"{HEADER}\n1,spoon\n", ["2", "6"]),
    "required": (f"{HEADER}\n1,,red,,,\n", ["2", "item_name"]),
    "not_an_integer": (f"{HEADER}\none,spoon,,,,\n", ["2", "item_no", "one"]),
    "not_a_boolean": (f"{HEADER}\n1,spoon,,,true,\n", ["2", "is_new", "true"]),
    "unreadable_value": (f"{HEADER}\n1,spoon,,,,a lot\n", ["2", "value_printed", "a lot", "nav mērīts"]),
    "not_one_number": (f"{HEADER}\n1,spoon,,,,20–30 %\n", ["2", "value_printed", "20–30 %"]),
    "not_accepted": (f"{HEADER}\n1,spoon,blue,,,\n", ["2", "colour", "blue", "red, green"]),
    "wrong_form": (f"{HEADER}\n1,spoon,,2024,,\n", ["2", "school_year", "2024", r"\d{4}/\d{4}"]),
    "duplicate_key": (f"{HEADER}\n1,spoon,,,,\n1,spoon,,,,\n", ["3", "item_no, item_name", "1, spoon", "2"]),
}


def constants(source: str) -> set[str]:
    """All texts that stand alone in a module's code."""
    nodes = ast.walk(ast.parse(source))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_each_message_is_said_by_some_code_and_each_rule_of_the_reader_has_a_case() -> None:
    assert set(OFFENCES) == set(MESSAGES) & constants(inspect.getsource(readers))
    modules = [path for package in ("warehouse", "orchestration") for path in (PROJECT / package).glob("*.py")]
    said = {text for path in modules for text in constants(path.read_text("utf-8"))}
    # What became of a decision is put together from its verdict.
    assert set(MESSAGES) <= said | {"decision_confirmed", "decision_dismissed"}


@pytest.mark.parametrize("rule", MESSAGES)
def test_a_message_stands_in_both_languages_and_in_each_differently(rule: str) -> None:
    assert set(MESSAGES[rule]) == set(LANGUAGES)
    assert MESSAGES[rule]["lv"] != MESSAGES[rule]["en"]


@pytest.mark.parametrize("rule", MESSAGES)
def test_both_languages_tell_the_same_facts(rule: str) -> None:
    lv, en = (
        {field for _, field, _, _ in string.Formatter().parse(MESSAGES[rule][language])} for language in LANGUAGES
    )
    assert lv - {None} == en - {None}


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("rule", OFFENCES)
def test_a_message_names_what_the_steward_must_look_for(read_bytes: ReadBytes, rule: str, language: str) -> None:
    content, named = OFFENCES[rule]
    rejections = [rejection for rejection in read_bytes(content.encode()).rejections if rejection.rule == rule]
    message = rejections[0].message(language)
    assert all(fact in message for fact in [FILE, *named])


@pytest.mark.parametrize("language", LANGUAGES)
def test_braces_in_a_cell_are_text_and_not_a_placeholder(language: str) -> None:
    rejection = Rejection("synthetic.csv", 2, "colour", "{row} {0} {", "not_accepted", "{expected}")
    message = rejection.message(language)
    assert "{row} {0} {" in message
    assert "{expected}" in message
