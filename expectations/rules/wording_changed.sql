select
    strategy_code,
    series_key,
    from_period,
    to_period,
    changed_count,
    changed,
    change_lv,
    change_en
from core.fct_step_change
where rule = 'wording_changed'
order by series_key, to_period
