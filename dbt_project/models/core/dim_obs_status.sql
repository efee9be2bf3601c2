with

obs_status as (
    select * from {{ ref('obs_status') }}
)

select * from obs_status
