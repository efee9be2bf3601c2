with

-- What was measured; values taken over a break are not the guard's business.
observation as (
    select * from {{ ref('fct_observation') }} where is_current and not is_bridged
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

-- Of a share that is printed and computed the other one is a check, not a second measurement.
survey_share as (
    select * from {{ ref('fct_survey_share') }} where is_of_record
),

survey as (
    select * from {{ ref('survey') }}
),

enrolment as (
    select * from {{ ref('fct_enrolment') }}
),

institution_count as (
    select * from {{ ref('fct_institution_count') }}
),

city as (
    select * from {{ ref('dim_institution') }} where is_city
),

period as (
    select * from {{ ref('dim_period') }}
),

indicator_measurement as (
    select
        observation.strategy_code,
        'indicator' as domain_code,
        observation.series_key,
        series.indicator_key as block_key,
        observation.institution_key,
        methodology.source,
        observation.period_key,
        observation.is_baseline,
        observation.value_numeric,
        observation.value_text,
        observation.unit,
        observation.obs_status,
        observation.conf_status,
        observation.mark_code,
        observation.is_qualitative,
        observation.methodology_key,
        methodology.version_no,
        methodology.documentation = 'none' as is_without_method,
        cast(null as integer) as respondents,
        cast(null as integer) as population_size,
        cast(null as double) as response_share,
        observation.vintage,
        observation.source_file,
        observation.source_row,
        observation.report_line
    from observation
    inner join methodology
        on observation.methodology_key = methodology.methodology_key
    inner join series
        on observation.series_key = series.series_key
),

survey_measurement as (
    select
        survey_share.strategy_code,
        'survey' as domain_code,
        survey_share.series_key,
        survey_share.strategy_code || '/survey/' || survey.instrument_code as block_key,
        city.institution_key,
        survey_share.strategy_code || '/survey' as source,
        survey_share.period_key,
        false as is_baseline,
        survey_share.positive_share as value_numeric,
        coalesce(survey_share.share_text, {{ share_as_text('survey_share.positive_share') }}) as value_text,
        'percent' as unit,
        survey_share.obs_status,
        survey_share.conf_status,
        cast(null as varchar) as mark_code,
        false as is_qualitative,
        cast(null as varchar) as methodology_key,
        cast(null as integer) as version_no,
        false as is_without_method,
        survey_share.respondents,
        survey_share.population as population_size,
        survey_share.response_share,
        cast(null as date) as vintage,
        survey_share.source_file,
        survey_share.source_row,
        survey_share.report_line
    from survey_share
    inner join city
        on survey_share.strategy_code = city.strategy_code
    inner join survey
        on
            survey_share.strategy_code = survey.strategy_code
            and survey_share.survey_code = survey.survey_code
),

enrolment_measurement as (
    select
        strategy_code,
        'enrolment' as domain_code,
        series_key,
        -- Printed and computed figures are two sources: what happens to one says nothing of the other.
        strategy_code || '/enrolment' || coalesce('/' || source_code, '') as block_key,
        institution_key,
        strategy_code || '/enrolment' || coalesce('/' || source_code, '') as source,
        period_key,
        false as is_baseline,
        cast(learner_count as double) as value_numeric,
        value_text,
        'learners' as unit,
        'A' as obs_status,
        conf_status,
        cast(null as varchar) as mark_code,
        false as is_qualitative,
        cast(null as varchar) as methodology_key,
        cast(null as integer) as version_no,
        false as is_without_method,
        cast(null as integer) as respondents,
        cast(null as integer) as population_size,
        cast(null as double) as response_share,
        vintage,
        source_file,
        source_row,
        report_line
    from enrolment
),

institution_measurement as (
    select
        institution_count.strategy_code,
        'institution' as domain_code,
        institution_count.series_key,
        institution_count.strategy_code || '/institution' as block_key,
        city.institution_key,
        institution_count.strategy_code || '/institution' as source,
        institution_count.period_key,
        false as is_baseline,
        cast(institution_count.institution_count as double) as value_numeric,
        institution_count.value_text,
        'institutions' as unit,
        'A' as obs_status,
        'F' as conf_status,
        cast(null as varchar) as mark_code,
        false as is_qualitative,
        cast(null as varchar) as methodology_key,
        cast(null as integer) as version_no,
        false as is_without_method,
        cast(null as integer) as respondents,
        cast(null as integer) as population_size,
        cast(null as double) as response_share,
        cast(null as date) as vintage,
        institution_count.source_file,
        institution_count.source_row,
        institution_count.report_line
    from institution_count
    inner join city
        on institution_count.strategy_code = city.strategy_code
),

any_measurement as (
    select * from indicator_measurement
    union all
    select * from survey_measurement
    union all
    select * from enrolment_measurement
    union all
    select * from institution_measurement
),

measurement as (
    select
        any_measurement.strategy_code,
        any_measurement.series_key || '/' || any_measurement.period_key as measurement_key,
        any_measurement.domain_code,
        any_measurement.series_key,
        any_measurement.block_key,
        any_measurement.institution_key,
        any_measurement.source,
        any_measurement.period_key,
        period.label as period_label,
        period.sort_order as period_order,
        period.ends_on as period_ends_on,
        any_measurement.is_baseline,
        any_measurement.value_numeric,
        any_measurement.value_text,
        {{ printed_decimals('any_measurement.value_text') }} as decimals,
        any_measurement.unit,
        any_measurement.obs_status,
        any_measurement.conf_status,
        any_measurement.mark_code,
        any_measurement.is_qualitative,
        any_measurement.methodology_key,
        any_measurement.version_no,
        any_measurement.is_without_method,
        any_measurement.respondents,
        any_measurement.population_size,
        any_measurement.response_share,
        any_measurement.vintage,
        any_measurement.source_file,
        any_measurement.source_row,
        any_measurement.report_line
    from any_measurement
    inner join period
        on any_measurement.period_key = period.period_key
)

select * from measurement
