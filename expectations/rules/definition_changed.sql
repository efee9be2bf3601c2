with changed_step as (
    select
        later.strategy_code,
        later.series_key,
        earlier.valid_to as from_period,
        later.valid_from as to_period,
        earlier.version_no as from_version_no,
        later.version_no as to_version_no,
        earlier.definition_hash as from_definition_hash,
        later.definition_hash as to_definition_hash,
        later.definition_hash = earlier.definition_hash or later.is_break_declared as is_explained,
        'the definition changed from the version before, but no break is declared: '
        || 'declare it with meraukla method declare-break' as finding_en,
        'definīcija atšķiras no iepriekšējās versijas, bet pārtraukums nav deklarēts: '
        || 'deklarējiet to ar meraukla method declare-break' as finding_lv
    from core.dim_methodology as later
    inner join core.dim_methodology as earlier
        on later.previous_methodology_key = earlier.methodology_key
),

changed_in_place as (
    select
        strategy_code,
        series_key,
        valid_from as from_period,
        valid_to as to_period,
        version_no as from_version_no,
        version_no as to_version_no,
        sealed_hash as from_definition_hash,
        definition_hash as to_definition_hash,
        coalesce(definition_hash = sealed_hash, false) as is_explained,
        'the definition was changed in place: add a new version with meraukla method new, '
        || 'or seal it anew if the measure is the same' as finding_en,
        'definīcija mainīta uz vietas: pievienojiet jaunu versiju ar meraukla method new '
        || 'vai, ja mēra to pašu, apzīmogojiet to no jauna' as finding_lv
    from core.dim_methodology
)

select * from changed_step
union all
select * from changed_in_place
order by series_key, to_version_no, from_version_no
