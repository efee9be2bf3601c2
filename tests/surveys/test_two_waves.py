"""Two synthetic waves, from the export of the survey tool to what may be said to have changed."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from expectations.catalogue import load_rules
from expectations.guard import _fetch, judge, new_context, warm_up
from tests.promise.warehouse import SyntheticWarehouse
from tests.surveys import reference
from tests.surveys.waves import Asked, Export, load_waves, registry_of, seeds, write_wave

# Newcombe's own example: 48 of 80, then 56 of 70.
FIRST, SECOND = (48, 80), (56, 70)
AGREED_4 = ("agree", "rather_agree")


def asked(code: str, numbers: tuple[int, int], few: tuple[int, int] = (3, 6)) -> Asked:
    (positive, respondents), (few_positive, few_respondents) = numbers, few
    return Asked(
        code,
        {"teachers": positive, "heads": few_positive},
        {"teachers": respondents, "heads": few_respondents},
    )


def judged(
    version: str, item: str, series_item: str | None = None, wording: str = "1", **changed: str
) -> dict[str, str]:
    return {
        "instrument_version": version,
        "item_code": item,
        "series_item_code": series_item or item,
        "wording_version": wording,
        "scale_version": "1",
        "positive_version": "1",
        **changed,
    }


WAVES = {
    "1": [
        asked(code, FIRST) for code in ("same", "reworded", "rescaled", "recounted", "renamed", "unjudged", "told")
    ],
    "2": [
        asked("same", SECOND, few=(2, 4)),
        asked("reworded", SECOND),
        replace(asked("rescaled", SECOND), scale="agreement_4_dont_know"),
        replace(asked("recounted", SECOND), positive_answers=("agree",)),
        asked("renamed_anew", SECOND),
        asked("unjudged", SECOND),
        asked("told", SECOND),
    ],
}
QUESTIONS = [
    *(judged("1", item.code) for item in WAVES["1"]),
    judged("2", "same"),
    judged("2", "reworded", wording="2"),
    judged("2", "rescaled"),
    judged("2", "recounted"),
    judged("2", "renamed_anew", series_item="renamed"),
    judged("2", "told", scale_version="2"),
]


@pytest.fixture(scope="module")
def changes(
    manifest: dict[str, Any], published_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[tuple[str, str], dict[str, Any]]:
    """Build both waves, let the guard look at them, build what the marts make of it: (item, group) → change."""
    folder = tmp_path_factory.mktemp("waves")
    warehouse = SyntheticWarehouse(manifest, published_file)
    rows = seeds({version: [item.code for item in items] for version, items in WAVES.items()}, QUESTIONS)
    population = {"teachers": "unknown", "heads": "12"}
    load_waves(
        warehouse,
        [Export(write_wave(folder, version, items, population)) for version, items in WAVES.items()],
        registry_of(rows),
    )
    warehouse.build(rows, {}, (), folder)
    warm_up()
    (rule,) = (rule for rule in load_rules() if rule.name == "wording_changed")
    _, flags = judge(new_context(), rule, _fetch(warehouse.connection, rule.profile, rule.thresholds))
    warehouse.build(rows, {}, flags, folder)
    found = warehouse.rows("from marts.survey_change")
    names = {"renamed_anew": "renamed"}
    return {(names.get(row["item_code"], row["item_code"]), row["group_code"]): row for row in found}


@pytest.mark.parametrize(
    ("item", "told"),
    [
        ("reworded", "Cik lielā mērā? [1]"),
        ("rescaled", "nezinu"),
        ("recounted", "„piekrītu; drīzāk piekrītu” → „piekrītu”"),
        ("unjudged", "Cik lielā mērā? [2]"),
        ("told", "drīzāk piekrītu"),
    ],
)
def test_what_was_asked_or_counted_otherwise_is_not_compared(
    changes: dict[tuple[str, str], dict[str, Any]], item: str, told: str
) -> None:
    change = changes[item, "teachers"]
    assert (change["is_comparable"], change["refusal_reason"]) == (False, "break_suspected")
    assert change["from_share"] == 60
    assert [change[name] for name in ("change", "ci_low", "ci_high", "p_value", "adjusted_p_value")] == [None] * 5
    assert told in change["reason_lv"]


@pytest.mark.parametrize("item", ["same", "renamed"])
def test_what_a_person_judged_to_be_the_same_is_compared(
    changes: dict[tuple[str, str], dict[str, Any]], item: str
) -> None:
    change = changes[item, "teachers"]
    assert change["is_comparable"]
    assert change["change"] == 20
    # R. G. Newcombe (1998), table II, example (a), method 10.
    assert change["ci_low"] == pytest.approx(5.24, abs=0.005)
    assert change["ci_high"] == pytest.approx(33.39, abs=0.005)
    p = reference.p_value(48 / 80, 56 / 70, 80, 70, 80, 70)
    assert p is not None
    assert change["p_value"] == pytest.approx(p, abs=1e-8)
    # Two items of this group may be compared: twice the smallest, and both are equal.
    assert (change["test_count"], change["adjusted_p_value"]) == (2, pytest.approx(2 * p, abs=1e-8))
    assert change["is_significant"]


def test_a_renamed_item_stays_in_its_series(changes: dict[tuple[str, str], dict[str, Any]]) -> None:
    assert changes["renamed", "teachers"]["series_key"] == "synthetic/survey/synthetic/renamed/teachers"


def test_a_group_too_small_in_one_wave_is_not_compared(changes: dict[tuple[str, str], dict[str, Any]]) -> None:
    change = changes["same", "heads"]
    assert (change["is_comparable"], change["refusal_reason"]) == (False, "suppressed")
    assert (change["to_share"], change["to_respondents"]) == (None, None)
    assert change["from_share"] == 50
    # All six of twelve answered: the response rate stands beside.
    assert change["from_response_share"] == 50
