"""The promise, for random registries: no published view or macro gives a change, a share or a trend across a break.

What lies between two values is worked out here once more and in another way: by walking over all positions between
them, from the registry as it was drawn, not from any table of the warehouse.
"""

import itertools
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, event, example, given, settings

from tests.promise.registries import (
    RESULT_PERIODS,
    Declaration,
    Flag,
    OtherSeries,
    Registry,
    Series,
    Version,
    flags_of,
    landing_of,
    registries,
    seeds_of,
)
from tests.promise.warehouse import STRATEGY, SyntheticWarehouse

# In time; what has no date comes first.
ORDER = {period: place for place, period in enumerate(("unknown", "2020", "2021", *RESULT_PERIODS))}
# Numbers of schema marts that are computed from two observations. The rest are observations, targets and counts.
DERIVED = {
    "indicator_comparison": ("change",),
    "indicator_assessment": ("change", "gap", "progress_share"),
    "indicator_cagr": ("cagr_measure", "cagr_required", "cagr_ratio_share"),
    "indicator_progress": ("change", "gap", "progress_share", "cagr_measure", "cagr_required", "cagr_ratio_share"),
}
# Numbers of marts.survey_change that are computed from two waves.
WAVE_CHANGES = ("change", "ci_low", "ci_high", "p_value", "adjusted_p_value")
# Relations that number segments: two values of one segment may be joined by a line.
SEGMENTED = ("indicator_trend", "observation_as_of", "enrolment_by_year", "institution_by_year", "survey_result")
EXAMPLES = 40

AnySeries = Series | OtherSeries
_NUMBERS = dict(
    zip(("baseline", *(f"result_{period.replace('/', '_')}" for period in RESULT_PERIODS)), "23456", strict=True)
)


def _version(no: int, definition: str, valid_from: str, valid_to: str, *, baseline_restated: bool = False) -> Version:
    return Version(no, definition, "learners", "described", valid_from, valid_to, baseline_restated)


# What random registries seldom have: bridges, and what once went wrong.
RARE = Registry(
    indicators=(
        # The baseline was restated under version 2, so it lies behind the declared break, but not behind the
        # confirmed one that begins in the same period.
        Series(
            no=1,
            versions=(
                _version(1, "a", "", "2022/2023"),
                _version(2, "b", "2023/2024", "", baseline_restated=True),
            ),
            declarations=(Declaration(2, "2023/2024", "none", None),),
            flags=(Flag("2021", "2023/2024", "confirmed"),),
            baseline_period="2021",
            printed=_NUMBERS,
        ),
        # A baseline that a bridge takes over the break, beside a suspicion that was dismissed.
        Series(
            no=2,
            versions=(_version(1, "a", "", "2022/2023"), _version(2, "b", "2023/2024", "")),
            declarations=(Declaration(2, "2023/2024", "ratio", 2.0),),
            flags=(Flag("2023/2024", "2024/2025", "dismissed"),),
            baseline_period="2021",
            printed=_NUMBERS,
        ),
    ),
    others=(
        OtherSeries(
            fact="survey",
            code="synthetic/item/parents",
            declarations=(),
            flags=(Flag("2022/2023", "2023/2024", "none"), Flag("2021/2022", "2022/2023", "dismissed")),
            printed=dict.fromkeys(RESULT_PERIODS, "50"),
        ),
    ),
)


@pytest.fixture(scope="module")
def warehouse(manifest: dict[str, Any], published_file: Path) -> SyntheticWarehouse:
    return SyntheticWarehouse(manifest, published_file)


def stand_between(one: AnySeries, earlier: tuple[str, int], later: tuple[str, int]) -> bool:
    """Whether a break in force lies between two places of a series, each a period and a methodology version."""
    (period, version), (other_period, other_version) = earlier, later
    versions = range(min(version, other_version) + 1, max(version, other_version) + 1)
    if any(declaration.to_version in versions for declaration in one.declarations):
        return True
    low, high = sorted((ORDER[period], ORDER[other_period]))
    return any(low < ORDER[start] <= high for start in breaks_by_period(one))


def breaks_by_period(one: AnySeries) -> Iterator[str]:
    yield from (declaration.first_period for declaration in one.declarations if declaration.to_version is None)
    for flag in one.flags:
        if flag.decision == "confirmed" or (
            flag.decision != "dismissed" and not is_explained(one, flag.from_period, flag.to_period)
        ):
            yield flag.to_period


def is_explained(one: AnySeries, from_period: str, to_period: str) -> bool:
    """Whether a declared break lies between the two measured values that a flag speaks of."""
    places = [(period, version) for period, version in measured_places(one) if period in {from_period, to_period}]
    if len(places) != 2:
        return False
    (period, version), (other_period, other_version) = places
    low, high = sorted((ORDER[period], ORDER[other_period]))
    return any(
        min(version, other_version) < declaration.to_version <= max(version, other_version)
        if declaration.to_version
        else low < ORDER[declaration.first_period] <= high
        for declaration in one.declarations
    )


