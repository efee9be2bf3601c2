with recursive

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

declared_break as (
    select * from {{ ref('declared_break') }}
),

dated_value as (
    select
        printed_value.*,
        -- A range or a change on the baseline is no level: it keeps its text, and is not taken for the number in it.
        case
            when printed_value.value_kind not in ('range', 'relative') then printed_value.value_numeric
        end as level_numeric,
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

-- A break that is known by its period alone lies between no two versions: it counts from that period on.
period_break as (
    select
        declared_break.series_key,
        period.sort_order
    from declared_break
    inner join period
        on declared_break.to_period = period.period_key
    where declared_break.to_methodology_key is null
),

numbered_value as (
    select
        measured_value.series_key,
        measured_value.period_key,
        measured_value.vintage,
        period.sort_order,
        measured_value.definition_no + count(period_break.series_key) as break_count
    from measured_value
    inner join period
        on measured_value.period_key = period.period_key
    left join period_break
        on
            measured_value.series_key = period_break.series_key
            and period.sort_order >= period_break.sort_order
    where measured_value.level_numeric is not null
    group by
        measured_value.series_key, measured_value.period_key, measured_value.vintage, measured_value.definition_no,
        period.sort_order
),

-- Breaks count between numbers: a year without a number has nothing to compare.
previous_number as (
    select
        *,
        lag(break_count) over (partition by series_key, vintage order by sort_order) as previous_break_count
    from numbered_value
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
        series_key,
        period_key,
        vintage,
        'B' as obs_status_code
    from previous_number
    where break_count <> previous_break_count
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
        measured_value.level_numeric as value_numeric,
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
        false as is_bridged,
        cast(null as varchar) as bridge_key,
        measured_value.vintage,
        measured_value.superseded_on,
        measured_value.superseded_on is null as is_current,
        coalesce(value_mark.is_qualitative, measured_value.value_kind in ('range', 'relative')) as is_qualitative,
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
),

-- Steps between two versions over which the authority converts; each value is taken over one after the other.
bridge as (
    select
        declared_break.break_key,
        declared_break.from_methodology_key,
        declared_break.to_methodology_key,
        declared_break.bridge_code,
        declared_break.bridge_factor,
        earlier.unit as from_unit,
        later.unit as to_unit,
        later.version_no as to_version_no
    from declared_break
    inner join methodology as earlier
        on declared_break.from_methodology_key = earlier.methodology_key
    inner join methodology as later
        on declared_break.to_methodology_key = later.methodology_key
    where declared_break.bridge_code in ('ratio', 'difference')
),

-- A number in another unit than its method's is no value that the bridge was made for.
bridged_value as (
    select
        observation.observation_key as measured_key,
        observation.vintage,
        bridge.to_version_no,
        bridge.to_methodology_key as methodology_key,
        bridge.to_unit as unit,
        bridge.break_key as bridge_key,
        {{ bridged_value('observation.value_numeric', 'bridge.bridge_code', 'bridge.bridge_factor') }} as value_numeric
    from observation
    inner join bridge
        on
            observation.methodology_key = bridge.from_methodology_key
            and observation.unit = bridge.from_unit
    where observation.value_numeric is not null
    union all
    select
        bridged_value.measured_key,
        bridged_value.vintage,
        bridge.to_version_no,
        bridge.to_methodology_key as methodology_key,
        bridge.to_unit as unit,
        bridge.break_key as bridge_key,
        {{ bridged_value('bridged_value.value_numeric', 'bridge.bridge_code', 'bridge.bridge_factor') }}
            as value_numeric
    from bridged_value
    inner join bridge
        on bridged_value.methodology_key = bridge.from_methodology_key
),

-- A bridged value is an estimate. What was said of the measured value holds for it too, but it stands at no break, and
-- is no normal value.
bridged_status_code as (
    select
        observation.observation_key as measured_key,
        observation.vintage,
        telling_status_code.obs_status_code
    from observation
    inner join telling_status_code
        on
            observation.series_key = telling_status_code.series_key
            and observation.period_key = telling_status_code.period_key
            and observation.vintage = telling_status_code.vintage
    where telling_status_code.obs_status_code not in ('A', 'B')
    union
    select
        measured_key,
        vintage,
        'E' as obs_status_code
    from bridged_value
),

bridged_status_set as (
    select
        bridged_status_code.measured_key,
        bridged_status_code.vintage,
        {{ dbt.listagg('bridged_status_code.obs_status_code', "' '", 'order by obs_status.precedence') }} as obs_flags
    from bridged_status_code
    inner join obs_status
        on bridged_status_code.obs_status_code = obs_status.obs_status_code
    group by bridged_status_code.measured_key, bridged_status_code.vintage
),

bridged_observation as (
    select
        observation.observation_key || '/v' || cast(bridged_value.to_version_no as varchar) as observation_key,
        observation.strategy_code,
        observation.series_key,
        observation.period_key,
        observation.period_label,
        observation.institution_key,
        observation.is_baseline,
        bridged_value.value_numeric,
        -- What was converted was never printed.
        cast(null as varchar) as value_text,
        bridged_value.unit,
        left(bridged_status_set.obs_flags, 1) as obs_status,
        bridged_status_set.obs_flags,
        observation.conf_status,
        bridged_value.methodology_key,
        true as is_bridged,
        bridged_value.bridge_key,
        observation.vintage,
        observation.superseded_on,
        observation.is_current,
        observation.is_qualitative,
        observation.mark_code,
        observation.cell_printed,
        observation.period_printed,
        observation.source_file,
        observation.source_row,
        observation.report_line
    from bridged_value
    inner join observation
        on
            bridged_value.measured_key = observation.observation_key
            and bridged_value.vintage = observation.vintage
    inner join bridged_status_set
        on
            bridged_value.measured_key = bridged_status_set.measured_key
            and bridged_value.vintage = bridged_status_set.vintage
),

all_observation as (
    select * from observation
    union all
    select * from bridged_observation
)

select * from all_observation
