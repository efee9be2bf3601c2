{#- Hash over the fields that define a measure. A missing field and an empty one are the same: not stated. -#}
{% macro definition_hash(columns) -%}
    md5(
        {%- for column in columns %}
        coalesce({{ column }}, '') {{ "|| '|' ||" if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}
