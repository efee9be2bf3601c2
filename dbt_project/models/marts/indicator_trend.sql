with

observation as (
    select * from {{ ref('comparability_observation') }}
),

series_break as (
    select * from {{ ref('comparability_break') }}
),

series as (
    select * from {{ ref('indicator_series') }}
),

unit as (
    select * from {{ ref('unit') }}
),

value_in_order as (
    select
        *,
        row_number() over (partition by series_key order by period_order) as value_no
    from observation
    where has_value
),

-- A segment starts where the value may not be joined to the one before it. What has no date has no place on a line,
-- so it stands alone.
segment_start as (
    select
        following.series_key,
        following.period_key,
        following.value_no,
        case
            when previous.series_key is null then 1
            when previous.period_ends_on is null then 1
            when following.unit <> previous.unit then 1
            when following.is_without_method or previous.is_without_method then 1
            when exists (
                select 1
                from series_break
                where {{ break_lies_between('series_break', 'previous', 'following') }}
            ) then 1
            else 0
        end as starts_segment
    from value_in_order as following
    left join value_in_order as previous
        on
            following.series_key = previous.series_key
            and following.value_no = previous.value_no + 1
),

numbered_value as (
    select
        series_key,
        period_key,
        sum(starts_segment) over (partition by series_key order by value_no) as segment_no
    from segment_start
),

value_in_segment as (
    select
        *,
        count(*) over (partition by series_key, segment_no) as segment_length
    from numbered_value
),

trend as (
    select
        series.strategy_code,
        series.advantage_no,
        series.advantage_code,
        series.indicator_no,
        series.indicator_name_lv,
        series.indicator_name_en,
        series.series_key,
        series.breakdown,
        series.series_label_lv,
        series.series_label_en,
        observation.period_key,
        observation.period_label,
        observation.period_order,
        observation.is_baseline,
        observation.has_value,
        observation.value_numeric,
        observation.value_text,
        observation.unit,
        unit.name_lv as unit_name_lv,
        unit.name_en as unit_name_en,
        observation.obs_status,
        observation.methodology_key,
        cast(value_in_segment.segment_no as integer) as segment_no,
        cast(value_in_segment.segment_length as integer) as segment_length,
        observation.source_file,
        observation.report_line
    from observation
    inner join series
        on observation.series_key = series.series_key
    inner join unit
        on observation.unit = unit.unit_code
    left join value_in_segment
        on
            observation.series_key = value_in_segment.series_key
            and observation.period_key = value_in_segment.period_key
)

select * from trend
