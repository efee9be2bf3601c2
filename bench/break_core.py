"""The core tables that the comparability rules read, in memory, and what the rules say about them.

Nothing of the project is copied: tables get their columns from the models' contracts, steps come from the model's own
SQL, profiles and thresholds from the rules that the build judges by.
"""

from collections.abc import Mapping
from typing import Any

import duckdb
import jinja2
import pandas as pd
import yaml

from expectations.catalogue import Rule, Threshold, load_rules
from orchestration.settings import PROJECT_DIR

_CORE_MODELS = PROJECT_DIR / "dbt_project" / "models" / "core"
_STRATEGY = "synthetic-benchmark"


def rule_named(name: str) -> Rule:
    """Return a rule as the build runs it."""
    return next(rule for rule in load_rules() if rule.name == name)


def core_of(values: pd.DataFrame) -> duckdb.DuckDBPyConnection:
    """Fill `core.fct_measurement` and `core.fct_step` of a database in memory; the flags stay outside.

    Args:
        values: one row a number, with the columns that `break_data.load` gives.
    """
    connection = duckdb.connect()
    connection.execute("set threads = 2")
    connection.execute("create schema core")
    connection.execute(f"create table core.fct_measurement ({_contract('fct_measurement')})")
    connection.register("given", values.drop(columns="is_break"))
    connection.execute("create table core.unit as select distinct unit as unit_code, false as is_count from given")
    connection.execute(f"""
        insert into core.fct_measurement by name
        select
            '{_STRATEGY}' as strategy_code,
            dataset || '/' || series_key || '/' || period as measurement_key,
            'benchmark' as domain_code,
            dataset || '/' || series_key as series_key,
            dataset as block_key,
            place as institution_key,
            dataset as source,
            period as period_key,
            period as period_label,
            period_order,
            -- A day for each period: the rules ask only whether a period is dated.
            date '2000-01-01' + cast(period_order as integer) as period_ends_on,
            false as is_baseline,
            value as value_numeric,
            value_text,
            cast(length(regexp_extract(value_text, '[.]([0-9]+)', 1)) as integer) as decimals,
            unit,
            'A' as obs_status,
            'F' as conf_status,
            false as is_qualitative,
            false as is_without_method
        from given
    """)
    connection.execute(f"create table core.fct_step as {_model('fct_step')}")
    connection.unregister("given")
    return connection


def common_shift_by_period(connection: duckdb.DuckDBPyConnection, rule: Rule, **changes: Threshold) -> pd.DataFrame:
    """What `common_shift` saw: one row a place and period, with its evidence and whether the build would flag it."""
    found = profile(
        connection,
        rule,
        changes,
        """
        select
            institution_key as place,
            to_period as period,
            any_value(shift_found) as shift_found,
            any_value(dominance) as dominance,
            any_value(peer_dominance) as peer_dominance,
            any_value(peer_count) as peer_count,
            any_value(new_series_share) as new_series_share
        from profile
        group by institution_key, to_period
        """,
    )
    return found.assign(is_alarm=~found["shift_found"].isin(rule.expectation["value_set"]))


def level_shift_by_period(connection: duckdb.DuckDBPyConnection, rule: Rule) -> pd.DataFrame:
    """What `level_shift` says of single series, pooled: one row a place and period, with the share flagged."""
    limit = rule.expectation_kwargs["max_value"]
    return profile(
        connection,
        rule,
        {},
        f"""
        select
            step.institution_key as place,
            step.to_period as period,
            avg(case when profile.size_against_limit > {limit} then 1 else 0 end) as flagged_share
        from profile
        inner join core.fct_step as step
            on profile.series_key = step.series_key and profile.to_period = step.to_period
        group by step.institution_key, step.to_period
        """,
    )


def profile(
    connection: duckdb.DuckDBPyConnection,
    rule: Rule,
    changes: Mapping[str, Threshold],
    query: str = "select * from profile",
) -> pd.DataFrame:
    """Run a rule's profile with some thresholds changed, and a query over it."""
    thresholds = {**rule.thresholds, **changes}
    named = {name: value for name, value in thresholds.items() if f"${name}" in rule.profile}
    frame: pd.DataFrame = connection.execute(f"with profile as ({rule.profile}) {query}", named).df()
    return frame


def _contract(model: str) -> str:
    content: Any = yaml.safe_load((_CORE_MODELS / f"{model}.yml").read_text("utf-8"))
    return ", ".join(f"{column['name']} {column['data_type']}" for column in content["models"][0]["columns"])


def _model(model: str) -> str:
    template = jinja2.Template((_CORE_MODELS / f"{model}.sql").read_text("utf-8"))
    return template.render(ref=lambda name: f"core.{name}")
