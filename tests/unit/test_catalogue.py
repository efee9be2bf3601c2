"""Suites and comparability rules: every file loads, and every query fits the tables that it will meet."""

import string
from collections.abc import Iterator, Mapping
from pathlib import Path

import duckdb
import pytest
import yaml
from pydantic import ValidationError

from expectations.catalogue import (
    RULES_DIR,
    SUITES_DIR,
    ExpectationSpec,
    Rule,
    Stage,
    Suite,
    load_rules,
    load_suites,
)
from warehouse.contract import load_contracts
from warehouse.tables import create_tables

MODELS_DIR = Path(__file__).parents[2] / "dbt_project" / "models"
COLUMN_ARGUMENTS = ("column", "column_A", "column_B")

each_suite = pytest.mark.parametrize("suite", load_suites(), ids=lambda suite: suite.name)
each_rule = pytest.mark.parametrize("rule", load_rules(), ids=lambda rule: rule.name)


# --- The catalogue as it is ---


def test_every_file_of_the_catalogue_is_loaded_under_its_own_name() -> None:
    assert [suite.name for suite in load_suites()] == sorted(path.stem for path in SUITES_DIR.glob("*.yml"))
    assert [rule.name for rule in load_rules()] == sorted(path.stem for path in RULES_DIR.glob("*.yml"))


def test_every_source_is_guarded_by_a_suite() -> None:
    raw_tables = {f"raw.{contract.raw_table}" for contract in load_contracts()}
    assert raw_tables <= {suite.table for suite in load_suites()}


@each_suite
def test_no_expectation_stands_twice_in_a_suite(suite: Suite) -> None:
    expectations = [(spec.type, str(sorted(spec.kwargs.items()))) for spec in suite.expectations]
    assert len(set(expectations)) == len(expectations)


@each_suite
def test_every_expectation_is_described_by_a_sentence(suite: Suite) -> None:
    assert [spec.description for spec in suite.expectations if not spec.description.endswith(".")] == []


@each_rule
def test_both_languages_of_a_reason_name_a_common_fact_and_differ(rule: Rule) -> None:
    # What is said in words has a column in either language: change_lv stands for the same fact as change_en.
    assert common_facts(rule.reason_lv, "_lv") & common_facts(rule.reason_en, "_en")
    assert rule.reason_lv != rule.reason_en


# --- Queries against empty tables, made from the contracts, tables.yml and dbt's enforced contracts ---


def placeholders(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field}


def common_facts(text: str, language: str) -> set[str]:
    return {field.removesuffix(language) for field in placeholders(text)}


def columns_of(spec: ExpectationSpec) -> set[str]:
    named = {spec.kwargs[argument] for argument in COLUMN_ARGUMENTS if argument in spec.kwargs}
    return named | set(spec.kwargs.get("column_list", []))


def create_models(connection: duckdb.DuckDBPyConnection, layer: str, *, without_guard: bool = False) -> None:
    connection.execute(f"create schema if not exists {layer}")
    for path in sorted((MODELS_DIR / layer).glob("*.yml")):
        for model in yaml.safe_load(path.read_text("utf-8")).get("models", []):
            if without_guard and "after_guard" in path.with_suffix(".sql").read_text("utf-8"):
                continue
            columns = ", ".join(f'"{column["name"]}" {column["data_type"]}' for column in model["columns"])
            connection.execute(f'create table {layer}."{model["name"]}" ({columns})')


def create_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    for contract in load_contracts():
        connection.register("rows", contract.schema.empty_table())
        connection.execute(f'create table raw."{contract.raw_table}" as select * from rows')
        connection.unregister("rows")


