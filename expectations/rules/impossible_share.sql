select
    strategy_code,
    series_key,
    cast(null as varchar) as from_period,
    period_key as to_period,
    value_numeric as share,
    value_text,
    respondents,
    decimals,
    floor(value_numeric * respondents / 100) as count_below,
    round(100 * floor(value_numeric * respondents / 100) / respondents, decimals + 1) as share_below,
    round(100 * (floor(value_numeric * respondents / 100) + 1) / respondents, decimals + 1) as share_above,
    report_line
from core.fct_measurement
where
    unit = 'percent'
    and value_numeric is not null
    and conf_status = 'F'
    and respondents > 0
    and decimals is not null
order by series_key, period_key
