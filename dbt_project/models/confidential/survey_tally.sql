with

answer as (
    select * from {{ ref('stg_responses__answer') }} where superseded_on is null
),

question as (
    select * from {{ ref('stg_responses__question') }} where superseded_on is null
),

survey as (
    select * from {{ ref('survey') }}
),

-- A respondent is a row of a file: two files number theirs alike.
respondent as (
    select distinct
        answer.strategy_code,
        coalesce(survey.part_of_survey_code, survey.survey_code) as wave_code,
        answer.group_code,
        answer.source_file,
        answer.respondent_no
    from answer
    inner join survey
        on
            answer.strategy_code = survey.strategy_code
            and answer.survey_code = survey.survey_code
    where answer.answer_code is not null
),

respondents_of_group as (
    select
        strategy_code,
        wave_code,
        group_code,
        cast(count(*) as integer) as group_respondents
    from respondent
    group by strategy_code, wave_code, group_code
),

counted_answer as (
    select
        strategy_code,
        survey_code,
        item_code,
        group_code,
        cast(count(is_positive) as integer) as respondents,
        cast(count(case when is_positive then 1 end) as integer) as positive_count
    from answer
    group by strategy_code, survey_code, item_code, group_code
),

-- A group may come in several files. Each states the size of the whole group; that they agree is checked on landing.
question_of_group as (
    select
        strategy_code,
        survey_code,
        item_code,
        group_code,
        max(population_count) as population,
        min(scale_lv) as scale_lv,
        min(scale_en) as scale_en,
        min(positive_answers_lv) as positive_answers_lv,
        min(positive_answers_en) as positive_answers_en,
        min(source_file) as source_file,
        max(vintage) as vintage
    from question
    group by strategy_code, survey_code, item_code, group_code
),

tally as (
    select
        question_of_group.strategy_code,
        question_of_group.survey_code,
        coalesce(survey.part_of_survey_code, survey.survey_code) as wave_code,
        question_of_group.item_code,
        question_of_group.group_code,
        coalesce(respondents_of_group.group_respondents, 0) as group_respondents,
        coalesce(counted_answer.respondents, 0) as respondents,
        coalesce(counted_answer.positive_count, 0) as positive_count,
        question_of_group.population,
        question_of_group.scale_lv,
        question_of_group.scale_en,
        question_of_group.positive_answers_lv,
        question_of_group.positive_answers_en,
        question_of_group.source_file,
        question_of_group.vintage
    from question_of_group
    inner join survey
        on
            question_of_group.strategy_code = survey.strategy_code
            and question_of_group.survey_code = survey.survey_code
    left join respondents_of_group
        on
            question_of_group.strategy_code = respondents_of_group.strategy_code
            and coalesce(survey.part_of_survey_code, survey.survey_code) = respondents_of_group.wave_code
            and question_of_group.group_code = respondents_of_group.group_code
    left join counted_answer
        on
            question_of_group.strategy_code = counted_answer.strategy_code
            and question_of_group.survey_code = counted_answer.survey_code
            and question_of_group.item_code = counted_answer.item_code
            and question_of_group.group_code = counted_answer.group_code
)

select * from tally
