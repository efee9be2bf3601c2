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

methodology as (
    select * from {{ ref('dim_methodology') }}
),

period as (
    select * from {{ ref('dim_period') }}
),

value_mark as (
    select * from {{ ref('value_mark') }}
),

obs_status as (
    select * from {{ ref('dim_obs_status') }}
),

dated_value as (
    select
        printed_value.*,
        report_cell.cell_role = 'baseline' as is_baseline,
        case
            when report_cell.cell_role = 'result' then report_cell.period_label
            when {{ period_kind(period_label('printed_value.period_printed')) }} <> 'unknown'
                then {{ period_label('printed_value.period_printed') }}
            -- No year is printed with some baselines (e.g. l. 680): the year is not guessed.
            else 'unknown'
        end as period_key
    from printed_value
    inner join report_cell
        on
            printed_value.strategy_code = report_cell.strategy_code
            and printed_value.cell = report_cell.cell
    where report_cell.cell_role in ('baseline', 'result')
),

-- A baseline was measured by the version it was restated under, else by the first; a result by the version in force.
possible_version as (
    select
        dated_value.*,
        methodology.methodology_key,
        methodology.definition_no,
        methodology.unit as methodology_unit,
        row_number() over (
            partition by dated_value.series_key, dated_value.cell, dated_value.vintage
            order by
                case when dated_value.is_baseline then not methodology.baseline_restated end,
                case when dated_value.is_baseline then methodology.version_no end,
                methodology.version_no desc
        ) as choice_no
    from dated_value
    inner join methodology
        on
            dated_value.series_key = methodology.series_key
            and (
                dated_value.is_baseline
                or dated_value.period_key
                between coalesce(methodology.valid_from, dated_value.period_key)
                and coalesce(methodology.valid_to, dated_value.period_key)
            )
),

measured_value as (
    select * from possible_version
    where choice_no = 1
),

-- Breaks count between numbers: a year without a number has nothing to compare.
previous_definition as (
    select
        measured_value.series_key,
        measured_value.period_key,
        measured_value.vintage,
        lag(measured_value.definition_no) over (
            partition by measured_value.series_key, measured_value.vintage
            order by period.sort_order
        ) as previous_definition_no
    from measured_value
    inner join period
        on measured_value.period_key = period.period_key
    where measured_value.value_numeric is not null
),

status_code as (
    select
        measured_value.series_key,
        measured_value.period_key,
        measured_value.vintage,
        case
            when measured_value.value_kind = 'blank' then 'O'
            when measured_value.value_kind = 'mark' then value_mark.obs_status_code
            else 'A'
        end as obs_status_code
    from measured_value
    left join value_mark
        on measured_value.value_mark = value_mark.mark_code
    union
    select
        measured_value.series_key,
        measured_value.period_key,
        measured_value.vintage,
        'B' as obs_status_code
    from measured_value
    inner join previous_definition
        on
            measured_value.series_key = previous_definition.series_key
            and measured_value.period_key = previous_definition.period_key
            and measured_value.vintage = previous_definition.vintage
    where measured_value.definition_no <> previous_definition.previous_definition_no
),

counted_status_code as (
    select
        *,
        count(*) over (partition by series_key, period_key, vintage) as status_count
    from status_code
),

-- A, the normal value, says nothing beside another status.
telling_status_code as (
    select * from counted_status_code
    where obs_status_code <> 'A' or status_count = 1
),

status_set as (
    select
        telling_status_code.series_key,
        telling_status_code.period_key,
        telling_status_code.vintage,
        {{ dbt.listagg('telling_status_code.obs_status_code', "' '", 'order by obs_status.precedence') }} as obs_flags
    from telling_status_code
    inner join obs_status
        on telling_status_code.obs_status_code = obs_status.obs_status_code
    group by telling_status_code.series_key, telling_status_code.period_key, telling_status_code.vintage
),

observation as (
    select
        measured_value.series_key || '/' || measured_value.period_key as observation_key,
        measured_value.strategy_code,
        measured_value.series_key,
        measured_value.period_key,
        period.label as period_label,
        series.institution_key,
        measured_value.is_baseline,
        measured_value.value_numeric,
        measured_value.value_printed as value_text,
        case
            when measured_value.value_unit = 'percent' then 'percent'
            -- A bare number in a series of percents: its unit is not printed, and not assumed.
            when measured_value.value_kind = 'number' and measured_value.methodology_unit = 'percent' then 'number'
            else measured_value.methodology_unit
        end as unit,
        left(status_set.obs_flags, 1) as obs_status,
        status_set.obs_flags,
        -- Everything here was published by the authority itself.
        'F' as conf_status,
        measured_value.methodology_key,
        measured_value.vintage,
        coalesce(value_mark.is_qualitative, false) as is_qualitative,
        measured_value.value_mark as mark_code,
        measured_value.cell_printed,
        measured_value.period_printed,
        measured_value.source_file,
        measured_value.source_row,
        measured_value.report_line
    from measured_value
    inner join series
        on measured_value.series_key = series.series_key
    inner join period
        on measured_value.period_key = period.period_key
    inner join status_set
        on
            measured_value.series_key = status_set.series_key
            and measured_value.period_key = status_set.period_key
            and measured_value.vintage = status_set.vintage
    left join value_mark
        on measured_value.value_mark = value_mark.mark_code
)

select * from observation
