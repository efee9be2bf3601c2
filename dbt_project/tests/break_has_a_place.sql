-- What: every break in force lies between two methodology versions or between two periods, one of the two.
-- Why: a break without a place parts nothing, and comparisons would be drawn across it.
-- How to fix: give the flag a to_period that is a period of dim_period, or the declaration a version that exists.
select
    break_key,
    to_version_no,
    to_period_order
from {{ ref('comparability_break') }}
where (to_version_no is null) = (to_period_order is null)
