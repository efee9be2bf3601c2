with

printed_share as (
    select * from {{ ref('stg_surveys__positive_share') }} where superseded_on is null
),

tally as (
    select * from {{ ref('survey_tally') }} where superseded_on is null
),

suppressed_cell as (
    select * from {{ ref('suppressed_cell') }}
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

published_share as (
    select
        printed_share.strategy_code,
        printed_share.survey_code,
        printed_share.item_code,
        printed_share.group_code,
        'published' as source_kind,
        printed_share.share_numeric as positive_share,
        printed_share.share_printed as share_text,
        -- A report prints how many of a group responded, not how many of them answered the item.
        cast(null as integer) as counted_respondents,
        cast(null as varchar) as conf_status,
        value_mark.obs_status_code,
        printed_share.source_file,
        printed_share.source_row,
        printed_share.report_line
    from printed_share
    left join value_mark
        on printed_share.share_mark = value_mark.mark_code
),

computed_share as (
    select
        tally.strategy_code,
        tally.survey_code,
        tally.item_code,
        tally.group_code,
        'computed' as source_kind,
        {{ without_float_noise('100.0 * tally.positive_count / nullif(tally.respondents, 0)') }} as positive_share,
        cast(null as varchar) as share_text,
        tally.respondents as counted_respondents,
        suppressed_cell.conf_status,
        -- O: missing value. The item was asked, and nobody answered it.
        case when tally.respondents = 0 then 'O' end as obs_status_code,
        tally.source_file,
        cast(null as integer) as source_row,
        cast(null as integer) as report_line
    from tally
    left join suppressed_cell
        on
            suppressed_cell.cell_key = {{ survey_cell_key(
                'tally.strategy_code', 'tally.survey_code', 'tally.group_code', 'tally.vintage', 'tally.item_code'
            ) }}
),

any_share as (
    select * from published_share
    union all
    select * from computed_share
),

described_share as (
    select
        any_share.strategy_code,
        any_share.survey_code,
        any_share.item_code,
        any_share.group_code,
        any_share.source_kind,
        any_share.source_kind = survey.record_kind as is_of_record,
        survey.period_label as period_key,
        survey.instrument_code,
        survey_item.series_item_code,
        survey_item.advantage_no,
        any_share.positive_share,
        any_share.share_text,
        case any_share.source_kind
            when 'computed' then any_share.counted_respondents
            else response.respondents
        end as respondents,
        response.population,
        response.response_share,
        any_share.conf_status,
        any_share.obs_status_code,
        any_share.source_file,
        any_share.source_row,
        any_share.report_line
    from any_share
    inner join survey
        on
            any_share.strategy_code = survey.strategy_code
            and any_share.survey_code = survey.survey_code
    inner join survey_item
        on
            any_share.strategy_code = survey_item.strategy_code
            and any_share.survey_code = survey_item.survey_code
            and any_share.item_code = survey_item.item_code
    left join response
        on
            survey.strategy_code = response.strategy_code
            and coalesce(survey.part_of_survey_code, survey.survey_code) = response.survey_code
            and any_share.group_code = response.group_code
            and any_share.source_kind = response.source_kind
),

judged_share as (
    select
        *,
        coalesce(
            conf_status,
            case
                -- A group whose size is not known may be a small one.
                when coalesce(respondents < {{ policy('minimum_group_size') }}, true) and positive_share is not null
                    then 'A'
                -- Where the whole group answered, and all alike, the share tells the answer of each of them.
                when respondents >= population and positive_share in (0, 100) then 'A'
                else 'F'
            end
        ) as judged_conf_status
    from described_share
),

protected_share as (
    select
        strategy_code,
        survey_code,
        item_code,
        group_code,
        source_kind,
        is_of_record,
        period_key,
        instrument_code,
        series_item_code,
        advantage_no,
        population,
        response_share,
        obs_status_code,
        judged_conf_status as conf_status,
        source_file,
        source_row,
        report_line,
        case when judged_conf_status = 'F' then positive_share end as positive_share,
        case when judged_conf_status = 'F' then share_text end as share_text,
        -- What a report prints is known; what was counted here is not told of a share held back.
        case when judged_conf_status = 'F' or source_kind = 'published' then respondents end as respondents
    from judged_share
),

sized_share as (
    select
        *,
        {{ inverse_effective_size('respondents', 'population') }} as inverse_size
    from protected_share
),

survey_share as (
    select
        strategy_code,
        {{ survey_series_key('strategy_code', 'instrument_code', 'series_item_code', 'group_code') }}
        || case when is_of_record then '' else '/' || source_kind end as series_key,
        survey_code,
        item_code,
        group_code,
        period_key,
        source_kind,
        is_of_record,
        advantage_no,
        positive_share,
        share_text,
        respondents,
        population,
        response_share,
        {{ wilson_bound('positive_share', 'inverse_size', '-') }} as ci_low,
        {{ wilson_bound('positive_share', 'inverse_size', '+') }} as ci_high,
        {{ interval_method('positive_share', 'respondents', 'population') }} as interval_method,
        -- Q: missing value, suppressed; A: normal value.
        case conf_status when 'F' then coalesce(obs_status_code, 'A') else 'Q' end as obs_status,
        conf_status,
        source_file,
        source_row,
        report_line
    from sized_share
)

select * from survey_share
