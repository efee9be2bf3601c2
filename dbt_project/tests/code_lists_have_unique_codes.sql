-- What: no code stands twice in a code list, and none is empty.
-- Why: a doubled code doubles every row that joins it, and no total would tell.
-- How to fix: remove the doubled row from the list in seeds/code_list.
{% set code_lists = [
    'action_status', 'break_reason', 'bridge', 'cagr_assessment', 'characteristic', 'comparator', 'conf_status',
    'counted_by', 'documentation', 'flag_kind', 'institution_type', 'obs_status', 'ownership', 'period_kind', 'progress_status',
    'refusal_reason', 'severity', 'stage', 'unit',
] %}

{% for code_list in code_lists %}
select
    '{{ code_list }}' as code_list,
    {{ code_list }}_code as code,
    count(*) as row_count
from {{ ref(code_list) }}
group by all
having count(*) > 1 or {{ code_list }}_code is null
union all
{% endfor %}
select
    'value_mark' as code_list,
    mark_code as code,
    count(*) as row_count
from {{ ref('value_mark') }}
group by all
having count(*) > 1 or mark_code is null
