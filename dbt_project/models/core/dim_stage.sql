with

stage as (
    select * from {{ ref('stage') }}
)

select * from stage
