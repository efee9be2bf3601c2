{%- set grades = ["preschool_under_5", "preschool_5_plus"] -%}
{%- for grade in range(1, 13) %}{% do grades.append("grade_" ~ grade) %}{% endfor -%}
with

programme_enrolment as (
    select * from {{ ref('stg_viis__programme_enrolment') }} where not is_total
),

scope as (
    select * from {{ ref('enrolment_scope') }}
),

territory as (
    select * from {{ ref('territory') }}
),

grade as (
    select * from {{ ref('grade') }}
),

grade_stage as (
    select * from {{ ref('grade_stage') }}
),

source_value as (
    select * from {{ ref('source_value') }} where source_code = 'viis'
),

-- The municipality is that of the institution's address: its code decides, not its name, which is written in many ways.
enrolment_in_scope as (
    select
        programme_enrolment.*,
        territory.classification_code,
        ownership.code as ownership_code,
        {{ school_year_of('programme_enrolment.as_of_on') }} as school_year,
        programme_enrolment.strategy_code || '/enrolment/viis/'
        || cast(programme_enrolment.as_of_on as varchar) as date_key,
        scope.reference_month,
        scope.reference_day
    from programme_enrolment
    inner join territory
        on programme_enrolment.territory_code = territory.territory_code
    inner join scope
        on
            programme_enrolment.strategy_code = scope.strategy_code
            and territory.territory_key = scope.territory_key
    left join source_value as ownership
        on
            ownership.column_name = 'subordination'
            and lower(trim(programme_enrolment.subordination_text)) = ownership.source_value
),

-- A part by founder is only told where every institution has one: else it would be too small without a word.
file_in_scope as (
    select
        strategy_code,
        as_of_on,
        school_year,
        vintage,
        superseded_on,
        count(case when ownership_code is null then 1 end) = 0 as has_every_ownership,
        min(abs(date_diff(
            'day',
            as_of_on,
            make_date(
                cast(left(school_year, 4) as integer)
                + case
                    when
                        reference_month * 100 + reference_day
                        < {{ policy('school_year_start_month') }} * 100 + {{ policy('school_year_start_day') }}
                        then 1
                    else 0
                end,
                reference_month,
                reference_day
            )
        ))) as days_from_reference
    from enrolment_in_scope
    group by strategy_code, as_of_on, school_year, vintage, superseded_on
),

-- A school year is one value of a series: of several current files, the one counted nearest to the reference day.
ranked_file as (
    select
        *,
        row_number() over (
            partition by strategy_code, school_year, superseded_on is null
            order by days_from_reference, as_of_on, vintage
        ) = 1 and superseded_on is null as is_series_date
    from file_in_scope
),

programme_grade as (
    select
        enrolment_in_scope.*,
        ranked_file.is_series_date,
        ranked_file.has_every_ownership,
        grade.grade_code,
        enrolment_in_scope.date_key || '/' || enrolment_in_scope.institution_code_viis || '/'
        || enrolment_in_scope.programme_code || '/' || grade.grade_code as cell_key,
        case grade.grade_code
            {% for grade in grades -%}
            when '{{ grade }}' then enrolment_in_scope.{{ grade }}_count
            {% endfor -%}
        end as learner_count
    from enrolment_in_scope
    inner join ranked_file
        on
            enrolment_in_scope.strategy_code = ranked_file.strategy_code
            and enrolment_in_scope.as_of_on = ranked_file.as_of_on
            and enrolment_in_scope.vintage = ranked_file.vintage
            and enrolment_in_scope.superseded_on is not distinct from ranked_file.superseded_on
    cross join grade
),

-- A blank is not a nought: what is not stated is no cell.
stated_grade as (
    select * from programme_grade where learner_count is not null
),

