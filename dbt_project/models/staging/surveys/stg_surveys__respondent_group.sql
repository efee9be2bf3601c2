with

source as (
    select * from {{ source('surveys', 'respondent_group') }}
),

renamed as (
    select
        strategy_code,
        survey_code,
        group_code,
        respondents_printed,
        respondents_numeric,
        respondents_kind,
        respondents_mark,
        respondents_unit,
        response_share_printed,
        response_share_numeric,
        response_share_kind,
        response_share_mark,
        response_share_unit,
        report_line,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