def measured_places(one: AnySeries) -> Iterator[tuple[str, int]]:
    if isinstance(one, OtherSeries):
        yield from ((period, 1) for period in RESULT_PERIODS if period in one.printed)
        return
    restated = [version.no for version in one.versions if version.baseline_restated]
    yield one.baseline_period or "unknown", restated[0] if restated else 1
    for period in RESULT_PERIODS:
        yield period, max(version.no for version in one.versions if version.valid_from <= period)


def version_of(methodology_key: str | None) -> int:
    """Return the number of a methodology version; what is no indicator has none."""
    return int(methodology_key.rpartition("/v")[2]) if methodology_key else 1


class Met(Counter[str]):
    """How often the examples came to what the promise is about: a proof that meets none of it proves nothing."""

    def note(self, what: str) -> None:
        """Count it, for this test and for the statistics of hypothesis."""
        self[what] += 1
        event(what)


def test_nothing_published_reaches_across_a_break(warehouse: SyntheticWarehouse, tmp_path: Path) -> None:
    met = Met()

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(registry=registries)
    @example(RARE)
    def prove(registry: Registry) -> None:
        warehouse.build(seeds_of(registry), landing_of(registry), flags_of(registry), tmp_path)
        series = {one.key: one for one in registry.indicators}
        all_series = {one.key: one for one in registry.series}
        _no_change_or_share_crosses(warehouse, series, met)
        _no_change_between_waves_crosses(warehouse, all_series, met)
        _no_segment_crosses(warehouse, all_series, met)
        _compare_never_crosses(warehouse, all_series, met)
        _everything_is_counted(warehouse, registry)

    prove()
    assert set(met) == {
        "a change is given",
        "a change is given by a bridge",
        "a change between waves is given",
        *(f"a segment of {relation} joins two values" for relation in SEGMENTED),
        "compare gives a difference",
        "compare gives a difference by a bridge",
        "compare gives a difference across a dismissed suspicion",
        "compare refuses",
    }


def _no_change_or_share_crosses(warehouse: SyntheticWarehouse, series: dict[str, Series], met: Met) -> None:
    views = warehouse.rows(
        "select view_name from duckdb_views() "
        "where schema_name = 'marts' and view_name like '%indicator' and not internal"
    )
    relations = [*DERIVED.items(), *((view["view_name"], DERIVED["indicator_progress"]) for view in views)]
    assert len(relations) > len(DERIVED)
    for relation, columns in relations:
        derived = ", ".join(f"relation.{column}" for column in columns)
        rows = warehouse.rows(
            f"""
            select
                {derived}, place.series_key, place.period_key, place.methodology_key, place.baseline_value,
                place.baseline_period_label, place.baseline_methodology_key, place.is_baseline_bridged
            from marts.{relation} as relation
            inner join marts.indicator_progress as place using (series_key, period_key)
            """
        )
        for row in rows:
            if all(row[column] is None for column in columns):
                continue
            met.note("a change is given")
            one = series[row["series_key"]]
            baseline = (row["baseline_period_label"], version_of(row["baseline_methodology_key"]))
            result = (row["period_key"], version_of(row["methodology_key"]))
            assert not stand_between(one, baseline, result), (relation, row)
            if row["is_baseline_bridged"]:
                met.note("a change is given by a bridge")
                assert baseline[1] != dict(measured_places(one))[baseline[0]]
                assert row["baseline_value"] == pytest.approx(bridged(one, baseline[1]))


def _no_change_between_waves_crosses(warehouse: SyntheticWarehouse, series: dict[str, AnySeries], met: Met) -> None:
    changes = ", ".join(WAVE_CHANGES)
    for row in warehouse.rows(f"select series_key, from_period, to_period, {changes} from marts.survey_change"):
        if any(row[column] is not None for column in WAVE_CHANGES):
            met.note("a change between waves is given")
            assert not stand_between(series[row["series_key"]], (row["from_period"], 1), (row["to_period"], 1)), row


def bridged(one: Series, version: int) -> float:
    """Return the baseline as the bridges up to a version make it."""
    (_, measured_under), *_ = measured_places(one)
    value = float(one.printed["baseline"])
    steps = {declaration.to_version: declaration for declaration in one.declarations if declaration.to_version}
    for step in range(measured_under + 1, version + 1):
        factor = steps[step].factor
        assert factor is not None
        value = value * factor if steps[step].bridge == "ratio" else value + factor
    return value