stage_of_grade as (
    select
        stated_grade.*,
        grade_stage.stage_code,
        stated_grade.date_key || '/institution/' || stated_grade.institution_code_viis || '/' || grade_stage.stage_code
            as institution_cell_key,
        case
            when stated_grade.has_every_ownership
                then
                    stated_grade.date_key || '/ownership/' || stated_grade.ownership_code || '/'
                    || grade_stage.stage_code
        end as ownership_cell_key,
        stated_grade.date_key || '/city/' || grade_stage.stage_code as city_cell_key
    from stated_grade
    inner join grade_stage
        on
            stated_grade.grade_code = grade_stage.grade_code
            and (
                grade_stage.programme_type_code is null
                or grade_stage.programme_type_code = left(stated_grade.programme_code, 2)
            )
),

total_of_grade as (
    select
        cell_key,
        vintage,
        {{ sums_to_aggregate('stage_code', 'institution_cell_key') }} as sums_to
    from stage_of_grade
    group by cell_key, vintage
),

programme_cell as (
    select
        'programme' as level_code,
        stated_grade.cell_key,
        stated_grade.strategy_code,
        stated_grade.as_of_on,
        stated_grade.school_year,
        stated_grade.classification_code,
        stated_grade.institution_code_viis,
        stated_grade.institution_name,
        stated_grade.institution_type_text,
        stated_grade.founder_name,
        stated_grade.ownership_code,
        stated_grade.programme_code,
        stated_grade.programme_name,
        stated_grade.grade_code,
        cast(null as varchar) as stage_code,
        cast(stated_grade.learner_count as bigint) as learner_count,
        stated_grade.is_series_date,
        total_of_grade.sums_to,
        stated_grade.vintage,
        stated_grade.superseded_on,
        stated_grade.source_file,
        stated_grade.source_row
    from stated_grade
    left join total_of_grade
        on
            stated_grade.cell_key = total_of_grade.cell_key
            and stated_grade.vintage = total_of_grade.vintage
),

{% set levels = {
    'institution': {
        'institution_code_viis': 'min(institution_code_viis)', 'ownership_code': 'min(ownership_code)',
        'sums_to': sums_to({'ownership_by_institution': 'min(ownership_cell_key)', 'city_by_institution': 'min(city_cell_key)'}),
    },
    'ownership': {
        'institution_code_viis': 'cast(null as varchar)', 'ownership_code': 'min(ownership_code)',
        'sums_to': sums_to({'city_by_ownership': 'min(city_cell_key)'}),
    },
    'city': {
        'institution_code_viis': 'cast(null as varchar)', 'ownership_code': "'total'",
        'sums_to': sums_to({'none': 'null'}),
    },
} -%}
{% for level, columns in levels.items() -%}
{{ level }}_cell as (
    select
        '{{ level }}' as level_code,
        {{ level }}_cell_key as cell_key,
        min(strategy_code) as strategy_code,
        min(as_of_on) as as_of_on,
        min(school_year) as school_year,
        {{ dbt.listagg('distinct classification_code', "', '", 'order by classification_code') }}
            as classification_code,
        {{ columns.institution_code_viis }} as institution_code_viis,
        cast(null as varchar) as institution_name,
        cast(null as varchar) as institution_type_text,
        cast(null as varchar) as founder_name,
        {{ columns.ownership_code }} as ownership_code,
        cast(null as varchar) as programme_code,
        cast(null as varchar) as programme_name,
        cast(null as varchar) as grade_code,
        min(stage_code) as stage_code,
        cast(sum(learner_count) as bigint) as learner_count,
        bool_or(is_series_date) as is_series_date,
        {{ columns.sums_to }} as sums_to,
        vintage,
        superseded_on,
        min(source_file) as source_file,
        cast(null as integer) as source_row
    from stage_of_grade
    where {{ level }}_cell_key is not null
    group by {{ level }}_cell_key, vintage, superseded_on
),

{% endfor -%}
enrolment_cell as (
    select * from programme_cell
    {% for level in levels -%}
    union all
    select * from {{ level }}_cell
    {% endfor -%}
)

select * from enrolment_cell
