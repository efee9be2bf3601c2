{{ config(materialized='view', post_hook='{{ create_as_of() }}') }}

with

observation as (
    select * from {{ ref('fct_observation') }} where not is_bridged
),

series as (
    select * from {{ ref('dim_series') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

series_break as (
    select * from {{ ref('comparability_break') }}
),

-- Only F (free) may be shown, in whatever vintage.
shown_observation as (
    select
        observation.strategy_code,
        series.advantage_no,
        series.indicator_no,
        observation.series_key,
        observation.period_key,
        observation.period_label,
        period.sort_order as period_order,
        period.ends_on as period_ends_on,
        observation.institution_key,
        observation.is_baseline,
        case when observation.conf_status = 'F' then observation.value_numeric end as value_numeric,
        case when observation.conf_status = 'F' then observation.value_text end as value_text,
        observation.unit,
        observation.obs_status,
        observation.obs_flags,
        observation.conf_status,
        observation.methodology_key,
        methodology.version_no,
        methodology.documentation = 'none' as is_without_method,
        observation.vintage as known_from,
        observation.superseded_on as known_until,
        observation.is_current,
        observation.source_file,
        observation.source_row
    from observation
    inner join series
        on observation.series_key = series.series_key
    inner join methodology
        on observation.methodology_key = methodology.methodology_key
    inner join period
        on observation.period_key = period.period_key
),

measured_value as (
    select * from shown_observation where value_numeric is not null
),

-- On each date one vintage is known: a line is drawn within it, by the breaks that are known today.
segment as (
    {{ segment_numbers(
        'measured_value',
        'series_break',
        line=['series_key', 'known_from'],
        key=['series_key', 'known_from', 'period_key'],
    ) }}
),

known_observation as (
    select
        shown_observation.strategy_code,
        shown_observation.advantage_no,
        shown_observation.indicator_no,
        shown_observation.series_key,
        shown_observation.period_key,
        shown_observation.period_label,
        shown_observation.period_order,
        shown_observation.institution_key,
        shown_observation.is_baseline,
        shown_observation.value_numeric,
        shown_observation.value_text,
        shown_observation.unit,
        shown_observation.obs_status,
        shown_observation.obs_flags,
        shown_observation.conf_status,
        shown_observation.methodology_key,
        segment.segment_no,
        shown_observation.known_from,
        shown_observation.known_until,
        shown_observation.is_current,
        shown_observation.source_file,
        shown_observation.source_row
    from shown_observation
    left join segment
        on
            shown_observation.series_key = segment.series_key
            and shown_observation.known_from = segment.known_from
            and shown_observation.period_key = segment.period_key
)

select * from known_observation
