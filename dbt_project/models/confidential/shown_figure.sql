{#- What the publication shows of the cells, read from the published tables themselves: each of them that shows counts
    of disclosure_cell, or what is computed from them, is one more `union all` here. -#}
with

no_figure as (
    select
        cast(null as varchar) as relation,
        cast(null as varchar) as figure_key,
        cast(null as varchar) as cell_key,
        cast(null as date) as vintage,
        cast(null as double) as coefficient,
        cast(null as double) as figure
    where false
),

programme_enrolment as (
    select
        'core.fct_programme_enrolment' as relation,
        programme_enrolment_key as figure_key,
        programme_enrolment_key as cell_key,
        vintage,
        1.0 as coefficient,
        cast(learner_count as double) as figure
    from {{ ref('fct_programme_enrolment') }}
    where learner_count is not null
),

enrolment as (
    select
        'core.fct_enrolment' as relation,
        series_key || '/' || period_key as figure_key,
        cell_key,
        vintage,
        1.0 as coefficient,
        cast(learner_count as double) as figure
    from {{ ref('fct_enrolment') }}
    where cell_key is not null and learner_count is not null
),

tally as (
    select * from {{ ref('survey_tally') }} where superseded_on is null
),

survey_figure as (
    select
        'core.fct_survey_share' as relation,
        share.series_key || '/' || share.period_key as figure_key,
        {{ survey_cell_key(
            'tally.strategy_code', 'tally.survey_code', 'tally.group_code', 'tally.vintage', 'tally.item_code'
        ) }} as cell_key,
        tally.vintage,
        cast(1 as double) as coefficient,
        cast(share.respondents as double) as figure
    from {{ ref('fct_survey_share') }} as share
    inner join tally
        on
            share.strategy_code = tally.strategy_code
            and share.survey_code = tally.survey_code
            and share.item_code = tally.item_code
            and share.group_code = tally.group_code
    where share.source_kind = 'computed' and share.respondents is not null
),

response_figure as (
    select
        'core.fct_survey_response' as relation,
        response.strategy_code || '/' || response.survey_code || '/' || response.group_code as figure_key,
        {{ survey_cell_key('tally.strategy_code', 'tally.wave_code', 'tally.group_code', 'tally.vintage') }}
            as cell_key,
        tally.vintage,
        cast(1 as double) as coefficient,
        cast(response.respondents as double) as figure
    from {{ ref('fct_survey_response') }} as response
    inner join tally
        on
            response.strategy_code = tally.strategy_code
            and response.survey_code = tally.wave_code
            and response.group_code = tally.group_code
    where response.source_kind = 'computed' and response.respondents is not null
    group by
        response.strategy_code, response.survey_code, response.group_code, response.respondents,
        tally.strategy_code, tally.wave_code, tally.group_code, tally.vintage
),

shown_figure as (
    select * from no_figure
    union all
    select * from programme_enrolment
    union all
    select * from enrolment
    union all
    select * from survey_figure
    union all
    select * from response_figure
)

select * from shown_figure
