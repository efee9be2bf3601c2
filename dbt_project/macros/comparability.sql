{#-
  Comparability, its one definition. Two observations of a series may be compared if both are numbers measured by a
  method, in one unit, and no break lies between them. indicator_comparison, indicator_assessment, indicator_trend,
  reconciliation and marts.compare all ask here, and so does whoever draws a line: comparability_segment of what holds
  today, observation_as_of of each vintage.
-#}

{#- A step up to `position` lies between two places if it is above the lower and not above the higher of them. -#}
{% macro lies_between(position, one, other) -%}
    {{ position }} > least({{ one }}, {{ other }}) and {{ position }} <= greatest({{ one }}, {{ other }})
{%- endmacro %}

{#-
  Whether a row of comparability_break lies between two rows of comparability_observation (all three by alias).
  A break has either a methodology version or a period, never both: the other comparison is NULL, hence not true.
-#}
{% macro break_lies_between(series_break, one, other) -%}
    {{ series_break }}.series_key = {{ one }}.series_key
    and {{ series_break }}.series_key = {{ other }}.series_key
    and (
        ({{ lies_between(series_break ~ '.to_version_no', one ~ '.version_no', other ~ '.version_no') }})
        or ({{ lies_between(series_break ~ '.to_period_order', one ~ '.period_order', other ~ '.period_order') }})
    )
{%- endmacro %}

{#-
  The comparability segments of lines, as a query with the columns of `key` and segment_no, counted from 1 in each line.
  A segment starts where a value may not be joined to the one before it. What has no date has no place on a line, so it
  stands alone; a value that is missing breaks nothing.

  Args:
    measured: relation of values, no value of it missing or bridged, with series_key, period_order, period_ends_on,
      version_no, unit and is_without_method.
    series_break: relation of breaks, as comparability_break has them.
    line: columns that tell to which line a value belongs.
    key: columns that tell a value.
-#}
{% macro segment_numbers(measured, series_break, line, key) -%}
    with

    value_in_order as (
        select
            *,
            row_number() over (partition by {{ line | join(', ') }} order by period_order) as value_no
        from {{ measured }}
    ),

    segment_start as (
        select
            following.*,
            case
                when previous.series_key is null then 1
                when previous.period_ends_on is null then 1
                when following.unit <> previous.unit then 1
                when following.is_without_method or previous.is_without_method then 1
                when exists (
                    select 1
                    from {{ series_break }} as series_break
                    where {{ break_lies_between('series_break', 'previous', 'following') }}
                ) then 1
                else 0
            end as starts_segment
        from value_in_order as following
        left join value_in_order as previous
            on
                {% for column in line -%}
                following.{{ column }} = previous.{{ column }}
                and {% endfor -%}
                following.value_no = previous.value_no + 1
    )

    select
        {{ key | join(', ') }},
        cast(
            sum(starts_segment) over (partition by {{ line | join(', ') }} order by value_no) as integer
        ) as segment_no
    from segment_start
{%- endmacro %}
