"""Few respondents, or a small share of their group: status U."""

from tests.expectations.core_tables import Tables, measured, measurement
from tests.expectations.rule_cases import Case, Turn, flag


def answered(respondents: int | None, response_share: float | None = None, value: float | None = 50) -> Tables:
    """Return a share of some respondents."""
    return measured(measurement("2024/2025", value, respondents=respondents, response_share=response_share))


CASES = [
    Case(
        "fewer_than_twenty",
        answered(19, 90),
        [
            flag(
                None,
                "2024/2025",
                kind="declared",
                severity="warning",
                is_break=False,
                obs_status="U",
                respondents=19,
                response_share=90,
                report_line=7,
                reason_lv="Atbildējuši 19, kas ir 90 % no grupas",
                reason_en="19 responded, 90 % of the group",
            )
        ],
    ),
    Case("less_than_a_fifth", answered(1148, 19.9), [flag(None, "2024/2025", obs_status="U", response_share=19.9)]),
    Case(
        "few_of_a_group_of_unknown_size",
        answered(10),
        [
            flag(
                None, "2024/2025", response_share=None, reason_lv="kas ir ? % no grupas", reason_en="? % of the group"
            )
        ],
    ),
    Case("few_and_a_small_share_are_one_finding", answered(5, 1), [flag(None, "2024/2025", respondents=5)]),
    Case("nobody", answered(0, 0), [flag(None, "2024/2025", respondents=0)]),
    Case("twenty", answered(20, 90)),
    Case("a_fifth", answered(1148, 20)),
    Case("twenty_and_a_fifth", answered(20, 20)),
    Case("enough_of_a_group_of_unknown_size", answered(20)),
    Case("no_survey_result", answered(None)),
    Case("a_result_that_was_not_printed", answered(10, value=None)),
]

TURNS = {
    "min_respondents": Turn(answered(20, 90), 21),
    "min_response_share": Turn(answered(1148, 20), 20.1),
}
