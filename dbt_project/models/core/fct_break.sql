{{ config(meta={'stage': 'after_guard'}) }}

with

declaration as (
    select * from {{ ref('declared_break') }}
),

flag as (
    select * from {{ ref('fct_flag') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

declared_break as (
    select
        break_key,
        strategy_code,
        series_key,
        from_methodology_key,
        to_methodology_key,
        from_period,
        to_period,
        to_version_no,
        to_period_order,
        'declared' as kind,
        reason_code,
        bridge_code,
        bridge_factor,
        bridge_code <> 'none' as is_bridged,
        declared_by,
        declared_on,
        evidence,
        reason_lv,
        reason_en
    from declaration
),

-- A suspicion is known by its periods alone, and it stops comparisons while nobody has decided on it. A confirmed one
-- has its declaration; if that is missing, it is a break all the same. A declaration between two versions does not
-- stand for it: a baseline restated under the later one lies behind that break, but not behind this one.
found_break as (
    select
        flag.flag_key as break_key,
        flag.strategy_code,
        flag.series_key,
        cast(null as varchar) as from_methodology_key,
        cast(null as varchar) as to_methodology_key,
        flag.from_period,
        flag.to_period,
        cast(null as integer) as to_version_no,
        period.sort_order as to_period_order,
        flag.kind,
        cast(null as varchar) as reason_code,
        'none' as bridge_code,
        cast(null as double) as bridge_factor,
        false as is_bridged,
        flag.rule as declared_by,
        cast(null as date) as declared_on,
        flag.evidence,
        flag.reason_lv || ' [' || flag.flag_id || ']' as reason_lv,
        flag.reason_en || ' [' || flag.flag_id || ']' as reason_en
    from flag
    left join period
        on flag.to_period = period.period_key
    where
        flag.is_break
        and (
            flag.kind = 'suspected'
            or (
                flag.kind = 'confirmed'
                and not exists (
                    select 1
                    from declaration
                    where
                        flag.series_key = declaration.series_key
                        and flag.to_period = declaration.to_period
                        and declaration.to_version_no is null
                )
            )
        )
),

all_break as (
    select * from declared_break
    union all
    select * from found_break
)

select * from all_break
