with

claim as (
    select * from {{ ref('stg_reconciliation__claim') }} where superseded_on is null
),

figure as (
    select * from {{ ref('reconciliation_figure') }}
),

observation as (
    select * from {{ ref('comparability_observation') }}
),

series_break as (
    select * from {{ ref('comparability_break') }}
),

-- The printed value read as its unit wants it: a number with its decimals, codes with their count, or a direction.
read_claim as (
    select
        *,
        case
            when unit_code in ('percent', 'count')
                then cast(replace(replace(printed_value, ' ', ''), ',', '.') as double)
        end as printed_number,
        case
            when position(',' in printed_value) > 0 then length(printed_value) - position(',' in printed_value)
            else 0
        end as printed_decimals,
        1 + length(printed_value) - length(replace(printed_value, '|', '')) as printed_code_count
    from claim
),

operand as (
    select
        read_claim.strategy_code,
        read_claim.claim_no,
        figure.figure_set,
        figure.a,
        figure.b,
        figure.value,
        case read_claim.axis when 'a' then figure.a when 'b' then figure.b when 'c' then figure.c end as code
    from read_claim
    inner join figure
        on
            read_claim.strategy_code = figure.strategy_code
            and read_claim.figure_set = figure.figure_set
            and {{ passes_filter('figure.a', 'read_claim.filter_a') }}
            and {{ passes_filter('figure.b', 'read_claim.filter_b') }}
            and {{ passes_filter('figure.c', 'read_claim.filter_c') }}
),

other_operand as (
    select
        read_claim.strategy_code,
        read_claim.claim_no,
        figure.figure_set,
        figure.a,
        figure.b,
        figure.value
    from read_claim
    inner join figure
        on
            read_claim.strategy_code = figure.strategy_code
            and read_claim.other_set = figure.figure_set
            and {{ passes_filter('figure.a', 'read_claim.other_a') }}
            and {{ passes_filter('figure.b', 'read_claim.other_b') }}
            and {{ passes_filter('figure.c', 'read_claim.other_c') }}
),

operand_summary as (
    select
        strategy_code,
        claim_no,
        count(*) as figure_count,
        count(distinct code) as code_count,
        sum(value) as value_sum,
        avg(value) as value_mean,
        min(value) as value_min,
        max(value) as value_max
    from operand
    group by strategy_code, claim_no
),

other_operand_summary as (
    select
        strategy_code,
        claim_no,
        sum(value) as value_sum,
        avg(value) as value_mean
    from other_operand
    group by strategy_code, claim_no
),

mean_by_code as (
    select
        strategy_code,
        claim_no,
        code,
        {{ without_float_noise('avg(value)') }} as value_mean
    from operand
    group by strategy_code, claim_no, code
),

ranked_code as (
    select
        *,
        rank() over (partition by strategy_code, claim_no order by value_mean desc) as rank_from_highest,
        rank() over (partition by strategy_code, claim_no order by value_mean) as rank_from_lowest
    from mean_by_code
),

-- As many of the best codes as are printed; codes that tie with the last of them count too.
best_code as (
    select
        read_claim.strategy_code,
        read_claim.claim_no,
        count(*) as code_count,
        count(
            case when position('|' || ranked_code.code || '|' in '|' || read_claim.printed_value || '|') > 0 then 1 end
        ) as printed_code_count,
        {{ dbt.listagg('ranked_code.code', "'|'", 'order by ranked_code.code') }} as codes
    from read_claim
    inner join ranked_code
        on
            read_claim.strategy_code = ranked_code.strategy_code
            and read_claim.claim_no = ranked_code.claim_no
    where
        case read_claim.rule_code
            when 'highest' then ranked_code.rank_from_highest <= read_claim.printed_code_count
            when 'lowest' then ranked_code.rank_from_lowest <= read_claim.printed_code_count
        end
    group by read_claim.strategy_code, read_claim.claim_no
),

matched_pair as (
    select
        operand.strategy_code,
        operand.claim_no,
        operand.figure_set,
        operand.a,
        operand.b,
        other_operand.figure_set as other_set,
        other_operand.b as other_b,
        {{ without_float_noise('operand.value - other_operand.value') }} as difference
    from operand
    inner join other_operand
        on
            operand.strategy_code = other_operand.strategy_code
            and operand.claim_no = other_operand.claim_no
            and operand.a = other_operand.a
),

direction_of_pairs as (
    select
        strategy_code,
        claim_no,
        count(*) as pair_count,
        count(case when difference > 0 then 1 end) as up_count,
        count(case when difference < 0 then 1 end) as down_count,
        count(case when difference = 0 then 1 end) as same_count
    from matched_pair
    group by strategy_code, claim_no
),

