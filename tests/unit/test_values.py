"""The value reader: one printed cell → number, kind, mark and unit."""

import math
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from warehouse.contract import load_marks
from warehouse.harmless import harmless
from warehouse.values import (
    Kind,
    PrintedValue,
    UnreadableValueError,
    fold,
    read_boolean,
    read_code,
    read_count,
    read_date,
    read_value,
)

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


DASHES = ["-", "–", "—", " - ", " – ", f"{NO_BREAK}–{NO_BREAK}"]
bounds = st.tuples(whole_numbers, whole_numbers).filter(lambda pair: pair[0] < pair[1])


@given(bounds, st.sampled_from(DASHES), st.sampled_from(["%", " %"]))
@example((20, 30), "–", " %")
@example((20, 30), "-", "%")
def test_a_range_is_two_numbers_with_a_dash_between_them(pair: tuple[int, int], dash: str, percent: str) -> None:
    lower, upper = pair
    expected = PrintedValue(Kind.RANGE, number=lower, unit="percent", upper_number=upper)
    assert read_value(f"{lower}{dash}{upper}{percent}", NO_MARKS) == expected
    assert read_value(f"{lower}{percent}{dash}{upper}{percent}", NO_MARKS) == expected


@given(bounds, st.sampled_from(["no ", "No ", ""]), blanks)
@example((2024, 2025), "no ", " ")
def test_a_range_is_two_numbers_in_words(pair: tuple[int, int], start: str, blank: str) -> None:
    lower, upper = pair
    expected = PrintedValue(Kind.RANGE, number=lower, unit="percent", upper_number=upper)
    assert read_value(f"{start}{lower} līdz{blank}{upper} %", NO_MARKS) == expected
    assert read_value(f"{start}{lower} % līdz{blank}{upper} %", NO_MARKS) == expected
    assert read_value(f"{start}{lower} līdz{blank}{upper}", NO_MARKS) == replace(expected, unit=None)


@pytest.mark.parametrize(
    ("printed", "lower", "upper"),
    [
        ("4–5", 4, 5),
        ("1,5–2,5", 1.5, 2.5),
        ("1 000–1 500", 1000, 1500),
        ("0-0,5", 0, 0.5),
        ("2024–2400", 2024, 2400),
        ("no -5 līdz -2", -5, -2),
        (f"no {MINUS}5 līdz 3", -5, 3),
    ],
)
def test_a_range_reads_its_bounds_as_any_number(printed: str, lower: float, upper: float) -> None:
    assert read_value(printed, MARKS) == PrintedValue(Kind.RANGE, number=lower, upper_number=upper)


@pytest.mark.parametrize(
    "printed", ["+2–3 %", "+2-3%", "+2 – +3 %", "+ 2 % – + 3 %", "no +2 līdz +3 %", "+2 līdz 3 %"]
)
def test_a_range_with_a_plus_sign_is_a_range_of_changes(printed: str) -> None:
    assert read_value(printed, MARKS) == PrintedValue(Kind.RELATIVE, number=2, unit="percent", upper_number=3)


@pytest.mark.parametrize(
    ("printed", "kind", "number"),
    [
        ("-30", Kind.NUMBER, -30),
        ("- 30 %", Kind.NUMBER, -30),
        (f"{MINUS}5", Kind.NUMBER, -5),
        ("1:10", Kind.RATIO, 10),
        ("+2 %", Kind.RELATIVE, 2),
        ("~ 43%", Kind.APPROXIMATE, 43),
        ("–", Kind.MARK, None),
    ],
)
def test_what_is_no_range_is_not_taken_for_one(printed: str, kind: Kind, number: float | None) -> None:
    value = read_value(printed, MARKS)
    assert (value.kind, value.number, value.upper_number) == (kind, number, None)


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
        "5–4",
        "5–5",
        "no 30 līdz 20 %",
        "20–",
        "–20 %–30 %",
        "-5–-2",
        "-5–3",
        "20––30",
        "20–30–40",
        "20 %–30",
        "20 līdz +30",
        "20–+30 %",
        "~20–30 %",
        "no 20 – 30",
        "no 20",
        "līdz 30",
        "2024/2025",
        "2024./2025. m.g.",
        "2024–2025",
        "2024-2025",
        "2024-09-01",
        "1:8–1:10",
        "1:8–10",
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
    st.sampled_from(f"0123456789.,:+-–~% {NO_BREAK}{MINUS}⇧–na/"), min_size=1, max_size=12
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
    assert value.upper_number is not None or value.kind is not Kind.RANGE
    if value.upper_number is not None:
        assert value.kind in {Kind.RANGE, Kind.RELATIVE}
        assert value.number is not None
        assert value.number < value.upper_number < math.inf
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


