with

flag as (
    select * from {{ source('guard', 'flag') }}
),

series_break as (
    select * from {{ ref('fct_break') }}
),

series as (
    select * from {{ ref('indicator_series') }}
),

-- The guard answers for what a rule found; what the authority declared comes from the breaks.
declared_break as (
    select
        series_key,
        from_period,
        to_period,
        'declared_break' as rule,
        kind,
        'info' as severity,
        true as is_break,
        evidence,
        reason_lv,
        reason_en
    from series_break
    where kind = 'declared'
),

finding as (
    select
        series_key,
        from_period,
        to_period,
        rule,
        kind,
        severity,
        is_break,
        evidence,
        reason_lv,
        reason_en
    from flag
    union all
    select * from declared_break
),

flag_of_series as (
    select
        series.strategy_code,
        series.advantage_no,
        series.advantage_code,
        series.indicator_no,
        finding.series_key || '/' || finding.rule || '/' || coalesce(finding.from_period, '')
        || '-' || coalesce(finding.to_period, '') as flag_key,
        finding.series_key,
        finding.from_period,
        finding.to_period,
        finding.rule,
        finding.kind,
        finding.severity,
        finding.is_break,
        finding.evidence,
        finding.reason_lv,
        finding.reason_en
    from finding
    inner join series
        on finding.series_key = series.series_key
)

select * from flag_of_series
