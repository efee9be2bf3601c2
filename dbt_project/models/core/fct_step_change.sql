with

step as (
    select * from {{ ref('fct_step') }}
),

characteristic as (
    select * from {{ ref('fct_characteristic') }}
),

stated_twice as (
    select
        step.step_key,
        later.rule,
        later.characteristic_code,
        earlier.stated_text <> later.stated_text as is_changed,
        later.name_lv || ' „' || earlier.stated_text_lv || '” → „' || later.stated_text_lv || '”' as text_lv,
        later.name_en || ' “' || earlier.stated_text_en || '” → “' || later.stated_text_en || '”' as text_en
    from step
    inner join characteristic as earlier
        on
            step.series_key = earlier.series_key
            and step.from_period = earlier.period_key
    inner join characteristic as later
        on
            step.series_key = later.series_key
            and step.to_period = later.period_key
            and earlier.characteristic_code = later.characteristic_code
),

changed as (
    select
        step_key,
        rule,
        cast(count(case when is_changed then 1 end) as integer) as changed_count,
        {{ dbt.listagg("case when is_changed then characteristic_code end", "', '", 'order by characteristic_code') }}
            as changed,
        {{ dbt.listagg("case when is_changed then text_lv end", "'; '", 'order by characteristic_code') }} as change_lv,
        {{ dbt.listagg("case when is_changed then text_en end", "'; '", 'order by characteristic_code') }} as change_en
    from stated_twice
    group by step_key, rule
),

step_change as (
    select
        step.strategy_code,
        step.step_key,
        step.series_key,
        step.from_period,
        step.to_period,
        changed.rule,
        changed.changed_count,
        changed.changed,
        changed.change_lv,
        changed.change_en
    from changed
    inner join step
        on changed.step_key = step.step_key
)

select * from step_change
