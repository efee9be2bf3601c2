with

assessment as (
    select * from {{ ref('indicator_assessment') }}
),

reason as (
    select * from {{ ref('comparability_reason') }}
),

-- Every reason that holds has a row; the order in which they are named is the code list's.
refusal as (
    select
        assessment.strategy_code,
        assessment.series_key,
        assessment.period_key,
        reason.refusal_reason,
        reason.precedence,
        reason.text_lv,
        reason.text_en,
        reason.remedy_lv,
        reason.remedy_en,
        case when reason.is_break then assessment.break_reasons_lv end as break_reasons_lv,
        case when reason.is_break then assessment.break_reasons_en end as break_reasons_en
    from assessment
    inner join reason
        on
            case reason.refusal_reason
                when 'suppressed' then assessment.is_suppressed
                when 'not_measured' then assessment.is_not_measured
                when 'no_methodology' then assessment.is_without_method
                when 'qualitative' then assessment.is_qualitative
                -- Without the baseline's date nobody knows how much of the time had gone.
                when 'baseline_missing' then not assessment.has_baseline or assessment.is_undated
                -- `exists` is no unit that a number could be held against.
                when 'unit_mismatch'
                    then
                        assessment.is_unit_different
                        or (
                            assessment.has_value
                            and assessment.final_target_comparator in ('at_least', 'at_most', 'between', 'exists')
                            and not assessment.is_final_target_in_result_unit
                        )
                when 'break_declared' then assessment.is_break_declared
                when 'break_suspected' then assessment.is_break_suspected
                when 'target_missing' then coalesce(assessment.final_target_comparator, 'not_set') = 'not_set'
                when 'target_other_method'
                    then
                        assessment.has_value
                        and assessment.is_final_target_in_result_unit
                        and not assessment.is_final_target_same_method
            end
),

ordered_refusal as (
    select
        strategy_code,
        series_key,
        period_key,
        refusal_reason,
        cast(
            row_number() over (partition by series_key, period_key order by precedence) as integer
        ) as refusal_no,
        concat_ws(' ', text_lv, break_reasons_lv, remedy_lv) as text_lv,
        concat_ws(' ', text_en, break_reasons_en, remedy_en) as text_en
    from refusal
)

select * from ordered_refusal
