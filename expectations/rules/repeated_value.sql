with telling_number as (
    select *
    from core.fct_measurement
    where
        value_numeric is not null
        and conf_status = 'F'
        and abs(value_numeric) * power(10, coalesce(decimals, 0)) >= power(10, $min_digits - 1)
),

other_number as (
    select
        later.measurement_key,
        earlier.period_key as other_period,
        false as is_target,
        earlier.value_numeric = later.value_numeric as is_repeated
    from telling_number as later
    inner join telling_number as earlier
        on later.series_key = earlier.series_key and later.period_order > earlier.period_order
    union all
    select
        result.measurement_key,
        cast(target.target_year as varchar) as other_period,
        true as is_target,
        target.resolved_value = result.value_numeric as is_repeated
    from telling_number as result
    inner join core.dim_period as period on result.period_key = period.period_key
    inner join core.fct_target as target
        on
            result.series_key = target.series_key
            and target.target_year between year(period.starts_on) and year(period.ends_on)
    where target.resolved_value is not null and not result.is_baseline
),

counted as (
    select
        telling_number.*,
        other_number.other_period,
        other_number.is_target,
        other_number.is_repeated,
        count(*) filter (where other_number.is_repeated) over block as repeated_count,
        count(*) over block as pair_count
    from other_number
    inner join telling_number on other_number.measurement_key = telling_number.measurement_key
    window block as (
        partition by
            telling_number.block_key, telling_number.period_key, other_number.other_period, other_number.is_target
    )
),

copied as (
    select
        *,
        case when repeated_count >= $min_share * pair_count then repeated_count else 0 end as copied_count,
        case when is_target then 'mērķi ' || other_period else other_period end as other_lv,
        case when is_target then 'the target of ' || other_period else other_period end as other_en
    from counted
    where is_repeated
)

-- A step between two copied values is one question: the larger block asks it, and of two alike the later value.
select
    copied.strategy_code,
    copied.series_key,
    step.from_period,
    coalesce(step.to_period, copied.period_key) as to_period,
    copied.period_key,
    copied.value_text,
    copied.report_line,
    copied.copied_count,
    copied.pair_count,
    copied.other_period,
    copied.other_lv,
    copied.other_en
from copied
left join core.fct_step as step
    on copied.measurement_key in (step.from_measurement_key, step.to_measurement_key)
qualify
    row_number() over (
        partition by copied.series_key, step.from_period, coalesce(step.to_period, copied.period_key)
        order by copied.copied_count desc, copied.period_order desc, copied.is_target asc, copied.other_period desc
    ) = 1
order by copied.series_key, to_period
