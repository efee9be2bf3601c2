-- What: for every result period the scorecard counts as many series as the strategy has.
-- Why: a series whose value was not handed in, or was quarantined, must be counted as missing, not forgotten.
-- How to fix: indicator_comparison makes a row a series and result period; see which of its joins loses one.
{{ config(meta={'dagster': {'ref': {'name': 'advantage_scorecard'}}}) }}
with

expected as (
    select
        strategy_code,
        count(*) as series_count
    from {{ ref('dim_series') }}
    group by strategy_code
),

counted as (
    select
        strategy_code,
        period_key,
        sum(series_count) as series_count
    from {{ ref('advantage_scorecard') }}
    group by strategy_code, period_key
)

select
    expected.strategy_code,
    counted.period_key,
    expected.series_count as expected_count,
    counted.series_count as counted_count
from expected
left join counted
    on expected.strategy_code = counted.strategy_code
where counted.series_count is null or counted.series_count <> expected.series_count
