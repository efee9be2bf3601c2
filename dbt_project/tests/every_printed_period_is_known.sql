-- What: each period printed with a value is a school year or a calendar year.
-- Why: a period that cannot be read puts its baseline into the period `unknown`, which has no place in time.
-- How to fix: look at report_line; if the cell names a period in another notation, teach period_label that one.
{{ config(severity='warn') }}

with

printed_value as (
    select * from {{ ref('stg_indicators__value') }}
),

unread_period as (
    select
        strategy_code,
        series_key,
        cell,
        period_printed,
        report_line
    from printed_value
    where
        period_printed is not null
        and {{ period_kind(period_label('period_printed')) }} = 'unknown'
)

select * from unread_period
