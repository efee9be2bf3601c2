-- What: gap, progress_share, elapsed_share and cagr_ratio_share follow from the other columns of the same row.
-- Why: a reader who doubts a figure must be able to check it with what stands beside it, and nothing else.
-- How to fix: see which figure differs; let indicator_progress pass on exactly what indicator_assessment computed with.
with

progress as (
    select * from {{ ref('indicator_progress') }}
),

recomputed_gap as (
    select
        *,
        case
            when final_target_comparator = 'at_least' then greatest(final_target_value - baseline_value, 0)
            when final_target_comparator = 'at_most' then least(final_target_value - baseline_value, 0)
            when baseline_value < final_target_value then final_target_value - baseline_value
            when baseline_value > final_target_upper_value then final_target_upper_value - baseline_value
            else 0
        end as gap_from_row,
        date_diff('day', baseline_ends_on, period_ends_on) as elapsed_days_from_row,
        date_diff('day', baseline_ends_on, final_target_due_on) as total_days_from_row
    from progress
),

recomputed as (
    select
        *,
        100.0 * (result_value - baseline_value) / nullif(gap_from_row, 0) as progress_share_from_row,
        100.0 * elapsed_days_from_row / nullif(greatest(total_days_from_row, 0), 0) as elapsed_share_from_row,
        100.0 * cagr_measure / cagr_required as cagr_ratio_share_from_row
    from recomputed_gap
)

select
    series_key,
    period_key,
    gap,
    gap_from_row,
    progress_share,
    progress_share_from_row,
    elapsed_share,
    elapsed_share_from_row
from recomputed
where
    abs(gap - gap_from_row) > 1e-6
    or abs(change - (result_value - baseline_value)) > 1e-6
    -- A refused comparison has no gap and no progress; every other row has what its inputs give.
    or (gap is not null and (progress_share is null) <> (progress_share_from_row is null))
    or (gap is null and progress_share is not null)
    or abs(progress_share - progress_share_from_row) > 1e-6 * greatest(1, abs(progress_share))
    or elapsed_days is distinct from elapsed_days_from_row
    or total_days is distinct from total_days_from_row
    or (elapsed_share is null) <> (elapsed_share_from_row is null)
    or abs(elapsed_share - elapsed_share_from_row) > 1e-6
    or abs(cagr_ratio_share - cagr_ratio_share_from_row) > 1e-6 * greatest(1, abs(cagr_ratio_share))
