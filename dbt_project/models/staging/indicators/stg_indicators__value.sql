with

source as (
    select * from {{ source('indicators', 'value') }}
),

renamed as (
    select
        strategy_code,
        {{ series_key('strategy_code', 'indicator_no', 'breakdown') }} as series_key,
        indicator_no,
        breakdown,
        cell,
        value_printed,
        value_numeric,
        value_upper_numeric,
        value_kind,
        value_mark,
        value_unit,
        period_printed,
        cell_printed,
        is_merged,
        report_line,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