def create_seeds(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("create schema reference")
    for path in sorted((MODELS_DIR.parent / "seeds").rglob("*.yml")):
        for seed in yaml.safe_load(path.read_text("utf-8")).get("seeds", []):
            columns = ", ".join(f'"{name}" {kind}' for name, kind in seed["config"]["column_types"].items())
            connection.execute(f'create table reference."{seed["name"]}" ({columns})')


@pytest.fixture(scope="module")
def tables_of_stage() -> Iterator[dict[Stage, duckdb.DuckDBPyConnection]]:
    """For each stage a database with the tables that exist by then, all empty."""
    tables: dict[Stage, duckdb.DuckDBPyConnection] = {
        "landing": duckdb.connect(),
        "guard": duckdb.connect(),
        "audit": duckdb.connect(),
    }
    landing, guard, audit = tables.values()
    landing.execute("create schema raw")
    create_tables(landing)
    create_raw_tables(landing)
    # Some suites of core look back at what landed, beside the reference data.
    guard.execute("create schema raw")
    create_raw_tables(guard)
    create_seeds(guard)
    create_models(guard, "core", without_guard=True)
    create_tables(audit)
    for layer in ("confidential", "core", "marts", "audit"):
        create_models(audit, layer)
    yield tables
    for connection in tables.values():
        connection.close()


def columns_of_query(
    connection: duckdb.DuckDBPyConnection, query: str, thresholds: Mapping[str, float] | None = None
) -> dict[str, str]:
    named = {name: value for name, value in (thresholds or {}).items() if f"${name}" in query}
    return {name: sql_type for name, sql_type, *_ in connection.execute(f"describe {query}", named).fetchall()}


@each_suite
def test_a_suite_reads_what_exists_at_its_stage_and_names_columns_of_it(
    suite: Suite, tables_of_stage: dict[Stage, duckdb.DuckDBPyConnection]
) -> None:
    columns = columns_of_query(tables_of_stage[suite.stage], suite.query)
    assert set().union(*(columns_of(spec) for spec in suite.expectations)) <= set(columns)
    columns_of_query(tables_of_stage[suite.stage], f"select * from {suite.table}")


@each_rule
def test_a_rule_reads_core_and_its_profile_brings_every_column_that_a_flag_needs(
    rule: Rule, tables_of_stage: dict[Stage, duckdb.DuckDBPyConnection]
) -> None:
    columns = columns_of_query(tables_of_stage["guard"], rule.profile, rule.thresholds)
    spec = ExpectationSpec(type=rule.expectation["type"], kwargs=rule.expectation, description=rule.description)
    assert columns_of(spec) | set(rule.evidence) <= set(columns)
    assert placeholders(rule.reason_lv) | placeholders(rule.reason_en) <= set(columns)
    for name in ("strategy_code", "series_key", "from_period", "to_period"):
        assert columns[name] == "VARCHAR"


# --- What the models refuse, on synthetic files ---

SYNTHETIC_SUITE = """
stage: landing
expectations:
  - {type: expect_column_values_to_not_be_null, kwargs: {column: a}, description: Synthetic.}
"""


def suites_from(folder: Path, text: str, name: str = "raw.synthetic") -> tuple[Suite, ...]:
    (folder / f"{name}.yml").write_text(text, "utf-8")
    return load_suites(folder)


def test_a_suite_is_about_all_rows_in_force_of_the_table_it_is_named_after(tmp_path: Path) -> None:
    (suite,) = suites_from(tmp_path, SYNTHETIC_SUITE)
    assert (suite.name, suite.table) == ("raw.synthetic", "raw.synthetic")
    assert suite.query == "select * from raw.synthetic where _superseded_on is null"


def test_an_expectation_is_critical_unless_it_says_otherwise(tmp_path: Path) -> None:
    (suite,) = suites_from(tmp_path, SYNTHETIC_SUITE)
    assert suite.expectations[0].severity == "critical"


@pytest.mark.parametrize(
    ("slip", "field"),
    [
        (("stage: landing", "stage: later"), "stage"),
        (("stage: landing", "stage: landing\ntabel: raw.other"), "tabel"),
        (("kwargs:", "arguments:"), "arguments"),
        (("description: Synthetic.", "description: Synthetic., severity: fatal"), "severity"),
        ((", description: Synthetic.", ""), "description"),
    ],
)
def test_a_slip_in_a_suite_is_refused_by_the_name_of_its_field(
    tmp_path: Path, slip: tuple[str, str], field: str
) -> None:
    with pytest.raises(ValidationError, match=field):
        suites_from(tmp_path, SYNTHETIC_SUITE.replace(*slip))


def test_a_suite_without_expectations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="expectations"):
        suites_from(tmp_path, "stage: landing\nexpectations: []\n")