def views_of_segments(warehouse: SyntheticWarehouse) -> list[str]:
    """Return the views on one advantage that show segments."""
    views = warehouse.rows(
        "select view_name from duckdb_views() where schema_name = 'marts' and not internal "
        "and (view_name like '%\\_indicator\\_trend' escape '\\' or view_name like '%\\_survey' escape '\\')"
    )
    return [view["view_name"] for view in views]


def _no_segment_crosses(warehouse: SyntheticWarehouse, series: dict[str, AnySeries], met: Met) -> None:
    for relation in (*SEGMENTED, *views_of_segments(warehouse)):
        values = warehouse.rows(f"select * from marts.{relation} where segment_no is not null order by all")
        for row, other in itertools.combinations(values, 2):
            if (row["series_key"], row["segment_no"]) != (other["series_key"], other["segment_no"]):
                continue
            if relation in SEGMENTED:
                met.note(f"a segment of {relation} joins two values")
            one = series[row["series_key"]]
            places = [(entry["period_key"], version_of(entry.get("methodology_key"))) for entry in (row, other)]
            assert not stand_between(one, places[0], places[1]), (relation, row, other)
            assert row.get("unit") == other.get("unit")
            assert "unknown" not in {row["period_key"], other["period_key"]}


def _compare_never_crosses(warehouse: SyntheticWarehouse, series: dict[str, AnySeries], met: Met) -> None:
    for one in series.values():
        places = dict(measured_places(one))
        for from_period, to_period in itertools.combinations(places, 2):
            (row,) = warehouse.rows("from marts.compare(?, ?, ?)", [one.key, from_period, to_period])
            assert (row["difference"] is None) == (row["refusal_reason"] is not None) == (not row["is_comparable"])
            if row["difference"] is None:
                met.note("compare refuses")
                assert row["reason_lv"]
                assert row["reason_en"]
                continue
            met.note("compare gives a difference")
            if any(
                flag.decision == "dismissed" and ORDER[from_period] < ORDER[flag.to_period] <= ORDER[to_period]
                for flag in one.flags
            ):
                met.note("compare gives a difference across a dismissed suspicion")
            if row["bridge_key"] is None:
                measured = [(period, places[period]) for period in (from_period, to_period)]
                assert not stand_between(one, measured[0], measured[1]), row
            else:
                met.note("compare gives a difference by a bridge")
                assert any(declaration.factor is not None for declaration in one.declarations)
                assert not any(
                    ORDER[from_period] < ORDER[start] <= ORDER[to_period] for start in breaks_by_period(one)
                ), row


def _everything_is_counted(warehouse: SyntheticWarehouse, registry: Registry) -> None:
    (counted,) = warehouse.rows(
        """
        select
            sum(series_count) as series_count,
            sum(target_met_count + on_track_count + off_track_count + worsening_count + direction_met_count
                + direction_not_met_count + not_assessable_count) as status_count
        from marts.advantage_scorecard where strategy_code = ?
        """,
        [STRATEGY],
    )
    assert counted["series_count"] == counted["status_count"] == len(registry.indicators) * len(RESULT_PERIODS)


def test_every_number_of_the_marts_is_known_to_this_test(warehouse: SyntheticWarehouse) -> None:
    """A new number in schema marts has to be put where it belongs: observed, or derived and proven above."""
    observed = {
        "baseline_value", "result_value", "value_numeric", "goal_value", "need_share", "positive_share", "ci_low",
        "ci_high", "target_value", "target_upper_value", "final_target_value", "final_target_upper_value",
        "elapsed_share", "on_track_tolerance", "respondents", "elapsed_days", "total_days",
        "computed_share", "published_share", "from_share", "to_share", "from_respondents", "to_respondents",
        "response_share", "from_response_share", "to_response_share", "population",
    }  # fmt: skip
    derived = {column for columns in (*DERIVED.values(), WAVE_CHANGES) for column in columns}
    found = {
        row["column_name"]
        for row in warehouse.rows(
            "select column_name from duckdb_columns() where schema_name = 'marts' "
            "and regexp_matches(data_type, 'DOUBLE|FLOAT|DECIMAL|INT') "
            # What counts rows or people, or gives a place in an order.
            "and not regexp_matches(column_name, '(_count|_no|_order|_line|_row|_year|precedence|_length)$')"
        )
    }
    assert found - observed - derived == set()


def test_every_relation_with_segments_is_known_to_this_test(warehouse: SyntheticWarehouse) -> None:
    found = {
        row["table_name"]
        for row in warehouse.rows(
            "select table_name from duckdb_columns() where schema_name = 'marts' and column_name = 'segment_no'"
        )
    }
    # The others take their segments from this one.
    assert found == {*SEGMENTED, *views_of_segments(warehouse), "comparability_segment"}
