with

assessment as (
    select * from {{ ref('indicator_assessment') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

cagr_assessment as (
    select * from {{ ref('cagr_assessment') }}
),

-- A rate of growth needs two comparable values above zero, the later one dated after the earlier.
dated_pair as (
    select
        assessment.*,
        coalesce(
            assessment.is_comparable
            and assessment.baseline_value > 0
            and assessment.result_value > 0
            and assessment.elapsed_days > 0,
            false
        ) as has_growth,
        coalesce(
            assessment.final_target_comparator in ('at_least', 'at_most', 'between'), false
        ) as has_quantified_target,
        case
            when assessment.direction in ('up', 'down') then assessment.direction
            else series.desired_direction
        end as growth_direction,
        {{ policy('days_per_year') }} as days_per_year
    from assessment
    inner join series
        on assessment.series_key = series.series_key
),

growth as (
    select
        *,
        case
            when has_growth
                then {{ cagr('baseline_value', 'result_value', 'elapsed_days', 'days_per_year') }}
        end as cagr_measure,
        -- A baseline that meets the target already requires no growth to hold the actual one against.
        case
            when has_growth and goal_value > 0 and gap <> 0 and total_days > 0
                then {{ cagr('baseline_value', 'goal_value', 'total_days', 'days_per_year') }}
        end as cagr_required
    from dated_pair
),

judged_growth as (
    select
        *,
        {{ without_float_noise('100.0 * cagr_measure / nullif(cagr_required, 0)') }} as cagr_ratio_share,
        case growth_direction
            when 'up' then cagr_measure
            when 'down' then -cagr_measure
        end as desired_growth
    from growth
),

-- A quantified target that cannot be used is not the same as none: then nothing is said. Nor is it of growth that has
-- passed through a range: the measure knows only more than required, not too much.
cagr as (
    select
        judged_growth.strategy_code,
        judged_growth.series_key,
        judged_growth.period_key,
        judged_growth.has_quantified_target,
        judged_growth.cagr_measure,
        judged_growth.cagr_required,
        judged_growth.cagr_ratio_share,
        cagr_assessment.cagr_assessment_code
    from judged_growth
    left join cagr_assessment
        on
            case
                when judged_growth.has_quantified_target
                    then
                        not judged_growth.has_passed_range
                        and {{ lies_in_class(
                            'judged_growth.cagr_ratio_share',
                            'cagr_assessment.ratio_from_share',
                            'cagr_assessment.ratio_below_share'
                        ) }}
                else {{ lies_in_class(
                    'judged_growth.desired_growth',
                    'cagr_assessment.growth_from',
                    'cagr_assessment.growth_below'
                ) }}
            end
)

select * from cagr
