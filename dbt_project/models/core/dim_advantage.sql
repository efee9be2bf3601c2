with

advantage as (
    select
        strategy_code,
        strategy_code || '/' || advantage_code as advantage_key,
        advantage_no,
        advantage_code,
        view_prefix,
        name_lv,
        name_en,
        report_line
    from {{ ref('advantage') }}
)

select * from advantage
