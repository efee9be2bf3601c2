with

observation as (
    select * from {{ ref('fct_observation') }}
    where is_current and not is_bridged
),

target as (
    select * from {{ ref('fct_target') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

indicator as (
    select * from {{ ref('dim_indicator') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

advantage as (
    select * from {{ ref('dim_advantage') }}
),

direction as (
    select * from {{ ref('dim_direction') }}
),

action_status as (
    select * from {{ ref('fct_action_status') }}
),

programme as (
    select * from {{ ref('dim_programme') }}
),

programme_direction as (
    select * from {{ ref('bridge_programme_direction') }}
),

survey_share as (
    select * from {{ ref('fct_survey_share') }} where source_kind = 'published'
),

survey_response as (
    select * from {{ ref('fct_survey_response') }} where source_kind = 'published'
),

enrolment as (
    select * from {{ ref('fct_enrolment') }} where source_kind = 'published'
),

institution_count as (
    select * from {{ ref('fct_institution_count') }}
),

series_of_advantage as (
    select
        series.series_key,
        series.indicator_key,
        lpad(cast(series.indicator_no as varchar), 2, '0') as indicator_code,
        lpad(cast(series.indicator_no as varchar), 2, '0') || '/' || series.breakdown as series_code,
        advantage.advantage_code
    from series
    inner join advantage
        on
            series.strategy_code = advantage.strategy_code
            and series.advantage_no = advantage.advantage_no
),

observation_figure as (
    select
        observation.strategy_code,
        'observation' as figure_set,
        series_of_advantage.series_code as a,
        case when observation.is_baseline then 'baseline' else observation.period_key end as b,
        series_of_advantage.advantage_code as c,
        observation.value_numeric as value
    from observation
    inner join series_of_advantage
        on observation.series_key = series_of_advantage.series_key
),

target_figure as (
    select
        target.strategy_code,
        'target' as figure_set,
        series_of_advantage.series_code as a,
        cast(target.target_year as varchar) as b,
        series_of_advantage.advantage_code as c,
        target.value_numeric as value
    from target
    inner join series_of_advantage
        on target.series_key = series_of_advantage.series_key
),

result_of_indicator as (
    select
        series_of_advantage.indicator_key,
        count(case when observation.value_numeric is not null or observation.is_qualitative then 1 end) as data_count,
        count(case when methodology.documentation = 'none' then 1 end) as no_method_count,
        count(case when observation.mark_code = 'no_longer_measured' then 1 end) as no_longer_measured_count
    from observation
    inner join series_of_advantage
        on observation.series_key = series_of_advantage.series_key
    inner join methodology
        on observation.methodology_key = methodology.methodology_key
    where not observation.is_baseline
    group by series_of_advantage.indicator_key
),

indicator_figure as (
    select
        indicator.strategy_code,
        'indicator' as figure_set,
        lpad(cast(indicator.indicator_no as varchar), 2, '0') as a,
        case
            when result_of_indicator.data_count > 0 then 'has_data'
            when result_of_indicator.no_method_count > 0 then 'no_method'
            when result_of_indicator.no_longer_measured_count > 0 then 'no_longer_measured'
            else 'not_measured'
        end as b,
        advantage.advantage_code as c,
        1.0 as value
    from indicator
    inner join advantage
        on
            indicator.strategy_code = advantage.strategy_code
            and indicator.advantage_no = advantage.advantage_no
    left join result_of_indicator
        on indicator.indicator_key = result_of_indicator.indicator_key
),

direction_figure as (
    select
        direction.strategy_code,
        'direction' as figure_set,
        direction.direction_no as a,
        cast(null as varchar) as b,
        advantage.advantage_code as c,
        1.0 as value
    from direction
    inner join advantage
        on
            direction.strategy_code = advantage.strategy_code
            and direction.advantage_no = advantage.advantage_no
),

action_figure as (
    select
        action_status.strategy_code,
        'action' as figure_set,
        action_status.action_no as a,
        action_status.status_code as b,
        direction_figure.c,
        1.0 as value
    from action_status
    inner join direction_figure
        on
            action_status.strategy_code = direction_figure.strategy_code
            and action_status.direction_no = direction_figure.a
),

programme_figure as (
    select
        programme.strategy_code,
        'programme' as figure_set,
        programme.programme_code as a,
        cast(null as varchar) as b,
        cast(null as varchar) as c,
        1.0 as value
    from programme
),

programme_direction_figure as (
    select
        programme_direction.strategy_code,
        'programme_direction' as figure_set,
        programme_direction.programme_code as a,
        programme_direction.direction_no as b,
        direction_figure.c,
        1.0 as value
    from programme_direction
    inner join direction_figure
        on
            programme_direction.strategy_code = direction_figure.strategy_code
            and programme_direction.direction_no = direction_figure.a
),

-- Each survey is a set of its own: strategic_setting, development_need.
survey_figure as (
    select
        survey_share.strategy_code,
        survey_share.survey_code as figure_set,
        survey_share.item_code as a,
        survey_share.group_code as b,
        advantage.advantage_code as c,
        survey_share.positive_share as value
    from survey_share
    left join advantage
        on
            survey_share.strategy_code = advantage.strategy_code
            and survey_share.advantage_no = advantage.advantage_no
),

respondent_figure as (
    select
        strategy_code,
        'respondents' as figure_set,
        survey_code as a,
        group_code as b,
        cast(null as varchar) as c,
        respondents as value
    from survey_response
),

response_share_figure as (
    select
        strategy_code,
        'response_share' as figure_set,
        survey_code as a,
        group_code as b,
        cast(null as varchar) as c,
        response_share as value
    from survey_response
),

learner_figure as (
    select
        strategy_code,
        'learner_count' as figure_set,
        period_key as a,
        stage_code as b,
        ownership_code as c,
        learner_count as value
    from enrolment
),

institution_figure as (
    select
        strategy_code,
        'institution_count' as figure_set,
        period_key as a,
        institution_type_code as b,
        ownership_code as c,
        institution_count as value
    from institution_count
),

figure as (
    select * from observation_figure
    union all
    select * from target_figure
    union all
    select * from indicator_figure
    union all
    select * from direction_figure
    union all
    select * from action_figure
    union all
    select * from programme_figure
    union all
    select * from programme_direction_figure
    union all
    select * from survey_figure
    union all
    select * from respondent_figure
    union all
    select * from response_share_figure
    union all
    select * from learner_figure
    union all
    select * from institution_figure
),

printed_figure as (
    select
        strategy_code,
        concat_ws('/', strategy_code, figure_set, a, b, c) as figure_key,
        figure_set,
        a,
        b,
        c,
        cast(value as double) as value
    from figure
    where value is not null
)

select * from printed_figure
