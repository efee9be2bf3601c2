{#-
  Create the table macro compare(series_key, from_period, to_period): the difference of two observations of a series,
  or the reason why there is none; always exactly one row. It names relations without their database, so that it works
  in any copy of the file, and parameters shadow columns, so every column in it is qualified.
-#}
{% macro create_compare() %}
create or replace macro {{ this.schema }}.compare(series_key, from_period, to_period) as table
with

asked as (
    select
        series_key as asked_series,
        from_period as asked_from,
        to_period as asked_to
),

break_between as (
    select
        one.observation_key as from_observation_key,
        other.observation_key as to_observation_key,
        count(case when series_break.refusal_reason = 'break_declared' then 1 end) as declared_count,
        count(case when series_break.refusal_reason = 'break_suspected' then 1 end) as suspected_count,
        {{ dbt.listagg('series_break.reason_lv', "' '", 'order by series_break.break_key') }} as reasons_lv,
        {{ dbt.listagg('series_break.reason_en', "' '", 'order by series_break.break_key') }} as reasons_en
    from asked
    inner join {{ ref('comparability_observation') }} as one
        on one.series_key = asked.asked_series and one.period_key = asked.asked_from
    inner join {{ ref('comparability_observation') }} as other
        on other.series_key = asked.asked_series and other.period_key = asked.asked_to
    inner join {{ ref('comparability_break') }} as series_break
        on {{ break_lies_between('series_break', 'one', 'other') }}
    group by one.observation_key, other.observation_key
),

-- The two as they were measured; where a break parts them, as one was taken over the break, if it was.
possible_pair as (
    select
        asked.asked_series,
        asked.asked_from,
        asked.asked_to,
        one.value_numeric as from_value,
        other.value_numeric as to_value,
        case when one.unit = other.unit then one.unit end as unit,
        nullif(concat_ws(', ', one.bridge_key, other.bridge_key), '') as bridge_key,
        coalesce(one.is_suppressed, false) or coalesce(other.is_suppressed, false) as is_suppressed,
        coalesce(one.is_qualitative, false) or coalesce(other.is_qualitative, false) as is_qualitative,
        coalesce(one.is_without_method, false) or coalesce(other.is_without_method, false) as is_without_method,
        coalesce(one.is_not_measured, true) or coalesce(other.is_not_measured, true) as is_not_measured,
        coalesce(one.unit <> other.unit, false) as is_unit_different,
        coalesce(break_between.declared_count, 0) as declared_count,
        coalesce(break_between.suspected_count, 0) as suspected_count,
        break_between.reasons_lv,
        break_between.reasons_en,
        row_number() over (
            order by
                case when break_between.from_observation_key is null then 0 else 1 end,
                case when one.is_bridged then 1 else 0 end + case when other.is_bridged then 1 else 0 end,
                one.version_no,
                other.version_no
        ) as choice_no
    from asked
    left join {{ ref('comparability_observation') }} as one
        on one.series_key = asked.asked_series and one.period_key = asked.asked_from
    left join {{ ref('comparability_observation') }} as other
        on other.series_key = asked.asked_series and other.period_key = asked.asked_to
    left join break_between
        on
            one.observation_key = break_between.from_observation_key
            and other.observation_key = break_between.to_observation_key
),

pair as (
    select * from possible_pair where choice_no = 1
),

first_refusal as (
    select
        reason.refusal_reason,
        concat_ws(
            ' ', reason.text_lv, case when reason.is_break then pair.reasons_lv end, reason.remedy_lv
        ) as reason_lv,
        concat_ws(
            ' ', reason.text_en, case when reason.is_break then pair.reasons_en end, reason.remedy_en
        ) as reason_en
    from pair
    inner join {{ this.include(database=false) }} as reason
        on
            case reason.refusal_reason
                when 'suppressed' then pair.is_suppressed
                when 'not_measured' then pair.is_not_measured
                when 'no_methodology' then pair.is_without_method
                when 'qualitative' then pair.is_qualitative
                when 'unit_mismatch' then pair.is_unit_different
                when 'break_declared' then pair.declared_count > 0
                when 'break_suspected' then pair.suspected_count > 0
            end
    order by reason.precedence
    limit 1
)

select
    pair.asked_series as series_key,
    pair.asked_from as from_period,
    pair.asked_to as to_period,
    pair.from_value,
    pair.to_value,
    pair.unit,
    case
        when first_refusal.refusal_reason is null
            then {{ without_float_noise('pair.to_value - pair.from_value') }}
    end as difference,
    first_refusal.refusal_reason is null as is_comparable,
    first_refusal.refusal_reason,
    first_refusal.reason_lv,
    first_refusal.reason_en,
    case when first_refusal.refusal_reason is null then pair.bridge_key end as bridge_key
from pair
left join first_refusal
    on true;
comment on macro table {{ this.schema }}.compare is {{ duckdb_escape_comment(
    'One row: the difference between two periods of a series, or the reason why there is none.'
) }}
{% endmacro %}
