with

measurement as (
    select * from {{ ref('fct_measurement') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

survey_share as (
    select * from {{ ref('fct_survey_share') }}
),

survey_item as (
    select * from {{ ref('dim_survey_item') }}
),

enrolment as (
    select * from {{ ref('fct_enrolment') }}
),

counted_by as (
    select * from {{ ref('counted_by') }}
),

institution_identity as (
    select * from {{ ref('institution_identity') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

characteristic_code as (
    select * from {{ ref('characteristic') }}
),

method_of_measurement as (
    select
        measurement.series_key,
        measurement.period_key,
        methodology.population,
        methodology.denominator,
        methodology.instrument,
        methodology.instrument_version
    from measurement
    inner join methodology
        on measurement.methodology_key = methodology.methodology_key
),

wave_of_measurement as (
    select
        survey_share.series_key,
        survey_share.period_key,
        -- A person judged whether two wordings ask the same. Of scale and answers she can only say that they differ.
        survey_item.wording_class as question_stated,
        concat_ws(' / ', survey_item.scale_lv, survey_item.scale_version) as scale_stated,
        concat_ws(' / ', survey_item.positive_answers_lv, survey_item.positive_version) as positive_answers_stated,
        survey_item.question_lv || coalesce(' [' || survey_item.instrument_version || ']', '') as question_lv,
        survey_item.question_en || coalesce(' [' || survey_item.instrument_version || ']', '') as question_en,
        survey_item.scale_lv,
        survey_item.scale_en,
        survey_item.positive_answers_lv,
        survey_item.positive_answers_en
    from survey_share
    inner join survey_item
        on
            survey_share.strategy_code = survey_item.strategy_code
            and survey_share.survey_code = survey_item.survey_code
            and survey_share.item_code = survey_item.item_code
    where survey_share.is_of_record
),

-- An institution may have become another one under the same code: the one it was when it was measured counts.
identity_of_measurement as (
    select
        measurement.series_key,
        measurement.period_key,
        institution_identity.name_lv,
        institution_identity.name_en,
        row_number() over (
            partition by measurement.series_key, measurement.period_key
            order by first_period.sort_order desc
        ) as latest_no
    from measurement
    inner join institution_identity
        on
            measurement.institution_key
            = institution_identity.strategy_code || '/' || institution_identity.institution_code
    inner join period as first_period
        on
            institution_identity.first_period = first_period.period_key
            and measurement.period_order >= first_period.sort_order
),

-- A methodology is registered in one language; what is a name or a code has both.
stated as (
    {% for characteristic in ['population', 'denominator', 'instrument', 'instrument_version'] -%}
    select
        series_key,
        period_key,
        '{{ characteristic }}' as characteristic_code,
        {{ characteristic }} as stated_text,
        {{ characteristic }} as stated_text_lv,
        {{ characteristic }} as stated_text_en
    from method_of_measurement
    union all
    {% endfor -%}
    {% for characteristic, column in [
        ('question', 'question'), ('answer_scale', 'scale'), ('positive_answers', 'positive_answers'),
    ] -%}
    select
        series_key,
        period_key,
        '{{ characteristic }}' as characteristic_code,
        nullif({{ column }}_stated, '') as stated_text,
        {{ column }}_lv as stated_text_lv,
        coalesce({{ column }}_en, {{ column }}_lv) as stated_text_en
    from wave_of_measurement
    union all
    {% endfor -%}
    select
        enrolment.series_key,
        enrolment.period_key,
        'counted_by' as characteristic_code,
        enrolment.counted_by as stated_text,
        counted_by.name_lv as stated_text_lv,
        counted_by.name_en as stated_text_en
    from enrolment
    inner join counted_by
        on enrolment.counted_by = counted_by.counted_by_code
    union all
    select
        series_key,
        period_key,
        'reference_date' as characteristic_code,
        {{ day_of_year_lv('as_of_on') }} as stated_text,
        {{ day_of_year_lv('as_of_on') }} as stated_text_lv,
        {{ day_of_year_en('as_of_on') }} as stated_text_en
    from enrolment
    where source_code is not null
    union all
    select
        series_key,
        period_key,
        'territory' as characteristic_code,
        classification_code as stated_text,
        classification_code as stated_text_lv,
        classification_code as stated_text_en
    from enrolment
    where source_code is not null
    union all
    select
        series_key,
        period_key,
        'institution' as characteristic_code,
        name_lv as stated_text,
        name_lv as stated_text_lv,
        name_en as stated_text_en
    from identity_of_measurement
    where latest_no = 1
),

characteristic as (
    select
        stated.series_key || '/' || stated.period_key || '/' || stated.characteristic_code as characteristic_key,
        measurement.strategy_code,
        stated.series_key,
        stated.period_key,
        stated.characteristic_code,
        characteristic_code.rule,
        characteristic_code.name_lv,
        characteristic_code.name_en,
        stated.stated_text,
        stated.stated_text_lv,
        stated.stated_text_en
    from stated
    inner join characteristic_code
        on stated.characteristic_code = characteristic_code.characteristic_code
    inner join measurement
        on
            stated.series_key = measurement.series_key
            and stated.period_key = measurement.period_key
    -- What is not stated cannot be held against anything.
    where stated.stated_text is not null
)

select * from characteristic
