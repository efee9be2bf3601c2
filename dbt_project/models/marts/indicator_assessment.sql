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
        target.comparator in ('at_least', 'at_most') as is_numeric,
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
        period_target.value_text as target_text,
        period_target.comparator as target_comparator,
        coalesce(period_target.is_usable, false) as is_target_usable,
        final_target.target_value as final_target_value,
        final_target.value_text as final_target_text,
        final_target.comparator as final_target_comparator,
        coalesce(final_target.is_in_result_unit, false) as is_final_target_in_result_unit,
        coalesce(final_target.is_same_method, false) as is_final_target_same_method,
        coalesce(final_target.is_usable, false) as is_final_target_usable,
        final_target.due_on as final_target_due_on,
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
            when is_target_usable and target_comparator = 'at_least' then result_value >= target_value
            when is_target_usable then result_value <= target_value
            when is_final_target_usable and final_target_comparator = 'at_least' then result_value >= final_target_value
            when is_final_target_usable then result_value <= final_target_value
            else false
        end as is_target_reached
    from result_with_targets
),

gap as (
    select
        *,
        -- A gap is there to be closed only where the baseline does not meet the final target yet.
        case
            when not is_comparable or not is_final_target_usable then null
            when final_target_comparator = 'at_least' then final_target_value > baseline_value
            else final_target_value < baseline_value
        end as has_gap,
        case
            when not is_comparable or not is_final_target_usable then null
            when final_target_comparator = 'at_least' then change < 0
            else change > 0
        end as has_moved_away
    from answer
),

gap_closure as (
    select
        *,
        case
            when has_gap then {{ without_float_noise('100.0 * change / (final_target_value - baseline_value)') }}
        end as progress_share,
        {{ without_float_noise(
            '100.0 * ' ~ dbt.datediff('baseline_ends_on', 'period_ends_on', 'day')
            ~ ' / nullif(' ~ dbt.datediff('baseline_ends_on', 'final_target_due_on', 'day') ~ ', 0)'
        ) }} as elapsed_share
    from gap
),

assessed_result as (
    select
        *,
        case
            when is_target_reached then 'target_met'
            when not is_comparable then 'not_assessable'
            when has_moved_away then 'worsening'
            -- The last target is met already, but not the target of the period.
            when not has_gap then 'off_track'
            when progress_share >= elapsed_share - {{ policy('on_track_tolerance') }} then 'on_track'
            when progress_share < elapsed_share - {{ policy('on_track_tolerance') }} then 'off_track'
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
