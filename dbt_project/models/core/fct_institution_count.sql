with

printed_count as (
    select * from {{ ref('stg_enrolment__institution_count') }} where superseded_on is null
),

institution_count as (
    select
        strategy_code,
        {{ institution_series_key('strategy_code', 'institution_type_code', 'ownership_code') }} as series_key,
        school_year as period_key,
        institution_type_code,
        ownership_code,
        cast(value_numeric as integer) as institution_count,
        value_printed as value_text,
        {{ parse_printed_date('as_of_printed') }} as as_of_on,
        as_of_printed,
        source_file,
        source_row,
        report_line
    from printed_count
)

select * from institution_count
