with

source as (
    select * from {{ source('actions', 'action') }}
),

renamed as (
    select
        strategy_code,
        action_no,
        direction_no,
        label_lv,
        label_en,
        status_printed,
        comment_lv,
        comment_en,
        report_line,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
