with

measurement as (
    select * from {{ ref('fct_measurement') }}
),

unit as (
    select * from {{ ref('unit') }}
),

-- Only numbers have a size, and only those that may be shown can be compared.
number_in_order as (
    select
        *,
        row_number() over (partition by series_key order by period_order) as number_no
    from measurement
    where value_numeric is not null and conf_status = 'F'
),

step as (
    select
        later.strategy_code,
        later.series_key || '/' || earlier.period_key || '-' || later.period_key as step_key,
        later.domain_code,
        later.series_key,
        later.block_key,
        later.institution_key,
        later.source,
        earlier.period_key as from_period,
        later.period_key as to_period,
        earlier.period_order as from_period_order,
        later.period_order as to_period_order,
        earlier.measurement_key as from_measurement_key,
        later.measurement_key as to_measurement_key,
        earlier.value_numeric as from_value,
        later.value_numeric as to_value,
        earlier.value_text as from_value_text,
        later.value_text as to_value_text,
        greatest(earlier.decimals, later.decimals) as decimals,
        earlier.unit as from_unit,
        later.unit as to_unit,
        unit.is_count,
        earlier.methodology_key as from_methodology_key,
        later.methodology_key as to_methodology_key
    from number_in_order as later
    inner join number_in_order as earlier
        on
            later.series_key = earlier.series_key
            and later.number_no = earlier.number_no + 1
    inner join unit
        on later.unit = unit.unit_code
)

select * from step
