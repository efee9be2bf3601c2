with recursive

strategy as (
    select * from {{ ref('strategy') }}
),

-- The strategy's own school years are there from the first day, with or without figures.
strategy_year as (
    select
        valid_from_year as year_no,
        valid_to_year
    from strategy
    where valid_from_year < valid_to_year
    union all
    select
        year_no + 1 as year_no,
        valid_to_year
    from strategy_year
    where year_no + 1 < valid_to_year
),

known_label as (
    select period_label as label from {{ ref('report_cell') }}
    union
    select period_label from {{ ref('survey') }}
    union
    select school_year from {{ ref('stg_enrolment__learner_count') }}
    union
    select school_year from {{ ref('stg_enrolment__institution_count') }}
    union
    select {{ period_label('period_printed') }} from {{ ref('stg_indicators__value') }}
    union
    select valid_from from {{ ref('methodology_version') }}
    union
    select valid_to from {{ ref('methodology_version') }}
    union
    select first_period from {{ ref('break_declaration') }}
    union
    select cast(year_no as varchar) || '/' || cast(year_no + 1 as varchar) from strategy_year
),

classified_label as (
    select
        label,
        {{ period_kind('label') }} as period_kind
    from known_label
    where label is not null
    union
    -- Baselines without a printed year (e.g. l. 680) belong to a member of their own, never guessed into another.
    select
        'unknown' as label,
        'unknown' as period_kind
),

dated_label as (
    select
        label,
        period_kind,
        {{ period_starts_on('label', 'period_kind') }} as starts_on,
        {{ period_ends_on('label', 'period_kind') }} as ends_on
    from classified_label
    -- A printed text that names no period is kept with its observation; it is not a member.
    where period_kind <> 'unknown' or label = 'unknown'
),

period as (
    select
        label as period_key,
        period_kind,
        label,
        {{ period_label_lv('label', 'period_kind') }} as label_lv,
        starts_on,
        ends_on,
        cast(row_number() over (order by ends_on nulls first, starts_on) as integer) as sort_order
    from dated_label
)

select * from period
