with target as (
    select
        series_key,
        min(target_year) as first_target_year,
        count(*) as target_count
    from core.fct_target
    group by series_key
),

baseline as (
    select * from core.fct_measurement where is_baseline and conf_status = 'F'
)

select
    series.strategy_code,
    series.series_key,
    baseline.period_key as from_period,
    cast(target.first_target_year as varchar) as to_period,
    baseline.value_text,
    target.target_count,
    baseline.report_line,
    case
        when baseline.value_numeric is null and not coalesce(baseline.is_qualitative, false) then 'no_baseline'
        when baseline.period_ends_on is null then 'no_year'
        else 'complete'
    end as baseline_state,
    case
        when baseline.value_numeric is null and not coalesce(baseline.is_qualitative, false) then 'nav bāzes vērtības'
        else 'bāzes vērtībai „' || baseline.value_text || '” nav gada'
    end as state_lv,
    case
        when baseline.value_numeric is null and not coalesce(baseline.is_qualitative, false) then 'there is no baseline'
        else 'the baseline “' || baseline.value_text || '” has no year'
    end as state_en
from core.dim_series as series
inner join target on series.series_key = target.series_key
left join baseline on series.series_key = baseline.series_key
order by series.series_key
