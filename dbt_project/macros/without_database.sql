{#-
  Relations are written without the database's name: in DuckDB that is the name of the file, and views and macros must
  go on working when they are copied into the published file or attached under another name.
-#}
{% macro ref() -%}
    {% do return(builtins.ref(*varargs, **kwargs).include(database=false)) %}
{%- endmacro %}

{% macro source() -%}
    {% do return(builtins.source(*varargs, **kwargs).include(database=false)) %}
{%- endmacro %}
