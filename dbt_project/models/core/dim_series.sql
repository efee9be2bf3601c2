with

series as (
    select
        *,
        {{ series_key('strategy_code', 'indicator_no', 'breakdown') }} as series_key
    from {{ ref('series') }}
),

indicator as (
    select * from {{ ref('dim_indicator') }}
),

methodology as (
    select * from {{ ref('dim_methodology') }}
),

latest_unit as (
    select
        series_key,
        unit
    from methodology
    qualify row_number() over (partition by series_key order by version_no desc) = 1
),

described_series as (
    select
        series.strategy_code,
        series.series_key,
        indicator.indicator_key,
        series.indicator_no,
        indicator.advantage_no,
        series.breakdown,
        series.strategy_code || '/' || series.institution_code as institution_key,
        series.level_code,
        series.stakeholder_code,
        series.aspect_code,
        series.measure_code,
        series.field_code,
        series.course_code,
        series.rating_code,
        series.answer_code,
        series.territory_code,
        series.label_lv,
        series.label_en,
        latest_unit.unit,
        series.desired_direction
    from series
    inner join indicator
        on
            series.strategy_code = indicator.strategy_code
            and series.indicator_no = indicator.indicator_no
    inner join latest_unit
        on series.series_key = latest_unit.series_key
)

select * from described_series
