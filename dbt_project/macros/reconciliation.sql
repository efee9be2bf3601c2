{#- Whether a figure's code passes a claim's filter: empty = all, `x|y` = any of these, `!x|y` = all but these. -#}
{% macro passes_filter(code, wanted) -%}
    case
        when {{ wanted }} is null then true
        when left({{ wanted }}, 1) = '!'
            then position('|' || {{ code }} || '|' in '|' || substring({{ wanted }} from 2) || '|') = 0
        else position('|' || {{ code }} || '|' in '|' || {{ wanted }} || '|') > 0
    end
{%- endmacro %}

{#- A claim's rule in words: `share: action (b done, c KP1) against action (c KP1)`. -#}
{% macro rule_text() -%}
    rule_code
    || coalesce(' by ' || axis, '')
    || coalesce(': ' || {{ operand_text('figure_set', 'filter_a', 'filter_b', 'filter_c') }}, '')
    || coalesce(' against ' || {{ operand_text('other_set', 'other_a', 'other_b', 'other_c') }}, '')
{%- endmacro %}

{% macro operand_text(figure_set, a, b, c) -%}
    {{ figure_set }}
    || coalesce(' (' || nullif(concat_ws(', ', 'a ' || {{ a }}, 'b ' || {{ b }}, 'c ' || {{ c }}), '') || ')', '')
{%- endmacro %}