-- Arithmetic does not ask whether the methods allow a comparison; a reader has to know.
claim_across_break as (
    select distinct
        matched_pair.strategy_code,
        matched_pair.claim_no
    from matched_pair
    inner join observation as one
        on
            matched_pair.strategy_code || '/' || matched_pair.a = one.series_key
            and matched_pair.b = case when one.is_baseline then 'baseline' else one.period_key end
    inner join observation as other
        on
            matched_pair.strategy_code || '/' || matched_pair.a = other.series_key
            and matched_pair.other_b = case when other.is_baseline then 'baseline' else other.period_key end
    inner join series_break
        on {{ break_lies_between('series_break', 'one', 'other') }}
    where matched_pair.figure_set = 'observation' and matched_pair.other_set = 'observation'
),

computed_claim as (
    select
        read_claim.*,
        case read_claim.rule_code
            when 'value' then case when operand_summary.figure_count = 1 then operand_summary.value_sum end
            when 'sum' then operand_summary.value_sum
            when 'mean' then operand_summary.value_mean
            when 'count' then coalesce(operand_summary.figure_count, 0)
            when 'count_distinct' then coalesce(operand_summary.code_count, 0)
            when 'min' then operand_summary.value_min
            when 'max' then operand_summary.value_max
            when 'share' then 100.0 * operand_summary.value_sum / nullif(other_operand_summary.value_sum, 0)
            when 'difference' then operand_summary.value_mean - other_operand_summary.value_mean
            when 'direction' then operand_summary.value_mean - other_operand_summary.value_mean
        end as computed_value,
        best_code.codes,
        best_code.code_count = read_claim.printed_code_count
        and best_code.printed_code_count = read_claim.printed_code_count as has_printed_codes,
        direction_of_pairs.pair_count,
        direction_of_pairs.up_count,
        direction_of_pairs.down_count,
        direction_of_pairs.same_count,
        claim_across_break.claim_no is not null as crosses_break
    from read_claim
    left join operand_summary
        on
            read_claim.strategy_code = operand_summary.strategy_code
            and read_claim.claim_no = operand_summary.claim_no
    left join other_operand_summary
        on
            read_claim.strategy_code = other_operand_summary.strategy_code
            and read_claim.claim_no = other_operand_summary.claim_no
    left join best_code
        on
            read_claim.strategy_code = best_code.strategy_code
            and read_claim.claim_no = best_code.claim_no
    left join direction_of_pairs
        on
            read_claim.strategy_code = direction_of_pairs.strategy_code
            and read_claim.claim_no = direction_of_pairs.claim_no
    left join claim_across_break
        on
            read_claim.strategy_code = claim_across_break.strategy_code
            and read_claim.claim_no = claim_across_break.claim_no
),

rounded_claim as (
    select
        *,
        {{ without_float_noise('computed_value') }} as recomputed_value,
        {{ round_half_away('computed_value', 'printed_decimals') }} as rounded_value
    from computed_claim
),

recomputed_claim as (
    select
        *,
        case
            when rule_code in ('highest', 'lowest') then codes
            when rule_code = 'all_direction'
                then
                    case pair_count
                        when up_count then 'up'
                        when down_count then 'down'
                        when same_count then 'same'
                        else 'up ' || up_count || ', down ' || down_count || ', same ' || same_count
                    end
            when rule_code = 'direction'
                then case sign(recomputed_value) when 1 then 'up' when -1 then 'down' when 0 then 'same' end
            when printed_decimals = 0 then cast(cast(rounded_value as bigint) as varchar)
            else replace(cast(rounded_value as varchar), '.', ',')
        end as recomputed_text,
        case
            when rule_code in ('highest', 'lowest') then has_printed_codes
            when rule_code = 'all_direction'
                then
                    case
                        when printed_value in ('up', 'higher') then up_count = pair_count
                        when printed_value in ('down', 'lower') then down_count = pair_count
                        when printed_value = 'same' then same_count = pair_count
                        when printed_value = 'not_up' then up_count = 0
                        when printed_value = 'not_down' then down_count = 0
                    end
            when rule_code = 'direction'
                then
                    case
                        when printed_value in ('up', 'higher') then recomputed_value > 0
                        when printed_value in ('down', 'lower') then recomputed_value < 0
                        when printed_value = 'same' then recomputed_value = 0
                        when printed_value = 'not_up' then recomputed_value <= 0
                        when printed_value = 'not_down' then recomputed_value >= 0
                    end
            else rounded_value = printed_number
        end as is_confirmed
    from rounded_claim
),

reconciliation as (
    select
        strategy_code,
        claim_no,
        report_line,
        section,
        statement_lv,
        statement_en,
        printed_value,
        unit_code,
        rule_code,
        {{ rule_text() }} as rule,
        case when not crosses_break then recomputed_value end as recomputed_value,
        case when not crosses_break then recomputed_text end as recomputed_text,
        case when not crosses_break then {{ without_float_noise('rounded_value - printed_number') }} end as difference,
        case
            when rule_code = 'not_recomputable' or recomputed_text is null then 'not_recomputable'
            -- The claim compares what the methods do not allow to compare: it is neither confirmed nor refuted.
            when crosses_break then 'not_comparable'
            when is_confirmed then 'agrees'
            else 'disagrees'
        end as verdict,
        crosses_break,
        remark_en
    from recomputed_claim
)

select * from reconciliation
