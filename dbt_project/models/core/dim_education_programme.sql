{%- set parts = ['type', 'group', 'kind', 'language', 'form'] -%}
with

enrolment_cell as (
    select * from {{ ref('enrolment_cell') }} where level_code = 'programme' and superseded_on is null
),

programme_code_part as (
    select * from {{ ref('programme_code_part') }}
),

-- Which digits are which part is said with the meanings.
part_layout as (
    select distinct
        part_code,
        first_position,
        length
    from programme_code_part
),

-- A programme has one name a file at best: the newest speaks, and of several the first in order.
named_programme as (
    select
        programme_code,
        programme_name,
        row_number() over (
            partition by programme_code
            order by as_of_on desc, vintage desc, programme_name asc, institution_code_viis asc
        ) as name_no
    from enrolment_cell
),

education_programme as (
    select
        named_programme.programme_code,
        {% for part in parts -%}
        substr(named_programme.programme_code, {{ part }}_layout.first_position, {{ part }}_layout.length)
            as {{ part }}_digits,
        {{ part }}_part.name_lv as {{ part }}_name_lv,
        {{ part }}_part.name_en as {{ part }}_name_en,
        {% endfor -%}
        named_programme.programme_name as name_lv
    from named_programme
    {% for part in parts -%}
    left join part_layout as {{ part }}_layout
        on {{ part }}_layout.part_code = '{{ part }}'
    left join programme_code_part as {{ part }}_part
        on
            {{ part }}_part.part_code = '{{ part }}'
            and substr(named_programme.programme_code, {{ part }}_part.first_position, {{ part }}_part.length)
            = {{ part }}_part.digits
            and starts_with(named_programme.programme_code, coalesce({{ part }}_part.within_prefix, ''))
    {% endfor -%}
    where named_programme.name_no = 1
)

select * from education_programme
