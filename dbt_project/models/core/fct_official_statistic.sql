with

cell as (
    select * from {{ ref('stg_pxweb__cell') }} where superseded_on is null
),

-- The statistics office protects its own small counts: what it publishes is public already.
official_statistic as (
    select
        strategy_code || '/' || table_code || '/' || cell_key as official_statistic_key,
        strategy_code,
        table_code,
        table_label,
        cell_key,
        cell_label,
        period_code,
        value_printed,
        value_numeric,
        status_code,
        -- What is no moment stays in the staging table as it came.
        try_cast(updated_at as timestamp) as updated_at,
        source_file,
        source_row,
        vintage
    from cell
)

select * from official_statistic
