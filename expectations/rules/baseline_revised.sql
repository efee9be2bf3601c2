with vintage_in_order as (
    select
        *,
        row_number() over (partition by series_key order by vintage) as vintage_no
    from core.fct_observation
    where is_baseline and not is_bridged and conf_status = 'F'
),

revised as (
    select
        later.strategy_code,
        later.series_key,
        later.period_key,
        earlier.value_text as earlier_text,
        later.value_text as later_text,
        cast(earlier.vintage as varchar) as earlier_vintage,
        cast(later.vintage as varchar) as later_vintage,
        -- What the methodology restates is no question.
        case when methodology.baseline_restated then 'declared' else 'suspected' end as kind,
        (
            earlier.value_numeric is distinct from later.value_numeric
            or earlier.period_key <> later.period_key
        ) as is_revised,
        later.report_line
    from vintage_in_order as later
    inner join vintage_in_order as earlier
        on later.series_key = earlier.series_key and later.vintage_no = earlier.vintage_no + 1
    left join core.dim_methodology as methodology on later.methodology_key = methodology.methodology_key
    union all
    select
        baseline.strategy_code,
        baseline.series_key,
        baseline.period_key,
        cast(null as varchar) as earlier_text,
        baseline.value_text as later_text,
        cast(null as varchar) as earlier_vintage,
        cast(baseline.vintage as varchar) as later_vintage,
        'declared' as kind,
        methodology.baseline_restated as is_revised,
        baseline.report_line
    from vintage_in_order as baseline
    inner join core.dim_methodology as methodology on baseline.methodology_key = methodology.methodology_key
    where baseline.vintage_no = 1
)

select
    revised.*,
    revised.period_key as from_period,
    -- Before there is a result, the baseline parts nothing yet, but the question has its place.
    coalesce(step.to_period, revised.period_key) as to_period,
    coalesce(revised.earlier_text, '?') as was_text
from revised
left join core.fct_step as step
    on revised.series_key = step.series_key and revised.period_key = step.from_period
-- What was changed more than once is one question, about the last change.
qualify
    row_number() over (
        partition by revised.series_key, revised.period_key, step.to_period
        order by revised.is_revised desc nulls last, revised.later_vintage desc
    ) = 1
order by revised.series_key, revised.later_vintage
