with

source as (
    select * from {{ source('actions', 'programme_direction') }}
),

renamed as (
    select
        strategy_code,
        programme_code,
        direction_no,
        report_line,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
