"""The CSV reader: whatever lies in a file is accepted or quarantined, nothing is lost and nothing raises."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from warehouse.contract import Column, Contract, load_marks
from warehouse.readers import LandingFile, ReadResult, Rejection, read_landing_file

ReadBytes = Callable[[bytes], ReadResult]

HEADER = ("item_no", "item_name", "colour", "school_year", "is_new", "value_printed")
GOOD_ROW = ("1", "spoon", "red", "2024/2025", "yes", "4,5 %")
BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def csv_bytes(rows: Iterable[Sequence[str]], header: Sequence[str] = HEADER) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue().encode()


def row_with(**cells: str) -> tuple[str, ...]:
    return tuple((dict(zip(HEADER, GOOD_ROW, strict=True)) | cells).values())


def row_numbers(result: ReadResult) -> list[int]:
    return result.accepted["_row_number"].to_pylist()


def quarantined_row_numbers(result: ReadResult) -> set[int]:
    return {rejection.row_number for rejection in result.rejections if rejection.row_number > 1}


def the_rejection(result: ReadResult) -> Rejection:
    (rejection,) = result.rejections
    return rejection


# --- Nothing is lost, nothing raises ---

line_noise = st.text(st.sampled_from('",;\r\n\t 0123456789,abc/āé\x00%:'), max_size=80).map(str.encode)


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=200) | line_noise, st.booleans())
@example(b'"', True)
@example(b'1,"spoon"x', True)
@example(b"1,\xe2rgs", True)
@example("1,ārgs".encode("utf-16"), False)
def test_any_bytes_are_accounted_for_row_by_row_or_quarantined_whole(
    read_bytes: ReadBytes, content: bytes, has_header: bool
) -> None:
    result = read_bytes(csv_bytes([]) + content if has_header else content)
    accepted, quarantined = row_numbers(result), quarantined_row_numbers(result)
    if result.is_rejected_whole:
        assert accepted == []
        assert result.rejections
    else:
        assert not quarantined.intersection(accepted)
        assert len(accepted) + len(quarantined) == result.rows_read


any_cell = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
good_cells = [
    st.sampled_from(["1", "2", "3", "01", " 4 "]),
    st.sampled_from(["spoon", "bļoda", 'a "cup"', "two\nlines"]),
    st.sampled_from(["", "red", "green"]),
    st.sampled_from(["", "2024/2025"]),
    st.sampled_from(["", "yes", "no"]),
    st.sampled_from(["", "4,5", "12 %", "1:10", "+2 %", "Nav mērīts"]),
]
good_rows = st.tuples(*good_cells)
rows_with_one_bad_cell = st.builds(
    lambda row, position, cell: (*row[:position], cell, *row[position + 1 :]),
    good_rows,
    st.integers(0, len(HEADER) - 1),
    any_cell,
)
any_rows = st.lists(any_cell, min_size=1, max_size=len(HEADER) + 2).map(tuple)
files_of_cells = st.lists(good_rows | rows_with_one_bad_cell | any_rows, max_size=8)


@settings(deadline=None, max_examples=300)
@given(files_of_cells)
@example([("\x00", "\ufeff", "", "", "", "")])
@example([("9" * 30, "spoon", "", "", "", "9" * 400)])
def test_every_row_written_is_accepted_as_it_came_or_quarantined_with_its_cells(
    read_bytes: ReadBytes, rows: list[tuple[str, ...]]
) -> None:
    result = read_bytes(csv_bytes(rows))
    written = dict(enumerate(rows, start=2))

    with_content = {number for number, row in written.items() if any(cell.strip() for cell in row)}

    assert result.rows_read == len(with_content)
    assert {*row_numbers(result), *quarantined_row_numbers(result)} == with_content
    assert len(row_numbers(result)) == len(with_content) - len(quarantined_row_numbers(result))
    for row in result.accepted.to_pylist():
        cells = written[row["_row_number"]]
        for name in ("item_name", "colour", "school_year", "value_printed"):
            assert (row[name] or "") == cells[HEADER.index(name)].strip()
    for rejection in result.rejections:
        kept = json.loads(rejection.row_json)
        cells = tuple(kept.values()) if isinstance(kept, dict) else tuple(kept)
        assert cells == written[rejection.row_number]


@settings(deadline=None)
@given(files_of_cells, st.permutations(range(len(HEADER))))
def test_columns_may_stand_in_any_order(read_bytes: ReadBytes, rows: list[tuple[str, ...]], order: list[int]) -> None:
    rows = [row for row in rows if len(row) == len(HEADER)]
    reordered = csv_bytes([[row[i] for i in order] for row in rows], [HEADER[i] for i in order])
    assert facts(read_bytes(reordered)) == facts(read_bytes(csv_bytes(rows)))


@settings(deadline=None)
@given(files_of_cells)
def test_a_byte_order_mark_changes_nothing(read_bytes: ReadBytes, rows: list[tuple[str, ...]]) -> None:
    content = csv_bytes(rows)
    assert facts(read_bytes(BYTE_ORDER_MARK + content)) == facts(read_bytes(content))


def facts(result: ReadResult) -> tuple[object, ...]:
    """What was read, without what depends on the file's bytes and the clock."""
    rejected = [(rejection.row_number, rejection.column_name, rejection.rule) for rejection in result.rejections]
    rows = result.accepted.drop_columns(["_loaded_at", "_source_sha256"]).to_pylist()
    return rows, rejected, result.rows_read


