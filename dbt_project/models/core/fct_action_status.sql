with

printed_action as (
    select * from {{ ref('stg_actions__action') }} where superseded_on is null
),

action as (
    select * from {{ ref('dim_action') }}
),

action_status as (
    select * from {{ ref('dim_action_status') }}
),

-- The plan's status is reported for the same school year as the last results (l. 1119-1122).
reporting_period as (
    select
        strategy_code,
        max(period_label) as period_key
    from {{ ref('report_cell') }}
    where cell_role = 'result'
    group by strategy_code
),

status as (
    select
        action.strategy_code,
        action.action_key,
        action.action_no,
        action.direction_no,
        action.advantage_no,
        reporting_period.period_key,
        action_status.action_status_code as status_code,
        printed_action.status_printed as status_text,
        printed_action.comment_lv,
        printed_action.comment_en,
        printed_action.source_file,
        printed_action.source_row,
        printed_action.report_line
    from printed_action
    inner join action
        on
            printed_action.strategy_code = action.strategy_code
            and printed_action.action_no = action.action_no
    inner join reporting_period
        on printed_action.strategy_code = reporting_period.strategy_code
    -- A status that the code list does not know stays in, without a code, and fails the not-null check.
    left join action_status
        on printed_action.status_printed = action_status.printed_lv
)

select * from status
