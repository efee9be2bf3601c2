with

survey as (
    select * from {{ ref('survey') }}
),

survey_item as (
    select * from {{ ref('survey_item') }}
),

survey_question as (
    select * from {{ ref('survey_question') }}
),

tally as (
    select * from {{ ref('survey_tally') }} where superseded_on is null
),

-- What was counted says more than what is registered. That all groups were asked alike is checked on landing.
counted_item as (
    select
        strategy_code,
        survey_code,
        item_code,
        min(scale_lv) as scale_lv,
        min(scale_en) as scale_en,
        min(positive_answers_lv) as positive_answers_lv,
        min(positive_answers_en) as positive_answers_en
    from tally
    group by strategy_code, survey_code, item_code
),

described_item as (
    select
        survey.strategy_code,
        survey_item.survey_code,
        survey_item.item_code,
        coalesce(survey_question.series_item_code, survey_item.item_code) as series_item_code,
        survey_item.advantage_no,
        survey_item.label_lv,
        survey_item.label_en,
        survey.name_lv as survey_name_lv,
        survey.name_en as survey_name_en,
        survey.instrument_version,
        coalesce(survey_question.question_lv, survey.question_lv) as question_lv,
        coalesce(survey_question.question_en, survey.question_en) as question_en,
        coalesce(counted_item.scale_lv, survey.scale_lv) as scale_lv,
        coalesce(counted_item.scale_en, survey.scale_en) as scale_en,
        coalesce(counted_item.positive_answers_lv, survey.positive_answers_lv) as positive_answers_lv,
        coalesce(counted_item.positive_answers_en, survey.positive_answers_en) as positive_answers_en,
        -- Until somebody has judged it, a new version is a new wording.
        coalesce(
            survey_question.wording_version,
            nullif(concat_ws(': ', survey.instrument_version, survey.question_lv), '')
        ) as wording_class,
        survey_question.scale_version,
        survey_question.positive_version,
        survey_item.report_line
    from survey_item
    inner join survey
        on survey_item.survey_code = survey.survey_code
    left join survey_question
        on
            survey.strategy_code = survey_question.strategy_code
            and survey.instrument_code = survey_question.instrument_code
            and survey.instrument_version = survey_question.instrument_version
            and survey_item.item_code = survey_question.item_code
    left join counted_item
        on
            survey.strategy_code = counted_item.strategy_code
            and survey.record_kind = 'computed'
            and survey_item.survey_code = counted_item.survey_code
            and survey_item.item_code = counted_item.item_code
)

select * from described_item
