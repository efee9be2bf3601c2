with

printed_value as (
    select * from {{ ref('stg_indicators__value') }} where superseded_on is null
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
    where is_current and is_baseline and not is_bridged
),

-- Targets were adopted with the strategy, so they were set under the first version of each methodology, unless it is
-- said that they were set anew under a later one.
target_methodology as (
    select
        *,
        row_number() over (
            partition by series_key
            order by
                targets_restated desc nulls last,
                case when targets_restated then version_no end desc nulls last,
                version_no asc
        ) as choice_no
    from methodology
),

printed_target as (
    select
        printed_value.*,
        report_cell.target_year,
        report_cell.is_final_target,
        target_methodology.methodology_key,
        target_methodology.unit as methodology_unit,
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
    inner join target_methodology
        on
            printed_value.series_key = target_methodology.series_key
            and target_methodology.choice_no = 1
    where
        report_cell.cell_role = 'target'
        and printed_value.value_kind <> 'blank'
),

read_target as (
    select
        printed_target.*,
        case
            when printed_target.value_kind = 'mark' then coalesce(value_mark.comparator_code, 'not_set')
            when printed_target.value_upper_numeric is not null then 'between'
            when printed_target.desired_direction = 'down' then 'at_most'
            else 'at_least'
        end as comparator,
        case
            when printed_target.value_kind = 'relative' then 'percent_of_baseline'
            when printed_target.value_unit = 'percent' then 'percent'
            when value_mark.comparator_code = 'exists' then 'existence'
            when printed_target.value_kind = 'mark' then null
            when
                printed_target.value_kind in ('number', 'range') and printed_target.methodology_unit = 'percent'
                then 'number'
            else printed_target.methodology_unit
        end as unit
    from printed_target
    left join value_mark
        on printed_target.value_mark = value_mark.mark_code
),

target_with_bounds as (
    select
        read_target.*,
        {{ resolved_target(
            'read_target.value_numeric', 'read_target.unit', 'read_target.series_unit',
            'baseline.value_numeric', 'baseline.unit'
        ) }} as resolved_bound,
        {{ resolved_target(
            'read_target.value_upper_numeric', 'read_target.unit', 'read_target.series_unit',
            'baseline.value_numeric', 'baseline.unit'
        ) }} as resolved_upper_bound
    from read_target
    left join baseline
        on read_target.series_key = baseline.series_key
),

resolved_target as (
    select
        series_key || '/' || cast(target_year as varchar) as target_key,
        strategy_code,
        series_key,
        target_year,
        comparator,
        value_numeric,
        value_upper_numeric as upper_value_numeric,
        value_printed as value_text,
        unit,
        -- Of a baseline below zero +3 % is the lower level, +2 % the upper one.
        case
            when resolved_upper_bound < resolved_bound then resolved_upper_bound
            else resolved_bound
        end as resolved_value,
        case
            when resolved_upper_bound < resolved_bound then resolved_bound
            else resolved_upper_bound
        end as resolved_upper_value,
        is_final_target as is_final,
        methodology_key,
        source_file,
        source_row,
        report_line
    from target_with_bounds
)

select * from resolved_target
