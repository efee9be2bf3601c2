with measured_step as (
    select
        step.*,
        step.to_value - step.from_value as difference,
        earlier.respondents as from_respondents,
        later.respondents as to_respondents,
        -- A sample of a known, finite group errs less than one of an endless one.
        coalesce((earlier.population_size - earlier.respondents) / nullif(earlier.population_size - 1, 0), 1)
            as from_correction,
        coalesce((later.population_size - later.respondents) / nullif(later.population_size - 1, 0), 1)
            as to_correction,
        power(10, -coalesce(step.decimals, 0)) as rounding
    from core.fct_step as step
    inner join core.fct_measurement as earlier on step.from_measurement_key = earlier.measurement_key
    inner join core.fct_measurement as later on step.to_measurement_key = later.measurement_key
    where step.from_unit = step.to_unit
),

pooled_step as (
    select
        *,
        (from_value * from_respondents + to_value * to_respondents)
        / nullif(from_respondents + to_respondents, 0) as pooled_share,
        count(*) over (partition by series_key) as step_count,
        median(difference) over (partition by series_key) as usual_difference,
        1.4826 * mad(difference) over (partition by series_key) as usual_spread
    from measured_step
),

yardstick_of_step as (
    select
        *,
        sqrt(
            pooled_share * (100 - pooled_share)
            * (from_correction / nullif(from_respondents, 0) + to_correction / nullif(to_respondents, 0))
            -- Each share was rounded before it was printed.
            + power(rounding, 2) / 6
        ) as standard_error,
        abs(difference) / nullif(sqrt(abs(from_value) + abs(to_value)), 0) as count_errors,
        case
            when from_value * to_value < 0 then cast('infinity' as double)
            -- A printed 0 stands for anything that rounds to it.
            else
                greatest(abs(from_value), abs(to_value), rounding / 2)
                / greatest(least(abs(from_value), abs(to_value)), rounding / 2)
        end as factor,
        case
            when from_respondents > 0 and to_respondents > 0 then 'sampling_error'
            when step_count >= $min_history then 'own_history'
            else 'factor'
        end as yardstick
    from pooled_step
),

judged_step as (
    select
        *,
        case yardstick
            when 'sampling_error' then abs(difference) / standard_error
            when 'own_history' then abs(difference - usual_difference) / greatest(usual_spread, rounding)
            else factor
        end as seen,
        case yardstick
            when 'sampling_error' then $sampling_z
            when 'own_history' then $history_z
            else $max_factor
        end as allowed
    from yardstick_of_step
),

sized_step as (
    select
        *,
        case
            when yardstick = 'factor' and is_count then least(seen / allowed, count_errors / $count_z)
            else seen / allowed
        end as size_against_limit
    from judged_step
),

-- A step beyond the limit that the next, or the one before, takes back: what lies between was measured otherwise.
step_beside_neighbours as (
    select
        *,
        size_against_limit > 1
        and (
            sign(difference) * coalesce(
                case when lag(size_against_limit) over neighbour > 1 then sign(lag(difference) over neighbour) end, 0
            ) < 0
            or sign(difference) * coalesce(
                case when lead(size_against_limit) over neighbour > 1 then sign(lead(difference) over neighbour) end, 0
            ) < 0
        ) as is_there_and_back
    from sized_step
    window neighbour as (partition by series_key order by to_period_order)
)

select
    strategy_code,
    series_key,
    from_period,
    to_period,
    from_value_text,
    to_value_text,
    from_value,
    to_value,
    yardstick,
    round(size_against_limit, 6) as size_against_limit,
    case when seen < cast('infinity' as double) then round(seen, 2) end as seen,
    allowed,
    is_there_and_back,
    from_respondents,
    to_respondents,
    case yardstick
        when 'sampling_error' then 'standartkļūdas'
        when 'own_history' then 'parastās izkliedes reizes'
        else 'reizes'
    end as measure_lv,
    case yardstick
        when 'sampling_error' then 'standard errors'
        when 'own_history' then 'times its usual scatter'
        else 'times as much or as little'
    end as measure_en
from step_beside_neighbours
order by series_key, to_period_order
