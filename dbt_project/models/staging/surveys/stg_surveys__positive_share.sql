with

source as (
    select * from {{ source('surveys', 'positive_share') }}
),

renamed as (
    select
        strategy_code,
        survey_code,
        item_code,
        group_code,
        share_printed,
        share_numeric,
        share_kind,
        share_mark,
        share_unit,
        report_line,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
