{#- A printed period as a label: „2024./2025. m.g.” is 2024/2025. What is no period stays as it is. -#}
{% macro period_label(printed) -%}
    regexp_replace({{ printed }}, '^([0-9]{4})[.]?/([0-9]{4})([.].*)?$', '\1/\2')
{%- endmacro %}

{#- A period's kind follows from its label: 2024/2025, 2021, or none printed. -#}
{% macro period_kind(label) -%}
    case
        when regexp_full_match({{ label }}, '[0-9]{4}/[0-9]{4}') then 'school_year'
        when regexp_full_match({{ label }}, '[0-9]{4}') then 'calendar_year'
        else 'unknown'
    end
{%- endmacro %}

{#- First day of a period. The day a school year starts on is policy. -#}
{% macro period_starts_on(label, kind) -%}
    {{ _period_boundary(label, kind, 0) }}
{%- endmacro %}

{#- Last day of a period: the day before the next one starts. -#}
{% macro period_ends_on(label, kind) -%}
    cast({{ _period_boundary(label, kind, 1) }} - interval 1 day as date)
{%- endmacro %}

{% macro _period_boundary(label, kind, years_later) -%}
    case {{ kind }}
        when 'school_year'
            then
                make_date(
                    cast(left({{ label }}, 4) as integer) + {{ years_later }},
                    cast({{ policy('school_year_start_month') }} as integer),
                    cast({{ policy('school_year_start_day') }} as integer)
                )
        when 'calendar_year' then make_date(cast({{ label }} as integer) + {{ years_later }}, 1, 1)
    end
{%- endmacro %}

{#- Label of the period before one of the same kind: 2022/2023 before 2023/2024, 2022 before 2023. -#}
{% macro previous_period(label) -%}
    case {{ period_kind(label) }}
        when 'school_year'
            then cast(cast(left({{ label }}, 4) as integer) - 1 as varchar) || '/' || left({{ label }}, 4)
        when 'calendar_year' then cast(cast({{ label }} as integer) - 1 as varchar)
    end
{%- endmacro %}

{#- How Latvian writes a period: ordinals with a full stop. -#}
{% macro period_label_lv(label, kind) -%}
    case {{ kind }}
        when 'school_year' then left({{ label }}, 4) || './' || right({{ label }}, 4) || '. mācību gads'
        when 'calendar_year' then {{ label }} || '. gads'
        else 'nav norādīts'
    end
{%- endmacro %}

{#- The same in English. -#}
{% macro period_label_en(label, kind) -%}
    case {{ kind }}
        when 'school_year' then 'school year ' || {{ label }}
        when 'calendar_year' then {{ label }}
        else 'not stated'
    end
{%- endmacro %}

{#- A number that the seed policy fixes. -#}
{% macro policy(policy_code) -%}
    (select value_numeric from {{ ref('policy') }} where policy_code = '{{ policy_code }}')
{%- endmacro %}

{#- A date as Latvian documents print it: 01.10.2025. What is no such date is NULL; the text stays beside it. -#}
{% macro parse_printed_date(text) -%}
    cast(try_strptime(left({{ text }}, 10), '%d.%m.%Y') as date)
{%- endmacro %}

{#- School year that a day lies in: 2024/2025 from 1 September 2024 on, if policy begins school years then. -#}
{% macro school_year_of(day) -%}
    {{ _school_year_starting(
        'year(' ~ day ~ ') - case when month(' ~ day ~ ') * 100 + day(' ~ day ~ ') < '
        ~ policy('school_year_start_month') ~ ' * 100 + ' ~ policy('school_year_start_day') ~ ' then 1 else 0 end'
    ) }}
{%- endmacro %}

{% macro _school_year_starting(year_no) -%}
    cast({{ year_no }} as varchar) || '/' || cast({{ year_no }} + 1 as varchar)
{%- endmacro %}

{#- A day without its year: „1. oktobris” and “1 October”. -#}
{% macro day_of_year_lv(day) -%}
    {%- set months = [
        'janvāris', 'februāris', 'marts', 'aprīlis', 'maijs', 'jūnijs',
        'jūlijs', 'augusts', 'septembris', 'oktobris', 'novembris', 'decembris',
    ] -%}
    cast(day({{ day }}) as varchar) || '. ' || {{ _name_of_month(day, months) }}
{%- endmacro %}

{% macro day_of_year_en(day) -%}
    {%- set months = [
        'January', 'February', 'March', 'April', 'May', 'June',
        'July', 'August', 'September', 'October', 'November', 'December',
    ] -%}
    cast(day({{ day }}) as varchar) || ' ' || {{ _name_of_month(day, months) }}
{%- endmacro %}

{% macro _name_of_month(day, months) -%}
    case month({{ day }}){% for month in months %} when {{ loop.index }} then '{{ month }}'{% endfor %} end
{%- endmacro %}
