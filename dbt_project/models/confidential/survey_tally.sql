with

survey as (
    select
        strategy_code,
        survey_code,
        coalesce(part_of_survey_code, survey_code) as wave_code
    from {{ ref('survey') }}
),

question as (
    select
        question.*,
        survey.wave_code
    from {{ ref('stg_responses__question') }} as question
    inner join survey
        on
            question.strategy_code = survey.strategy_code
            and question.survey_code = survey.survey_code
),

answer as (
    select
        answer.*,
        survey.wave_code
    from {{ ref('stg_responses__answer') }} as answer
    inner join survey
        on
            answer.strategy_code = survey.strategy_code
            and answer.survey_code = survey.survey_code
),

-- A respondent is a row of a file, and two files number theirs alike: files are counted one by one, and added up.
respondents_of_file as (
    select
        strategy_code,
        wave_code,
        group_code,
        source_file,
        vintage,
        superseded_on,
        count(distinct respondent_no) as group_respondents
    from answer
    where answer_code is not null
    group by strategy_code, wave_code, group_code, source_file, vintage, superseded_on
),

answers_of_file as (
    select
        strategy_code,
        survey_code,
        wave_code,
        item_code,
        group_code,
        source_file,
        vintage,
        superseded_on,
        count(is_positive) as respondents,
        count(case when is_positive then 1 end) as positive_count
    from answer
    group by strategy_code, survey_code, wave_code, item_code, group_code, source_file, vintage, superseded_on
),

-- Each day on which a file of a group came or was replaced begins another state of the group's answers.
day_of_change as (
    select
        strategy_code,
        wave_code,
        group_code,
        vintage as changed_on
    from question
    union
    select
        strategy_code,
        wave_code,
        group_code,
        superseded_on as changed_on
    from question
    where superseded_on is not null
),

state as (
    select
        *,
        lead(changed_on) over (partition by strategy_code, wave_code, group_code order by changed_on) as ended_on
    from day_of_change
),

respondents_of_group as (
    select
        state.strategy_code,
        state.wave_code,
        state.group_code,
        state.changed_on,
        sum(respondents_of_file.group_respondents) as group_respondents
    from state
    inner join respondents_of_file
        on
            state.strategy_code = respondents_of_file.strategy_code
            and state.wave_code = respondents_of_file.wave_code
            and state.group_code = respondents_of_file.group_code
            and {{ holds_on('respondents_of_file', 'state.changed_on') }}
    group by state.strategy_code, state.wave_code, state.group_code, state.changed_on
),

counted_answer as (
    select
        state.strategy_code,
        answers_of_file.survey_code,
        answers_of_file.item_code,
        state.group_code,
        state.changed_on,
        sum(answers_of_file.respondents) as respondents,
        sum(answers_of_file.positive_count) as positive_count
    from state
    inner join answers_of_file
        on
            state.strategy_code = answers_of_file.strategy_code
            and state.wave_code = answers_of_file.wave_code
            and state.group_code = answers_of_file.group_code
            and {{ holds_on('answers_of_file', 'state.changed_on') }}
    group by
        state.strategy_code, answers_of_file.survey_code, answers_of_file.item_code, state.group_code, state.changed_on
),

-- A group may come in several files. Each states the size of the whole group; that they agree is checked on landing.
question_of_group as (
    select
        state.strategy_code,
        question.survey_code,
        state.wave_code,
        question.item_code,
        state.group_code,
        state.changed_on,
        state.ended_on,
        max(question.population_count) as population,
        min(question.scale_lv) as scale_lv,
        min(question.scale_en) as scale_en,
        min(question.positive_answers_lv) as positive_answers_lv,
        min(question.positive_answers_en) as positive_answers_en,
        min(question.source_file) as source_file
    from state
    inner join question
        on
            state.strategy_code = question.strategy_code
            and state.wave_code = question.wave_code
            and state.group_code = question.group_code
            and {{ holds_on('question', 'state.changed_on') }}
    group by
        state.strategy_code, question.survey_code, state.wave_code, question.item_code, state.group_code,
        state.changed_on, state.ended_on
),

tally as (
    select
        question_of_group.strategy_code,
        question_of_group.survey_code,
        question_of_group.wave_code,
        question_of_group.item_code,
        question_of_group.group_code,
        cast(coalesce(respondents_of_group.group_respondents, 0) as integer) as group_respondents,
        cast(coalesce(counted_answer.respondents, 0) as integer) as respondents,
        cast(coalesce(counted_answer.positive_count, 0) as integer) as positive_count,
        question_of_group.population,
        question_of_group.scale_lv,
        question_of_group.scale_en,
        question_of_group.positive_answers_lv,
        question_of_group.positive_answers_en,
        question_of_group.source_file,
        question_of_group.changed_on as vintage,
        question_of_group.ended_on as superseded_on
    from question_of_group
    left join respondents_of_group
        on
            question_of_group.strategy_code = respondents_of_group.strategy_code
            and question_of_group.wave_code = respondents_of_group.wave_code
            and question_of_group.group_code = respondents_of_group.group_code
            and question_of_group.changed_on = respondents_of_group.changed_on
    left join counted_answer
        on
            question_of_group.strategy_code = counted_answer.strategy_code
            and question_of_group.survey_code = counted_answer.survey_code
            and question_of_group.item_code = counted_answer.item_code
            and question_of_group.group_code = counted_answer.group_code
            and question_of_group.changed_on = counted_answer.changed_on
)

select * from tally
