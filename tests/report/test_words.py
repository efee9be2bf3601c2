"""Numbers, dates and plural forms as people read them."""

from datetime import date

import pytest

from report.published import Period
from report.words import Words, plural_form, slug, tidy

PERIODS = {
    "2021": Period("2021", "calendar_year", "2021", date(2021, 1, 1), date(2021, 12, 31), 1),
    "2024/2025": Period("2024/2025", "school_year", "2024/2025", date(2024, 9, 1), date(2025, 8, 31), 2),
    "unknown": Period("unknown", "unknown", "unknown", None, None, 0),
}
LV, EN = Words("lv", PERIODS), Words("en", PERIODS)
NBSP = "\N{NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("count", "expected"),
    [
        (0, "0 rādītāju"),
        (1, "1 rādītājs"),
        (2, "2 rādītāji"),
        (10, "10 rādītāju"),
        (11, "11 rādītāju"),
        (21, "21 rādītājs"),
        (22, "22 rādītāji"),
        (111, "111 rādītāju"),
        (121, "121 rādītājs"),
    ],
)
def test_latvian_nouns_agree_with_their_number(count: int, expected: str) -> None:
    assert LV.count("indicators", count) == expected.replace(" ", NBSP)


def test_english_has_two_forms() -> None:
    assert [plural_form("en", count) for count in (0, 1, 2, 21)] == ["other", "one", "other", "other"]


@pytest.mark.parametrize(
    ("value", "lv", "en"),
    [
        (4.5, "4,5", "4.5"),
        (1234, "1234", "1,234"),
        (12345.6, f"12{NBSP}345,6", "12,345.6"),
        (-2.75, "−2,75", "−2.75"),
        (-0.00001, "0", "0"),
        (78.875, "78,875", "78.875"),
        (None, "", ""),
    ],
)
def test_numbers_are_written_as_the_language_writes_them(value: float | None, lv: str, en: str) -> None:
    assert (LV.number(value), EN.number(value)) == (lv, en)


def test_a_value_has_its_unit_where_that_has_a_short_form() -> None:
    assert LV.value(4.5, "percent") == f"4,5{NBSP}%"
    assert EN.value(4.5, "percent") == "4.5%"
    assert EN.value(10, "learners_per_support_person") == f"1{NBSP}:{NBSP}10"
    assert EN.value(10, "projects") == "10"


def test_a_change_of_per_cent_is_in_percentage_points() -> None:
    assert EN.change(-2.75, "percent") == f"−2.75{NBSP}percentage points"
    assert EN.change(1, "percent") == f"+1{NBSP}percentage point"
    assert [LV.change(value, "percent").split(NBSP)[1] for value in (-1, 2, 10, 21, 1.5)] == [
        "procentpunkts",
        "procentpunkti",
        "procentpunktu",
        "procentpunkts",
        "procentpunkti",
    ]
    assert LV.change(3, "projects") == "+3"


def test_targets_are_read_as_signs_and_what_is_no_number_as_printed() -> None:
    assert LV.target("at_least", 12, None, "12", "projects") == f"≥{NBSP}12"
    assert EN.target("at_most", 5, None, "5 %", "percent") == f"≤{NBSP}5%"
    assert EN.target("between", 20, 30, "20–30 %", "percent") == "20–30%"
    assert EN.target("up", None, None, "\uf0dd", "percent") == "↑"
    assert EN.target("at_least", None, None, "+ 2%", "percent") == "+ 2%"
    assert EN.target("not_set", None, None, "-", "percent") == ""


def test_periods_are_written_in_full_and_an_unknown_one_is_not_guessed() -> None:
    assert LV.period("2024/2025") == f"2024./2025.{NBSP}m.{NBSP}g."
    assert LV.period("2021") == f"2021.{NBSP}g."
    assert EN.period("2024/2025") == "2024/2025"
    assert LV.period("unknown") == "gads nav norādīts"
    assert EN.within("unknown") == "the baseline period (year not stated)"


def test_dates_are_written_as_the_language_writes_them() -> None:
    assert LV.date(date(2026, 11, 3)) == "03.11.2026."
    assert EN.date(date(2026, 11, 3)) == f"3{NBSP}November{NBSP}2026"


def test_a_message_with_plural_forms_cannot_be_said_without_a_count() -> None:
    with pytest.raises(TypeError, match="indicators"):
        LV.say("indicators")


def test_the_arrow_that_no_font_shows_is_replaced() -> None:
    assert tidy("\uf0dd") == "↑"


def test_anchors_are_plain() -> None:
    assert slug("liepaja-2020-2025/04/pii") == "liepaja-2020-2025-04-pii"
