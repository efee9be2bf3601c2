{#-
  Views for people who work on one advantage, made from the rows of the model advantage_view: the model says which views
  there are, these hooks make them. Another strategy brings its advantages in its seeds and gets its own.
-#}

{#- Before the plan is rebuilt: drop what the plan of the run before had made. -#}
{% macro drop_advantage_views() %}
    {%- set earlier_plan = load_relation(this) if execute -%}
    {%- if earlier_plan %}
        {%- for row in run_query('select view_name from ' ~ earlier_plan.include(database=false)) %}
drop view if exists {{ this.schema }}.{{ row['view_name'] }};
        {%- endfor %}
    {%- endif %}
{% endmacro %}

{#- A view takes over its base relation's comments: grain and caveats hold for it too. -#}
{% macro create_advantage_views() %}
    {%- set plan = run_query('select * from ' ~ this.include(database=false)) if execute else [] -%}
    {%- for row in plan %}
        {%- set view = this.schema ~ '.' ~ row['view_name'] %}
create or replace view {{ view }} as
select *
from {{ this.schema }}.{{ row['base_relation'] }}
where
    strategy_code = {{ dbt.string_literal(row['strategy_code']) }}
    and advantage_no = {{ row['advantage_no'] }};
        {%- for comment in relation_comments(this.schema, row['base_relation']) %}
            {%- if comment['column_name'] is none %}
comment on view {{ view }} is {{ duckdb_escape_comment(comment['comment'] ~ ' ' ~ row['description']) }};
            {%- else %}
comment on column {{ view }}.{{ adapter.quote(comment['column_name']) }} is {{ duckdb_escape_comment(comment['comment']) }};
            {%- endif %}
        {%- endfor %}
    {%- endfor %}
{% endmacro %}

{#- Comments of a table (column_name NULL) and of its columns. -#}
{% macro relation_comments(schema, relation) %}
    {%- set query -%}
        select cast(null as varchar) as column_name, comment
        from duckdb_tables()
        where database_name = current_database() and schema_name = '{{ schema }}' and table_name = '{{ relation }}'
        union all
        select column_name, comment
        from duckdb_columns()
        where database_name = current_database() and schema_name = '{{ schema }}' and table_name = '{{ relation }}'
    {%- endset -%}
    {{ return(run_query(query) | selectattr('comment') | list) }}
{% endmacro %}
