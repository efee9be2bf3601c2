select
    methodology.strategy_code,
    methodology.series_key,
    methodology.valid_from as from_period,
    methodology.valid_to as to_period,
    methodology.documentation,
    methodology.version_no,
    methodology.evidence_document,
    methodology.evidence_line,
    case methodology.documentation when 'none' then 'error' else 'warning' end as severity
from core.dim_methodology as methodology
order by methodology.methodology_key
