with

institution_count as (
    select * from {{ ref('fct_institution_count') }}
),

institution_type as (
    select * from {{ ref('institution_type') }}
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

labelled_count as (
    select
        institution_count.strategy_code,
        institution_count.series_key,
        institution_count.period_key,
        period.label as period_label,
        institution_count.institution_type_code,
        institution_type.name_lv as institution_type_name_lv,
        institution_type.name_en as institution_type_name_en,
        institution_count.ownership_code,
        ownership.name_lv as ownership_name_lv,
        ownership.name_en as ownership_name_en,
        institution_count.institution_count,
        institution_count.value_text,
        institution_count.as_of_on,
        segment.segment_no,
        segment.segment_length,
        institution_count.source_file,
        institution_count.report_line
    from institution_count
    inner join institution_type
        on institution_count.institution_type_code = institution_type.institution_type_code
    inner join ownership
        on institution_count.ownership_code = ownership.ownership_code
    inner join period
        on institution_count.period_key = period.period_key
    left join segment
        on
            institution_count.series_key = segment.series_key
            and institution_count.period_key = segment.period_key
)

select * from labelled_count
