-- What: a change stands where baseline and result are comparable, nowhere else; progress and growth only with a change.
-- Why: this is the promise: a comparison that the methods do not allow is refused with a reason, never computed.
-- How to fix: indicator_comparison sets change from is_comparable; let nothing after it compute a difference anew.
select
    series_key,
    period_key,
    is_comparable,
    change,
    progress_share,
    cagr_measure,
    refusal_reason
from {{ ref('indicator_progress') }}
where
    is_comparable <> (change is not null)
    or (coalesce(progress_share, gap, cagr_measure, cagr_required) is not null and change is null)
    or (not is_comparable and refusal_reason is null)
