"""A definition that differs from the version before, or from its seal, is declared or stops the build."""

from tests.expectations.core_tables import SERIES, STRATEGY, Row, Tables
from tests.expectations.rule_cases import Case, flag


def version(version_no: int, definition: str, *, sealed: str | None = None, is_break_declared: bool = False) -> Row:
    """Return a row of dim_methodology."""
    return {
        "strategy_code": STRATEGY,
        "methodology_key": f"{SERIES}/v{version_no}",
        "previous_methodology_key": f"{SERIES}/v{version_no - 1}" if version_no > 1 else None,
        "series_key": SERIES,
        "version_no": version_no,
        "valid_from": "2023/2024" if version_no > 1 else None,
        "valid_to": "2022/2023" if version_no == 1 else None,
        "definition_hash": definition,
        "sealed_hash": sealed or definition,
        "is_break_declared": is_break_declared,
    }


def methodology(*rows: Row) -> Tables:
    """Return versions of the methodology of a series."""
    return {"dim_methodology": rows}


CASES = [
    Case(
        "another_definition_and_no_declaration",
        methodology(version(1, "bowl"), version(2, "spoon")),
        [
            flag(
                "2022/2023",
                "2023/2024",
                severity="critical",
                kind="declared",
                is_break=True,
                from_version_no=1,
                to_version_no=2,
                from_definition_hash="bowl",
                to_definition_hash="spoon",
                reason_lv="Metodoloģijas 2. versija: definīcija atšķiras no iepriekšējās versijas",
                reason_en="Methodology version 2: the definition changed from the version before",
            )
        ],
    ),
    Case(
        "another_definition_and_a_declaration",
        methodology(version(1, "bowl"), version(2, "spoon", is_break_declared=True)),
    ),
    Case("the_same_definition_in_another_version", methodology(version(1, "bowl"), version(2, "bowl"))),
    Case("one_version", methodology(version(1, "bowl"))),
    Case(
        "a_definition_changed_in_place",
        methodology(version(1, "spoon", sealed="bowl")),
        [
            flag(
                None,
                "2022/2023",
                severity="critical",
                from_version_no=1,
                to_version_no=1,
                from_definition_hash="bowl",
                to_definition_hash="spoon",
                reason_lv="1. versija: definīcija mainīta uz vietas",
                reason_en="version 1: the definition was changed in place",
            )
        ],
    ),
    Case(
        "a_declaration_does_not_cover_a_change_in_place",
        methodology(version(1, "bowl"), version(2, "spoon", sealed="fork", is_break_declared=True)),
        [flag("2023/2024", None, from_version_no=2, to_version_no=2)],
    ),
    Case(
        "only_the_step_that_is_not_declared",
        methodology(version(1, "bowl"), version(2, "spoon", is_break_declared=True), version(3, "fork")),
        [flag(None, "2023/2024", from_version_no=2, to_version_no=3)],
    ),
]
