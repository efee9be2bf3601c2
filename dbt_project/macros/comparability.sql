{#-
  Comparability, its one definition. Two observations of a series may be compared if both are numbers measured by a
  method, in one unit, and no break lies between them. indicator_comparison, indicator_assessment, indicator_trend,
  reconciliation and marts.compare all ask here.
-#}

{#- A step up to `position` lies between two places if it is above the lower and not above the higher of them. -#}
{% macro lies_between(position, one, other) -%}
    {{ position }} > least({{ one }}, {{ other }}) and {{ position }} <= greatest({{ one }}, {{ other }})
{%- endmacro %}

{#-
  Whether a row of comparability_break lies between two rows of comparability_observation (all three by alias).
  A break has either a methodology version or a period, never both: the other comparison is NULL, hence not true.
-#}
{% macro break_lies_between(series_break, one, other) -%}
    {{ series_break }}.series_key = {{ one }}.series_key
    and {{ series_break }}.series_key = {{ other }}.series_key
    and (
        ({{ lies_between(series_break ~ '.to_version_no', one ~ '.version_no', other ~ '.version_no') }})
        or ({{ lies_between(series_break ~ '.to_period_order', one ~ '.period_order', other ~ '.period_order') }})
    )
{%- endmacro %}
