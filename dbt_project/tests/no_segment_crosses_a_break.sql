-- What: no two values of one segment, of whatever fact, have a break, another unit, a missing method or date, or one
--   period between them.
-- Why: charts group by series and segment; a segment across a break draws the line that must never be drawn.
-- How to fix: segments start in comparability_segment; see which condition missed the break that is listed here.
{{ config(meta={'dagster': {'ref': {'name': 'comparability_segment'}}}) }}
with

value_in_segment as (
    select
        observation.*,
        segment.segment_no
    from {{ ref('comparability_segment') }} as segment
    inner join {{ ref('comparability_observation') }} as observation
        on segment.observation_key = observation.observation_key
),

-- Placed here once more, and not as fct_break places them: by the version that a break leads to, else by its period.
step as (
    select
        series_break.series_key,
        series_break.kind,
        methodology.version_no,
        case when series_break.to_methodology_key is null then period.sort_order end as period_order
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
from value_in_segment as earlier
inner join value_in_segment as later
    on
        earlier.series_key = later.series_key
        and earlier.segment_no = later.segment_no
        and earlier.observation_key <> later.observation_key
        and earlier.period_order <= later.period_order
left join step
    on
        earlier.series_key = step.series_key
        and (
            (earlier.period_order < step.period_order and later.period_order >= step.period_order)
            or (earlier.version_no < step.version_no and later.version_no >= step.version_no)
            or (earlier.version_no >= step.version_no and later.version_no < step.version_no)
        )
where
    step.series_key is not null
    or earlier.unit <> later.unit
    or earlier.period_ends_on is null
    or earlier.is_without_method
    or later.is_without_method
    or earlier.period_order = later.period_order
