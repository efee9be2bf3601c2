with

source as (
    select * from {{ source('responses', 'answer') }}
),

renamed as (
    select
        strategy_code,
        survey_code,
        item_code,
        group_code,
        respondent_no,
        answer_code,
        is_positive,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
