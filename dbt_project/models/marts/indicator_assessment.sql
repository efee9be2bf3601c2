with

comparison as (
    select * from {{ ref('indicator_comparison') }}
),

target as (
    select * from {{ ref('indicator_target') }}
),

series_break as (
    select * from {{ ref('comparability_break') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

-- A number is held against a target only if both are in one unit and the target was set under the result's method.
-- A confirmed break that has no version yet parts them too: targets were set when the baseline was, before any result.
target_of_result as (
    select
        target.*,
        target.comparator in ('at_least', 'at_most', 'between') as is_numeric,
        coalesce(target.unit = comparison.unit, false) as is_in_result_unit,
        not exists (
            select 1
            from series_break
            where
                series_break.series_key = target.series_key
                and series_break.refusal_reason = 'break_declared'
                and (
                    ({{ lies_between('series_break.to_version_no', 'target.version_no', 'comparison.version_no') }})
                    or ({{ lies_between(
                        'series_break.to_period_order',
                        'coalesce(comparison.baseline_period_order, 0)',
                        'comparison.period_order'
                    ) }})
                )
        ) as is_same_method,
        period.ends_on as due_on
    from comparison
    inner join target
        on
            comparison.series_key = target.series_key
            and comparison.period_key = target.period_key
    inner join period
        on target.due_period_key = period.period_key
),

usable_target as (
    select
        *,
        is_numeric and is_in_result_unit and is_same_method as is_usable
    from target_of_result
),

result_with_targets as (
    select
        comparison.*,
        period_target.target_value,
        period_target.target_upper_value,
        period_target.value_text as target_text,
        period_target.comparator as target_comparator,
        period_target.printed_unit as target_unit,
        period_target.methodology_key as target_methodology_key,
        period_target.due_on as target_due_on,
        period_target.report_line as target_report_line,
        coalesce(period_target.is_usable, false) as is_target_usable,
        final_target.target_value as final_target_value,
        final_target.target_upper_value as final_target_upper_value,
        final_target.value_text as final_target_text,
        final_target.comparator as final_target_comparator,
        final_target.printed_unit as final_target_unit,
        final_target.methodology_key as final_target_methodology_key,
        final_target.due_on as final_target_due_on,
        final_target.report_line as final_target_report_line,
        coalesce(final_target.is_in_result_unit, false) as is_final_target_in_result_unit,
        coalesce(final_target.is_same_method, false) as is_final_target_same_method,
        coalesce(final_target.is_usable, false) as is_final_target_usable,
        case
            when period_target.comparator in ('up', 'down', 'exists') then period_target.comparator
            else final_target.comparator
        end as direction
    from comparison
    left join usable_target as period_target
        on
            comparison.series_key = period_target.series_key
            and comparison.period_key = period_target.period_key
            and period_target.target_role = 'period'
    left join usable_target as final_target
        on
            comparison.series_key = final_target.series_key
            and comparison.period_key = final_target.period_key
            and final_target.target_role = 'final'
),

-- A result answers the target of its own period; where that one cannot be used, the final one.
answer as (
    select
        *,
        case
            when direction = 'exists' and mark_code = 'exists' then true
            when not has_value or is_without_method then false
            when is_target_usable
                then {{ meets_target('result_value', 'target_comparator', 'target_value', 'target_upper_value') }}
            when is_final_target_usable
                then {{ meets_target(
                    'result_value', 'final_target_comparator', 'final_target_value', 'final_target_upper_value'
                ) }}
            else false
        end as is_target_reached
    from result_with_targets
),

-- The level where the gap closes: the last target, of a range the bound that is nearer to the baseline.
goal as (
    select
        *,
        case
            when not is_comparable or not is_final_target_usable then null
            when final_target_comparator = 'between' and baseline_value > final_target_upper_value
                then final_target_upper_value
            else final_target_value
        end as goal_value
    from answer
),

gap as (
    select
        *,
        -- There is nothing to close where the baseline meets the last target already.
        case
            when goal_value is null then null
            when {{ meets_target(
                'baseline_value', 'final_target_comparator', 'final_target_value', 'final_target_upper_value'
            ) }} then 0
            else {{ without_float_noise('goal_value - baseline_value') }}
        end as gap,
        case
            when goal_value is null then null
            when final_target_comparator = 'at_least' then change < 0
            when final_target_comparator = 'at_most' then change > 0
            else {{ distance_to_target(
                'result_value', 'final_target_comparator', 'final_target_value', 'final_target_upper_value'
            ) }} > {{ distance_to_target(
                'baseline_value', 'final_target_comparator', 'final_target_value', 'final_target_upper_value'
            ) }}
        end as has_moved_away,
        -- Only a range can be passed: its other side is as wrong as the side of the baseline.
        case
            when goal_value is null then null
            when final_target_comparator <> 'between' then false
            when baseline_value < final_target_value then result_value > final_target_upper_value
            when baseline_value > final_target_upper_value then result_value < final_target_value
            else false
        end as has_passed_range
    from goal
),

elapsed_time as (
    select
        *,
        cast({{ dbt.datediff('baseline_ends_on', 'period_ends_on', 'day') }} as integer) as elapsed_days,
        cast({{ dbt.datediff('baseline_ends_on', 'final_target_due_on', 'day') }} as integer) as total_days,
        {{ policy('on_track_tolerance') }} as on_track_tolerance
    from gap
),

gap_closure as (
    select
        *,
        gap <> 0 as has_gap,
        {{ without_float_noise('100.0 * change / nullif(gap, 0)') }} as progress_share,
        case
            when total_days > 0 then {{ without_float_noise('100.0 * elapsed_days / total_days') }}
        end as elapsed_share
    from elapsed_time
),

assessed_result as (
    select
        *,
        case
            when is_target_reached then 'target_met'
            when not is_comparable then 'not_assessable'
            when has_moved_away then 'worsening'
            when has_passed_range then 'off_track'
            -- The last target is met already, but not the target of the period.
            when gap = 0 then 'off_track'
            when progress_share >= elapsed_share - on_track_tolerance then 'on_track'
            when progress_share < elapsed_share - on_track_tolerance then 'off_track'
            when direction = 'up' and change > 0 then 'direction_met'
            when direction = 'down' and change < 0 then 'direction_met'
            when direction in ('up', 'down') then 'direction_not_met'
            else 'not_assessable'
        end as progress_status
    from gap_closure
),

assessment as (
    select
        *,
        progress_status = 'not_assessable' and progress_share is not null and elapsed_share is null as is_undated
    from assessed_result
)

select * from assessment
