with

institution as (
    select
        strategy_code || '/' || institution_code as institution_key,
        strategy_code,
        institution_code,
        institution_type_code,
        name_lv,
        name_en,
        institution_type_code = 'city' as is_city,
        report_line
    from {{ ref('institution') }}
)

select * from institution
