{#- Each source of small counts is one more `union all` here. -#}
with

no_cell as (
    select
        cast(null as varchar) as strategy_code,
        cast(null as varchar) as table_code,
        cast(null as varchar) as cell_key,
        cast(null as date) as vintage,
        cast(null as date) as superseded_on,
        cast(null as bigint) as value,
        cast(null as bigint) as contributors,
        cast(null as integer) as threshold,
        cast(null as boolean) as is_shown,
        cast(null as boolean) as is_published_elsewhere,
        cast(null as map (varchar, varchar)) as sums_to
    where false
),

enrolment_cell as (
    select
        strategy_code,
        'enrolment' as table_code,
        cell_key,
        vintage,
        superseded_on,
        learner_count as value,
        cast(null as bigint) as contributors,
        cast({{ policy('minimum_learner_count') }} as integer) as threshold,
        true as is_shown,
        false as is_published_elsewhere,
        sums_to
    from {{ ref('enrolment_cell') }}
),

-- Who answered an item is part of who answered at all, but that the rest did not is nobody's secret: no sums.
survey_count as (
    select
        strategy_code,
        {{ survey_cell_key('strategy_code', 'survey_code', 'group_code', 'vintage', 'item_code') }} as cell_key,
        survey_code,
        item_code,
        group_code,
        vintage,
        superseded_on,
        respondents as value
    from {{ ref('survey_tally') }}
    union all
    select distinct
        strategy_code,
        {{ survey_cell_key('strategy_code', 'wave_code', 'group_code', 'vintage') }} as cell_key,
        wave_code as survey_code,
        cast(null as varchar) as item_code,
        group_code,
        vintage,
        superseded_on,
        group_respondents as value
    from {{ ref('survey_tally') }}
),

-- Who knows two states of the answers to an item that differ by a few respondents can subtract: he knows how those
-- few answered. Where one of both is small itself, it has no share that could be subtracted; nor has a number of
-- respondents to the whole wave, which may be told however little it changes.
state_pair as (
    select
        earlier.strategy_code,
        earlier.cell_key || '/' || cast(later.vintage as varchar) as pair_key,
        earlier.value as earlier_value,
        earlier.cell_key as earlier_cell_key,
        earlier.vintage as earlier_vintage,
        earlier.superseded_on as earlier_superseded_on,
        later.value as later_value,
        later.cell_key as later_cell_key,
        later.vintage as later_vintage,
        later.superseded_on as later_superseded_on
    from survey_count as earlier
    inner join survey_count as later
        on
            earlier.strategy_code = later.strategy_code
            and earlier.survey_code = later.survey_code
            and earlier.item_code = later.item_code
            and earlier.group_code = later.group_code
            and earlier.vintage < later.vintage
    where
        earlier.value <> later.value
        and abs(earlier.value - later.value) < {{ policy('minimum_group_size') }}
        and least(earlier.value, later.value) >= {{ policy('minimum_group_size') }}
),

-- The larger state is the smaller one and the few by which they differ.
part_of_state as (
    {% for state in ['earlier', 'later'] -%}
    select
        strategy_code,
        pair_key || '/common' as cell_key,
        {{ state }}_vintage as vintage,
        {{ state }}_superseded_on as superseded_on,
        least(earlier_value, later_value) as value,
        {{ sums_to_one('pair_key', state ~ '_cell_key') }} as sums_to
    from state_pair
    union all
    select
        strategy_code,
        pair_key || '/difference' as cell_key,
        {{ state }}_vintage as vintage,
        {{ state }}_superseded_on as superseded_on,
        abs(earlier_value - later_value) as value,
        {{ sums_to_one('pair_key', state ~ '_cell_key') }} as sums_to
    from state_pair
    where {{ state }}_value = greatest(earlier_value, later_value)
    {{ 'union all' if not loop.last }}
    {% endfor -%}
),

survey_cell as (
    select
        strategy_code,
        cell_key,
        vintage,
        superseded_on,
        value,
        true as is_shown,
        cast(null as map (varchar, varchar)) as sums_to
    from survey_count
    union all
    select
        strategy_code,
        cell_key,
        vintage,
        superseded_on,
        value,
        false as is_shown,
        sums_to
    from part_of_state
),

disclosure_cell as (
    select * from no_cell
    union all
    select * from enrolment_cell
    union all
    select
        strategy_code,
        'survey' as table_code,
        cell_key,
        vintage,
        superseded_on,
        value,
        cast(null as bigint) as contributors,
        cast({{ policy('minimum_group_size') }} as integer) as threshold,
        is_shown,
        false as is_published_elsewhere,
        sums_to
    from survey_cell
)

select * from disclosure_cell
