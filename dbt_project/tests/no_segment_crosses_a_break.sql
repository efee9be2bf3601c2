-- What: no two values of one segment have a break, another unit, or a missing date between them.
-- Why: charts group by series and segment; a segment across a break draws the line that must never be drawn.
-- How to fix: segments start in indicator_trend; see which condition missed the break that is listed here.
with

trend as (
    select
        trend.*,
        methodology.version_no
    from {{ ref('indicator_trend') }} as trend
    inner join {{ ref('dim_methodology') }} as methodology
        on trend.methodology_key = methodology.methodology_key
    where trend.segment_no is not null
),

step as (
    select
        series_break.series_key,
        series_break.kind,
        methodology.version_no,
        period.sort_order
    from {{ ref('fct_break') }} as series_break
    left join {{ ref('dim_methodology') }} as methodology
        on series_break.to_methodology_key = methodology.methodology_key
    left join {{ ref('dim_period') }} as period
        on series_break.to_period = period.period_key
    where series_break.kind <> 'dismissed'
)

select
    earlier.series_key,
    earlier.segment_no,
    earlier.period_key as from_period,
    later.period_key as to_period,
    step.kind
from trend as earlier
inner join trend as later
    on
        earlier.series_key = later.series_key
        and earlier.segment_no = later.segment_no
        and earlier.period_order < later.period_order
left join step
    on
        earlier.series_key = step.series_key
        and case
            when step.kind = 'suspected' or step.version_no is null
                then earlier.period_order < step.sort_order and later.period_order >= step.sort_order
            else earlier.version_no < step.version_no and later.version_no >= step.version_no
        end
where step.series_key is not null or earlier.unit <> later.unit or earlier.period_key = 'unknown'
