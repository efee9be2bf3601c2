with

programme_direction as (
    select * from {{ ref('stg_actions__programme_direction') }} where superseded_on is null
),

bridge as (
    select
        strategy_code,
        strategy_code || '/' || programme_code as programme_key,
        strategy_code || '/' || direction_no as direction_key,
        programme_code,
        direction_no,
        source_file,
        source_row,
        report_line
    from programme_direction
)

select * from bridge
