-- What: each row of a current file stands in core; only a target cell without a target does not.
-- Why: core joins the rows to the seeds, and what no seed knows would drop out of the joins without a word.
-- How to fix: find the row in its file and add what it names to the seeds: its series, cell, survey item, direction,
-- or a methodology version that covers its period.
{{ config(meta={'dagster': {'ref': {'name': 'fct_observation'}}}) }}
{% set staging_models = [
    'stg_actions__action', 'stg_actions__programme', 'stg_actions__programme_direction',
    'stg_enrolment__institution_count', 'stg_enrolment__learner_count',
    'stg_surveys__positive_share', 'stg_surveys__respondent_group',
] %}
{% set core_models = [
    'bridge_programme_direction', 'dim_programme', 'fct_action_status', 'fct_enrolment', 'fct_institution_count',
    'fct_observation', 'fct_survey_response', 'fct_survey_share', 'fct_target',
] %}

with

printed_value as (
    select * from {{ ref('stg_indicators__value') }}
),

report_cell as (
    select * from {{ ref('report_cell') }}
),

handed_in as (
    {% for staging_model in staging_models %}
    select
        source_file,
        source_row
    from {{ ref(staging_model) }}
    where superseded_on is null
    union all
    {% endfor %}
    select
        printed_value.source_file,
        printed_value.source_row
    from printed_value
    left join report_cell
        on
            printed_value.strategy_code = report_cell.strategy_code
            and printed_value.cell = report_cell.cell
    where
        printed_value.superseded_on is null
        and (printed_value.value_kind <> 'blank' or coalesce(report_cell.cell_role, '') <> 'target')
),

kept as (
    {% for core_model in core_models %}
    select
        source_file,
        source_row
    from {{ ref(core_model) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}
),

lost as (
    select handed_in.*
    from handed_in
    left join kept
        on
            handed_in.source_file = kept.source_file
            and handed_in.source_row = kept.source_row
    where kept.source_row is null
)

select * from lost
