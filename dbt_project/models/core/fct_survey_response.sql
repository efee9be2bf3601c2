with

respondent_group as (
    select * from {{ ref('stg_surveys__respondent_group') }}
),

survey as (
    select * from {{ ref('survey') }}
),

response as (
    select
        respondent_group.strategy_code,
        respondent_group.survey_code,
        respondent_group.group_code,
        survey.period_label as period_key,
        cast(respondent_group.respondents_numeric as integer) as respondents,
        respondent_group.respondents_printed as respondents_text,
        respondent_group.response_share_numeric as response_share,
        respondent_group.response_share_printed as response_share_text,
        respondent_group.response_share_kind = 'approximate' as is_approximate,
        respondent_group.source_file,
        respondent_group.source_row,
        respondent_group.report_line
    from respondent_group
    inner join survey
        on
            respondent_group.strategy_code = survey.strategy_code
            and respondent_group.survey_code = survey.survey_code
)

select * from response
