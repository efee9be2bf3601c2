with

enrolment_cell as (
    select * from {{ ref('enrolment_cell') }} where level_code = 'programme' and superseded_on is null
),

suppressed_cell as (
    select * from {{ ref('suppressed_cell') }}
),

-- What disclosure control holds back is NULL from here on.
programme_enrolment as (
    select
        enrolment_cell.cell_key as programme_enrolment_key,
        enrolment_cell.strategy_code,
        enrolment_cell.as_of_on,
        enrolment_cell.school_year as period_key,
        enrolment_cell.strategy_code || '/' || enrolment_cell.institution_code_viis as institution_key,
        enrolment_cell.programme_code,
        enrolment_cell.grade_code,
        cast(case when suppressed_cell.cell_key is null then enrolment_cell.learner_count end as integer)
            as learner_count,
        coalesce(suppressed_cell.conf_status, 'F') as conf_status,
        enrolment_cell.classification_code,
        enrolment_cell.vintage,
        enrolment_cell.source_file,
        enrolment_cell.source_row
    from enrolment_cell
    left join suppressed_cell
        on enrolment_cell.cell_key = suppressed_cell.cell_key
)

select * from programme_enrolment
