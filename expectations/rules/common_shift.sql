with dated_number as (
    select
        source,
        institution_key,
        series_key,
        unit,
        period_key,
        period_order,
        value_numeric,
        -- Periods are counted within the place: one that skipped some still has neighbours.
        dense_rank() over (partition by source, institution_key order by period_order) as place_period,
        min(period_order) over (partition by source, institution_key) as place_start,
        min(period_order) over (partition by source, institution_key, series_key, unit) as series_start
    from core.fct_measurement
    -- A baseline without a date has no place in time, a figure without a source no peers.
    where value_numeric is not null and conf_status = 'F' and source is not null and period_ends_on is not null
),

-- Not divided by the length of a gap: a series that comes back after one has had more occasion to break.
change_since_last_number as (
    select
        source,
        institution_key,
        series_key,
        unit,
        period_key,
        period_order,
        place_period,
        value_numeric - lag(value_numeric) over series as change
    from dated_number
    window series as (partition by source, institution_key, series_key, unit order by period_order)
),

-- Of two changes each is as far from their median, and from the other, as the other is: only from three on, that is
-- from four numbers, can a series tell anything.
change_beside_others as (
    select
        *,
        median(change) over (partition by source, institution_key, series_key, unit) as usual_change,
        lag(change) over series as change_before,
        lead(change) over series as change_after
    from change_since_last_number
    where change is not null
    window series as (partition by source, institution_key, series_key, unit order by period_order)
    qualify count(*) over (partition by source, institution_key, series_key, unit) >= 3
),

-- A trend that only speeds up has a jump without a bend, noise that only swings back has a bend without a jump; a break
-- has both. Rounded, so that what is equal but for binary arithmetic is equal.
movement as (
    select
        source,
        institution_key,
        series_key,
        unit,
        period_key,
        period_order,
        place_period,
        round(abs(change - usual_change), 9) as jump,
        round(
            case
                when change_before is not null and change_after is not null
                    then abs(change - (change_before + change_after) / 2)
                -- With one change beside it instead of two, the difference has variance 2 instead of 3/2. Without
                -- this the newest period would look broken merely because it is the newest.
                else abs(change - coalesce(change_before, change_after)) * sqrt(0.75)
            end,
            9
        ) as bend
    from change_beside_others
),

distance_to_neighbour as (
    select unnest(range(-$neighbours, $neighbours + 1)) as periods
),

-- Each series votes by comparing this period with its own neighbouring ones: 1 if it moved more, 0 if less. A series is
-- compared with nothing but itself, so that no scale or unit matters, and a wild one has no more than its votes.
vote_against_neighbour as (
    select
        here.source,
        here.institution_key,
        here.period_key,
        here.period_order,
        here.place_period,
        there.place_period as neighbour_period,
        count(*) as comparison_count,
        sum(
            case when here.jump > there.jump then 0.5 when here.jump = there.jump then 0.25 else 0 end
            + case when here.bend > there.bend then 0.5 when here.bend < there.bend then 0 else 0.25 end
        ) as won_count
    from movement as here
    inner join distance_to_neighbour as distance on distance.periods <> 0
    inner join movement as there
        on
            here.source = there.source
            and here.institution_key = there.institution_key
            and here.series_key = there.series_key
            and here.unit = there.unit
            and here.place_period + distance.periods = there.place_period
    group by
        here.source, here.institution_key, here.period_key, here.period_order, here.place_period, there.place_period
),

-- Dominance: share of the comparisons won, over all series of the place; one half is usual. Few series swing widely by
-- chance, so the distance from one half shrinks with their number, here that of their comparisons.
dominance_at_first_look as (
    select
        source,
        institution_key,
        place_period,
        0.5 + (sum(won_count) / sum(comparison_count) - 0.5)
        * sqrt(sum(comparison_count) / (sum(comparison_count) + 2 * $neighbours * $few_series)) as dominance
    from vote_against_neighbour
    group by source, institution_key, place_period
),

vote_with_its_neighbour as (
    select
        vote.*,
        neighbour.dominance as neighbour_dominance
    from vote_against_neighbour as vote
    inner join dominance_at_first_look as neighbour
        on
            vote.source = neighbour.source
            and vote.institution_key = neighbour.institution_key
            and vote.neighbour_period = neighbour.place_period
),

-- A clearly broken period says nothing of what is usual, and beside it a smaller break would hide: it is a neighbour no
-- more, unless there is no other.
vote_against_sound_neighbour as (
    select *
    from vote_with_its_neighbour
    qualify
        neighbour_dominance < $clear_dominance
        or min(neighbour_dominance) over (partition by source, institution_key, place_period) >= $clear_dominance
),

-- What is judged is what is shown: three digits.
dominance_of_place as (
    select
        source,
        institution_key,
        period_key,
        period_order,
        cast(sum(comparison_count) as integer) as comparison_count,
        sum(won_count) as won_count,
        round(
            0.5 + (sum(won_count) / sum(comparison_count) - 0.5)
            * sqrt(sum(comparison_count) / (sum(comparison_count) + 2 * $neighbours * $few_series)),
            3
        ) as dominance
    from vote_against_sound_neighbour
    group by source, institution_key, period_key, period_order
),

