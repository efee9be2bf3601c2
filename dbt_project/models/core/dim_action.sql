with

action as (
    select * from {{ ref('stg_actions__action') }} where superseded_on is null
),

direction as (
    select * from {{ ref('dim_direction') }}
),

placed_action as (
    select
        action.strategy_code,
        action.strategy_code || '/' || action.action_no as action_key,
        action.action_no,
        action.direction_no,
        direction.advantage_no,
        action.label_lv,
        action.label_en,
        action.report_line
    from action
    inner join direction
        on
            action.strategy_code = direction.strategy_code
            and action.direction_no = direction.direction_no
)

select * from placed_action
