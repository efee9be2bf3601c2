-- What: every status of progress, reason of a refusal and status of an action has its column in advantage_scorecard.
-- Why: the scorecard names codes one by one; a new code in a seed would be counted nowhere, and nobody would see it.
-- How to fix: add the column that is listed here to advantage_scorecard, its description, and to the tests of its sums.
-- depends_on: {{ ref('advantage_scorecard') }}
{{ config(meta={'dagster': {'ref': {'name': 'advantage_scorecard'}}}) }}
with

expected_column as (
    select progress_status_code || '_count' as column_name
    from {{ ref('progress_status') }}
    union all
    select 'refused_' || refusal_reason_code || '_count' as column_name
    from {{ ref('refusal_reason') }}
    union all
    select 'action_' || action_status_code || '_count' as column_name
    from {{ ref('action_status') }}
),

scorecard_column as (
    select column_name
    from information_schema.columns
    where
        table_schema = 'marts'
        and table_name = 'advantage_scorecard'
)

select expected_column.column_name
from expected_column
left join scorecard_column
    on expected_column.column_name = scorecard_column.column_name
where scorecard_column.column_name is null