-- The other places of the source in the same period; undecided ones added, so that a few do not count as many.
dominance_beside_peers as (
    select
        *,
        cast(count(*) over same_period - 1 as integer) as peer_count,
        round(
            -- Decimals add up to the same sum in any order.
            (sum(cast(dominance as decimal(4, 3))) over same_period - dominance + 0.5 * $peer_prior)
            / (count(*) over same_period - 1 + $peer_prior),
            3
        ) as peer_dominance
    from dominance_of_place
    window same_period as (partition by source, period_order)
),

-- Which of its series a place shows for the first time; its first period shows nothing but first times.
renewal_of_place as (
    select
        source,
        institution_key,
        period_order,
        cast(count(*) as integer) as series_count,
        avg(case when series_start = period_order then 1 else 0 end) as new_share
    from dated_number
    where period_order > place_start
    group by source, institution_key, period_order
),

-- The median place speaks for the source.
renewal_of_source as (
    select
        *,
        round(100 * median(new_share) over (partition by source, period_order), 1) as new_series_share
    from renewal_of_place
),

evidence as (
    select
        shift.source,
        shift.institution_key,
        shift.period_key,
        shift.period_order,
        shift.dominance,
        shift.won_count,
        shift.comparison_count,
        cast(round(100 * shift.won_count / shift.comparison_count) as integer) as won_share,
        shift.peer_dominance,
        shift.peer_count,
        renewal.new_series_share,
        renewal.series_count
    from dominance_beside_peers as shift
    inner join renewal_of_source as renewal
        on
            shift.source = renewal.source
            and shift.institution_key = renewal.institution_key
            and shift.period_order = renewal.period_order
),

judged_evidence as (
    select
        *,
        dominance >= $own_dominance as is_own_jump,
        new_series_share >= $min_new_series_share
        and peer_dominance >= $peer_dominance
        and peer_count >= $min_peers as is_source_change
    from evidence
),

finding as (
    select
        *,
        case
            when is_own_jump and is_source_change then 'own_jump_and_source_change'
            when is_own_jump then 'own_jump'
            when is_source_change then 'source_change'
            else 'none'
        end as shift_found,
        'šīs vietas datu rindas (' || series_count || ') mainījās kopā, un ' || won_share || ' % no '
        || comparison_count || ' salīdzinājumiem ar blakus periodiem pārmaiņa šeit ir lielāka (parasti 50 %)'
            as own_jump_lv,
        'the series of this place (' || series_count || ') moved together, and in ' || won_share || ' % of '
        || comparison_count || ' comparisons with neighbouring periods the move is larger here (usually 50 %)'
            as own_jump_en,
        'avots mainīja savu datu rindu kopumu (' || cast(round(new_series_share) as integer)
        || ' % ir jaunas), un skaitļi citās vietās (' || peer_count || ') mainījās ne mazāk kā parasti'
            as source_change_lv,
        'the source changed its set of series (' || cast(round(new_series_share) as integer)
        || ' % are new), and the other places (' || peer_count || ') moved no less than usual'
            as source_change_en
    from judged_evidence
),

-- A step answers for the period that it ends in, and for any that it leaps over where the series moved together.
answer as (
    select
        step.step_key,
        finding.period_order as shift_period_order
    from finding
    inner join core.fct_step as step
        on
            finding.source = step.source
            and finding.institution_key = step.institution_key
            and finding.period_key = step.to_period
    union all
    select
        step.step_key,
        finding.period_order as shift_period_order
    from finding
    inner join core.fct_step as step
        on
            finding.source = step.source
            and finding.institution_key = step.institution_key
            and finding.period_order > step.from_period_order
            and finding.period_order < step.to_period_order
    where finding.shift_found <> 'none'
),

judged_step as (
    select
        step.*,
        finding.period_key as shift_period,
        finding.period_order as shift_period_order,
        finding.shift_found,
        finding.dominance,
        finding.won_count,
        finding.comparison_count,
        finding.peer_dominance,
        finding.peer_count,
        finding.new_series_share,
        finding.series_count,
        finding.own_jump_lv,
        finding.own_jump_en,
        finding.source_change_lv,
        finding.source_change_en
    from answer
    inner join core.fct_step as step
        on answer.step_key = step.step_key
    inner join finding
        on
            step.source = finding.source
            and step.institution_key = finding.institution_key
            and answer.shift_period_order = finding.period_order
),

-- A step is one question, however many periods it leaps over.
numbered_step as (
    select
        *,
        row_number() over (
            partition by step_key
            order by case when shift_found = 'none' then 1 else 0 end, shift_period_order
        ) as finding_no
    from judged_step
)

select
    strategy_code,
    series_key,
    from_period,
    to_period,
    shift_period,
    source,
    institution_key,
    shift_found,
    dominance,
    won_count,
    comparison_count,
    peer_dominance,
    peer_count,
    new_series_share,
    series_count,
    case shift_found
        when 'own_jump_and_source_change' then own_jump_lv || '; ' || source_change_lv
        when 'source_change' then source_change_lv
        when 'own_jump' then own_jump_lv
    end as finding_lv,
    case shift_found
        when 'own_jump_and_source_change' then own_jump_en || '; ' || source_change_en
        when 'source_change' then source_change_en
        when 'own_jump' then own_jump_en
    end as finding_en
from numbered_step
where finding_no = 1
order by series_key, to_period_order
