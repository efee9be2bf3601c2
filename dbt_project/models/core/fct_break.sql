{{ config(meta={'stage': 'after_guard'}) }}

with

break_declaration as (
    select
        *,
        {{ series_key('strategy_code', 'indicator_no', 'breakdown') }} as series_key
    from {{ ref('break_declaration') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

flag as (
    select * from {{ source('guard', 'flag') }}
),

declared_break as (
    select
        break_declaration.strategy_code,
        break_declaration.series_key,
        {{ methodology_key('break_declaration.series_key', 'break_declaration.from_version_no') }}
            as from_methodology_key,
        {{ methodology_key('break_declaration.series_key', 'break_declaration.to_version_no') }}
            as to_methodology_key,
        earlier.valid_to as from_period,
        break_declaration.first_period as to_period,
        'declared' as kind,
        break_declaration.reason_code,
        break_declaration.bridge_code,
        break_declaration.bridge_factor,
        break_declaration.bridge_code <> 'none' as is_bridged,
        break_declaration.declared_by,
        break_declaration.declared_on,
        break_declaration.evidence_document || ', l. ' || cast(break_declaration.evidence_line as varchar) as evidence,
        break_declaration.reason_lv,
        break_declaration.reason_en
    from break_declaration
    left join methodology as earlier
        on
            break_declaration.series_key = earlier.series_key
            and break_declaration.from_version_no = earlier.version_no
),

suspected_break as (
    select
        strategy_code,
        series_key,
        cast(null as varchar) as from_methodology_key,
        cast(null as varchar) as to_methodology_key,
        from_period,
        to_period,
        kind,
        cast(null as varchar) as reason_code,
        'none' as bridge_code,
        cast(null as double) as bridge_factor,
        false as is_bridged,
        rule as declared_by,
        cast(null as date) as declared_on,
        evidence,
        reason_lv,
        reason_en
    from flag
    where is_break and kind <> 'declared'
),

all_break as (
    select * from declared_break
    union all
    select * from suspected_break
),

keyed_break as (
    select
        series_key || '/' || coalesce(to_period, 'unknown') || '/' || kind || '/' || declared_by as break_key,
        *
    from all_break
)

select * from keyed_break
