with

source as (
    select * from {{ source('responses', 'question') }}
),

renamed as (
    select
        strategy_code,
        survey_code,
        item_code,
        group_code,
        population_count,
        scale_code,
        scale_lv,
        scale_en,
        positive_answers_lv,
        positive_answers_en,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
