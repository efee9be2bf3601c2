{#- The code lists, each a seed of seeds/code_list with name_lv and name_en. A new one needs its name here. -#}
{% macro code_lists() -%}
    {{ return([
        'action_status', 'break_reason', 'bridge', 'cagr_assessment', 'characteristic', 'comparator', 'conf_status',
        'counted_by', 'documentation', 'domain', 'flag_kind', 'grade', 'institution_type', 'interval_method', 'obs_status',
        'ownership', 'period_kind', 'progress_status', 'refusal_reason', 'severity', 'stage', 'unit', 'value_mark',
    ]) }}
{%- endmacro %}

{#- The column of a code list that holds its codes. -#}
{% macro code_column(code_list) -%}
    {{ 'mark_code' if code_list == 'value_mark' else code_list ~ '_code' }}
{%- endmacro %}

{#- Position of a code in its list: as the list says, or else by the alphabet. -#}
{% macro code_position(code_list) -%}
    {%- if code_list in ('action_status', 'cagr_assessment', 'grade', 'progress_status', 'severity') -%}
        sort_order
    {%- elif code_list in ('obs_status', 'refusal_reason') -%}
        precedence
    {%- else -%}
        cast(row_number() over (order by {{ code_column(code_list) }}) as integer)
    {%- endif -%}
{%- endmacro %}
