with

respondent_group as (
    select * from {{ ref('stg_surveys__respondent_group') }} where superseded_on is null
),

tally as (
    select * from {{ ref('survey_tally') }} where superseded_on is null
),

suppressed_cell as (
    select * from {{ ref('suppressed_cell') }}
),

survey as (
    select * from {{ ref('survey') }}
),

published_response as (
    select
        strategy_code,
        survey_code,
        group_code,
        'published' as source_kind,
        cast(respondents_numeric as integer) as respondents,
        respondents_printed as respondents_text,
        -- The size of the groups is not printed, only a rounded share of each (table 1).
        cast(null as integer) as population,
        response_share_numeric as response_share,
        response_share_printed as response_share_text,
        response_share_kind = 'approximate' as is_approximate,
        source_file,
        source_row,
        report_line
    from respondent_group
),

tally_of_group as (
    select
        strategy_code,
        wave_code as survey_code,
        group_code,
        max(group_respondents) as true_respondents,
        max(population) as population,
        min(source_file) as source_file,
        vintage
    from tally
    group by strategy_code, wave_code, group_code, vintage
),

-- So few respondents are a small cell themselves, and their share of the group would tell how many they are.
counted_response as (
    select
        tally_of_group.strategy_code,
        tally_of_group.survey_code,
        tally_of_group.group_code,
        case when suppressed_cell.cell_key is null then tally_of_group.true_respondents end as respondents,
        tally_of_group.population,
        tally_of_group.source_file
    from tally_of_group
    left join suppressed_cell
        on
            suppressed_cell.cell_key = {{ survey_cell_key(
                'tally_of_group.strategy_code', 'tally_of_group.survey_code', 'tally_of_group.group_code',
                'tally_of_group.vintage'
            ) }}
),

computed_response as (
    select
        strategy_code,
        survey_code,
        group_code,
        'computed' as source_kind,
        respondents,
        cast(respondents as varchar) as respondents_text,
        population,
        {{ without_float_noise('100.0 * respondents / nullif(population, 0)') }} as response_share,
        cast(null as varchar) as response_share_text,
        false as is_approximate,
        source_file,
        cast(null as integer) as source_row,
        cast(null as integer) as report_line
    from counted_response
),

any_response as (
    select * from published_response
    union all
    select * from computed_response
),

response as (
    select
        any_response.strategy_code,
        any_response.survey_code,
        any_response.group_code,
        survey.period_label as period_key,
        any_response.source_kind,
        any_response.source_kind = survey.record_kind as is_of_record,
        any_response.respondents,
        any_response.respondents_text,
        any_response.population,
        any_response.response_share,
        any_response.response_share_text,
        any_response.is_approximate,
        any_response.source_file,
        any_response.source_row,
        any_response.report_line
    from any_response
    inner join survey
        on
            any_response.strategy_code = survey.strategy_code
            and any_response.survey_code = survey.survey_code
)

select * from response
