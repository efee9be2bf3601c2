with

direction as (
    select
        strategy_code,
        strategy_code || '/' || direction_no as direction_key,
        direction_no,
        advantage_no,
        name_lv,
        name_en,
        report_line
    from {{ ref('direction') }}
)

select * from direction
