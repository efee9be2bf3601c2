with

measurement as (
    select * from {{ ref('fct_measurement') }}
),

observation as (
    select * from {{ ref('fct_observation') }} where is_current
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

measured_observation as (
    select
        measurement_key as observation_key,
        strategy_code,
        domain_code,
        series_key,
        period_key,
        period_label,
        is_baseline,
        value_numeric,
        value_text,
        unit,
        obs_status,
        conf_status,
        mark_code,
        is_qualitative,
        methodology_key,
        version_no,
        is_without_method,
        period_order,
        period_ends_on,
        source_file,
        report_line,
        false as is_bridged,
        cast(null as varchar) as bridge_key
    from measurement
),

-- A value that the authority has taken over a break stands beside the measured one, under the later version.
bridged_observation as (
    select
        observation.observation_key,
        measurement.strategy_code,
        measurement.domain_code,
        measurement.series_key,
        measurement.period_key,
        measurement.period_label,
        measurement.is_baseline,
        observation.value_numeric,
        observation.value_text,
        observation.unit,
        observation.obs_status,
        measurement.conf_status,
        measurement.mark_code,
        measurement.is_qualitative,
        observation.methodology_key,
        methodology.version_no,
        measurement.is_without_method,
        measurement.period_order,
        measurement.period_ends_on,
        measurement.source_file,
        measurement.report_line,
        observation.is_bridged,
        observation.bridge_key
    from observation
    inner join measurement
        on
            observation.series_key = measurement.series_key
            and observation.period_key = measurement.period_key
            and observation.vintage = measurement.vintage
    inner join methodology
        on observation.methodology_key = methodology.methodology_key
    where observation.is_bridged
),

any_observation as (
    select * from measured_observation
    union all
    select * from bridged_observation
),

-- Only F (free) may be shown: what disclosure control holds back has no value from here on.
shown_observation as (
    select
        *,
        conf_status <> 'F' as is_suppressed,
        case when conf_status = 'F' then value_numeric end as shown_value,
        case when conf_status = 'F' then value_text end as shown_text
    from any_observation
),

placed_observation as (
    select
        strategy_code,
        observation_key,
        domain_code,
        series_key,
        period_key,
        period_label,
        is_baseline,
        is_bridged,
        bridge_key,
        shown_value as value_numeric,
        shown_text as value_text,
        unit,
        obs_status,
        mark_code,
        methodology_key,
        version_no,
        period_order,
        period_ends_on,
        is_suppressed,
        is_without_method,
        shown_value is not null as has_value,
        is_qualitative and not is_suppressed as is_qualitative,
        not is_suppressed
        and not is_without_method
        and shown_value is null
        and not is_qualitative as is_not_measured,
        source_file,
        report_line
    from shown_observation
)

select * from placed_observation
