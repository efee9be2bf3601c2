{#- Whether a level meets a target; NULL where the comparator asks for no level. Both bounds of a range belong to it. -#}
{% macro meets_target(level, comparator, target, upper_target) -%}
    case {{ comparator }}
        when 'at_least' then {{ level }} >= {{ target }}
        when 'at_most' then {{ level }} <= {{ target }}
        when 'between' then {{ level }} between {{ target }} and {{ upper_target }}
    end
{%- endmacro %}

{#- How far a level is from a target, 0 where it meets it; NULL where the comparator asks for no level. -#}
{% macro distance_to_target(level, comparator, target, upper_target) -%}
    case
        when {{ meets_target(level, comparator, target, upper_target) }} then 0
        when {{ comparator }} = 'between' and {{ level }} > {{ upper_target }}
            then {{ without_float_noise(level ~ ' - ' ~ upper_target) }}
        when {{ comparator }} in ('at_least', 'at_most', 'between')
            then {{ without_float_noise('abs(' ~ level ~ ' - ' ~ target ~ ')') }}
    end
{%- endmacro %}
