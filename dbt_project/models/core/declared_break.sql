with

break_declaration as (
    select * from {{ ref('break_declaration') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

source_break as (
    select * from {{ ref('source_break') }}
),

enrolment_series as (
    select distinct
        strategy_code,
        series_key,
        source_code
    from {{ ref('fct_enrolment') }}
    where source_code is not null
),

-- A declaration between two versions is placed by them: a baseline restated under the later one lies behind the break,
-- whatever its year. Only one that names no version is placed by its first period.
placed_declaration as (
    select
        break_declaration.*,
        case when break_declaration.to_version_no is null then period.sort_order end as to_period_order,
        earlier.methodology_key as from_methodology_key,
        later.methodology_key as to_methodology_key,
        earlier.valid_to as from_valid_to,
        coalesce(break_declaration.first_period, later.valid_from) as to_period
    from break_declaration
    left join methodology as earlier
        on
            break_declaration.series_key = earlier.series_key
            and break_declaration.from_version_no = earlier.version_no
    left join methodology as later
        on
            break_declaration.series_key = later.series_key
            and break_declaration.to_version_no = later.version_no
    left join period
        on break_declaration.first_period = period.period_key
),

-- What breaks a whole source breaks each of its series.
break_of_source as (
    select
        enrolment_series.series_key || '/' || source_break.first_period || '/declared/' || source_break.declared_by
            as break_key,
        enrolment_series.strategy_code,
        enrolment_series.series_key,
        cast(null as varchar) as from_methodology_key,
        cast(null as varchar) as to_methodology_key,
        cast(null as integer) as from_version_no,
        cast(null as integer) as to_version_no,
        period.sort_order as to_period_order,
        {{ previous_period('source_break.first_period') }} as from_period,
        source_break.first_period as to_period,
        source_break.reason_code,
        'none' as bridge_code,
        cast(null as double) as bridge_factor,
        source_break.declared_by,
        source_break.declared_on,
        source_break.evidence_document as evidence,
        source_break.reason_lv,
        source_break.reason_en
    from source_break
    inner join enrolment_series
        on
            source_break.strategy_code = enrolment_series.strategy_code
            and source_break.source_code = enrolment_series.source_code
    inner join period
        on source_break.first_period = period.period_key
),

break_of_series as (
    select
        series_key || '/' || to_period || '/declared/' || declared_by as break_key,
        strategy_code,
        series_key,
        from_methodology_key,
        to_methodology_key,
        from_version_no,
        to_version_no,
        to_period_order,
        -- A break that is known by its period alone has no earlier version that ends.
        coalesce(from_valid_to, {{ previous_period('to_period') }}) as from_period,
        to_period,
        reason_code,
        bridge_code,
        bridge_factor,
        declared_by,
        declared_on,
        evidence_document || coalesce(', l. ' || cast(evidence_line as varchar), '') as evidence,
        reason_lv,
        reason_en
    from placed_declaration
),

declared_break as (
    select * from break_of_series
    union all
    select * from break_of_source
)

select * from declared_break