# --- What an accepted row holds ---


def test_a_row_is_read_into_the_contract_s_types(read_bytes: ReadBytes, synthetic_contract: Contract) -> None:
    result = read_bytes(csv_bytes([GOOD_ROW]))
    (row,) = result.accepted.to_pylist()
    assert result.accepted.schema == synthetic_contract.schema
    assert {name: value for name, value in row.items() if not name.startswith("_")} == {
        "strategy_code": "synthetic-strategy",
        "item_no": 1,
        "item_name": "spoon",
        "colour": "red",
        "school_year": "2024/2025",
        "is_new": True,
        "value_printed": "4,5 %",
        "value_numeric": 4.5,
        "value_kind": "number",
        "value_mark": None,
        "value_unit": "percent",
        "learner_count": None,
        "register_no": None,
        "opened_on": None,
    }


def test_a_row_knows_where_it_comes_from(synthetic_contract: Contract, tmp_path: Path) -> None:
    path = tmp_path / "synthetic.csv"
    path.write_bytes(csv_bytes([GOOD_ROW]))
    file = LandingFile(path, "synthetic-strategy/synthetic.csv", "synthetic-strategy", date(2026, 1, 31))
    loaded_at = datetime(2026, 2, 1, 2, 0, 0)

    result = read_landing_file(file, synthetic_contract, load_marks(), loaded_at)

    (row,) = result.accepted.to_pylist()
    assert {name: value for name, value in row.items() if name.startswith("_")} == {
        "_source_file": "synthetic-strategy/synthetic.csv",
        "_source_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "_row_number": 2,
        "_loaded_at": loaded_at,
        "_vintage": date(2026, 1, 31),
        "_superseded_on": None,
    }


def test_the_moment_of_loading_is_now_in_utc(read_bytes: ReadBytes) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    (loaded_at,) = read_bytes(csv_bytes([GOOD_ROW])).accepted["_loaded_at"].to_pylist()
    assert before <= loaded_at <= datetime.now(UTC).replace(tzinfo=None)


def test_an_empty_optional_cell_is_null_and_not_nought(read_bytes: ReadBytes) -> None:
    (row,) = read_bytes(csv_bytes([("1", "spoon", "", " ", "", "")])).accepted.to_pylist()
    empty = ("colour", "school_year", "is_new", "value_printed", "value_numeric", "value_mark", "value_unit")
    assert [row[name] for name in empty] == [None] * len(empty)
    assert row["value_kind"] == "blank"


def test_a_mark_is_kept_as_printed_and_as_its_code(read_bytes: ReadBytes) -> None:
    (row,) = read_bytes(csv_bytes([row_with(value_printed="NAV  mērīts")])).accepted.to_pylist()
    assert (row["value_printed"], row["value_mark"], row["value_numeric"]) == ("NAV  mērīts", "not_measured", None)


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
def test_lines_may_end_as_any_system_ends_them(read_bytes: ReadBytes, line_end: bytes) -> None:
    content = csv_bytes([GOOD_ROW, row_with(item_no="2")]).replace(b"\r\n", line_end)
    assert read_bytes(content).accepted["item_no"].to_pylist() == [1, 2]


def test_an_empty_line_is_no_row_but_counts_as_a_spreadsheet_counts_it(read_bytes: ReadBytes) -> None:
    header, row = csv_bytes([GOOD_ROW]).splitlines(keepends=True)
    result = read_bytes(header + b"\r\n" + row)
    assert (result.rows_read, row_numbers(result)) == (1, [3])


def test_a_cell_of_several_lines_is_one_row(read_bytes: ReadBytes) -> None:
    result = read_bytes(csv_bytes([row_with(item_name="two\nlines"), row_with(item_no="2")]))
    assert (result.accepted["item_name"].to_pylist(), row_numbers(result)) == (["two\nlines", "spoon"], [2, 3])


# --- Cells that break the contract ---