# --- Values of other types ---


@given(st.integers(0, 999_999_999), blanks)
def test_a_count_is_a_whole_number_with_blanks_between_thousands_or_without(number: int, blank: str) -> None:
    assert read_count(str(number)) == read_count(grouped(number, blank)) == number
    assert read_count(f"{number}.0") == read_count(f"{number},00") == number


@pytest.mark.parametrize(
    "text", ["-1", "+1", "1.5", "1.234", "1,000", "12.000", "1234567890", "12 34", "1e3", "many", "", "1:10", "5 %"]
)
def test_what_is_no_count_or_could_be_two_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableValueError):
        read_count(text)


@pytest.mark.parametrize(
    ("text", "mark", "number"),
    [
        ("1.234", ".", 1234),
        ("1,234", ",", 1234),
        ("1.234.567", ".", 1_234_567),
        ("1.234,0", ".", 1234),
        ("7", ".", 7),
    ],
)
def test_a_mark_between_thousands_is_read_as_such_where_the_contract_says_so(
    text: str, mark: str, number: int
) -> None:
    assert read_count(text, mark) == number
    assert read_value(text, NO_MARKS, mark).number == number


@given(st.integers(0, 10**9), st.sampled_from([(".", ","), (",", ".")]), fractions)
def test_the_other_mark_is_the_decimal_mark_then(number: int, marks: tuple[str, str], fraction: str) -> None:
    thousands, decimal = marks
    text = f"{number:,}".replace(",", thousands) + decimal + fraction
    assert read_value(text, NO_MARKS, thousands).number == float(f"{number}.{fraction}")


@pytest.mark.parametrize("text", ["1.5", "1.23", "12.3456", "1.234.5", "1234.567", "1.23.456", ".234"])
def test_a_mark_that_cannot_part_thousands_there_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableValueError):
        read_value(text, NO_MARKS, ".")


@given(st.integers(0, 9_999_999))
def test_a_code_gets_back_the_noughts_that_a_spreadsheet_dropped(number: int) -> None:
    assert read_code(str(number), 7) == read_code(f"{number}.0", 7) == read_code(f"{number:07}", 7) == f"{number:07}"


@pytest.mark.parametrize("text", ["12345678", "4,1E+09", "5000.5", "LV5000", "-5000", "5 000", "", "٣"])
def test_what_is_no_code_of_the_width_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableValueError):
        read_code(text, 7)


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_date_is_read_in_the_form_of_the_contract_and_as_iso_8601_prints_it(day: date) -> None:
    assert read_date(f"{day:%d.%m.%Y}", "%d.%m.%Y") == read_date(day.isoformat()) == day
    assert read_date(f"{day.isoformat()} 00:00:00") == read_date(f"{day.isoformat()}T00:00") == day


@pytest.mark.parametrize(
    "text", ["31.02.2024", "2024-02-30", "01/09/2024", "2024-09-01 10:30", "45000", "", "٣١.١٢.٢٠٢٤"]
)
def test_what_is_no_day_in_a_known_form_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableValueError):
        read_date(text, "%d.%m.%Y")


@pytest.mark.parametrize(("text", "value"), [("yes", True), ("Jā", True), ("no", False), ("NĒ", False)])
def test_yes_and_no_are_read_in_both_languages(text: str, value: bool) -> None:
    assert read_boolean(text) is value


@pytest.mark.parametrize("text", ["true", "1", "ja?", ""])
def test_what_is_neither_yes_nor_no_is_unreadable(text: str) -> None:
    with pytest.raises(UnreadableValueError):
        read_boolean(text)


@pytest.mark.parametrize("text", ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "--1", "="])
def test_a_text_that_a_spreadsheet_would_run_is_made_harmless(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+2 %", "-1 234,5", "-", "spoon", "", "1:10", "bļoda = trauks"])
def test_a_number_with_a_sign_and_plain_text_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text
