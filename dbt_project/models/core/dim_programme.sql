with

programme as (
    select
        strategy_code,
        strategy_code || '/' || programme_code as programme_key,
        programme_code,
        name_lv,
        valid_from_year,
        valid_to_year,
        source_file,
        source_row,
        report_line
    from {{ ref('stg_actions__programme') }}
    where superseded_on is null
)

select * from programme
