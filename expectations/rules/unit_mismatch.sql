with printed_number as (
    select
        strategy_code,
        series_key,
        period_key as period,
        unit,
        case when is_baseline then 'baseline' else 'result' end as printed_role,
        value_text,
        report_line
    from core.fct_measurement
    where value_numeric is not null and conf_status = 'F'
),

-- Two series that measure one thing differ in nothing but the measure: a share of the teachers and their number.
other_measure as (
    select
        one.series_key,
        other.series_key as other_series_key
    from core.dim_series as one
    inner join core.dim_series as other
        on one.indicator_key = other.indicator_key and one.measure_code <> other.measure_code
    where
        row(
            one.institution_key, one.level_code, one.stakeholder_code, one.aspect_code, one.field_code,
            one.course_code, one.rating_code, one.answer_code, one.territory_code
        ) is not distinct from row(
            other.institution_key, other.level_code, other.stakeholder_code, other.aspect_code, other.field_code,
            other.course_code, other.rating_code, other.answer_code, other.territory_code
        )
),

-- Where a series has no number but the other measure has one, what was a share is printed as a count.
number_in_other_measure as (
    select
        other_number.strategy_code,
        other_measure.series_key,
        other_number.period,
        other_number.unit,
        other_number.printed_role,
        other_number.value_text,
        other_number.report_line
    from other_measure
    inner join printed_number as other_number on other_measure.other_series_key = other_number.series_key
    where
        other_measure.series_key in (select printed_number.series_key from printed_number)
        and not exists (
            select 1
            from printed_number as own_number
            where own_number.series_key = other_measure.series_key and own_number.period = other_number.period
        )
),

printed_value as (
    select * from printed_number
    union all
    select * from number_in_other_measure
    union all
    select
        strategy_code,
        series_key,
        cast(target_year as varchar) as period,
        unit,
        'target' as printed_role,
        value_text,
        report_line
    from core.fct_target
    where unit is not null and unit <> 'percent_of_baseline'
)

select
    printed_value.strategy_code,
    printed_value.series_key,
    cast(null as varchar) as from_period,
    printed_value.period as to_period,
    printed_value.printed_role,
    printed_value.unit as printed_unit,
    series.unit as series_unit,
    printed_value.value_text,
    printed_value.report_line
from printed_value
inner join core.dim_series as series on printed_value.series_key = series.series_key
-- What is printed for one period is one question: whichever is in another unit asks it, the result first.
qualify
    row_number() over (
        partition by printed_value.series_key, printed_value.period
        order by printed_value.unit <> series.unit desc nulls last, printed_value.printed_role asc
    ) = 1
order by printed_value.series_key, printed_value.printed_role, printed_value.period
