"""The value reader: one printed cell → number, kind, mark and unit."""

import math
import unicodedata
from collections.abc import Callable, Mapping

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warehouse.contract import load_marks
from warehouse.values import Kind, PrintedValue, UnreadableValueError, fold, read_value

NO_BREAK = "\u00a0"
NARROW_NO_BREAK = "\u202f"
THIN = "\u2009"
MINUS = "\u2212"
PRIVATE_USE_ARROW = "\uf0dd"

NO_MARKS: Mapping[str, str] = {}
MARKS = load_marks()

blanks = st.sampled_from([" ", NO_BREAK, NARROW_NO_BREAK, THIN])
whole_numbers = st.integers(min_value=0, max_value=10**15 - 1)
fractions = st.text("0123456789", min_size=1, max_size=6)


def grouped(number: int, blank: str) -> str:
    return f"{number:,}".replace(",", blank)


@given(whole_numbers, fractions)
@example(4, "5")
def test_a_decimal_comma_and_a_decimal_point_are_one_number(whole: int, fraction: str) -> None:
    comma = read_value(f"{whole},{fraction}", NO_MARKS)
    assert comma == read_value(f"{whole}.{fraction}", NO_MARKS)
    assert comma == PrintedValue(Kind.NUMBER, number=float(f"{whole}.{fraction}"))


@given(whole_numbers, blanks)
@example(1_234_567, NO_BREAK)
def test_blanks_between_thousands_do_not_change_the_number(number: int, blank: str) -> None:
    assert read_value(grouped(number, blank), NO_MARKS).number == number


@given(whole_numbers, fractions, blanks, st.sampled_from(",."), st.booleans())
def test_a_formatted_number_reads_back_as_itself(
    whole: int, fraction: str, blank: str, decimal_mark: str, is_negative: bool
) -> None:
    sign = "-" if is_negative else ""
    printed = f"{sign}{grouped(whole, blank)}{decimal_mark}{fraction}"
    assert read_value(printed, NO_MARKS).number == float(f"{sign}{whole}.{fraction}")


@given(whole_numbers, st.sampled_from(["%", " %", f"{NO_BREAK}%", f"{NARROW_NO_BREAK}%"]))
def test_a_percent_sign_is_a_unit_and_the_number_stays_as_printed(number: int, percent: str) -> None:
    assert read_value(f"{number}{percent}", NO_MARKS) == PrintedValue(Kind.NUMBER, number=number, unit="percent")


@given(whole_numbers, st.sampled_from([":", " : ", ": ", f"{NO_BREAK}:"]))
def test_a_ratio_is_how_many_come_to_one(number: int, colon: str) -> None:
    assert read_value(f"1{colon}{number}", NO_MARKS) == PrintedValue(Kind.RATIO, number=number, unit="ratio")


@given(whole_numbers, st.sampled_from(["+", "+ "]))
@example(2, "+")
def test_a_plus_sign_is_a_change_on_the_baseline_and_not_a_level(number: int, plus: str) -> None:
    assert read_value(f"{plus}{number} %", NO_MARKS) == PrintedValue(Kind.RELATIVE, number=number, unit="percent")
    assert read_value(f"{plus}{number}", NO_MARKS) == PrintedValue(Kind.RELATIVE, number=number)


@given(whole_numbers, st.sampled_from(["-", MINUS, "- ", f"{MINUS} "]))
def test_a_hyphen_and_a_minus_sign_both_make_a_number_negative(number: int, minus: str) -> None:
    assert read_value(f"{minus}{number}", NO_MARKS) == PrintedValue(Kind.NUMBER, number=-number)


@pytest.mark.parametrize("printed", ["~43%", "~ 43%", "~ 43 %", f"~{NO_BREAK}43{NO_BREAK}%"])
def test_a_tilde_marks_a_number_as_approximate(printed: str) -> None:
    assert read_value(printed, NO_MARKS) == PrintedValue(Kind.APPROXIMATE, number=43.0, unit="percent")


