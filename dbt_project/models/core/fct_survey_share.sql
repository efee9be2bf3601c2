with

printed_share as (
    select * from {{ ref('stg_surveys__positive_share') }}
),

survey as (
    select * from {{ ref('survey') }}
),

survey_item as (
    select * from {{ ref('dim_survey_item') }}
),

response as (
    select * from {{ ref('fct_survey_response') }}
),

value_mark as (
    select * from {{ ref('value_mark') }}
),

joined as (
    select
        printed_share.*,
        survey.period_label as period_key,
        survey.instrument_code,
        survey_item.advantage_no,
        response.respondents,
        value_mark.obs_status_code,
        -- A group whose size is not known may be a small one.
        printed_share.share_numeric is not null
        and coalesce(response.respondents < {{ policy('minimum_group_size') }}, true) as is_suppressed
    from printed_share
    inner join survey
        on
            printed_share.strategy_code = survey.strategy_code
            and printed_share.survey_code = survey.survey_code
    inner join survey_item
        on
            printed_share.strategy_code = survey_item.strategy_code
            and printed_share.survey_code = survey_item.survey_code
            and printed_share.item_code = survey_item.item_code
    left join response
        on
            survey.strategy_code = response.strategy_code
            and survey.part_of_survey_code = response.survey_code
            and printed_share.group_code = response.group_code
    left join value_mark
        on printed_share.share_mark = value_mark.mark_code
),

protected_share as (
    select
        *,
        case when not is_suppressed then share_numeric end as positive_share,
        case when not is_suppressed then share_printed end as share_text
    from joined
),

survey_share as (
    select
        strategy_code,
        {{ survey_series_key('strategy_code', 'instrument_code', 'item_code', 'group_code') }} as series_key,
        survey_code,
        item_code,
        group_code,
        period_key,
        advantage_no,
        positive_share,
        share_text,
        respondents,
        -- The size of the groups is not printed, only a rounded share of each (table 1).
        cast(null as integer) as population,
        {{ wilson_bound('positive_share', 'respondents', '-') }} as ci_low,
        {{ wilson_bound('positive_share', 'respondents', '+') }} as ci_high,
        -- Q: missing value, suppressed; A: normal value.
        case when is_suppressed then 'Q' else coalesce(obs_status_code, 'A') end as obs_status,
        case when is_suppressed then 'A' else 'F' end as conf_status,
        source_file,
        source_row,
        report_line
    from protected_share
)

select * from survey_share
