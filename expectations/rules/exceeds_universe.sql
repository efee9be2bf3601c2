select
    measurement.strategy_code,
    measurement.series_key,
    step.from_period,
    coalesce(step.to_period, measurement.period_key) as to_period,
    measurement.period_key,
    measurement.value_numeric,
    universe.size_before,
    universe.before_period,
    universe.size_after,
    universe.after_period,
    universe.largest_size,
    measurement.report_line
from core.fct_universe as universe
inner join core.fct_measurement as measurement on universe.measurement_key = measurement.measurement_key
left join core.fct_step as step
    on measurement.measurement_key in (step.from_measurement_key, step.to_measurement_key)
where measurement.value_numeric is not null and measurement.conf_status = 'F'
-- A step between two counts that both exceed is one question: the larger excess asks it.
qualify
    row_number() over (
        partition by measurement.series_key, step.from_period, coalesce(step.to_period, measurement.period_key)
        order by measurement.value_numeric - universe.largest_size desc nulls last, measurement.period_order desc
    ) = 1
order by measurement.series_key, to_period
