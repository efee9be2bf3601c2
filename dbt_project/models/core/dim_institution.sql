with

listed_institution as (
    select * from {{ ref('institution') }}
),

enrolment_cell as (
    select * from {{ ref('enrolment_cell') }} where level_code = 'programme' and superseded_on is null
),

source_value as (
    select * from {{ ref('source_value') }} where source_code = 'viis' and column_name = 'institution_type'
),

-- Names and founders change: the newest file speaks.
latest_entry as (
    select
        *,
        row_number() over (
            partition by strategy_code, institution_code_viis
            order by as_of_on desc, vintage desc, source_file asc, source_row asc
        ) as entry_no
    from enrolment_cell
),

registered_institution as (
    select
        latest_entry.strategy_code,
        latest_entry.institution_code_viis as institution_code,
        coalesce(source_value.code, 'other') as institution_type_code,
        latest_entry.institution_name as name_lv,
        -- The register has no English names.
        latest_entry.institution_name as name_en,
        latest_entry.institution_code_viis,
        latest_entry.founder_name,
        latest_entry.ownership_code,
        cast(null as integer) as report_line
    from latest_entry
    left join source_value
        on lower(trim(latest_entry.institution_type_text)) = source_value.source_value
    where latest_entry.entry_no = 1
),

any_institution as (
    select
        strategy_code,
        institution_code,
        institution_type_code,
        name_lv,
        name_en,
        cast(null as varchar) as institution_code_viis,
        cast(null as varchar) as founder_name,
        cast(null as varchar) as ownership_code,
        report_line
    from listed_institution
    union all
    select * from registered_institution
),

institution as (
    select
        strategy_code || '/' || institution_code as institution_key,
        strategy_code,
        institution_code,
        institution_type_code,
        name_lv,
        name_en,
        institution_type_code = 'city' as is_city,
        institution_code_viis,
        founder_name,
        ownership_code,
        report_line
    from any_institution
)

select * from institution
