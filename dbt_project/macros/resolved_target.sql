{#-
  A target as a level in the series' unit: „+2 %” of a baseline of 389 learners is 396.78 learners. A target in another
  unit, or relative to a baseline that is no number, has no such level. A range has two: each bound is resolved alone.
-#}
{% macro resolved_target(value, unit, series_unit, baseline, baseline_unit) -%}
    case
        when {{ unit }} = 'percent_of_baseline' and {{ baseline_unit }} = {{ series_unit }}
            then {{ without_float_noise(baseline ~ ' * (1 + ' ~ value ~ ' / 100)') }}
        when {{ unit }} = {{ series_unit }} then {{ value }}
    end
{%- endmacro %}
