with

observation as (
    select * from {{ ref('comparability_observation') }} where domain_code = 'survey'
),

series_break as (
    select * from {{ ref('comparability_break') }}
),

reason as (
    select * from {{ ref('comparability_reason') }}
),

survey_result as (
    select * from {{ ref('survey_result') }}
),

-- A wave that did not ask the item, or in which nobody answered it, is no wave of the series; one that is held back is.
wave_in_order as (
    select
        *,
        row_number() over (partition by series_key order by period_order) as wave_no
    from observation
    where has_value or is_suppressed
),

pair_of_waves as (
    select
        later.series_key,
        earlier.period_key as from_period,
        later.period_key as to_period,
        earlier.is_suppressed or later.is_suppressed as is_suppressed,
        count(case when series_break.refusal_reason = 'break_declared' then 1 end) as declared_count,
        count(case when series_break.refusal_reason = 'break_suspected' then 1 end) as suspected_count,
        {{ dbt.listagg('series_break.reason_lv', "' '", 'order by series_break.break_key') }} as break_reasons_lv,
        {{ dbt.listagg('series_break.reason_en', "' '", 'order by series_break.break_key') }} as break_reasons_en
    from wave_in_order as later
    inner join wave_in_order as earlier
        on
            later.series_key = earlier.series_key
            and later.wave_no = earlier.wave_no + 1
    left join series_break
        on {{ break_lies_between('series_break', 'earlier', 'later') }}
    group by
        later.series_key, earlier.period_key, later.period_key, earlier.is_suppressed or later.is_suppressed
),

possible_refusal as (
    select
        pair_of_waves.series_key,
        pair_of_waves.to_period,
        reason.refusal_reason,
        concat_ws(
            ' ', reason.text_lv, case when reason.is_break then pair_of_waves.break_reasons_lv end, reason.remedy_lv
        ) as reason_lv,
        concat_ws(
            ' ', reason.text_en, case when reason.is_break then pair_of_waves.break_reasons_en end, reason.remedy_en
        ) as reason_en,
        row_number() over (
            partition by pair_of_waves.series_key, pair_of_waves.to_period
            order by reason.precedence
        ) as refusal_no
    from pair_of_waves
    inner join reason
        on
            case reason.refusal_reason
                when 'suppressed' then pair_of_waves.is_suppressed
                when 'break_declared' then pair_of_waves.declared_count > 0
                when 'break_suspected' then pair_of_waves.suspected_count > 0
            end
),

refusal as (
    select * from possible_refusal where refusal_no = 1
),

-- Printed shares are rounded: by half a unit of each may the true change differ.
measured_pair as (
    select
        later.strategy_code,
        later.series_key,
        later.advantage_no,
        later.advantage_code,
        pair_of_waves.from_period,
        pair_of_waves.to_period,
        earlier.survey_code as from_survey_code,
        later.survey_code as to_survey_code,
        later.item_code,
        later.item_label_lv,
        later.item_label_en,
        later.group_code,
        later.group_label_lv,
        later.group_label_en,
        earlier.source_kind as from_source_kind,
        later.source_kind as to_source_kind,
        earlier.positive_share as from_share,
        later.positive_share as to_share,
        earlier.respondents as from_respondents,
        later.respondents as to_respondents,
        earlier.response_share as from_response_share,
        later.response_share as to_response_share,
        refusal.refusal_reason,
        refusal.reason_lv,
        refusal.reason_en,
        {{ half_a_printed_unit('earlier.share_text') }} + {{ half_a_printed_unit('later.share_text') }} as rounding,
        {{ inverse_effective_size('earlier.respondents', 'earlier.population') }} as from_inverse_size,
        {{ inverse_effective_size('later.respondents', 'later.population') }} as to_inverse_size,
        (earlier.positive_share * earlier.respondents + later.positive_share * later.respondents)
        / nullif(earlier.respondents + later.respondents, 0) as pooled_share,
        earlier.ci_low as from_ci_low,
        earlier.ci_high as from_ci_high,
        later.ci_low as to_ci_low,
        later.ci_high as to_ci_high
    from pair_of_waves
    inner join survey_result as earlier
        on
            pair_of_waves.series_key = earlier.series_key
            and pair_of_waves.from_period = earlier.period_key
    inner join survey_result as later
        on
            pair_of_waves.series_key = later.series_key
            and pair_of_waves.to_period = later.period_key
    left join refusal
        on
            pair_of_waves.series_key = refusal.series_key
            and pair_of_waves.to_period = refusal.to_period
),