@pytest.mark.parametrize(
    ("kwargs", "subject"),
    [
        ({}, None),
        ({"column": "a"}, "a"),
        ({"column_A": "a", "column_B": "b"}, "a, b"),
        ({"column_list": ["a", "b", "c"]}, "a, b, c"),
    ],
)
def test_the_subject_of_an_expectation_is_its_columns(kwargs: dict[str, object], subject: str | None) -> None:
    assert ExpectationSpec(type="synthetic", kwargs=kwargs, description="Synthetic.").subject == subject


SYNTHETIC_RULE = """
kind: suspected
severity: warning
is_break: true
description_en: Synthetic.
description_lv: Sintētiski.
expectation: {type: expect_synthetic, column: a, min_value: -$limit, max_value: $limit, mostly: 1}
evidence: [a]
reason_lv: "Ir {a}."
reason_en: "Is {a}."
"""


def rules_from(folder: Path, text: str, thresholds: str) -> tuple[Rule, ...]:
    rules = folder / "rules"
    rules.mkdir()
    (rules / "synthetic_rule.yml").write_text(text, "utf-8")
    (rules / "synthetic_rule.sql").write_text("select 1", "utf-8")
    (folder / "thresholds.yml").write_text(thresholds, "utf-8")
    return load_rules(rules, folder / "thresholds.yml")


def test_a_rule_is_judged_on_the_profile_that_lies_beside_it(tmp_path: Path) -> None:
    (rule,) = rules_from(tmp_path, SYNTHETIC_RULE, "synthetic_rule: {limit: 2}")
    assert (rule.name, rule.profile) == ("synthetic_rule", "select 1")


def test_a_rule_without_a_profile_is_refused(tmp_path: Path) -> None:
    (tmp_path / "synthetic_rule.yml").write_text(SYNTHETIC_RULE, "utf-8")
    (tmp_path / "thresholds.yml").write_text("{}", "utf-8")
    with pytest.raises(FileNotFoundError, match=r"synthetic_rule\.sql"):
        load_rules(tmp_path, tmp_path / "thresholds.yml")


def test_an_expectation_names_thresholds_of_its_rule_and_their_opposites(tmp_path: Path) -> None:
    (rule,) = rules_from(tmp_path, SYNTHETIC_RULE, "synthetic_rule: {limit: 2.5, unused: 1}")
    assert rule.thresholds == {"limit": 2.5, "unused": 1}
    assert rule.expectation_kwargs == {"column": "a", "min_value": -2.5, "max_value": 2.5, "mostly": 1}


def test_a_rule_without_thresholds_has_none(tmp_path: Path) -> None:
    (rule,) = rules_from(tmp_path, SYNTHETIC_RULE.replace("$limit", "2"), "{}")
    assert rule.thresholds == {}
    assert rule.expectation_kwargs["max_value"] == 2


def test_an_expectation_that_names_no_threshold_of_its_rule_is_refused(tmp_path: Path) -> None:
    (rule,) = rules_from(tmp_path, SYNTHETIC_RULE, "synthetic_rule: {other: 2}")
    with pytest.raises(KeyError, match="limit"):
        rule.expectation_kwargs  # noqa: B018


def test_thresholds_of_a_rule_that_does_not_exist_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no rule: misspelt_rule"):
        rules_from(tmp_path, SYNTHETIC_RULE, "synthetic_rule: {limit: 2}\nmisspelt_rule: {limit: 2}")


@pytest.mark.parametrize(
    ("slip", "field"),
    [
        (("description_lv: Sintētiski.", "description: Synthetic."), "description_lv"),
        (("kind: suspected", "kind: guessed"), "kind"),
        (("evidence: [a]", "evidence: []"), "evidence"),
        (("is_break: true", "is_break: true\nseverty: info"), "severty"),
    ],
)
def test_a_slip_in_a_rule_is_refused_by_the_name_of_its_field(
    tmp_path: Path, slip: tuple[str, str], field: str
) -> None:
    with pytest.raises(ValidationError, match=field):
        rules_from(tmp_path, SYNTHETIC_RULE.replace(*slip), "synthetic_rule: {limit: 2}")


def test_a_threshold_that_is_no_number_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValidationError, match="thresholds"):
        rules_from(tmp_path, SYNTHETIC_RULE, "synthetic_rule: {limit: much}")
