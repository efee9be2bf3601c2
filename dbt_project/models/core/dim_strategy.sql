with

strategy as (
    select * from {{ ref('strategy') }}
)

select * from strategy
