-- marts.compare is made once the three tables that it reads are there.
-- depends_on: {{ ref('comparability_observation') }}
-- depends_on: {{ ref('comparability_break') }}
{{ config(post_hook='{{ create_compare() }}') }}

with

reason as (
    select
        refusal_reason_code as refusal_reason,
        precedence,
        refusal_reason_code in ('break_declared', 'break_suspected') as is_break,
        name_lv as text_lv,
        name_en as text_en,
        remedy_lv,
        remedy_en
    from {{ ref('refusal_reason') }}
)

select * from reason
