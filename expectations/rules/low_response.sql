select
    strategy_code,
    series_key,
    cast(null as varchar) as from_period,
    period_key as to_period,
    respondents,
    response_share,
    round(
        least(respondents / $min_respondents, coalesce(response_share / $min_response_share, 1)), 4
    ) as sufficiency,
    report_line
from core.fct_measurement
where respondents is not null and value_numeric is not null
order by series_key, period_key