@pytest.mark.parametrize(
    ("column", "cell", "rule", "expected"),
    [
        ("item_name", "", "required", ""),
        ("item_name", "\u00a0", "required", ""),
        ("colour", "blue", "not_accepted", "red, green"),
        ("colour", "Red", "not_accepted", "red, green"),
        ("school_year", "2024", "wrong_form", r"\d{4}/\d{4}"),
        ("school_year", "2024/2025 (1)", "wrong_form", r"\d{4}/\d{4}"),
        ("is_new", "true", "not_a_boolean", ""),
        ("item_no", "one", "not_an_integer", ""),
        ("item_no", "1.0", "not_an_integer", ""),
        ("item_no", "1_000", "not_an_integer", ""),
        ("item_no", "3000000000", "not_an_integer", ""),
        ("item_no", "9" * 5000, "not_an_integer", ""),
    ],
)
def test_a_cell_that_breaks_a_rule_is_named_with_the_rule(
    read_bytes: ReadBytes, column: str, cell: str, rule: str, expected: str
) -> None:
    result = read_bytes(csv_bytes([row_with(**{column: cell}), row_with(item_no="2")]))
    rejection = the_rejection(result)
    assert (rejection.row_number, rejection.column_name, rejection.value) == (2, column, cell)
    assert (rejection.rule, rejection.expected) == (rule, expected)
    assert row_numbers(result) == [3]


def test_an_unreadable_value_is_answered_with_the_known_marks(read_bytes: ReadBytes) -> None:
    rejection = the_rejection(read_bytes(csv_bytes([row_with(value_printed="a lot")])))
    assert (rejection.rule, rejection.value) == ("unreadable_value", "a lot")
    assert "nav mērīts" in rejection.expected


def test_a_range_is_refused_where_one_number_is_expected(read_bytes: ReadBytes) -> None:
    rejection = the_rejection(read_bytes(csv_bytes([row_with(value_printed="20–30 %")])))
    assert (rejection.rule, rejection.value) == ("not_one_number", "20–30 %")


def test_a_range_is_read_into_both_bounds_where_it_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "synthetic.csv"
    path.write_bytes("item_no,value_printed\n1,no 20 līdz 30 %\n2,4 %\n".encode())
    contract = Contract(
        source="synthetic_source",
        table="synthetic_table",
        grain="One row a synthetic number.",
        key=("item_no",),
        columns=(
            Column(name="item_no", type="integer", required=True, description="Synthetic."),
            Column(name="value_printed", type="printed", is_range_accepted=True, description="Synthetic."),
        ),
    )
    file = LandingFile(path, "synthetic-strategy/synthetic.csv", "synthetic-strategy", date(2026, 1, 31))

    accepted = read_landing_file(file, contract, load_marks()).accepted.to_pylist()

    names = ("value_numeric", "value_upper_numeric", "value_kind", "value_unit")
    assert [tuple(row[name] for name in names) for row in accepted] == [
        (20, 30, "range", "percent"),
        (4, None, "number", "percent"),
    ]


def test_every_bad_cell_of_a_row_is_named_and_the_row_counts_once(read_bytes: ReadBytes) -> None:
    result = read_bytes(csv_bytes([row_with(item_no="one", colour="blue")]))
    assert [rejection.column_name for rejection in result.rejections] == ["item_no", "colour"]
    assert result.rows_quarantined == 1


@pytest.mark.parametrize("row", [GOOD_ROW[:-1], (*GOOD_ROW, "one more")])
def test_a_row_of_the_wrong_width_keeps_its_cells_and_harms_no_other(
    read_bytes: ReadBytes, row: tuple[str, ...]
) -> None:
    result = read_bytes(csv_bytes([row, GOOD_ROW]))
    rejection = the_rejection(result)
    assert (rejection.rule, rejection.value, rejection.expected) == ("wrong_width", str(len(row)), str(len(HEADER)))
    assert json.loads(rejection.row_json) == list(row)
    assert row_numbers(result) == [3]


# --- Keys ---


@pytest.mark.parametrize("item_no", ["1", "01", "+1", " 1 "])
def test_of_two_rows_with_one_key_the_first_stays_and_the_second_names_it(
    read_bytes: ReadBytes, item_no: str
) -> None:
    result = read_bytes(csv_bytes([GOOD_ROW, row_with(item_no="2"), row_with(item_no=item_no, colour="green")]))
    rejection = the_rejection(result)
    assert (rejection.rule, rejection.row_number, rejection.expected) == ("duplicate_key", 4, "2")
    assert (rejection.column_name, rejection.value) == ("item_no, item_name", f"{item_no.strip()}, spoon")
    assert json.loads(rejection.row_json)["colour"] == "green"
    assert row_numbers(result) == [2, 3]


