"""One table in any form: CSV of any encoding and delimiter, workbook, archive. What is read is the same."""

import csv
import io
import unicodedata
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from evil_files import archive, plain_row, sheet, workbook
from warehouse import sandbox
from warehouse.contract import Column, Contract, ContractError, TotalRows, load_contracts, load_marks
from warehouse.detection import records
from warehouse.plain_columns import LARGE_BYTES, plain_columns
from warehouse.readers import LandingFile, ReadResult, read_landing_file
from warehouse.values import fold_header

CONTRACT = Contract(
    source="synthetic_source",
    table="synthetic_table",
    grain="One row a synthetic institution and day.",
    key=("as_of_on", "register_no"),
    files=(r"skaits_(?P<as_of>\d{8})",),
    total_rows=TotalRows(column="municipality", values=("Kopā", "Pavisam")),
    ignored_headers=("Piezīmes",),
    columns=(
        Column(name="municipality", headers=("Pašvaldība",), required=True, description="Synthetic."),
        Column(
            name="register_no",
            headers=("Iestādes reģistrācijas Nr.",),
            type="code",
            width=10,
            required=True,
            description="Synthetic.",
        ),
        Column(name="learner_count", headers=("Izglītojamo skaits",), type="count", description="Synthetic."),
        Column(name="opened_on", type="date", form="%d.%m.%Y", optional=True, description="Synthetic."),
        Column(name="as_of_on", from_file_name="as_of", type="date", form="%d%m%Y", description="Synthetic."),
    ),
)
HEADER = ("Pašvaldība", "Iestādes reģistrācijas Nr.", "Izglītojamo skaits")
ROWS = (("Liepāja", "4100000001", "12"), ("Liepāja", "90000002", "1 234"), ("Kopā", "", "1246"))


def csv_bytes(rows: Sequence[Sequence[str]], delimiter: str = ";", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue().encode(encoding)


def workbook_bytes(rows: Sequence[Sequence[str | float | None]]) -> bytes:
    return workbook(sheet("".join(plain_row(number, *row) for number, row in enumerate(rows, 1))))


@pytest.fixture(autouse=True)
def _without_sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sandbox, "read_packed_cells", sandbox.read_here)


def read(
    folder: Path, content: bytes, name: str = "skaits_01092024.csv", contract: Contract = CONTRACT
) -> ReadResult:
    path = folder / name
    path.write_bytes(content)
    file = LandingFile(path, f"synthetic/{name}", "synthetic", date(2026, 1, 31))
    return read_landing_file(file, contract, load_marks())


def facts(result: ReadResult) -> object:
    rows = result.accepted.drop_columns(["_loaded_at", "_source_sha256", "_source_file"]).to_pylist()
    return rows, [(found.row_number, found.column_name, found.rule) for found in result.rejections], result.rows_read


@pytest.fixture
def expected(tmp_path: Path) -> object:
    return facts(read(tmp_path, csv_bytes([HEADER, *ROWS])))


# --- Forms ---


def test_the_rows_are_what_they_should_be(tmp_path: Path) -> None:
    result = read(tmp_path, csv_bytes([HEADER, *ROWS]))
    names = ("municipality", "register_no", "learner_count", "as_of_on", "is_total", "_row_number")
    assert [tuple(row[name] for name in names) for row in result.accepted.to_pylist()] == [
        ("Liepāja", "4100000001", 12, date(2024, 9, 1), False, 2),
        ("Liepāja", "0090000002", 1234, date(2024, 9, 1), False, 3),
        ("Kopā", None, 1246, date(2024, 9, 1), True, 4),
    ]
    assert result.rejections == []


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "windows-1257"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encoding_and_delimiter_change_nothing_and_are_reported(
    tmp_path: Path, expected: object, delimiter: str, encoding: str
) -> None:
    result = read(tmp_path, csv_bytes([HEADER, *ROWS], delimiter, encoding))
    assert facts(result) == expected
    assert result.detection is not None
    assert (result.detection.format, result.detection.encoding, result.detection.delimiter) == (
        "csv",
        encoding,
        delimiter,
    )


def test_a_workbook_says_the_same_and_names_its_sheet(tmp_path: Path, expected: object) -> None:
    result = read(tmp_path, workbook_bytes([HEADER, *ROWS]))
    assert facts(result) == expected
    assert result.detection is not None
    assert (result.detection.format, result.detection.sheet) == ("xlsx", "Lapa1")


