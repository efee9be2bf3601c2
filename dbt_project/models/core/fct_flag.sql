{{ config(meta={'stage': 'after_guard'}) }}

with

flag as (
    select
        *,
        series_key || '/' || rule || '/' || coalesce(from_period, '') || '-' || coalesce(to_period, '') as flag_key,
        md5(evidence) as evidence_hash
    from {{ source('guard', 'flag') }}
),

decision as (
    select * from {{ ref('flag_decision') }}
),

declared_break as (
    select * from {{ ref('declared_break') }}
),

measurement as (
    select * from {{ ref('fct_measurement') }}
),

-- What a rule sees where the authority has declared a break is explained by it.
explained_flag as (
    select distinct flag.flag_key
    from flag
    inner join measurement as earlier
        on
            flag.series_key = earlier.series_key
            and flag.from_period = earlier.period_key
    inner join measurement as later
        on
            flag.series_key = later.series_key
            and flag.to_period = later.period_key
    inner join declared_break
        on {{ break_lies_between('declared_break', 'earlier', 'later') }}
),

decided_flag as (
    select
        flag.strategy_code,
        flag.flag_key,
        left(md5(flag.flag_key), 8) as flag_id,
        flag.series_key,
        flag.from_period,
        flag.to_period,
        flag.rule,
        case
            when decision.decision = 'confirmed' then 'confirmed'
            -- A dismissal speaks of what was seen then: other evidence is another question.
            when decision.decision = 'dismissed' and decision.evidence_hash = flag.evidence_hash then 'dismissed'
            when flag.kind = 'declared' or explained_flag.flag_key is not null then 'declared'
            else 'suspected'
        end as kind,
        flag.severity,
        flag.is_break,
        flag.obs_status,
        flag.evidence,
        flag.evidence_hash,
        flag.reason_lv,
        flag.reason_en,
        decision.reason as decision_reason,
        decision.decided_by,
        decision.decided_on
    from flag
    left join decision
        on flag.flag_key = decision.flag_key
    left join explained_flag
        on flag.flag_key = explained_flag.flag_key
)

select * from decided_flag
