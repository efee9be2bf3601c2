with

indicator as (
    select
        strategy_code,
        {{ indicator_key('strategy_code', 'indicator_no') }} as indicator_key,
        indicator_no,
        advantage_no,
        name_lv,
        name_en,
        desired_direction,
        report_line
    from {{ ref('indicator') }}
)

select * from indicator
