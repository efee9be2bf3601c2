with

flag as (
    select * from {{ ref('fct_flag') }}
),

series_break as (
    select * from {{ ref('fct_break') }}
),

observation as (
    select * from {{ ref('comparability_observation') }}
),

series as (
    select * from {{ ref('indicator_series') }}
),

-- The guard answers for what a rule found; what the authority declared comes from the breaks.
finding as (
    select
        strategy_code,
        flag_key,
        flag_id,
        series_key,
        from_period,
        to_period,
        rule,
        kind,
        severity,
        is_break,
        evidence,
        reason_lv,
        reason_en,
        decision_reason,
        decided_by,
        decided_on
    from flag
    union all
    select
        strategy_code,
        break_key as flag_key,
        left(md5(break_key), 8) as flag_id,
        series_key,
        from_period,
        to_period,
        'declared_break' as rule,
        kind,
        'info' as severity,
        true as is_break,
        evidence,
        reason_lv,
        reason_en,
        cast(null as varchar) as decision_reason,
        declared_by as decided_by,
        declared_on as decided_on
    from series_break
    where kind = 'declared'
),

domain_of_series as (
    select distinct
        series_key,
        domain_code
    from observation
),

-- Only an indicator belongs to an advantage.
flag_of_series as (
    select
        finding.strategy_code,
        series.advantage_no,
        series.advantage_code,
        domain_of_series.domain_code,
        series.indicator_no,
        finding.flag_key,
        finding.flag_id,
        finding.series_key,
        finding.from_period,
        finding.to_period,
        finding.rule,
        finding.kind,
        finding.severity,
        finding.is_break,
        finding.evidence,
        finding.reason_lv,
        finding.reason_en,
        finding.decision_reason,
        finding.decided_by,
        finding.decided_on
    from finding
    inner join domain_of_series
        on finding.series_key = domain_of_series.series_key
    left join series
        on finding.series_key = series.series_key
)

select * from flag_of_series
