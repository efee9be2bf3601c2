with

report_cell as (
    select * from {{ ref('report_cell') }}
),

target as (
    select * from {{ ref('fct_target') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

result_cell as (
    select * from report_cell where cell_role = 'result'
),

target_cell as (
    select
        report_cell.*,
        result_cell.period_label as due_period_key
    from report_cell
    inner join result_cell
        on
            report_cell.strategy_code = result_cell.strategy_code
            and report_cell.answers_cell = result_cell.cell
    where report_cell.cell_role = 'target'
),

-- Each result is held against the target of its own period and against the strategy's final target.
target_of_period as (
    select
        strategy_code,
        due_period_key as period_key,
        'period' as target_role,
        target_year,
        due_period_key
    from target_cell
),

final_target_of_period as (
    select
        result_cell.strategy_code,
        result_cell.period_label as period_key,
        'final' as target_role,
        target_cell.target_year,
        target_cell.due_period_key
    from result_cell
    inner join target_cell
        on result_cell.strategy_code = target_cell.strategy_code
    where target_cell.is_final_target
),

target_asked_for as (
    select * from target_of_period
    union all
    select * from final_target_of_period
),

target_of_series as (
    select
        target.strategy_code,
        target.series_key,
        target_asked_for.period_key,
        target_asked_for.target_role,
        target_asked_for.target_year,
        target_asked_for.due_period_key,
        target.comparator,
        target.resolved_value as target_value,
        target.resolved_upper_value as target_upper_value,
        case when target.resolved_value is not null then series.unit end as unit,
        target.value_text,
        target.unit as printed_unit,
        target.methodology_key,
        methodology.version_no,
        target.report_line
    from target
    inner join target_asked_for
        on
            target.strategy_code = target_asked_for.strategy_code
            and target.target_year = target_asked_for.target_year
    inner join series
        on target.series_key = series.series_key
    inner join methodology
        on target.methodology_key = methodology.methodology_key
)

select * from target_of_series