def test_numbers_in_a_workbook_say_the_same_as_their_texts(tmp_path: Path, expected: object) -> None:
    rows = [HEADER, ("Liepāja", 4100000001.0, 12.0), ("Liepāja", 90000002, 1234), ("Kopā", None, 1246)]
    assert facts(read(tmp_path, workbook_bytes(rows))) == expected


@pytest.mark.parametrize("inner", [csv_bytes([HEADER, *ROWS]), workbook_bytes([HEADER, *ROWS])])
def test_an_archive_of_one_file_says_the_same_and_names_its_member(
    tmp_path: Path, expected: object, inner: bytes
) -> None:
    result = read(tmp_path, archive({"whatever": inner}), "skaits_01092024.zip")
    assert facts(result) == expected
    assert result.detection is not None
    assert (result.detection.container, result.detection.member) == ("zip", "whatever")


def test_rows_above_the_header_are_no_rows_and_are_reported(tmp_path: Path) -> None:
    above = [("Izglītojamo skaits 2024./2025. mācību gadā", "", ""), ("", "", "")]
    for content in (csv_bytes([*above, HEADER, *ROWS]), workbook_bytes([*above, HEADER, *ROWS])):
        result = read(tmp_path, content)
        assert result.detection is not None
        assert (result.detection.header_row, result.detection.title_rows) == (3, (above[0][0],))
        assert result.accepted["_row_number"].to_pylist() == [4, 5, 6]
        assert result.rows_read == 3


def test_rows_without_any_content_are_no_rows_and_are_counted(tmp_path: Path) -> None:
    rows = [HEADER, ROWS[0], ("", " ", "\u00a0"), ROWS[1], ("", "", "")]
    for content in (csv_bytes(rows), workbook_bytes(rows)):
        result = read(tmp_path, content)
        assert result.accepted["_row_number"].to_pylist() == [2, 4]
        assert result.detection is not None
        assert result.detection.blank_rows == 2


csv_cells = st.text(st.sampled_from('",;\t\n\r aā1'), max_size=5)
cells = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Co", "Cn"]), max_size=8)
tables = st.lists(
    st.tuples(
        st.sampled_from(["Liepāja", "Kopā", "", " Liepāja "]) | cells,
        st.sampled_from(["1", "0000000001", "2", "12345678901", "x"]) | cells,
        st.sampled_from(["", "0", "7", "1 234", "12.0", "-1", "1.234"]) | cells,
    ),
    max_size=6,
)


@settings(deadline=None, max_examples=60)
@given(tables, st.sampled_from([",", ";", "\t"]))
@example([("Liepāja", "1", "\u00a0")], ";")
def test_any_table_reads_alike_as_csv_and_as_workbook(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str, str]], delimiter: str
) -> None:
    folder = tmp_path_factory.mktemp("forms")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sandbox, "read_packed_cells", sandbox.read_here)
        as_workbook = read(folder, workbook_bytes([HEADER, *rows]))
        assert facts(as_workbook) == facts(read(folder, csv_bytes([HEADER, *rows], delimiter)))


# --- Large files ---


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.tuples(csv_cells, csv_cells, csv_cells), max_size=6),
    st.sampled_from([",", ";", "\t"]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    st.sampled_from(["", '"', "\n", "a;b\n", '1;"x"y;2\n', "1,2,3,4,5,6\n"]),
)
@example([("1", "2", "3")], ";", "\n", csv.QUOTE_ALL, '"never;closed;')
@example([("Liepāja", "1", 'a "b"')], ";", "\n", csv.QUOTE_MINIMAL, "")
def test_the_fast_way_reads_what_the_strict_reader_reads_or_leaves_it_to_it(
    rows: list[tuple[str, str, str]], delimiter: str, line_end: str, quoting: Literal[0, 1], rest: str
) -> None:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=line_end, quoting=quoting).writerows([HEADER, *rows])
    content = (text.getvalue() + rest).encode()
    columns = plain_columns(content, "utf-8", delimiter, 1, len(HEADER))
    if columns is not None:
        # An empty line is a row of blank cells to one and none to the other: no row is made of either.
        strict = [row or [""] * len(HEADER) for row in [*records(content, "utf-8", delimiter)][1:]]
        assert [list(row) for row in zip(*(column.to_pylist() for column in columns), strict=True)] == strict


