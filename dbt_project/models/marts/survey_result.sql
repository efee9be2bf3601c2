with

survey_share as (
    select * from {{ ref('fct_survey_share') }} where is_of_record
),

-- The same share from the other source, where there is one: a check of the first.
other_share as (
    select * from {{ ref('fct_survey_share') }} where not is_of_record
),

interval_method as (
    select * from {{ ref('interval_method') }}
),

item as (
    select * from {{ ref('dim_survey_item') }}
),

stakeholder_group as (
    select * from {{ ref('dim_stakeholder_group') }}
),

advantage as (
    select * from {{ ref('dim_advantage') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

segment as (
    select * from {{ ref('comparability_segment') }}
),

flag as (
    select * from {{ ref('fct_flag') }}
),

obs_status as (
    select * from {{ ref('dim_obs_status') }}
),

status_code as (
    select
        series_key,
        period_key,
        obs_status
    from survey_share
    union
    -- A finding about one result, such as too few respondents, is a status of it.
    select
        series_key,
        to_period as period_key,
        obs_status
    from flag
    where obs_status is not null and kind <> 'dismissed'
),

status_set as (
    select
        status_code.series_key,
        status_code.period_key,
        {{ dbt.listagg('status_code.obs_status', "' '", 'order by obs_status.precedence') }} as all_flags
    from status_code
    inner join obs_status
        on status_code.obs_status = obs_status.obs_status_code
    group by status_code.series_key, status_code.period_key
),

-- A, the normal value, says nothing beside another status, and stands last.
telling_status_set as (
    select
        series_key,
        period_key,
        coalesce(nullif(replace(all_flags, ' A', ''), ''), 'A') as obs_flags
    from status_set
),

labelled_share as (
    select
        survey_share.strategy_code,
        survey_share.series_key,
        survey_share.advantage_no,
        advantage.advantage_code,
        survey_share.survey_code,
        item.survey_name_lv,
        item.survey_name_en,
        item.question_lv,
        item.question_en,
        item.positive_answers_lv,
        item.positive_answers_en,
        survey_share.item_code,
        item.label_lv as item_label_lv,
        item.label_en as item_label_en,
        survey_share.group_code,
        stakeholder_group.label_lv as group_label_lv,
        stakeholder_group.label_en as group_label_en,
        survey_share.period_key,
        period.label as period_label,
        survey_share.positive_share,
        survey_share.share_text,
        survey_share.source_kind,
        case survey_share.source_kind
            when 'published' then survey_share.positive_share
            else other_share.positive_share
        end as published_share,
        case survey_share.source_kind
            when 'computed' then survey_share.positive_share
            else other_share.positive_share
        end as computed_share,
        survey_share.respondents,
        survey_share.population,
        survey_share.response_share,
        survey_share.ci_low,
        survey_share.ci_high,
        survey_share.interval_method,
        interval_method.name_lv as interval_method_lv,
        interval_method.name_en as interval_method_en,
        interval_method.assumption_lv as interval_assumption_lv,
        interval_method.assumption_en as interval_assumption_en,
        left(telling_status_set.obs_flags, 1) as obs_status,
        telling_status_set.obs_flags,
        survey_share.conf_status,
        segment.segment_no,
        segment.segment_length,
        survey_share.source_file,
        survey_share.report_line
    from survey_share
    inner join item
        on
            survey_share.strategy_code = item.strategy_code
            and survey_share.survey_code = item.survey_code
            and survey_share.item_code = item.item_code
    inner join stakeholder_group
        on survey_share.group_code = stakeholder_group.group_code
    inner join period
        on survey_share.period_key = period.period_key
    inner join telling_status_set
        on
            survey_share.series_key = telling_status_set.series_key
            and survey_share.period_key = telling_status_set.period_key
    left join other_share
        on
            survey_share.strategy_code = other_share.strategy_code
            and survey_share.survey_code = other_share.survey_code
            and survey_share.item_code = other_share.item_code
            and survey_share.group_code = other_share.group_code
    left join interval_method
        on survey_share.interval_method = interval_method.interval_method_code
    left join segment
        on
            survey_share.series_key = segment.series_key
            and survey_share.period_key = segment.period_key
    left join advantage
        on
            survey_share.strategy_code = advantage.strategy_code
            and survey_share.advantage_no = advantage.advantage_no
)

select * from labelled_share
