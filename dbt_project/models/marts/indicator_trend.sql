with

observation as (
    select * from {{ ref('comparability_observation') }}
),

segment as (
    select * from {{ ref('comparability_segment') }}
),

series as (
    select * from {{ ref('indicator_series') }}
),

unit as (
    select * from {{ ref('unit') }}
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
        observation.is_bridged,
        observation.bridge_key,
        observation.has_value,
        observation.value_numeric,
        observation.value_text,
        observation.unit,
        unit.name_lv as unit_name_lv,
        unit.name_en as unit_name_en,
        observation.obs_status,
        observation.methodology_key,
        segment.segment_no,
        segment.segment_length,
        observation.source_file,
        observation.report_line
    from observation
    inner join series
        on observation.series_key = series.series_key
    inner join unit
        on observation.unit = unit.unit_code
    left join segment
        on observation.observation_key = segment.observation_key
)

select * from trend
