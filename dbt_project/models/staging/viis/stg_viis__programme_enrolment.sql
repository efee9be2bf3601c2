with

source as (
    select * from {{ source('viis', 'programme_enrolment') }}
),

renamed as (
    select
        strategy_code,
        as_of_on,
        municipality,
        territory_code,
        institution_code_viis,
        institution_name,
        institution_type as institution_type_text,
        subordination as subordination_text,
        founder as founder_name,
        programme_code,
        programme_name,
        preschool_under_5_count,
        preschool_5_plus_count,
        grade_1_count,
        grade_2_count,
        grade_3_count,
        grade_4_count,
        grade_5_count,
        grade_6_count,
        grade_7_count,
        grade_8_count,
        grade_9_count,
        grade_10_count,
        grade_11_count,
        grade_12_count,
        coalesce(is_total, false) as is_total,
        _source_file as source_file,
        _row_number as source_row,
        _vintage as vintage,
        _superseded_on as superseded_on
    from source
)

select * from renamed
