-- What: no code stands twice in a code list, and none is empty.
-- Why: a doubled code doubles every row that joins it, and no total would tell.
-- How to fix: remove the doubled row from the list in seeds/code_list.
{% for code_list in code_lists() %}
select
    '{{ code_list }}' as code_list,
    {{ code_column(code_list) }} as code,
    count(*) as row_count
from {{ ref(code_list) }}
group by all
having count(*) > 1 or {{ code_column(code_list) }} is null
{{ 'union all' if not loop.last }}
{% endfor %}
