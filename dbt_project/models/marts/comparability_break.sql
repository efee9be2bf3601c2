with

series_break as (
    select * from {{ ref('fct_break') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

-- A declared break is a step between two methodology versions: a baseline restated under the later one lies behind
-- it, whatever its year. A suspected break is known by its period alone, and so is a confirmed one without a version.
placed_break as (
    select
        series_break.strategy_code,
        series_break.break_key,
        series_break.series_key,
        case when series_break.kind = 'suspected' then 'break_suspected' else 'break_declared' end as refusal_reason,
        case when series_break.kind <> 'suspected' then methodology.version_no end as to_version_no,
        case
            when series_break.kind = 'suspected' or methodology.version_no is null then period.sort_order
        end as to_period_order,
        series_break.reason_lv,
        series_break.reason_en
    from series_break
    left join methodology
        on series_break.to_methodology_key = methodology.methodology_key
    left join period
        on series_break.to_period = period.period_key
    where series_break.kind <> 'dismissed'
)

select * from placed_break
