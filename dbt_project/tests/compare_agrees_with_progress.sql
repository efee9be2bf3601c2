-- What: marts.compare gives for baseline and result what indicator_progress shows, and always exactly one row.
-- Why: analysts who call the macro and readers of the report must get the same difference or the same refusal.
-- How to fix: both ask macros/comparability.sql; bring the conditions in macros/compare.sql back in line.
-- depends_on: {{ ref('comparability_reason') }}
{{ config(meta={'dagster': {'ref': {'name': 'indicator_progress'}}}) }}
with

progress as (
    select
        *,
        coalesce(baseline_period_label, 'unknown') as baseline_period_key
    from {{ ref('indicator_progress') }}
),

compared as (
    select
        progress.series_key,
        progress.period_key,
        count(*) as row_count,
        bool_and(comparison.is_comparable) as is_comparable,
        max(comparison.difference) as difference
    from progress
    cross join
        lateral (
            select *
            from marts.compare(progress.series_key, progress.baseline_period_key, progress.period_key)
        ) as comparison
    group by progress.series_key, progress.period_key
)

select
    progress.series_key,
    progress.period_key,
    progress.change,
    compared.difference
from progress
left join compared
    on
        progress.series_key = compared.series_key
        and progress.period_key = compared.period_key
where
    compared.row_count is distinct from 1
    or compared.is_comparable is distinct from progress.is_comparable
    or compared.difference is distinct from progress.change
