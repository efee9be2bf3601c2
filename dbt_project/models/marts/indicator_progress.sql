with

assessment as (
    select * from {{ ref('indicator_assessment') }}
),

refusal as (
    select * from {{ ref('indicator_refusal') }}
),

cagr as (
    select * from {{ ref('indicator_cagr') }}
),

cagr_assessment as (
    select * from {{ ref('cagr_assessment') }}
),

series as (
    select * from {{ ref('indicator_series') }}
),

progress_status as (
    select * from {{ ref('progress_status') }}
),

unit as (
    select * from {{ ref('unit') }}
),

first_refusal as (
    select * from refusal where refusal_no = 1
),

progress as (
    select
        series.strategy_code,
        series.advantage_no,
        series.advantage_code,
        series.indicator_no,
        series.indicator_name_lv,
        series.indicator_name_en,
        series.series_key,
        series.breakdown,
        series.series_label_lv,
        series.series_label_en,
        series.institution_key,
        series.desired_direction,
        assessment.period_key,
        assessment.period_label,
        assessment.period_ends_on,
        assessment.baseline_value,
        assessment.baseline_text,
        assessment.baseline_unit,
        assessment.baseline_period_label,
        assessment.baseline_ends_on,
        assessment.target_value,
        assessment.target_upper_value,
        assessment.target_text,
        assessment.target_comparator,
        assessment.target_unit,
        assessment.target_due_on,
        assessment.target_methodology_key,
        assessment.final_target_value,
        assessment.final_target_upper_value,
        assessment.final_target_text,
        assessment.final_target_comparator,
        assessment.final_target_unit,
        assessment.final_target_due_on,
        assessment.final_target_methodology_key,
        assessment.result_value,
        assessment.result_text,
        assessment.has_value or assessment.is_qualitative as has_data,
        unit.unit_code as unit,
        unit.name_lv as unit_name_lv,
        unit.name_en as unit_name_en,
        assessment.obs_status,
        assessment.is_comparable,
        first_refusal.refusal_reason,
        first_refusal.text_lv as refusal_text_lv,
        first_refusal.text_en as refusal_text_en,
        assessment.change,
        case series.desired_direction
            when 'up' then assessment.change > 0
            when 'down' then assessment.change < 0
        end as is_improving,
        assessment.gap,
        assessment.progress_share,
        assessment.elapsed_days,
        assessment.total_days,
        assessment.elapsed_share,
        assessment.on_track_tolerance,
        assessment.progress_status,
        progress_status.name_lv as progress_status_name_lv,
        progress_status.name_en as progress_status_name_en,
        cagr.cagr_measure,
        cagr.cagr_required,
        cagr.cagr_ratio_share,
        cagr.cagr_assessment_code,
        cagr_assessment.name_lv as cagr_assessment_name_lv,
        cagr_assessment.name_en as cagr_assessment_name_en,
        assessment.methodology_key,
        assessment.baseline_methodology_key,
        assessment.source_file,
        assessment.report_line,
        assessment.baseline_report_line,
        assessment.is_baseline_bridged,
        assessment.baseline_bridge_key,
        assessment.target_report_line,
        assessment.final_target_report_line
    from assessment
    inner join series
        on assessment.series_key = series.series_key
    inner join unit
        on coalesce(assessment.unit, series.unit) = unit.unit_code
    inner join cagr
        on
            assessment.series_key = cagr.series_key
            and assessment.period_key = cagr.period_key
    left join cagr_assessment
        on cagr.cagr_assessment_code = cagr_assessment.cagr_assessment_code
    inner join progress_status
        on assessment.progress_status = progress_status.progress_status_code
    left join first_refusal
        on
            assessment.series_key = first_refusal.series_key
            and assessment.period_key = first_refusal.period_key
)

select * from progress
