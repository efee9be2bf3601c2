with

source as (
    select * from {{ source('reconciliation', 'claim') }}
),

renamed as (
    select
        strategy_code,
        claim_no,
        section,
        statement_lv,
        statement_en,
        printed_value,
        unit_code,
        rule_code,
        figure_set,
        filter_a,
        filter_b,
        filter_c,
        axis,
        other_set,
        other_a,
        other_b,
        other_c,
        remark_en,
        report_line,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
