"""A person's last word, from the command line to what may be compared.

A copy of the build file gets made-up suspicions about steps that compare today. They are decided on with `meraukla
flags`, in a copy of the seeds; then all models are run again, as dbt compiled them, and the file is published anew.
"""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from orchestration.cli import app
from orchestration.settings import Settings
from tests.promise.warehouse import models_in_order, run_python_model
from warehouse.publish import publish
from warehouse.registry import DECISIONS, DECLARATIONS, check_registry
from warehouse.store import open_build, open_read_only
from warehouse.tables import insert_rows

# Steps whose series nobody doubts.
STEPS = """
    select step.strategy_code, step.series_key, step.from_period, step.to_period
    from core.fct_step as step
    where
        step.domain_code = 'indicator' and step.from_period <> 'unknown'
        and not exists (select 1 from core.fct_break where fct_break.series_key = step.series_key)
        and not exists (select 1 from guard.flag where flag.series_key = step.series_key and flag.is_break)
    qualify row_number() over (partition by step.series_key order by step.to_period_order) = 1
    order by step.series_key
"""
CASES = ("dismissed", "dismissed_on_other_evidence", "confirmed", "open")


@dataclass(frozen=True)
class Place:
    """A suspected step, and what the published file says of it."""

    file: Path
    series_key: str
    from_period: str
    to_period: str

    def fetch(self, query: str) -> list[tuple[Any, ...]]:
        """Run a query that names $series, $earlier and $later."""
        names = {"series": self.series_key, "earlier": self.from_period, "later": self.to_period}
        with open_read_only(self.file) as connection:
            return connection.execute(
                query, {name: text for name, text in names.items() if f"${name}" in query}
            ).fetchall()

    @property
    def kinds(self) -> list[str]:
        """What has become of the suspicion, and what is declared of the series besides."""
        return [
            kind
            for (kind,) in self.fetch(
                "select kind from marts.comparability_flag where is_break and series_key = $series order by rule desc"
            )
        ]

    @property
    def flag_id(self) -> str:
        """The short form of its key."""
        ((flag_id,),) = self.fetch("select flag_id from core.fct_flag where is_break and series_key = $series")
        return str(flag_id)

    def compare(self) -> dict[str, Any]:
        """Ask marts.compare."""
        with open_read_only(self.file) as connection:
            cursor = connection.execute(
                "from marts.compare(?, ?, ?)", [self.series_key, self.from_period, self.to_period]
            )
            return dict(zip([column[0] for column in cursor.description], cursor.fetchall()[0], strict=True))

    def is_one_segment(self) -> bool:
        """Whether the trend joins the two values."""
        segments = self.fetch(
            "select distinct segment_no from marts.indicator_trend "
            "where series_key = $series and period_key in ($earlier, $later) and not is_bridged"
        )
        return len(segments) == 1


def meraukla(*arguments: str) -> None:
    result = CliRunner().invoke(app, list(arguments))
    assert result.exit_code == 0, result.output


def run_models(build_file: Path, manifest: Mapping[str, Any], seeds: Path) -> None:
    """Load what was decided and run all models, as a run does before and after the guard."""
    nodes = manifest["nodes"]
    with open_build(build_file) as connection:
        for file in (DECISIONS, DECLARATIONS):
            table = f"reference.{Path(file).stem}"
            connection.execute(f"delete from {table}")
            connection.execute(f"copy {table} from '{seeds / 'strategy' / file}' (header)")
        for kind, name, code in models_in_order(
            {name: node for name, node in nodes.items() if node["resource_type"] == "model"}
        ):
            if kind == "python":
                run_python_model(connection, name, code)
            else:
                connection.execute(f"create or replace {kind} {name} as {code}")


