with

enrolment as (
    select * from {{ ref('fct_enrolment') }}
),

institution as (
    select * from {{ ref('dim_institution') }}
),

stage as (
    select * from {{ ref('dim_stage') }}
),

ownership as (
    select * from {{ ref('ownership') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

segment as (
    select * from {{ ref('comparability_segment') }}
),

labelled_enrolment as (
    select
        enrolment.strategy_code,
        enrolment.series_key,
        enrolment.period_key,
        period.label as period_label,
        enrolment.institution_key,
        institution.name_lv as institution_name_lv,
        institution.name_en as institution_name_en,
        institution.is_city,
        enrolment.stage_code,
        stage.name_lv as stage_name_lv,
        stage.name_en as stage_name_en,
        enrolment.ownership_code,
        ownership.name_lv as ownership_name_lv,
        ownership.name_en as ownership_name_en,
        enrolment.source_kind,
        enrolment.source_code,
        enrolment.counted_by,
        enrolment.learner_count,
        enrolment.value_text,
        enrolment.conf_status,
        enrolment.as_of_on,
        segment.segment_no,
        segment.segment_length,
        enrolment.source_file,
        enrolment.report_line
    from enrolment
    inner join stage
        on enrolment.stage_code = stage.stage_code
    inner join ownership
        on enrolment.ownership_code = ownership.ownership_code
    inner join institution
        on enrolment.institution_key = institution.institution_key
    inner join period
        on enrolment.period_key = period.period_key
    left join segment
        on
            enrolment.series_key = segment.series_key
            and enrolment.period_key = segment.period_key
)

select * from labelled_enrolment
