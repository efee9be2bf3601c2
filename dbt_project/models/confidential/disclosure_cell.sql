{#- Nothing is counted by the warehouse itself yet: each source of small counts is one more `union all` here. -#}
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
survey_cell as (
    select
        strategy_code,
        'survey' as table_code,
        {{ survey_cell_key('strategy_code', 'survey_code', 'group_code', 'item_code') }} as cell_key,
        vintage,
        respondents as value
    from {{ ref('survey_tally') }}
    union all
    select
        strategy_code,
        'survey' as table_code,
        {{ survey_cell_key('strategy_code', 'wave_code', 'group_code') }} as cell_key,
        max(vintage) as vintage,
        max(group_respondents) as value
    from {{ ref('survey_tally') }}
    group by strategy_code, wave_code, group_code
),

disclosure_cell as (
    select * from no_cell
    union all
    select * from enrolment_cell
    union all
    select
        strategy_code,
        table_code,
        cell_key,
        vintage,
        cast(null as date) as superseded_on,
        value,
        cast(null as bigint) as contributors,
        cast({{ policy('minimum_group_size') }} as integer) as threshold,
        true as is_shown,
        false as is_published_elsewhere,
        cast(null as map (varchar, varchar)) as sums_to
    from survey_cell
)

select * from disclosure_cell
