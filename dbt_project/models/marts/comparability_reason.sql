with

reason as (
    select * from {{ ref('refusal_reason') }}
)

select
    refusal_reason_code as refusal_reason,
    precedence,
    name_lv as text_lv,
    name_en as text_en
from reason