def test_a_large_file_reads_like_a_small_one_and_its_odd_row_is_still_named(tmp_path: Path) -> None:
    rows = [(f"Liepāja „{number}”", str(number), str(number % 100)) for number in range(40_000)]
    content = csv_bytes([HEADER, *rows])
    assert len(content) > LARGE_BYTES
    result = read(tmp_path, content)
    assert (result.rows_read, result.accepted.num_rows) == (40_000, 40_000)
    assert result.accepted["_row_number"].to_pylist() == list(range(2, 40_002))
    odd = read(tmp_path, content + b"a;b\r\n")
    assert [(found.rule, found.row_number) for found in odd.rejections] == [("wrong_width", 40_002)]
    assert facts(odd)[0] == facts(result)[0]  # type: ignore[index]


# --- Headers ---

decorations = st.tuples(
    st.sampled_from([str.upper, str.lower, str]),
    st.sampled_from([" ", "\n", "_", "  ", "\u00a0", " \r\n "]),
    st.booleans(),
    st.sampled_from(["", " ", "\n", "\u00a0"]),
)


def without_diacritics(text: str) -> str:
    return "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))


@settings(deadline=None)
@given(st.permutations(range(3)), st.tuples(decorations, decorations, decorations))
def test_a_header_is_known_however_it_is_written_and_wherever_it_stands(
    tmp_path_factory: pytest.TempPathFactory, order: list[int], decorated: tuple[tuple[object, ...], ...]
) -> None:
    header = []
    for text, (case, blank, is_plain, around) in zip(HEADER, decorated, strict=True):
        plain = without_diacritics(text) if is_plain else text
        header.append(f"{around}{case(plain).replace(' ', blank)}{around}")  # type: ignore[operator]
    folder = tmp_path_factory.mktemp("headers")
    rows = [[row[index] for index in order] for row in (header, *ROWS)]
    assert facts(read(folder, csv_bytes(rows))) == facts(read(folder, csv_bytes([HEADER, *ROWS])))


def test_a_header_that_drifted_away_is_answered_with_the_closest_variant(tmp_path: Path) -> None:
    result = read(tmp_path, csv_bytes([("Pašvaldiba nos.", *HEADER[1:]), *ROWS]))
    assert [(found.rule, found.expected) for found in result.rejections] == [
        ("missing_column", "↔ Pašvaldiba nos.?"),
        ("unknown_column", "↔ Pašvaldība?"),
    ]
    assert (result.rows_read, result.accepted.num_rows, result.is_rejected_whole) == (3, 0, True)


def test_the_first_row_with_all_headers_is_the_header_even_if_a_later_one_has_more(tmp_path: Path) -> None:
    result = read(tmp_path, csv_bytes([(*HEADER, ""), (*HEADER, "opened_on"), (*ROWS[0], "")]))
    assert result.detection is not None
    assert result.detection.header_row == 1


def test_two_headers_of_one_column_are_named_both(tmp_path: Path) -> None:
    result = read(tmp_path, csv_bytes([(*HEADER, "municipality")]))
    (rejection,) = result.rejections
    assert (rejection.rule, rejection.column_name) == ("duplicate_column", "municipality")
    assert rejection.value == "Pašvaldība | municipality"


def test_a_column_that_is_known_and_not_loaded_harms_nothing_and_stays_with_a_bad_row(tmp_path: Path) -> None:
    rows = [(*HEADER, "PIEZIMES"), (*ROWS[0], "a note"), ("", "1", "2", "another")]
    result = read(tmp_path, csv_bytes(rows))
    assert result.accepted.num_rows == 1
    (rejection,) = result.rejections
    assert '"PIEZIMES": "another"' in rejection.row_json


def test_columns_without_header_and_content_are_left_out(tmp_path: Path) -> None:
    rows = [(*HEADER, "", ""), *((*row, "", "") for row in ROWS)]
    for content in (csv_bytes(rows), workbook_bytes(rows)):
        assert read(tmp_path, content).accepted.num_rows == 3


def test_an_optional_column_may_be_missing_and_is_null_then(tmp_path: Path) -> None:
    accepted = read(tmp_path, csv_bytes([HEADER, *ROWS])).accepted
    assert accepted["opened_on"].null_count == 3
    accepted = read(tmp_path, csv_bytes([(*HEADER, "opened_on"), (*ROWS[0], "31.12.2020")])).accepted
    assert accepted["opened_on"].to_pylist() == [date(2020, 12, 31)]


