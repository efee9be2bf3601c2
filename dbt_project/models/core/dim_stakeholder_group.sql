with

stakeholder_group as (
    select * from {{ ref('stakeholder_group') }}
)

select * from stakeholder_group
