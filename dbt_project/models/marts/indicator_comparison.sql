with

series as (
    select * from {{ ref('dim_series') }}
),

report_cell as (
    select * from {{ ref('report_cell') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

observation as (
    select * from {{ ref('comparability_observation') }}
),

series_break as (
    select * from {{ ref('comparability_break') }}
),

baseline as (
    select * from observation where is_baseline
),

result as (
    select * from observation where not is_baseline and not is_bridged
),

-- Every series has a row for every result period, so that a value nobody handed in is counted, not forgotten.
expected_result as (
    select
        series.strategy_code,
        series.series_key,
        period.period_key,
        period.label as period_label,
        period.sort_order as period_order,
        period.ends_on as period_ends_on
    from series
    inner join report_cell
        on series.strategy_code = report_cell.strategy_code
    inner join period
        on report_cell.period_label = period.period_key
    where report_cell.cell_role = 'result'
),

break_since_baseline as (
    select
        result.series_key,
        result.period_key,
        baseline.observation_key as baseline_observation_key,
        count(case when series_break.refusal_reason = 'break_declared' then 1 end) as declared_count,
        count(case when series_break.refusal_reason = 'break_suspected' then 1 end) as suspected_count,
        {{ dbt.listagg('series_break.reason_lv', "' '", 'order by series_break.break_key') }} as reasons_lv,
        {{ dbt.listagg('series_break.reason_en', "' '", 'order by series_break.break_key') }} as reasons_en
    from result
    inner join baseline
        on result.series_key = baseline.series_key
    inner join series_break
        on {{ break_lies_between('series_break', 'baseline', 'result') }}
    group by result.series_key, result.period_key, baseline.observation_key
),

-- The baseline as it was measured; where a break parts it from the result, as it was taken over the break, if it was.
baseline_of_result as (
    select
        expected_result.series_key as result_series_key,
        expected_result.period_key as result_period_key,
        baseline.*,
        break_since_baseline.declared_count,
        break_since_baseline.suspected_count,
        break_since_baseline.reasons_lv,
        break_since_baseline.reasons_en,
        row_number() over (
            partition by expected_result.series_key, expected_result.period_key
            order by
                case when break_since_baseline.series_key is null then 0 else 1 end,
                baseline.is_bridged,
                baseline.version_no
        ) as choice_no
    from expected_result
    inner join baseline
        on expected_result.series_key = baseline.series_key
    left join break_since_baseline
        on
            expected_result.series_key = break_since_baseline.series_key
            and expected_result.period_key = break_since_baseline.period_key
            and baseline.observation_key = break_since_baseline.baseline_observation_key
),

result_beside_baseline as (
    select
        expected_result.*,
        baseline.value_numeric as baseline_value,
        baseline.value_text as baseline_text,
        baseline.unit as baseline_unit,
        baseline.period_label as baseline_period_label,
        baseline.period_order as baseline_period_order,
        baseline.period_ends_on as baseline_ends_on,
        baseline.methodology_key as baseline_methodology_key,
        baseline.report_line as baseline_report_line,
        coalesce(baseline.is_bridged, false) as is_baseline_bridged,
        baseline.bridge_key as baseline_bridge_key,
        result.value_numeric as result_value,
        result.value_text as result_text,
        result.unit,
        -- O: missing value, the status of a row that did not come.
        coalesce(result.obs_status, 'O') as obs_status,
        result.mark_code,
        result.methodology_key,
        result.version_no,
        result.source_file,
        result.report_line,
        coalesce(baseline.has_value and not baseline.is_without_method, false) as has_baseline,
        coalesce(result.has_value, false) as has_value,
        coalesce(result.is_suppressed, false) as is_suppressed,
        coalesce(result.is_not_measured, true) as is_not_measured,
        coalesce(result.is_without_method, false) as is_without_method,
        coalesce(result.is_qualitative, false) as is_qualitative,
        coalesce(result.unit <> baseline.unit, false) as is_unit_different,
        coalesce(baseline.declared_count > 0, false) as is_break_declared,
        coalesce(baseline.suspected_count > 0, false) as is_break_suspected,
        baseline.reasons_lv as break_reasons_lv,
        baseline.reasons_en as break_reasons_en
    from expected_result
    left join result
        on
            expected_result.series_key = result.series_key
            and expected_result.period_key = result.period_key
    left join baseline_of_result as baseline
        on
            expected_result.series_key = baseline.result_series_key
            and expected_result.period_key = baseline.result_period_key
            and baseline.choice_no = 1
),

judged_pair as (
    select
        *,
        has_value
        and has_baseline
        and not is_without_method
        and not is_unit_different
        and not is_break_declared
        and not is_break_suspected as is_comparable
    from result_beside_baseline
),

comparison as (
    select
        *,
        case when is_comparable then {{ without_float_noise('result_value - baseline_value') }} end as change
    from judged_pair
)

select * from comparison
