{#-
  One end of the Wilson score interval of a share in percent (E. B. Wilson, 1927): `side` is + or -.
  Without respondents there is no interval.
-#}
{% macro wilson_bound(share, respondents, side) -%}
    100 * (
        {{ share }} / 100 + power({{ policy('confidence_level_z') }}, 2) / (2 * nullif({{ respondents }}, 0))
        {{ side }} {{ policy('confidence_level_z') }} * sqrt(
            ({{ share }} / 100) * (1 - {{ share }} / 100) / nullif({{ respondents }}, 0)
            + power({{ policy('confidence_level_z') }}, 2) / (4 * power(nullif({{ respondents }}, 0), 2))
        )
    ) / (1 + power({{ policy('confidence_level_z') }}, 2) / nullif({{ respondents }}, 0))
{%- endmacro %}
