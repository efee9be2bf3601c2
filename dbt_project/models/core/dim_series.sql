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

latest_version as (
    select
        series_key,
        max(version_no) as version_no
    from methodology
    group by series_key
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
        methodology.unit,
        series.desired_direction
    from series
    inner join indicator
        on
            series.strategy_code = indicator.strategy_code
            and series.indicator_no = indicator.indicator_no
    inner join latest_version
        on series.series_key = latest_version.series_key
    inner join methodology
        on
            latest_version.series_key = methodology.series_key
            and latest_version.version_no = methodology.version_no
)

select * from described_series
