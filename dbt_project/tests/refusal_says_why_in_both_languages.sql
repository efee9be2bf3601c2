-- What: what may not be compared or cannot be assessed has a reason, and the reason a sentence in both languages.
-- Why: a bare "not assessable" is a dead end for the committee in Latvian as for the reader in English.
-- How to fix: let a reason of indicator_refusal hold for the case, and fill its name and remedy in refusal_reason.csv.
select
    series_key,
    period_key,
    is_comparable,
    progress_status,
    refusal_reason,
    refusal_text_lv,
    refusal_text_en
from {{ ref('indicator_progress') }}
where
    (
        (not is_comparable or progress_status = 'not_assessable')
        and (refusal_reason is null or refusal_text_lv is null or refusal_text_en is null)
    )
    or (refusal_reason is null) <> (refusal_text_lv is null)
    or (refusal_reason is null) <> (refusal_text_en is null)
    or length(trim(refusal_text_lv)) = 0
    or length(trim(refusal_text_en)) = 0
    or refusal_text_lv = refusal_text_en
