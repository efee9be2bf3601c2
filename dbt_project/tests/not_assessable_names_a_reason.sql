-- What: every result that cannot be assessed names a reason.
-- Why: "not assessable" without a reason is a dead end for the steward, who could do something about it.
-- How to fix: find the case that falls through indicator_assessment, and let a reason of indicator_refusal hold for it.
select
    series_key,
    period_key,
    result_text
from {{ ref('indicator_progress') }}
where progress_status = 'not_assessable' and refusal_reason is null