@pytest.mark.parametrize("text", ["ŠĶĒRĒS", "škēres", "  S\u0327 ", "a_b", "A  B", "a\u00adb", "ﬁ", "Ｎｒ．"])
def test_folding_a_folded_header_changes_nothing(text: str) -> None:
    assert fold_header(fold_header(text)) == fold_header(text)


# --- Names of files ---


@pytest.mark.parametrize("name", ["SKAITS_01092024.csv", "skaits_01092024.xlsx"])
def test_what_stands_in_the_file_name_becomes_a_column_of_every_row(tmp_path: Path, name: str) -> None:
    accepted = read(tmp_path, csv_bytes([HEADER, *ROWS]), name).accepted
    assert set(accepted["as_of_on"].to_pylist()) == {date(2024, 9, 1)}


@pytest.mark.parametrize(("name", "value"), [("skaits_31022024.csv", "31022024"), ("skaits.csv", "skaits.csv")])
def test_a_file_whose_name_does_not_tell_is_quarantined_whole(tmp_path: Path, name: str, value: str) -> None:
    contract = CONTRACT.model_copy(
        update={"columns": tuple(c.model_copy(update={"required": True}) for c in CONTRACT.columns)}
    )
    result = read(tmp_path, csv_bytes([(*HEADER, "opened_on")]), name, contract)
    (rejection,) = result.rejections
    assert (rejection.rule, rejection.row_number, rejection.value) == ("wrong_file_name", 0, value)
    assert all(text in rejection.message("lv") for text in (name, "as_of_on", value, "%d%m%Y"))


def test_a_file_is_known_by_its_whole_stem() -> None:
    assert CONTRACT.captured_from("Skaits_01092024") == {"as_of": "01092024"}
    assert CONTRACT.captured_from("skaits_01092024_2") is None
    assert CONTRACT.captured_from("x_skaits_01092024") is None


# --- Totals ---


def test_a_total_needs_no_key_and_no_required_cell_and_is_no_duplicate(tmp_path: Path) -> None:
    rows = [HEADER, ROWS[0], ("KOPA", "", "5"), ("Kopā", "", "7"), (" pavisam ", "", "12")]
    accepted = read(tmp_path, csv_bytes(rows)).accepted
    assert accepted["is_total"].to_pylist() == [False, True, True, True]


def test_a_total_whose_count_cannot_be_read_is_told_like_any_other(tmp_path: Path) -> None:
    (rejection,) = read(tmp_path, csv_bytes([HEADER, ("Kopā", "", "many")])).rejections
    assert (rejection.rule, rejection.column_name) == ("not_a_count", "learner_count")


# --- Contracts that are refused ---


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ("key: [a], columns: [{c}, {name: b, {d}}]", "means both a and b"),
        ("key: [a], columns: [{c}], school_year: b", "school_year names no column: b"),
        ("key: [a], columns: [{c}], total_rows: {column: b, values: [x]}", "total_rows names no column: b"),
        ("key: [a], columns: [{c}], files: ['(']", "no regular expression"),
        ("key: [a], columns: [{c}], confidentiality: secret", "confidentiality"),
        ("key: [a], columns: [{c}], ignored_headers: [A]", "means both"),
        ("key: [a], columns: [{n}]", "files has no pattern"),
        ("key: [a], columns: [{n}], files: [x]", "lacks the groups"),
        ("key: [a], columns: [{name: a, {d}, type: code}]", "needs a width"),
        ("key: [a], columns: [{name: a, {d}, width: 3}]", "type must be code"),
        ("key: [a], columns: [{name: a, {d}, form: '%Y'}]", "must be date"),
    ],
)
def test_a_contract_that_contradicts_itself_is_refused(tmp_path: Path, settings: str, why: str) -> None:
    labels = "label_lv: Ā, label_en: A"
    told = f"{labels}, description: Synthetic., description_lv: Sintētisks."
    column = f"name: a, {told}"
    for short, long in (("{d}", told), ("{c}", f"{{{column}}}"), ("{n}", f"{{{column}, from_file_name: day}}")):
        settings = settings.replace(short, long)
    text = f"{{description: S., {labels}, tables: {{t: {{{labels}, grain: One row a., {settings}}}}}}}"
    (tmp_path / "synthetic.yml").write_text(text, "utf-8")
    with pytest.raises(ContractError, match=why):
        load_contracts(tmp_path)
