{#-
  The totals that a cell is part of, for the column sums_to of disclosure_cell. A dictionary: by which breakdown the total
  is the sum → SQL of the total's cell_key, which may be NULL where there is no such total.
-#}
{% macro sums_to(totals) -%}
    map(
        [{% for breakdown in totals %}'{{ breakdown }}'{{ ', ' if not loop.last }}{% endfor %}],
        [{% for total_key in totals.values() %}cast({{ total_key }} as varchar){{ ', ' if not loop.last }}{% endfor %}]
    )
{%- endmacro %}

{#- The same where the totals are rows: a group's breakdowns and the cell_key of each one's total. -#}
{% macro sums_to_aggregate(breakdown, total_key) -%}
    map(list({{ breakdown }} order by {{ breakdown }}), list({{ total_key }} order by {{ breakdown }}))
{%- endmacro %}

{#- The same for one total whose breakdown is named by a column. -#}
{% macro sums_to_one(breakdown, total_key) -%}
    map([{{ breakdown }}], [{{ total_key }}])
{%- endmacro %}

{#- Whether a row of a file was in force on a day: handed in by then, and not yet replaced. -#}
{% macro holds_on(relation, day) -%}
    {{ relation }}.vintage <= {{ day }}
            and ({{ relation }}.superseded_on is null or {{ day }} < {{ relation }}.superseded_on)
{%- endmacro %}
