"""A version that says nothing of how it is measured is a finding, one without any method a worse one."""

from tests.expectations.core_tables import SERIES, STRATEGY, Row, Tables
from tests.expectations.rule_cases import Case, flag


def version(documentation: str, version_no: int = 1) -> Row:
    """Return a row of dim_methodology."""
    return {
        "strategy_code": STRATEGY,
        "methodology_key": f"{SERIES}/v{version_no}",
        "series_key": SERIES,
        "version_no": version_no,
        "valid_from": "2023/2024",
        "documentation": documentation,
        "evidence_document": "synthetic",
        "evidence_line": 1022,
    }


def methodology(*rows: Row) -> Tables:
    """Return versions of the methodology of a series."""
    return {"dim_methodology": rows}


CASES = [
    Case(
        "nothing_is_written_down",
        methodology(version("undocumented")),
        [
            flag(
                "2023/2024",
                None,
                kind="declared",
                severity="warning",
                is_break=False,
                documentation="undocumented",
                version_no=1,
                evidence_line=1022,
                reason_lv="metodoloģijas 1. versija: undocumented",
                reason_en="methodology version 1: undocumented",
            )
        ],
    ),
    Case(
        "there_is_no_method",
        methodology(version("none")),
        [flag("2023/2024", None, severity="error", documentation="none")],
    ),
    Case(
        "one_of_two_versions_is_not_described",
        methodology(version("undocumented"), version("described", 2)),
        [flag("2023/2024", None, version_no=1)],
    ),
    Case("it_is_described", methodology(version("described"))),
    Case("it_is_described_in_part", methodology(version("partial"))),
]
