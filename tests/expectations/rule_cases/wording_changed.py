"""The question, the scale of its answers, and which of them count as positive; the instrument likewise."""

from tests.expectations.rule_cases import Case, flag
from tests.expectations.rule_cases.population_changed import change, changes

CASES = [
    Case(
        "another_question",
        changes(change("wording_changed", "question", "question “Is it full?” → “Is it empty?”")),
        [
            flag(
                "2021",
                "2023/2024",
                kind="suspected",
                severity="error",
                is_break=True,
                changed="question",
                reason_lv="No 2021 līdz 2023/2024 mainījies, kā jautāts vai mērīts: question",
                reason_en="changed from 2021 to 2023/2024: question “Is it full?” → “Is it empty?”.",
            )
        ],
    ),
    Case(
        "another_scale",
        changes(change("wording_changed", "answer_scale", "answer scale “1–5” → “1–4”")),
        [flag("2021", "2023/2024", changed="answer_scale", reason_en="“1–5” → “1–4”")],
    ),
    Case(
        "other_answers_count_as_positive",
        changes(change("wording_changed", "positive_answers", "answers counted as positive “yes” → “yes, rather”")),
        [flag("2021", "2023/2024", changed="positive_answers")],
    ),
    Case(
        "another_version_of_the_instrument",
        changes(change("wording_changed", "instrument_version", "version of the instrument “1” → “2”")),
        [flag("2021", "2023/2024", changed="instrument_version")],
    ),
    Case("the_same_wording", changes(change("wording_changed", "", "", count=0))),
    Case("another_population_is_for_another_rule", changes(change("population_changed", "population", "all"))),
    Case("nothing_is_stated_of_either_wave", changes()),
]