@given(st.text(st.sampled_from([" ", "\t", "\n", NO_BREAK, NARROW_NO_BREAK])))
def test_an_empty_cell_is_blank_and_not_nought(printed: str) -> None:
    assert read_value(printed, MARKS) == PrintedValue(Kind.BLANK, number=None)


def test_nought_is_a_number_and_not_a_blank() -> None:
    assert read_value("0", MARKS) == PrintedValue(Kind.NUMBER, number=0.0)


@given(st.sampled_from(sorted(MARKS)), st.sampled_from([str.upper, str.lower, str.title]), blanks)
def test_a_mark_is_known_in_any_case_and_with_any_blanks(
    mark: str, in_case: Callable[[str], str], blank: str
) -> None:
    printed = f"{blank}{in_case(mark).replace(' ', blank * 2)}{blank}"
    assert read_value(printed, MARKS) == PrintedValue(Kind.MARK, mark=MARKS[mark])


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_mark_is_known_however_its_letters_are_composed(form: str) -> None:
    assert read_value(unicodedata.normalize(form, "Nav mērīts"), MARKS).mark == "not_measured"


@pytest.mark.parametrize(
    ("printed", "mark"),
    [
        ("⇧", "up"),
        (PRIVATE_USE_ARROW, "up"),
        ("-", "nil"),
        ("–", "nil"),
        ("n/a", "not_applicable"),
        ("VISAS IESTĀDES", "all_institutions"),
    ],
)
def test_a_mark_of_the_report_gets_its_code(printed: str, mark: str) -> None:
    assert read_value(printed, MARKS) == PrintedValue(Kind.MARK, mark=mark)


@pytest.mark.parametrize(
    "printed",
    [
        "12 34",
        "1 2345",
        "1234 567",
        "1,234,567",
        "1.234.567",
        "1,",
        ",5",
        "1 , 5",
        "1 234,5 6",
        "4–5",
        "2:10",
        "1:10:3",
        "1:-3",
        "+-2",
        "--2",
        "~",
        "+",
        "%",
        "5 %%",
        "5 €",
        "12 (2021)",
        "aptuveni 5",
        "1e5",
        "1_000",
        "0x10",
        "nan",
        "inf",
        "½",
        "²",
    ],
)
def test_what_fits_no_notation_is_unreadable_and_never_guessed_at(printed: str) -> None:
    with pytest.raises(UnreadableValueError) as raised:
        read_value(printed, MARKS)
    assert str(raised.value) == printed


@pytest.mark.parametrize("printed", ["9" * 16, "9" * 400, "1:" + "9" * 400, "0." + "1" * 400])
def test_a_number_too_long_to_be_held_is_unreadable_and_does_not_become_another_one(printed: str) -> None:
    with pytest.raises(UnreadableValueError):
        read_value(printed, MARKS)


# Letters of the notations come up often enough to reach every branch; other text has to be survived too.
cells = st.text(max_size=30) | st.text(
    st.sampled_from(f"0123456789.,:+-~% {NO_BREAK}{MINUS}⇧–na/"), min_size=1, max_size=12
)


@given(cells)
def test_any_text_is_read_or_unreadable_and_what_is_read_holds_together(printed: str) -> None:
    try:
        value = read_value(printed, MARKS)
    except UnreadableValueError:
        assert fold(printed) not in MARKS
        return
    assert (value.mark is not None) == (value.kind is Kind.MARK)
    assert (value.number is None) == (value.kind in {Kind.MARK, Kind.BLANK})
    assert value.number is None or math.isfinite(value.number)
    assert (value.unit == "ratio") == (value.kind is Kind.RATIO)
    assert value.unit in {None, "ratio", "percent"}


@given(cells, blanks)
def test_blanks_around_a_cell_change_nothing(printed: str, blank: str) -> None:
    def outcome(text: str) -> PrintedValue | None:
        try:
            return read_value(text, MARKS)
        except UnreadableValueError:
            return None

    assert outcome(f"{blank}{printed}{blank}") == outcome(printed)
