with

series as (
    select * from {{ ref('dim_series') }}
),

indicator as (
    select * from {{ ref('dim_indicator') }}
),

advantage as (
    select * from {{ ref('dim_advantage') }}
),

institution as (
    select * from {{ ref('dim_institution') }}
),

labelled_series as (
    select
        series.strategy_code,
        advantage.advantage_no,
        advantage.advantage_code,
        advantage.name_lv as advantage_name_lv,
        advantage.name_en as advantage_name_en,
        indicator.indicator_no,
        indicator.name_lv as indicator_name_lv,
        indicator.name_en as indicator_name_en,
        series.series_key,
        series.breakdown,
        series.label_lv as series_label_lv,
        series.label_en as series_label_en,
        series.institution_key,
        institution.name_lv as institution_name_lv,
        institution.name_en as institution_name_en,
        series.unit,
        series.desired_direction
    from series
    inner join indicator
        on series.indicator_key = indicator.indicator_key
    inner join advantage
        on
            series.strategy_code = advantage.strategy_code
            and series.advantage_no = advantage.advantage_no
    left join institution
        on series.institution_key = institution.institution_key
)

select * from labelled_series
