"""The statistics of the models against the same written anew from the papers, on many synthetic tallies."""

import random
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from tests.promise.warehouse import SyntheticWarehouse, models_in_order, run_python_model
from tests.surveys import reference
from tests.surveys.waves import GROUPS, seeds

ITEMS = [f"i{number:02}" for number in range(40)]
POINT = 1e-6


def test_the_reference_gives_published_figures() -> None:
    # R. G. Newcombe (1998), Statistics in Medicine 17, 873, table II, method 10, examples (a), (b), (g) and (h).
    for (x_1, n_1), (x_2, n_2), low, high in (
        ((48, 80), (56, 70), 0.0524, 0.3339),
        ((3, 10), (9, 10), 0.1705, 0.8090),
        ((0, 20), (10, 10), 0.6791, 1.0),
        ((0, 10), (10, 10), 0.6075, 1.0),
    ):
        found = reference.newcombe(x_1 / n_1, x_2 / n_2, n_1, n_2)
        assert found == pytest.approx((low, high), abs=5e-5)
    # R. G. Newcombe (1998), Statistics in Medicine 17, 857, table I, method 3 (score).
    for x, n, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ):
        assert reference.wilson(x / n, n) == pytest.approx((low, high), abs=5e-5)
    # S. Holm's procedure as R's p.adjust documents it.
    assert reference.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])


@pytest.fixture(scope="module")
def warehouse(
    manifest: dict[str, Any], published_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> SyntheticWarehouse:
    """Models over made-up tallies of two waves, instead of tallies of answers."""
    made = SyntheticWarehouse(manifest, published_file)
    questions = [
        {
            "instrument_version": version,
            "item_code": item,
            "series_item_code": item,
            "wording_version": "1",
            "scale_version": "1",
            "positive_version": "1",
        }
        for version in ("1", "2")
        for item in ITEMS
    ]
    made.build(seeds({"1": ITEMS, "2": ITEMS}, questions), {}, (), tmp_path_factory.mktemp("tallies"))
    draw = random.Random(20261124)  # noqa: S311 - no secret
    for version in ("1", "2"):
        for group in GROUPS:
            population = draw.choice((None, 300))
            for item in ITEMS:
                respondents = draw.choice((5, 6, 20, 73, 180, 299, 300, 0))
                positive = draw.choice((0, respondents, draw.randint(0, respondents)))
                made.connection.execute(
                    "insert into confidential.survey_tally by name select 'synthetic' as strategy_code, "
                    "? as survey_code, ? as wave_code, ? as item_code, ? as group_code, 300 as group_respondents, "
                    "cast(? as integer) as respondents, cast(? as integer) as positive_count, "
                    "cast(? as integer) as population, 'skala' as scale_lv, 'jā' as positive_answers_lv, "
                    "'synthetic' as source_file, date '2026-01-31' as vintage",
                    [f"synthetic_{version}", f"synthetic_{version}", item, group, respondents, positive, population],
                )
    nodes = {name: node for name, node in manifest["nodes"].items() if node["name"] not in _MADE_UP}
    for kind, name, code in models_in_order(nodes):
        if name.split(".")[0] not in {"core", "marts", "confidential"} or "reconciliation" in name:
            continue
        if kind == "python":
            run_python_model(made.connection, name, code)
        else:
            made.connection.execute(f"create or replace {kind} {name} as {code}")
    return made


_MADE_UP = ("survey_tally", "reconciliation", "reconciliation_figure")


def shares_of(warehouse: SyntheticWarehouse) -> list[dict[str, Any]]:
    return warehouse.rows(
        "select share.*, tally.positive_count, tally.respondents as counted, tally.population as size "
        "from core.fct_survey_share as share inner join confidential.survey_tally as tally "
        "using (survey_code, item_code, group_code) order by all"
    )


def test_shares_and_their_intervals_are_those_of_the_reference(warehouse: SyntheticWarehouse) -> None:
    methods: dict[str | None, int] = defaultdict(int)
    for row in shares_of(warehouse):
        n, size = row["counted"], row["size"]
        methods[row["interval_method"]] += 1
        is_known = n and n == size and row["positive_count"] in {0, n}
        if not n or is_known:
            assert [row["positive_share"], row["ci_low"], row["ci_high"]] == [None] * 3
            assert row["conf_status"] == ("A" if is_known else "F")
            continue
        share = row["positive_count"] / n
        low, high = reference.wilson(share, reference.effective_size(n, size))
        assert row["positive_share"] == pytest.approx(100 * share, abs=POINT)
        assert (row["ci_low"], row["ci_high"]) == pytest.approx((100 * low, 100 * high), abs=POINT)
        assert row["interval_method"] == ("wilson" if size is None else "census" if size == n else "wilson_finite")
        assert row["response_share"] == (None if size is None else 100)
    assert min(methods[method] for method in ("wilson", "wilson_finite", "census", None)) > 0, methods


def test_changes_and_their_tests_are_those_of_the_reference(warehouse: SyntheticWarehouse) -> None:
    shares = {(row["series_key"], row["period_key"]): row for row in shares_of(warehouse)}
    expected: dict[str, dict[str, float]] = defaultdict(dict)
    changes = warehouse.rows("from marts.survey_change where is_comparable")
    assert len(changes) > len(ITEMS)
    for change in changes:
        earlier = shares[change["series_key"], change["from_period"]]
        later = shares[change["series_key"], change["to_period"]]
        n_1, n_2 = earlier["counted"], later["counted"]
        size_1, size_2 = (reference.effective_size(row["counted"], row["size"]) for row in (earlier, later))
        share_1, share_2 = earlier["positive_count"] / n_1, later["positive_count"] / n_2
        low, high = reference.newcombe(share_1, share_2, size_1, size_2)
        p = reference.p_value(share_1, share_2, n_1, n_2, size_1, size_2)
        assert change["change"] == pytest.approx(100 * (share_2 - share_1), abs=POINT)
        assert (change["ci_low"], change["ci_high"]) == pytest.approx((100 * low, 100 * high), abs=1e-4)
        assert (change["p_value"] is None) == (p is None)
        if p is not None:
            assert change["p_value"] == pytest.approx(p, rel=1e-6, abs=1e-8)
            expected[change["group_code"]][change["series_key"]] = p
    for group, p_values in expected.items():
        own = {row["series_key"]: row for row in changes if row["group_code"] == group and row["p_value"] is not None}
        adjusted = dict(zip(p_values, reference.holm(list(p_values.values())), strict=True))
        for key, p in adjusted.items():
            assert own[key]["adjusted_p_value"] == pytest.approx(p, rel=1e-5, abs=1e-6)
            assert own[key]["test_count"] == len(adjusted)