def test_rows_that_share_a_part_of_the_key_are_no_duplicates(read_bytes: ReadBytes) -> None:
    result = read_bytes(csv_bytes([GOOD_ROW, row_with(item_no="2"), row_with(item_name="fork")]))
    assert (row_numbers(result), result.rejections) == ([2, 3, 4], [])


def test_a_quarantined_row_does_not_hold_its_key_against_its_correction(read_bytes: ReadBytes) -> None:
    result = read_bytes(csv_bytes([row_with(colour="blue"), GOOD_ROW]))
    assert row_numbers(result) == [3]
    assert [rejection.rule for rejection in result.rejections] == ["not_accepted"]


# --- Files that are quarantined whole ---


def test_a_misspelt_column_is_answered_with_the_closest_name(read_bytes: ReadBytes) -> None:
    header = [name.replace("school_year", "scool_year") for name in HEADER]
    result = read_bytes(csv_bytes([GOOD_ROW], header))
    assert [(rejection.rule, rejection.column_name, rejection.expected) for rejection in result.rejections] == [
        ("missing_column", "school_year", "↔ scool_year?"),
        ("unknown_column", "scool_year", "↔ school_year?"),
    ]
    assert result.accepted.num_rows == 0


def test_a_column_that_resembles_none_is_named_without_a_guess(read_bytes: ReadBytes) -> None:
    rejection = the_rejection(read_bytes(csv_bytes([(*GOOD_ROW, "?")], (*HEADER, "zzz"))))
    assert (rejection.rule, rejection.value, rejection.expected) == ("unknown_column", "zzz", "")


def test_a_missing_column_stops_the_file_even_if_it_is_optional(read_bytes: ReadBytes) -> None:
    result = read_bytes(csv_bytes([GOOD_ROW[:-1]], HEADER[:-1]))
    assert the_rejection(result).rule == "missing_column"
    assert result.accepted.num_rows == 0


def test_a_column_that_stands_twice_stops_the_file(read_bytes: ReadBytes) -> None:
    result = read_bytes(csv_bytes([(*GOOD_ROW, "2")], (*HEADER, "item_no")))
    rejection = the_rejection(result)
    assert (rejection.rule, rejection.value) == ("duplicate_column", "item_no")
    assert result.accepted.num_rows == 0


def test_blanks_around_a_column_name_do_not_matter(read_bytes: ReadBytes) -> None:
    result = read_bytes(csv_bytes([GOOD_ROW], [f" {name}\u00a0" for name in HEADER]))
    assert (result.accepted.num_rows, result.rejections) == (1, [])


@pytest.mark.parametrize("content", [b"", BYTE_ORDER_MARK, b" \r\n;;;\r\n", b"\n" * 30])
def test_a_file_without_any_text_is_said_to_be_empty(read_bytes: ReadBytes, content: bytes) -> None:
    result = read_bytes(content)
    assert (the_rejection(result).rule, result.is_rejected_whole) == ("empty_file", True)


def test_a_file_with_text_but_without_a_header_lacks_every_column(read_bytes: ReadBytes) -> None:
    rejections = read_bytes(b"?").rejections
    assert [(rejection.rule, rejection.column_name) for rejection in rejections] == [
        *(("missing_column", name) for name in HEADER),
        ("unknown_column", "?"),
    ]


def test_a_file_with_only_a_header_holds_no_rows_and_breaks_no_rule(read_bytes: ReadBytes) -> None:
    result = read_bytes(csv_bytes([]))
    assert (result.rows_read, result.accepted.num_rows, result.rejections) == (0, 0, [])


@pytest.mark.parametrize(
    "content",
    [
        csv_bytes([GOOD_ROW]) + b'2,"never closed,,,,\r\n',
        csv_bytes([GOOD_ROW]) + b'2,"closed" too early,,,,\r\n',
        csv_bytes([GOOD_ROW, row_with(item_no="2", item_name="x" * 200_000)]),
    ],
    ids=["quote_never_closed", "quote_closed_early", "cell_too_long"],
)
def test_a_file_that_cannot_be_read_to_its_end_is_quarantined_whole(read_bytes: ReadBytes, content: bytes) -> None:
    result = read_bytes(content)
    rejection = the_rejection(result)
    assert (rejection.rule, rejection.row_number) == ("unreadable_file", 0)
    assert rejection.expected
    assert result.accepted.num_rows == 0
    assert result.sha256 == hashlib.sha256(content).hexdigest()


def test_a_file_that_is_not_there_is_an_error_of_the_caller(synthetic_contract: Contract, tmp_path: Path) -> None:
    file = LandingFile(tmp_path / "absent.csv", "absent.csv", "synthetic-strategy", date(2026, 1, 31))
    with pytest.raises(FileNotFoundError):
        read_landing_file(file, synthetic_contract, load_marks())
