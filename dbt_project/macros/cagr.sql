{#- Compound annual growth rate between two values above zero that are some days apart, in percent a year. -#}
{% macro cagr(first_value, last_value, days, days_per_year) -%}
    {{ without_float_noise(
        '100.0 * (power(' ~ last_value ~ ' / ' ~ first_value ~ ', ' ~ days_per_year ~ ' / ' ~ days ~ ') - 1)'
    ) }}
{%- endmacro %}

{#- Whether a number lies in a class: from its lower bound on, below its upper one. A class without bounds holds none. -#}
{% macro lies_in_class(number, from_bound, below_bound) -%}
    coalesce({{ from_bound }}, {{ below_bound }}) is not null
    and {{ number }} >= coalesce({{ from_bound }}, {{ number }})
    and ({{ below_bound }} is null or {{ number }} < {{ below_bound }})
{%- endmacro %}
