-- What: in each row the counts by reason add up to the results refused, and the counts by status to the actions.
-- Why: a refusal or an action that is counted in the total only is hidden: nobody learns that it is missing.
-- How to fix: see which code no column of advantage_scorecard counts, and add its column there and here.
{{ config(meta={'dagster': {'ref': {'name': 'advantage_scorecard'}}}) }}
with

scorecard as (
    select * from {{ ref('advantage_scorecard') }}
),

refused as (
    select
        strategy_code,
        advantage_no,
        period_key,
        count(*) as refused_count
    from {{ ref('indicator_progress') }}
    where refusal_reason is not null
    group by strategy_code, advantage_no, period_key
),

counted as (
    select
        scorecard.strategy_code,
        scorecard.advantage_no,
        scorecard.period_key,
        coalesce(refused.refused_count, 0) as refused_count,
        scorecard.refused_suppressed_count + scorecard.refused_not_measured_count
        + scorecard.refused_no_methodology_count + scorecard.refused_qualitative_count
        + scorecard.refused_baseline_missing_count + scorecard.refused_unit_mismatch_count
        + scorecard.refused_break_declared_count + scorecard.refused_break_suspected_count
        + scorecard.refused_target_missing_count + scorecard.refused_target_other_method_count
            as refused_by_reason_count,
        scorecard.action_count,
        scorecard.action_done_count + scorecard.action_in_progress_count + scorecard.action_partly_done_count
        + scorecard.action_postponed_count + scorecard.action_not_done_count as action_by_status_count
    from scorecard
    left join refused
        on
            scorecard.strategy_code = refused.strategy_code
            and scorecard.advantage_no = refused.advantage_no
            and scorecard.period_key = refused.period_key
)

select *
from counted
where refused_count <> refused_by_reason_count or action_count is distinct from action_by_status_count
