with

observation as (
    select * from {{ ref('comparability_observation') }} where has_value
),

series_break as (
    select * from {{ ref('comparability_break') }}
),

measured_value as (
    select * from observation where not is_bridged
),

numbered_value as (
    {{ segment_numbers('measured_value', 'series_break', line=['series_key'], key=['observation_key']) }}
),

-- A bridged value goes before the first value measured by the method it was taken to, if nothing parts the two.
first_by_method as (
    select
        *,
        row_number() over (partition by methodology_key order by period_order) as method_value_no
    from measured_value
),

bridged_value as (
    select
        bridged.observation_key,
        numbered_value.segment_no
    from observation as bridged
    inner join first_by_method as measured
        on
            bridged.methodology_key = measured.methodology_key
            and measured.method_value_no = 1
    inner join numbered_value
        on measured.observation_key = numbered_value.observation_key
    where
        bridged.is_bridged
        and bridged.period_ends_on is not null
        and bridged.period_order < measured.period_order
        and bridged.unit = measured.unit
        and not exists (
            select 1
            from series_break
            where {{ break_lies_between('series_break', 'bridged', 'measured') }}
        )
),

placed_value as (
    select * from numbered_value
    union all
    select * from bridged_value
),

value_in_segment as (
    select
        observation.strategy_code,
        observation.observation_key,
        observation.series_key,
        observation.period_key,
        observation.is_bridged,
        placed_value.segment_no,
        cast(count(*) over (partition by observation.series_key, placed_value.segment_no) as integer) as segment_length
    from placed_value
    inner join observation
        on placed_value.observation_key = observation.observation_key
)

select * from value_in_segment