@pytest.fixture(scope="module")
def places(
    manifest: dict[str, Any], build_file: Path, tmp_path_factory: pytest.TempPathFactory
) -> Mapping[str, tuple[Place, Place]]:
    """Each case before and after the decisions."""
    folder = tmp_path_factory.mktemp("last_word")
    settings = Settings.from_environment()
    seeds, copy, before = folder / "seeds", folder / "build.duckdb", folder / "before.duckdb"
    after = folder / "data" / "published" / settings.published_file.name
    shutil.copytree(settings.seeds_dir, seeds)
    shutil.copyfile(build_file, copy)
    steps = suspect(copy)
    run_models(copy, manifest, seeds)
    publish(copy, before)
    after.parent.mkdir(parents=True)
    shutil.copyfile(before, after)
    found = {case: (Place(before, *step), Place(after, *step)) for case, step in zip(CASES, steps, strict=True)}

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MERAUKLA_DATA_DIR", str(folder / "data"))
        patch.setattr(Settings, "seeds_dir", seeds)
        decided = {case: place.flag_id for case, (place, _) in found.items()}
        meraukla(
            "flags", "dismiss", decided["dismissed"], decided["dismissed_on_other_evidence"], "--reason", "made up"
        )
        meraukla("flags", "confirm", decided["confirmed"], "--reason", "made up", "--reason-code", "population")
    check_registry(seeds)
    other = found["dismissed_on_other_evidence"][0]
    with open_build(copy) as connection:
        # The rule sees something else than what was decided on.
        connection.execute(
            "update guard.flag set evidence = '{\"synthetic\": 2}' where series_key = ? and is_break",
            [other.series_key],
        )
    run_models(copy, manifest, seeds)
    publish(copy, after)
    return found


def suspect(build_file: Path) -> list[tuple[str, str, str]]:
    """Raise a suspicion about a step for each case, and return the steps: series, from, to."""
    with open_build(build_file) as connection:
        steps = [
            step
            for step in connection.execute(STEPS).fetchall()
            if connection.execute("select is_comparable from marts.compare(?, ?, ?)", step[1:]).fetchall()
            == [(True,)]
        ][: len(CASES)]
        assert len(steps) == len(CASES), "too few steps of the city compare"
        insert_rows(
            connection,
            "guard.flag",
            [
                {
                    "strategy_code": strategy,
                    "series_key": series,
                    "from_period": earlier,
                    "to_period": later,
                    "rule": "synthetic_rule",
                    "kind": "suspected",
                    "severity": "warning",
                    "is_break": True,
                    "evidence": '{"synthetic": 1}',
                    "reason_lv": "Izdomāts.",
                    "reason_en": "Made up.",
                }
                for strategy, series, earlier, later in steps
            ],
        )
    return [step[1:] for step in steps]


@pytest.mark.parametrize("case", CASES)
def test_before_anybody_decides_no_comparison_crosses_a_suspicion(
    places: Mapping[str, tuple[Place, Place]], case: str
) -> None:
    place, _ = places[case]
    assert place.kinds == ["suspected"]
    assert_refused(place, "break_suspected")
    assert f"Made up. [{place.flag_id}]" in place.compare()["reason_en"]


def test_what_was_dismissed_compares_again(places: Mapping[str, tuple[Place, Place]]) -> None:
    _, place = places["dismissed"]
    compared = place.compare()
    assert place.kinds == ["dismissed"]
    assert (compared["is_comparable"], compared["refusal_reason"]) == (True, None)
    assert compared["difference"] == pytest.approx(compared["to_value"] - compared["from_value"])
    assert place.is_one_segment()


def test_a_dismissal_has_no_force_once_the_rule_sees_something_else(
    places: Mapping[str, tuple[Place, Place]],
) -> None:
    _, place = places["dismissed_on_other_evidence"]
    assert place.kinds == ["suspected"]
    assert_refused(place, "break_suspected")
    assert f"[{place.flag_id}]" in place.compare()["reason_lv"]


def test_what_was_confirmed_is_a_declared_break(places: Mapping[str, tuple[Place, Place]]) -> None:
    _, place = places["confirmed"]
    assert place.kinds == ["confirmed", "declared"]
    assert_refused(place, "break_declared")
    assert place.fetch("select kind, reason_code, to_period from core.fct_break where series_key = $series") == [
        ("declared", "population", place.to_period)
    ]


def test_what_nobody_decided_on_stays_refused(places: Mapping[str, tuple[Place, Place]]) -> None:
    _, place = places["open"]
    assert place.kinds == ["suspected"]
    assert_refused(place, "break_suspected")


def assert_refused(place: Place, reason: str) -> None:
    compared = place.compare()
    assert (compared["difference"], compared["refusal_reason"]) == (None, reason)
    assert not place.is_one_segment()