-- From here on only what may be compared.
comparable_pair as (
    select
        series_key,
        to_period,
        from_period,
        from_survey_code,
        to_survey_code,
        group_code,
        {{ without_float_noise('to_share - from_share') }} as change,
        {{ newcombe_bound('from', 'to', 'rounding', '-') }} as ci_low,
        {{ newcombe_bound('from', 'to', 'rounding', '+') }} as ci_high,
        greatest(abs(to_share - from_share) - rounding, 0)
        / nullif(sqrt(pooled_share * (100 - pooled_share) * (from_inverse_size + to_inverse_size)), 0) as deviate,
        -- Shares that are alike at 0 or 100 have no scatter and nothing to explain.
        to_share = from_share and from_inverse_size + to_inverse_size > 0 as is_alike
    from measured_pair
    where refusal_reason is null
),

tested_pair as (
    select
        *,
        case when is_alike then 1 else {{ two_sided_p_value('deviate') }} end as p_value
    from comparable_pair
),

-- Holm (1979): the smallest p-value times the number of tests, the next times one less, and none below the one before.
ranked_pair as (
    select
        *,
        count(p_value) over (partition by from_survey_code, to_survey_code, group_code) as test_count,
        row_number() over (
            partition by from_survey_code, to_survey_code, group_code, p_value is null
            order by p_value, series_key
        ) as p_rank
    from tested_pair
),

adjusted_pair as (
    select
        *,
        case
            when p_value is not null
                then
                    max({{ without_float_noise('least(1, (test_count - p_rank + 1) * p_value)') }}) over (
                        partition by from_survey_code, to_survey_code, group_code, p_value is null
                        order by p_rank
                        rows between unbounded preceding and current row
                    )
        end as adjusted_p_value
    from ranked_pair
),

survey_change as (
    select
        measured_pair.strategy_code,
        measured_pair.series_key,
        measured_pair.from_period,
        measured_pair.to_period,
        measured_pair.advantage_no,
        measured_pair.advantage_code,
        measured_pair.from_survey_code,
        measured_pair.to_survey_code,
        measured_pair.item_code,
        measured_pair.item_label_lv,
        measured_pair.item_label_en,
        measured_pair.group_code,
        measured_pair.group_label_lv,
        measured_pair.group_label_en,
        measured_pair.from_source_kind,
        measured_pair.to_source_kind,
        measured_pair.from_share,
        measured_pair.to_share,
        measured_pair.from_respondents,
        measured_pair.to_respondents,
        measured_pair.from_response_share,
        measured_pair.to_response_share,
        measured_pair.refusal_reason is null as is_comparable,
        measured_pair.refusal_reason,
        measured_pair.reason_lv,
        measured_pair.reason_en,
        adjusted_pair.change,
        adjusted_pair.ci_low,
        adjusted_pair.ci_high,
        adjusted_pair.p_value,
        adjusted_pair.adjusted_p_value,
        cast(adjusted_pair.test_count as integer) as test_count,
        adjusted_pair.adjusted_p_value <= {{ policy('significance_level') }} as is_significant
    from measured_pair
    left join adjusted_pair
        on
            measured_pair.series_key = adjusted_pair.series_key
            and measured_pair.to_period = adjusted_pair.to_period
)

select * from survey_change
