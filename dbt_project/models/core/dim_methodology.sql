with

methodology as (
    select
        *,
        {{ series_key('strategy_code', 'indicator_no', 'breakdown') }} as series_key
    from {{ ref('methodology_version') }}
),

break_declaration as (
    select * from {{ ref('break_declaration') }}
),

versioned as (
    select
        *,
        {{ methodology_key('series_key', 'version_no') }} as methodology_key,
        lag(version_no) over (partition by series_key order by version_no) as previous_version_no,
        -- The columns that warehouse/registry.yml marks with defines_measure, in its order.
        {{ definition_hash([
            'concept_en', 'unit_code', 'numerator', 'denominator', 'population', 'source', 'instrument',
            'instrument_version', 'reference_date', 'periodicity', 'rounding',
        ]) }} as computed_hash
    from methodology
),

joined as (
    select
        versioned.strategy_code,
        versioned.methodology_key,
        versioned.series_key,
        versioned.version_no,
        versioned.concept_lv,
        versioned.concept_en,
        versioned.unit_code as unit,
        versioned.numerator,
        versioned.denominator,
        versioned.population,
        versioned.source,
        versioned.instrument,
        versioned.instrument_version,
        versioned.reference_date,
        versioned.periodicity,
        versioned.rounding,
        versioned.desired_direction,
        versioned.valid_from,
        versioned.valid_to,
        versioned.baseline_restated,
        versioned.targets_restated,
        versioned.documentation,
        versioned.evidence_document,
        versioned.evidence_line,
        versioned.computed_hash as definition_hash,
        versioned.definition_hash as sealed_hash,
        {{ methodology_key('versioned.series_key', 'versioned.previous_version_no') }} as previous_methodology_key,
        break_declaration.reason_code as break_reason_code,
        break_declaration.bridge_code,
        break_declaration.reason_code is not null as is_break_declared,
        count(break_declaration.reason_code) over (
            partition by versioned.series_key
            order by versioned.version_no
        ) as definition_no
    from versioned
    left join break_declaration
        on
            versioned.series_key = break_declaration.series_key
            and versioned.previous_version_no = break_declaration.from_version_no
            and versioned.version_no = break_declaration.to_version_no
)

select * from joined
