with

assessment as (
    select * from {{ ref('indicator_assessment') }}
),

reason as (
    select * from {{ ref('comparability_reason') }}
),

refusal as (
    select series_key, period_key, 'suppressed' as refusal_reason from assessment
    where is_suppressed
    union
    select series_key, period_key, 'not_measured' from assessment
    where not (has_value or is_qualitative or is_suppressed or is_without_method)
    union
    select series_key, period_key, 'no_methodology' from assessment
    where is_without_method
    union
    select series_key, period_key, 'qualitative' from assessment
    where is_qualitative
    union
    select series_key, period_key, 'baseline_missing' from assessment
    where not has_baseline
    union
    -- Without the baseline's date nobody knows how much of the time had gone.
    select series_key, period_key, 'baseline_missing' from assessment
    where progress_status = 'not_assessable' and progress_share is not null and elapsed_share is null
    union
    select series_key, period_key, 'unit_mismatch' from assessment
    where is_unit_different
    union
    -- `exists` is no unit that a number could be held against.
    select series_key, period_key, 'unit_mismatch' from assessment
    where
        has_value
        and (is_final_target_numeric or final_target_comparator = 'exists')
        and not is_final_target_in_result_unit
    union
    select series_key, period_key, 'break_declared' from assessment
    where is_break_declared
    union
    select series_key, period_key, 'break_suspected' from assessment
    where is_break_suspected
    union
    select series_key, period_key, 'target_missing' from assessment
    where coalesce(final_target_comparator, 'not_set') = 'not_set'
    union
    select series_key, period_key, 'target_other_method' from assessment
    where has_value and is_final_target_in_result_unit and not is_final_target_same_method
),

ordered_refusal as (
    select
        assessment.strategy_code,
        refusal.series_key,
        refusal.period_key,
        refusal.refusal_reason,
        row_number() over (
            partition by refusal.series_key, refusal.period_key
            order by reason.precedence
        ) as refusal_no,
        case
            when refusal.refusal_reason in ('break_declared', 'break_suspected')
                then reason.text_lv || ' ' || assessment.break_reasons_lv
            else reason.text_lv
        end as text_lv,
        case
            when refusal.refusal_reason in ('break_declared', 'break_suspected')
                then reason.text_en || ' ' || assessment.break_reasons_en
            else reason.text_en
        end as text_en
    from refusal
    inner join assessment
        on
            refusal.series_key = assessment.series_key
            and refusal.period_key = assessment.period_key
    inner join reason
        on refusal.refusal_reason = reason.refusal_reason
)

select * from ordered_refusal
