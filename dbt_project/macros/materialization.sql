{#-
  Materializations for a build file that each run begins empty: a relation is made under its own name, in one statement.
  Those of dbt-duckdb make it under another name and swap it in, and look in between what is there: for each model a dozen
  calls of macros, which take longer than its SQL. What was built before, by hand, is replaced in the same transaction.
-#}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}
    {%- if model.language == 'sql' -%}
        {{- return(build_relation(this.incorporate(type='table'), pre_hooks, post_hooks)) -}}
    {%- endif -%}
    {%- set relation = this.incorporate(type='table') -%}
    {%- set earlier = load_cached_relation(relation) -%}
    {%- if earlier is not none -%}
        {%- call statement('earlier') -%} drop {{ earlier.type }} if exists {{ earlier }} {%- endcall -%}
    {%- endif -%}
    {#- dbt runs Python only through its own statement, called from here. -#}
    {%- call dbt.statement('main', language='python') -%}
        {{ create_table_as(False, relation, compiled_code, 'python') }}
    {%- endcall -%}
    {%- do persist_docs(relation, model) -%}
    {{- adapter.commit() -}}
    {{- return({'relations': [relation]}) -}}
{% endmaterialization %}

{% materialization view, adapter='duckdb' %}
    {{- return(build_relation(this.incorporate(type='view'), pre_hooks, post_hooks)) -}}
{% endmaterialization %}

{#-
  DuckDB reads the file itself, with the types that the seed's YAML gives by name. dbt's own way parses it first, row by
  row, only to count.
-#}
{% materialization seed, adapter='duckdb' %}
    {%- do store_result('agate_table', response='OK') -%}
    {{- return(build_relation(this.incorporate(type='table'), pre_hooks, post_hooks)) -}}
{% endmaterialization %}

{% macro build_relation(relation, pre_hooks, post_hooks) %}
    {{- run_hooks(pre_hooks, inside_transaction=False) -}}
    {{- run_hooks(pre_hooks, inside_transaction=True) -}}
    {%- set earlier = load_cached_relation(relation) -%}
    {%- call statement('main') -%}
        {% if earlier is not none -%}
            drop {{ earlier.type }} if exists {{ earlier }};
        {%- endif %}
        {% if model.resource_type == 'seed' -%}
            create table {{ relation }} as {{ select_from_csv(adapter.get_seed_file_path(model)) }}
        {%- elif relation.is_view -%}
            {{ create_view_as(relation, compiled_code) }}
        {%- else -%}
            {{ create_table_as(False, relation, compiled_code) }}
        {%- endif %}
    {%- endcall -%}
    {{- run_hooks(post_hooks, inside_transaction=True) -}}
    {%- do persist_docs(relation, model) -%}
    {{- adapter.commit() -}}
    {{- run_hooks(post_hooks, inside_transaction=False) -}}
    {{ return({'relations': [relation]}) }}
{% endmacro %}

{% macro select_from_csv(path) -%}
    select *
    from read_csv(
        {{ dbt.string_literal(path) }},
        header = true,
        delim = ',',
        quote = '"',
        types = {
            {%- for column, type in config.require('column_types').items() -%}
                {{ dbt.string_literal(column) }}: {{ dbt.string_literal(type) }}{{ ', ' if not loop.last }}
            {%- endfor -%}
        }
    )
{%- endmacro %}

{#- Comments of a relation and all its columns in one statement. A described column that does not exist is an error. -#}
{% macro duckdb__persist_docs(relation, model, for_relation, for_columns) -%}
    {%- set comments -%}
        {%- if for_relation and config.persist_relation_docs() and model.description -%}
            {{ duckdb__alter_relation_comment(relation, model.description) }}
        {%- endif -%}
        {%- if for_columns and config.persist_column_docs() -%}
            {%- for column in model.columns.values() if column.description %}
                comment on column {{ relation }}.{{ adapter.quote(column.name) }}
                is {{ duckdb_escape_comment(column.description) }};
            {%- endfor -%}
        {%- endif -%}
    {%- endset -%}
    {%- if comments | trim -%}
        {%- call statement('comments') -%}{{ comments }}{%- endcall -%}
    {%- endif -%}
{%- endmacro %}
