{#-
  Generic test: the keys of a model hold. No two rows share its own key and no part of it is missing; every foreign key
  finds its row. One test a model rather than one a key, because each test is a query and a round through dbt, which takes
  longer than the query; the rows it returns name the columns, what is wrong, and the value.

  Arguments: columns: columns of the model's own key; references: list of {column, to, field}.
-#}
{% test keys(model, columns=[], references=[]) %}

{% set checks = [] %}
{% if columns %}
    {% set check %}
select
    '{{ columns | join(', ') }}' as key_columns,
    'is missing in part or stands in several rows' as problem,
    concat_ws(', ', {% for column in columns %}coalesce(cast({{ column }} as varchar), 'NULL'){{ ', ' if not loop.last }}{% endfor %}) as key_value,
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1 or {% for column in columns %}{{ column }} is null{{ ' or ' if not loop.last }}{% endfor %}
    {% endset %}
    {% do checks.append(check) %}
{% endif %}
{% for reference in references %}
    {% set check %}
select
    '{{ reference.column }}' as key_columns,
    'has no match in {{ reference.to.identifier }}.{{ reference.field }}' as problem,
    cast(child.{{ reference.column }} as varchar) as key_value,
    count(*) as row_count
from {{ model }} as child
left join {{ reference.to }} as parent
    on child.{{ reference.column }} = parent.{{ reference.field }}
where child.{{ reference.column }} is not null and parent.{{ reference.field }} is null
group by all
    {% endset %}
    {% do checks.append(check) %}
{% endfor %}

{{ checks | join('union all') }}

{% endtest %}
