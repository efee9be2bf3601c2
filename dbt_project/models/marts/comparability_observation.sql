with

observation as (
    select * from {{ ref('fct_observation') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

placed_observation as (
    select
        observation.strategy_code,
        observation.series_key,
        observation.period_key,
        observation.period_label,
        observation.is_baseline,
        case when observation.conf_status = 'F' then observation.value_numeric end as value_numeric,
        case when observation.conf_status = 'F' then observation.value_text end as value_text,
        observation.unit,
        observation.obs_status,
        observation.mark_code,
        observation.methodology_key,
        observation.conf_status <> 'F' as is_suppressed,
        observation.conf_status = 'F' and observation.value_numeric is not null as has_value,
        observation.conf_status = 'F' and observation.is_qualitative as is_qualitative,
        methodology.documentation <> 'none' as has_method,
        methodology.version_no,
        period.sort_order as period_order,
        period.ends_on as period_ends_on,
        observation.source_file,
        observation.report_line
    from observation
    inner join methodology
        on observation.methodology_key = methodology.methodology_key
    inner join period
        on observation.period_key = period.period_key
)

select * from placed_observation
