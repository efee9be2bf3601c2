"""Whom a number covers and what it is a share of: a change of either parts two neighbouring numbers."""

from tests.expectations.core_tables import SERIES, STRATEGY, Row, Tables
from tests.expectations.rule_cases import Case, flag


def change(rule: str, changed: str, text: str, *, count: int = 1, series: str = SERIES) -> Row:
    """Return a row of fct_step_change."""
    return {
        "strategy_code": STRATEGY,
        "step_key": f"{series}/2021-2023/2024",
        "series_key": series,
        "from_period": "2021",
        "to_period": "2023/2024",
        "rule": rule,
        "changed_count": count,
        "changed": changed or None,
        "change_lv": text or None,
        "change_en": text or None,
    }


def changes(*rows: Row) -> Tables:
    """Return what changed from one number to the next."""
    return {"fct_step_change": rows}


CASES = [
    Case(
        "another_denominator",
        changes(change("population_changed", "denominator", "denominator “all bowls” → “soup bowls”")),
        [
            flag(
                "2021",
                "2023/2024",
                kind="suspected",
                severity="error",
                is_break=True,
                changed="denominator",
                reason_lv="No 2021 līdz 2023/2024 mainījies, uz ko skaitlis attiecas: denominator",
                reason_en="changed from 2021 to 2023/2024: denominator “all bowls” → “soup bowls”.",
            )
        ],
    ),
    Case(
        "another_population",
        changes(change("population_changed", "population", "population covered “all” → “one school”")),
        [flag("2021", "2023/2024", changed="population")],
    ),
    Case(
        "an_institution_became_another",
        changes(change("population_changed", "institution", "institution “Bowl” → “Spoon”")),
        [flag("2021", "2023/2024", changed="institution", reason_en="“Bowl” → “Spoon”")],
    ),
    Case(
        "counted_by_programme_instead_of_institution",
        changes(change("population_changed", "counted_by", "unit that is counted “institution” → “programme”")),
        [flag("2021", "2023/2024", changed="counted_by")],
    ),
    Case(
        "two_changes_at_once_are_one_question",
        changes(change("population_changed", "denominator, population", "two texts", count=2)),
        [flag("2021", "2023/2024", changed="denominator, population")],
    ),
    Case("the_same_population_and_denominator", changes(change("population_changed", "", "", count=0))),
    Case("another_question_is_for_another_rule", changes(change("wording_changed", "question", "question"))),
    Case("nothing_is_stated_of_either_number", changes()),
    Case(
        "of_two_series_the_one_that_changed",
        changes(
            change("population_changed", "", "", count=0, series="synthetic/01/a"),
            change("population_changed", "population", "population", series="synthetic/01/b"),
        ),
        [flag("2021", "2023/2024", series_key="synthetic/01/b")],
    ),
]
