with

survey_share as (
    select * from {{ ref('fct_survey_share') }}
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

labelled_share as (
    select
        survey_share.strategy_code,
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
        survey_share.respondents,
        survey_share.ci_low,
        survey_share.ci_high,
        survey_share.obs_status,
        survey_share.conf_status,
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
    left join advantage
        on
            survey_share.strategy_code = advantage.strategy_code
            and survey_share.advantage_no = advantage.advantage_no
)

select * from labelled_share
