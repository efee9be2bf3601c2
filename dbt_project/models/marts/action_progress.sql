with

action_status as (
    select * from {{ ref('fct_action_status') }}
),

action as (
    select * from {{ ref('dim_action') }}
),

direction as (
    select * from {{ ref('dim_direction') }}
),

advantage as (
    select * from {{ ref('dim_advantage') }}
),

status as (
    select * from {{ ref('dim_action_status') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

labelled_action as (
    select
        action_status.strategy_code,
        advantage.advantage_no,
        advantage.advantage_code,
        direction.direction_no,
        direction.name_lv as direction_name_lv,
        direction.name_en as direction_name_en,
        action_status.action_key,
        action_status.action_no,
        action.label_lv as action_label_lv,
        action.label_en as action_label_en,
        action_status.period_key,
        period.label as period_label,
        action_status.status_code,
        status.name_lv as status_name_lv,
        status.name_en as status_name_en,
        action_status.status_text,
        action_status.comment_lv,
        action_status.comment_en,
        action_status.source_file,
        action_status.report_line
    from action_status
    inner join action
        on action_status.action_key = action.action_key
    inner join direction
        on
            action_status.strategy_code = direction.strategy_code
            and action_status.direction_no = direction.direction_no
    inner join advantage
        on
            action_status.strategy_code = advantage.strategy_code
            and action_status.advantage_no = advantage.advantage_no
    inner join status
        on action_status.status_code = status.action_status_code
    inner join period
        on action_status.period_key = period.period_key
)

select * from labelled_action
