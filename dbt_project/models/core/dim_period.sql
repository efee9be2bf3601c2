with

printed_label as (
    select period_label as label from {{ ref('report_cell') }}
    union
    select period_label from {{ ref('survey') }}
    union
    select school_year from {{ ref('stg_enrolment__learner_count') }}
    union
    select school_year from {{ ref('stg_enrolment__institution_count') }}
    union
    select period_printed from {{ ref('stg_indicators__value') }}
    union
    select valid_from from {{ ref('methodology_version') }}
    union
    select valid_to from {{ ref('methodology_version') }}
),

classified_label as (
    select
        label,
        {{ period_kind('label') }} as period_kind
    from printed_label
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
    -- A printed text such as „2024./2025. m.g.” is kept with its observation; it is no label of a period.
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
