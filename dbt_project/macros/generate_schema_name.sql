{#- A schema is called what the project calls it, in every environment: analysts know core and marts, not a prefix. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
