with

measurement as (
    select * from {{ ref('fct_measurement') }}
),

series_universe as (
    select * from {{ ref('series_universe') }}
),

-- The whole may be counted in parts: schools are primary schools, basic schools and so on.
universe as (
    select
        series_universe.series_key,
        measurement.period_key,
        measurement.period_order,
        sum(measurement.value_numeric) as universe_size
    from series_universe
    inner join measurement
        on series_universe.universe_series_key = measurement.series_key
    where measurement.value_numeric is not null
    group by series_universe.series_key, measurement.period_key, measurement.period_order
),

-- The whole is rarely counted in the same period: the nearest counts before and after say what it can have been.
nearest_universe as (
    select
        measurement.measurement_key,
        max(universe.period_order) filter (where universe.period_order <= measurement.period_order) as before_order,
        min(universe.period_order) filter (where universe.period_order >= measurement.period_order) as after_order
    from measurement
    inner join universe
        on measurement.series_key = universe.series_key
    group by measurement.measurement_key
),

sized_measurement as (
    select
        measurement.strategy_code,
        measurement.measurement_key,
        measurement.series_key,
        measurement.period_key,
        before_it.period_key as before_period,
        before_it.universe_size as size_before,
        after_it.period_key as after_period,
        after_it.universe_size as size_after,
        greatest(
            coalesce(before_it.universe_size, after_it.universe_size),
            coalesce(after_it.universe_size, before_it.universe_size)
        ) as largest_size
    from measurement
    inner join nearest_universe
        on measurement.measurement_key = nearest_universe.measurement_key
    left join universe as before_it
        on
            measurement.series_key = before_it.series_key
            and nearest_universe.before_order = before_it.period_order
    left join universe as after_it
        on
            measurement.series_key = after_it.series_key
            and nearest_universe.after_order = after_it.period_order
)

select * from sized_measurement
