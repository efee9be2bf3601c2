{#- Keys are readable and stable, so that a bookmark or a decision survives a rebuild. -#}
{% macro indicator_key(strategy_code, indicator_no) -%}
    {{ strategy_code }} || '/' || lpad(cast({{ indicator_no }} as varchar), 2, '0')
{%- endmacro %}

{% macro series_key(strategy_code, indicator_no, breakdown) -%}
    {{ indicator_key(strategy_code, indicator_no) }} || '/' || {{ breakdown }}
{%- endmacro %}

{% macro methodology_key(series_key, version_no) -%}
    {{ series_key }} || '/v' || cast({{ version_no }} as varchar)
{%- endmacro %}

{#- The other facts have series too: what is not an indicator names its kind in the indicator's place. -#}
{% macro survey_series_key(strategy_code, instrument_code, item_code, group_code) -%}
    {{ strategy_code }} || '/survey/' || {{ instrument_code }} || '/' || {{ item_code }} || '/' || {{ group_code }}
{%- endmacro %}

{% macro enrolment_series_key(strategy_code, stage_code, ownership_code) -%}
    {{ strategy_code }} || '/enrolment/' || {{ stage_code }} || '/' || {{ ownership_code }}
{%- endmacro %}

{% macro institution_series_key(strategy_code, institution_type_code, ownership_code) -%}
    {{ strategy_code }} || '/institution/' || {{ institution_type_code }} || '/' || {{ ownership_code }}
{%- endmacro %}

{#- Series computed from files of a source stand beside the printed ones, never in one series with them. -#}
{% macro computed_enrolment_series_key(strategy_code, stage_code, ownership_code, institution_code, source_code) -%}
    {{ strategy_code }} || '/enrolment/' || {{ stage_code }} || '/'
    || coalesce('institution/' || {{ institution_code }}, {{ ownership_code }}) || '/' || {{ source_code }}
{%- endmacro %}

{#- Cells of disclosure control: respondents of a group, to an item of a survey or (`item_code` left out) to the wave.
    They are others in each state of the group's answers, so the key names the day it began. -#}
{% macro survey_cell_key(strategy_code, survey_code, group_code, vintage, item_code=none) -%}
    {{ strategy_code }} || '/respondents/' || {{ survey_code }} || '/' || {{ group_code }}
    {%- if item_code is not none %} || '/' || {{ item_code }}{% endif %} || '/' || cast({{ vintage }} as varchar)
{%- endmacro %}
