-- What: every rule that can be recomputed finds the figures that it names.
-- Why: a rule that finds nothing checks nothing: a slip in the claim, or its figure is in quarantine.
-- How to fix: correct set, filters or axis in reconciliation/claim.csv; the codes stand in reconciliation_figure.
{{ config(severity='warn') }}
select
    strategy_code,
    claim_no,
    rule
from {{ ref('reconciliation') }}
where rule_code <> 'not_recomputable' and verdict = 'not_recomputable'
