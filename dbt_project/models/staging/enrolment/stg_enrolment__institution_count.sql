with

source as (
    select * from {{ source('enrolment', 'institution_count') }}
),

renamed as (
    select
        strategy_code,
        school_year,
        institution_type_code,
        ownership_code,
        value_printed,
        value_numeric,
        value_kind,
        value_mark,
        value_unit,
        as_of_printed,
        report_line,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
