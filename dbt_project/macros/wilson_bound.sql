{#-
  One end of the Wilson score interval of a share in percent (E. B. Wilson, 1927): `side` is + or -.
  Without respondents there is no interval.
-#}
{% macro wilson_bound(share, respondents, side) -%}
    {%- set p = share ~ ' / 100' -%}
    {%- set n = 'nullif(' ~ respondents ~ ', 0)' -%}
    {%- set z = policy('confidence_level_z') -%}
    {%- set bound -%}
        100 * (
            {{ p }} + power({{ z }}, 2) / (2 * {{ n }})
            {{ side }} {{ z }} * sqrt({{ p }} * (1 - {{ p }}) / {{ n }} + power({{ z }}, 2) / (4 * power({{ n }}, 2)))
        ) / (1 + power({{ z }}, 2) / {{ n }})
    {%- endset -%}
    {{ without_float_noise(bound) }}
{%- endmacro %}
