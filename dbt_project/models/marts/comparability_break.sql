with

series_break as (
    select * from {{ ref('fct_break') }}
),

break_in_force as (
    select
        strategy_code,
        break_key,
        series_key,
        case kind when 'suspected' then 'break_suspected' else 'break_declared' end as refusal_reason,
        to_version_no,
        to_period_order,
        reason_lv,
        reason_en
    from series_break
)

select * from break_in_force
