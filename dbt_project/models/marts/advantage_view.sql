{{
    config(
        pre_hook='{{ drop_advantage_views() }}',
        post_hook='{{ create_advantage_views() }}'
    )
}}

with

advantage as (
    select * from {{ ref('dim_advantage') }}
),

base_relation as (
    select
        'indicator' as view_suffix,
        '{{ ref("indicator_progress").identifier }}' as base_relation
    union all
    select
        'indicator_trend' as view_suffix,
        '{{ ref("indicator_trend").identifier }}' as base_relation
    union all
    select
        'action' as view_suffix,
        '{{ ref("action_progress").identifier }}' as base_relation
    union all
    select
        'survey' as view_suffix,
        '{{ ref("survey_result").identifier }}' as base_relation
    union all
    select
        'flag' as view_suffix,
        '{{ ref("comparability_flag").identifier }}' as base_relation
),

view_of_advantage as (
    select
        advantage.strategy_code,
        advantage.advantage_no,
        advantage.advantage_code,
        advantage.view_prefix || '_' || base_relation.view_suffix as view_name,
        base_relation.base_relation,
        'Only ' || advantage.advantage_code || ' of ' || advantage.strategy_code || ': '
        || advantage.name_en || '.' as description
    from advantage
    cross join base_relation
)

select * from view_of_advantage
