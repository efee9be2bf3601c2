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
