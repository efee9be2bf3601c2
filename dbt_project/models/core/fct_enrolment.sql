with

learner_count as (
    select * from {{ ref('stg_enrolment__learner_count') }}
),

institution as (
    select * from {{ ref('dim_institution') }}
),

city as (
    select * from institution where is_city
),

enrolment as (
    select
        learner_count.strategy_code,
        {{ enrolment_series_key(
            'learner_count.strategy_code', 'learner_count.stage_code', 'learner_count.ownership_code'
        ) }} as series_key,
        learner_count.school_year as period_key,
        learner_count.stage_code,
        learner_count.ownership_code,
        city.institution_key,
        learner_count.counted_by,
        cast(learner_count.value_numeric as integer) as learner_count,
        learner_count.value_printed as value_text,
        {{ parse_printed_date('learner_count.as_of_printed') }} as as_of_on,
        learner_count.as_of_printed,
        learner_count.source_file,
        learner_count.source_row,
        learner_count.report_line
    from learner_count
    inner join city
        on learner_count.strategy_code = city.strategy_code
)

select * from enrolment
