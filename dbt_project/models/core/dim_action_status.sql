with

action_status as (
    select * from {{ ref('action_status') }}
)

select * from action_status
