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
    select school_year from {{ ref('enrolment_cell') }}
    union
    select first_period from {{ ref('source_break') }}
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

-- The years that a strategy's report gives results for; a later one may be known from a survey or from its targets.
result_label as (
    select distinct period_label as label from {{ ref('report_cell') }} where cell_role = 'result'
),

ordered_label as (
    select
        label,
        period_kind,
        starts_on,
        ends_on,
        cast(row_number() over (order by ends_on nulls first, starts_on) as integer) as sort_order
    from dated_label
),

last_result as (
    select max(ordered_label.sort_order) as sort_order
    from ordered_label
    inner join result_label
        on ordered_label.label = result_label.label
),

period as (
    select
        ordered_label.label as period_key,
        ordered_label.period_kind,
        ordered_label.label,
        {{ period_label_lv('ordered_label.label', 'ordered_label.period_kind') }} as label_lv,
        {{ period_label_en('ordered_label.label', 'ordered_label.period_kind') }} as label_en,
        ordered_label.starts_on,
        ordered_label.ends_on,
        cast(year(ordered_label.starts_on) as integer) as starts_in_year,
        previous_label.label as previous_period_key,
        coalesce(ordered_label.sort_order = last_result.sort_order, false) as is_latest,
        ordered_label.sort_order
    from ordered_label
    cross join last_result
    left join dated_label as previous_label
        on {{ previous_period('ordered_label.label') }} = previous_label.label
)

select * from period
