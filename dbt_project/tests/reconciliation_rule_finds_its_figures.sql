-- What: every rule that can be recomputed finds the figures that it names.
-- Why: a rule that finds nothing looks like a disagreement of the report, but it is a slip in the claim.
-- How to fix: correct set, filters or axis in reconciliation/claim.csv; the codes stand in reconciliation_figure.
select
    strategy_code,
    claim_no,
    rule
from {{ ref('reconciliation') }}
where verdict in ('agrees', 'disagrees') and recomputed_text is null
