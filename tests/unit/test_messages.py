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

from evil_files import archive, cell, plain_row, row, sheet, workbook
from warehouse import archive as archive_module
from warehouse import detection, readers, sandbox, sheets
from warehouse import workbook as workbook_module
from warehouse.messages import MESSAGES_FILE
from warehouse.readers import ReadResult, Rejection

ReadBytes = Callable[[bytes], ReadResult]

PROJECT = Path(__file__).parents[2]
MESSAGES = yaml.safe_load(MESSAGES_FILE.read_text("utf-8"))
LANGUAGES = ("lv", "en")
FILE = "synthetic-strategy/synthetic_source/synthetic_table.csv"
HEADER = "item_no,item_name,colour,school_year,is_new,value_printed"
MORE = f"{HEADER},learner_count,register_no,opened_on"

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
READING = (archive_module, detection, readers, sandbox, sheets, workbook_module)
TITLE = plain_row(1, *HEADER.split(","))
TABLE = sheet(TITLE)

# For each rule a file that breaks it, and what its message must name beside the file.
OFFENCES: dict[str, tuple[str | bytes, list[str]]] = {
    "empty_file": ("", []),
    "too_many_columns": (",".join(f"c{number}" for number in range(3000)), ["2\u202f000"]),
    "encrypted_file": (OLE + "EncryptedPackage".encode("utf-16-le"), []),
    "unsafe_member": (archive({"../a.csv": HEADER}), ["../a.csv"]),
    "not_one_member": (archive({"a.csv": HEADER, "b.csv": HEADER}), ["2", "a.csv, b.csv"]),
    "several_sheets": (workbook({"a": TABLE, "b": TABLE}), ["a, b"]),
    "hidden_sheet": (workbook({"a": TABLE}, {"a": "hidden"}), [": a"]),
    "unsafe_xml": (workbook(sheet("", before="<!DOCTYPE x>")), ["xl/worksheets/sheet1.xml"]),
    "too_many_cells": (workbook(sheet(row(1048576, cell("AZ1048576", 1)))), ["20\u202f000\u202f000"]),
    "error_cell": (workbook(sheet(TITLE + row(2, '<c r="A2" t="e"><v>#REF!</v></c>'))), ["2", "item_no", "#REF!"]),
    "formula_without_value": (workbook(sheet(TITLE + row(2, '<c r="A2"><f>B1</f></c>'))), ["2", "item_no", "=B1"]),
    "merged_cell": (
        workbook(sheet(TITLE + plain_row(2, 1, "spoon"), '<mergeCells><mergeCell ref="B1:B2"/></mergeCells>')),
        ["2", "item_name", "B1:B2"],
    ),
    "cell_too_long": (workbook(sheet(TITLE + plain_row(2, 1, "x" * 140_000))), ["2", "item_name", "131\u202f072"]),
    "unknown_encoding": (HEADER.encode("utf-16"), ["UTF-16", "Windows-1257"]),
    "mixed_encodings": (f"{HEADER}\n1,ā,,,,\n".encode() + "2,ā,,,,\n".encode("windows-1257"), ["1,ā", "3"]),
    "old_workbook": (OLE + b"Workbook", ["XLS"]),
    "markup_file": ("<html><table><tr><td>item_no</td></tr></table></html>", ["XML"]),
    "other_format": (b"%PDF-1.7\n", ["PDF", "XLSX"]),
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
    "not_a_count": (f"{MORE}\n1,spoon,,,,,1.234,,\n", ["2", "learner_count", "1.234"]),
    "not_a_code": (f"{MORE}\n1,spoon,,,,,,4E+10,\n", ["2", "register_no", "4E+10", "10"]),
    "not_a_date": (f"{MORE}\n1,spoon,,,,,,,31.02.2024\n", ["2", "opened_on", "31.02.2024"]),
    "date_instead_of_value": (f"{HEADER}\n1,spoon,,,,01:10:00\n", ["2", "value_printed", "01:10:00"]),
    "control_character": (f"{HEADER}\n1,spo\x00on,,,,\n", ["2", "item_name", "spo\ufffdon"]),
    "cell_without_header": (f"{HEADER},\n1,spoon,,,,,a note\n", ["2", "a note", "7"]),
    "duplicate_key": (f"{HEADER}\n1,spoon,,,,\n1,spoon,,,,\n", ["3", "item_no, item_name", "1, spoon", "2"]),
}

# What a file's name breaks is tested with the reader; what would take long to break, with smaller limits.
ELSEWHERE = {
    "wrong_file_name",
    "file_too_large",
    "unpacked_too_large",
    "too_many_members",
    "too_many_rows",
    "too_much_memory",
    "too_slow",
}


def constants(source: str) -> set[str]:
    """All texts that stand alone in a module's code."""
    nodes = ast.walk(ast.parse(source))
    return {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}


def test_each_message_is_said_by_some_code_and_each_rule_of_the_reader_has_a_case() -> None:
    read_here = set().union(*(constants(inspect.getsource(module)) for module in READING))
    assert set(OFFENCES) | ELSEWHERE == set(MESSAGES) & read_here
    modules = [path for package in ("warehouse", "orchestration") for path in (PROJECT / package).rglob("*.py")]
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
    content = content.encode() if isinstance(content, str) else content
    rejections = [rejection for rejection in read_bytes(content).rejections if rejection.rule == rule]
    message = rejections[0].message(language)
    assert all(fact in message for fact in [FILE, *named])


@pytest.mark.parametrize("language", LANGUAGES)
def test_braces_in_a_cell_are_text_and_not_a_placeholder(language: str) -> None:
    rejection = Rejection("synthetic.csv", 2, "colour", "{row} {0} {", "not_accepted", "{expected}")
    message = rejection.message(language)
    assert "{row} {0} {" in message
    assert "{expected}" in message
