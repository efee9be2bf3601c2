with

learner_count as (
    select * from {{ ref('stg_enrolment__learner_count') }} where superseded_on is null
),

enrolment_cell as (
    select * from {{ ref('enrolment_cell') }} where level_code <> 'programme' and is_series_date
),

suppressed_cell as (
    select * from {{ ref('suppressed_cell') }}
),

institution as (
    select * from {{ ref('dim_institution') }}
),

city as (
    select * from institution where is_city
),

printed_enrolment as (
    select
        learner_count.strategy_code,
        {{ enrolment_series_key(
            'learner_count.strategy_code', 'learner_count.stage_code', 'learner_count.ownership_code'
        ) }} as series_key,
        learner_count.school_year as period_key,
        learner_count.stage_code,
        learner_count.ownership_code,
        city.institution_key,
        'published' as source_kind,
        cast(null as varchar) as source_code,
        learner_count.counted_by,
        cast(learner_count.value_numeric as integer) as learner_count,
        learner_count.value_printed as value_text,
        'F' as conf_status,
        cast(null as varchar) as cell_key,
        {{ parse_printed_date('learner_count.as_of_printed') }} as as_of_on,
        learner_count.as_of_printed,
        cast(null as varchar) as classification_code,
        learner_count.vintage,
        learner_count.source_file,
        learner_count.source_row,
        learner_count.report_line
    from learner_count
    inner join city
        on learner_count.strategy_code = city.strategy_code
),

-- What disclosure control holds back is NULL from here on, as a number and as text.
shown_cell as (
    select
        enrolment_cell.*,
        suppressed_cell.cell_key is null as is_shown,
        coalesce(suppressed_cell.conf_status, 'F') as conf_status
    from enrolment_cell
    left join suppressed_cell
        on enrolment_cell.cell_key = suppressed_cell.cell_key
),

computed_enrolment as (
    select
        shown_cell.strategy_code,
        {{ computed_enrolment_series_key(
            'shown_cell.strategy_code', 'shown_cell.stage_code', 'shown_cell.ownership_code',
            'shown_cell.institution_code_viis', "'viis'"
        ) }} as series_key,
        shown_cell.school_year as period_key,
        shown_cell.stage_code,
        -- One institution has one founder: its figure is its total.
        case
            when shown_cell.level_code = 'institution' then 'total' else shown_cell.ownership_code
        end as ownership_code,
        coalesce(institution.institution_key, city.institution_key) as institution_key,
        'computed' as source_kind,
        'viis' as source_code,
        'programme' as counted_by,
        cast(case when shown_cell.is_shown then shown_cell.learner_count end as integer) as learner_count,
        cast(case when shown_cell.is_shown then shown_cell.learner_count end as varchar) as value_text,
        shown_cell.conf_status,
        shown_cell.cell_key,
        shown_cell.as_of_on,
        cast(null as varchar) as as_of_printed,
        shown_cell.classification_code,
        shown_cell.vintage,
        shown_cell.source_file,
        shown_cell.source_row,
        cast(null as integer) as report_line
    from shown_cell
    inner join city
        on shown_cell.strategy_code = city.strategy_code
    left join institution
        on
            shown_cell.strategy_code = institution.strategy_code
            and shown_cell.institution_code_viis = institution.institution_code
),

enrolment as (
    select * from printed_enrolment
    union all
    select * from computed_enrolment
)

select * from enrolment
