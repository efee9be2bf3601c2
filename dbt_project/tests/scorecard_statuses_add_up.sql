-- What: in each row of the scorecard the seven statuses add up to the series of the advantage.
-- Why: a series without a status would vanish from the committee's page, and missing data must be counted.
-- How to fix: look for a status in indicator_assessment that advantage_scorecard does not count, and add its column.
select
    strategy_code,
    advantage_no,
    period_key,
    series_count
from {{ ref('advantage_scorecard') }}
where
    series_count <> target_met_count + on_track_count + off_track_count + worsening_count
    + direction_met_count + direction_not_met_count + not_assessable_count
