with

source as (
    select * from {{ source('actions', 'programme') }}
),

renamed as (
    select
        strategy_code,
        programme_code,
        name_lv,
        valid_from_year,
        valid_to_year,
        report_line,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
