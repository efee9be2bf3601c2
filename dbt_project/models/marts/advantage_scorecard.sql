with

advantage as (
    select * from {{ ref('dim_advantage') }}
),

progress as (
    select * from {{ ref('indicator_progress') }}
),

action as (
    select * from {{ ref('action_progress') }}
),

survey as (
    select * from {{ ref('survey_result') }}
),

flag as (
    select * from {{ ref('comparability_flag') }}
),

result_period as (
    select distinct
        strategy_code,
        period_key,
        period_label
    from progress
),

-- An advantage without any series still has its row.
series_by_advantage as (
    select
        advantage.strategy_code,
        advantage.advantage_no,
        advantage.advantage_code,
        advantage.name_lv as advantage_name_lv,
        advantage.name_en as advantage_name_en,
        result_period.period_key,
        result_period.period_label,
        count(distinct progress.indicator_no) as indicator_count,
        count(distinct progress.indicator_no) filter (where progress.has_data) as indicator_with_data_count,
        count(progress.series_key) as series_count,
        count(*) filter (where progress.has_data) as series_with_data_count,
        count(*) filter (where progress.is_comparable) as comparable_count,
        count(*) filter (where progress.progress_status = 'target_met') as target_met_count,
        count(*) filter (where progress.progress_status = 'on_track') as on_track_count,
        count(*) filter (where progress.progress_status = 'off_track') as off_track_count,
        count(*) filter (where progress.progress_status = 'worsening') as worsening_count,
        count(*) filter (where progress.progress_status = 'direction_met') as direction_met_count,
        count(*) filter (where progress.progress_status = 'direction_not_met') as direction_not_met_count,
        count(*) filter (where progress.progress_status = 'not_assessable') as not_assessable_count,
        count(*) filter (where progress.is_improving) as improving_count,
        count(*) filter (where progress.refusal_reason = 'suppressed') as refused_suppressed_count,
        count(*) filter (where progress.refusal_reason = 'not_measured') as refused_not_measured_count,
        count(*) filter (where progress.refusal_reason = 'no_methodology') as refused_no_methodology_count,
        count(*) filter (where progress.refusal_reason = 'qualitative') as refused_qualitative_count,
        count(*) filter (where progress.refusal_reason = 'baseline_missing') as refused_baseline_missing_count,
        count(*) filter (where progress.refusal_reason = 'unit_mismatch') as refused_unit_mismatch_count,
        count(*) filter (where progress.refusal_reason = 'break_declared') as refused_break_declared_count,
        count(*) filter (where progress.refusal_reason = 'break_suspected') as refused_break_suspected_count,
        count(*) filter (where progress.refusal_reason = 'target_missing') as refused_target_missing_count,
        count(*) filter (where progress.refusal_reason = 'target_other_method') as refused_target_other_method_count
    from advantage
    inner join result_period
        on advantage.strategy_code = result_period.strategy_code
    left join progress
        on
            advantage.strategy_code = progress.strategy_code
            and advantage.advantage_no = progress.advantage_no
            and result_period.period_key = progress.period_key
    group by
        advantage.strategy_code,
        advantage.advantage_no,
        advantage.advantage_code,
        advantage.name_lv,
        advantage.name_en,
        result_period.period_key,
        result_period.period_label
),

action_by_advantage as (
    select
        strategy_code,
        advantage_no,
        period_key,
        count(*) as action_count,
        count(*) filter (where status_code = 'done') as action_done_count,
        count(*) filter (where status_code = 'in_progress') as action_in_progress_count,
        count(*) filter (where status_code = 'partly_done') as action_partly_done_count,
        count(*) filter (where status_code = 'postponed') as action_postponed_count,
        count(*) filter (where status_code = 'not_done') as action_not_done_count
    from action
    group by strategy_code, advantage_no, period_key
),

question_by_advantage as (
    select
        strategy_code,
        advantage_no,
        to_period as period_key,
        count(*) as open_suspicion_count
    from flag
    where kind = 'suspected'
    group by strategy_code, advantage_no, to_period
),

-- Needs are the survey items that belong to an advantage; the others find no advantage to join.
need_by_advantage as (
    select
        strategy_code,
        advantage_no,
        period_key,
        {{ without_float_noise('avg(positive_share)') }} as need_share
    from survey
    group by strategy_code, advantage_no, period_key
),

-- Actions and needs are reported for some periods only: elsewhere they are unknown, not zero.
scorecard as (
    select
        series_by_advantage.*,
        action_by_advantage.action_count,
        action_by_advantage.action_done_count,
        action_by_advantage.action_in_progress_count,
        action_by_advantage.action_partly_done_count,
        action_by_advantage.action_postponed_count,
        action_by_advantage.action_not_done_count,
        need_by_advantage.need_share,
        coalesce(question_by_advantage.open_suspicion_count, 0) as open_suspicion_count
    from series_by_advantage
    left join action_by_advantage
        on
            series_by_advantage.strategy_code = action_by_advantage.strategy_code
            and series_by_advantage.advantage_no = action_by_advantage.advantage_no
            and series_by_advantage.period_key = action_by_advantage.period_key
    left join question_by_advantage
        on
            series_by_advantage.strategy_code = question_by_advantage.strategy_code
            and series_by_advantage.advantage_no = question_by_advantage.advantage_no
            and series_by_advantage.period_key = question_by_advantage.period_key
    left join need_by_advantage
        on
            series_by_advantage.strategy_code = need_by_advantage.strategy_code
            and series_by_advantage.advantage_no = need_by_advantage.advantage_no
            and series_by_advantage.period_key = need_by_advantage.period_key
)

select * from scorecard
