{#-
  Generic test: every foreign key of a model finds its row. One test a model rather than one a column, because each test
  is a query and a round through dbt; the rows it returns name the column and the value that has no match.

  Arguments: references: list of {column, to, field}.
-#}
{% test references(model, references) %}

{% for reference in references %}
select
    '{{ reference.column }}' as column_name,
    cast(child.{{ reference.column }} as varchar) as unmatched_value,
    count(*) as row_count
from {{ model }} as child
left join {{ reference.to }} as parent
    on child.{{ reference.column }} = parent.{{ reference.field }}
where child.{{ reference.column }} is not null and parent.{{ reference.field }} is null
group by all
{{ "union all" if not loop.last }}
{% endfor %}

{% endtest %}
