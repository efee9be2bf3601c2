with

printed_value as (
    select * from {{ ref('stg_indicators__value') }}
),

report_cell as (
    select * from {{ ref('report_cell') }}
),

series as (
    select * from {{ ref('dim_series') }}
),

indicator as (
    select * from {{ ref('dim_indicator') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

value_mark as (
    select * from {{ ref('value_mark') }}
),

baseline as (
    select
        series_key,
        value_numeric,
        unit
    from {{ ref('fct_observation') }}
    where is_baseline
),

-- Targets were adopted with the strategy, so they were set under the first version of each methodology.
first_methodology as (
    select * from methodology
    where previous_methodology_key is null
),

printed_target as (
    select
        printed_value.*,
        report_cell.target_year,
        report_cell.is_final_target,
        first_methodology.methodology_key,
        first_methodology.unit as methodology_unit,
        series.unit as series_unit,
        coalesce(series.desired_direction, indicator.desired_direction) as desired_direction
    from printed_value
    inner join report_cell
        on
            printed_value.strategy_code = report_cell.strategy_code
            and printed_value.cell = report_cell.cell
    inner join series
        on printed_value.series_key = series.series_key
    inner join indicator
        on series.indicator_key = indicator.indicator_key
    inner join first_methodology
        on printed_value.series_key = first_methodology.series_key
    where
        report_cell.cell_role = 'target'
        and printed_value.value_kind <> 'blank'
),

read_target as (
    select
        printed_target.*,
        case
            when printed_target.value_kind = 'mark' then coalesce(value_mark.comparator_code, 'not_set')
            when printed_target.desired_direction = 'down' then 'at_most'
            else 'at_least'
        end as comparator,
        case
            when printed_target.value_kind = 'relative' then 'percent_of_baseline'
            when printed_target.value_unit = 'percent' then 'percent'
            when value_mark.comparator_code = 'exists' then 'existence'
            when printed_target.value_kind = 'mark' then null
            when printed_target.value_kind = 'number' and printed_target.methodology_unit = 'percent' then 'number'
            else printed_target.methodology_unit
        end as unit
    from printed_target
    left join value_mark
        on printed_target.value_mark = value_mark.mark_code
),

resolved_target as (
    select
        read_target.series_key || '/' || cast(read_target.target_year as varchar) as target_key,
        read_target.strategy_code,
        read_target.series_key,
        read_target.target_year,
        read_target.comparator,
        read_target.value_numeric,
        read_target.value_printed as value_text,
        read_target.unit,
        {{ resolved_target(
            'read_target.value_numeric', 'read_target.unit', 'read_target.series_unit',
            'baseline.value_numeric', 'baseline.unit'
        ) }} as resolved_value,
        read_target.is_final_target as is_final,
        read_target.methodology_key,
        read_target.source_file,
        read_target.source_row,
        read_target.report_line
    from read_target
    left join baseline
        on read_target.series_key = baseline.series_key
)

select * from resolved_target
