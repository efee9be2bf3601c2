with

survey as (
    select
        strategy_code,
        survey_code,
        name_lv,
        name_en,
        period_label as period_key,
        part_of_survey_code,
        report_line
    from {{ ref('survey') }}
)

select * from survey
