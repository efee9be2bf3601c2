select
    step.strategy_code,
    step.series_key,
    step.from_period,
    step.to_period,
    earlier.size_before as from_size,
    earlier.before_period as from_size_period,
    later.size_after as to_size,
    later.after_period as to_size_period,
    round(100 * (later.size_after - earlier.size_before) / nullif(earlier.size_before, 0), 1) as universe_change
from core.fct_step as step
inner join core.fct_universe as earlier on step.from_measurement_key = earlier.measurement_key
inner join core.fct_universe as later on step.to_measurement_key = later.measurement_key
where earlier.size_before is not null and later.size_after is not null
order by step.series_key, step.to_period
