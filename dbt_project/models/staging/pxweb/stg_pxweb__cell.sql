with

source as (
    select * from {{ source('pxweb', 'cell') }}
),

renamed as (
    select
        strategy_code,
        table_code,
        table_label,
        cell_key,
        cell_label,
        period_code,
        value_printed,
        value_numeric,
        status_code,
        updated_at,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
