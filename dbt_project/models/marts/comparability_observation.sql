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

-- Only F (free) may be shown: what disclosure control holds back has no value from here on.
shown_observation as (
    select
        *,
        conf_status <> 'F' as is_suppressed,
        case when conf_status = 'F' then value_numeric end as shown_value,
        case when conf_status = 'F' then value_text end as shown_text
    from observation
),

placed_observation as (
    select
        observation.strategy_code,
        observation.series_key,
        observation.period_key,
        observation.period_label,
        observation.is_baseline,
        observation.shown_value as value_numeric,
        observation.shown_text as value_text,
        observation.unit,
        observation.obs_status,
        observation.mark_code,
        observation.methodology_key,
        methodology.version_no,
        period.sort_order as period_order,
        period.ends_on as period_ends_on,
        observation.is_suppressed,
        methodology.documentation = 'none' as is_without_method,
        observation.shown_value is not null as has_value,
        observation.is_qualitative and not observation.is_suppressed as is_qualitative,
        not observation.is_suppressed
        and methodology.documentation <> 'none'
        and observation.shown_value is null
        and not observation.is_qualitative as is_not_measured,
        observation.source_file,
        observation.report_line
    from shown_observation as observation
    inner join methodology
        on observation.methodology_key = methodology.methodology_key
    inner join period
        on observation.period_key = period.period_key
)

select * from placed_observation
