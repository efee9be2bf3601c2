"""Messages to the steward: every rule of the reader answers in both languages, with file, row, column and value."""

import ast
import inspect
import string
from collections.abc import Callable

import pytest
import yaml

from warehouse import readers
from warehouse.readers import MESSAGES_FILE, ReadResult, Rejection

ReadBytes = Callable[[bytes], ReadResult]

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
    "not_accepted": (f"{HEADER}\n1,spoon,blue,,,\n", ["2", "colour", "blue", "red, green"]),
    "wrong_form": (f"{HEADER}\n1,spoon,,2024,,\n", ["2", "school_year", "2024", r"\d{4}/\d{4}"]),
    "duplicate_key": (f"{HEADER}\n1,spoon,,,,\n1,spoon,,,,\n", ["3", "item_no, item_name", "1, spoon", "2"]),
}


def rules_in_the_code() -> set[str]:
    """Rules that `readers.py` writes out, where it makes a rejection or a cell error."""
    positions = {"Rejection": 4, "_CellError": 0}
    calls = [node for node in ast.walk(ast.parse(inspect.getsource(readers))) if isinstance(node, ast.Call)]
    arguments = [
        call.args[positions[call.func.id]]
        for call in calls
        if isinstance(call.func, ast.Name) and call.func.id in positions
    ]
    return {argument.value for argument in arguments if isinstance(argument, ast.Constant)}


def test_the_catalogue_holds_exactly_the_rules_of_the_reader() -> None:
    assert set(MESSAGES) == rules_in_the_code() == set(OFFENCES)


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
