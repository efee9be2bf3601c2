with

code as (
    {% for code_list in code_lists() %}
    select
        '{{ code_list }}' as code_list,
        {{ code_column(code_list) }} as code,
        name_lv,
        name_en,
        {{ code_position(code_list) }} as sort_order
    from {{ ref(code_list) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
)

select * from code
