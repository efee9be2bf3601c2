with

survey as (
    select * from {{ ref('survey') }}
),

survey_item as (
    select * from {{ ref('survey_item') }}
),

described_item as (
    select
        survey.strategy_code,
        survey_item.survey_code,
        survey_item.item_code,
        survey_item.advantage_no,
        survey_item.label_lv,
        survey_item.label_en,
        survey.name_lv as survey_name_lv,
        survey.name_en as survey_name_en,
        survey.question_lv,
        survey.question_en,
        survey.scale_lv,
        survey.scale_en,
        survey.positive_answers_lv,
        survey.positive_answers_en,
        survey_item.report_line
    from survey_item
    inner join survey
        on survey_item.survey_code = survey.survey_code
)

select * from described_item
