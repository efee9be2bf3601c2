"""Publication started on its own, from Dagster's page, is held to the same audit as the whole job."""

from dataclasses import replace
from pathlib import Path

import pytest

from orchestration.settings import Settings
from warehouse.publish import PublicationError
from warehouse.store import open_build, start_build
from warehouse.tables import insert_rows

RUN = {"run_id": "synthetic", "input_fingerprint": "synthetic", "meraukla_version": "0", "duckdb_version": "0"}


def settings_with_results(folder: Path, *results: tuple[str, str, str]) -> Settings:
    settings = replace(Settings.from_environment(), build_file=folder / "meraukla.duckdb")
    start_build(settings.build_file, RUN)
    with open_build(settings.build_file) as connection:
        insert_rows(
            connection,
            "audit.check_result",
            [
                {
                    "stage": stage,
                    "suite": "synthetic",
                    "expectation": "synthetic",
                    "severity": severity,
                    "outcome": outcome,
                    "description": "A synthetic expectation.",
                }
                for stage, severity, outcome in results
            ],
        )
    return settings


def refuse(settings: Settings) -> None:
    from orchestration.assets.publish import refuse_unaudited  # noqa: PLC0415 - needs dbt's manifest

    refuse_unaudited(settings)


LANDING, GUARD = ("landing", "critical", "passed"), ("guard", "critical", "passed")


@pytest.mark.usefixtures("manifest")
def test_a_build_file_whose_audit_has_not_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PublicationError, match="not audited \\(missing: audit\\)"):
        refuse(settings_with_results(tmp_path, LANDING, GUARD))


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize(("severity", "outcome"), [("critical", "failed"), ("critical", "error"), ("info", "error")])
def test_a_critical_failure_and_a_check_that_could_not_run_are_refused(
    tmp_path: Path, severity: str, outcome: str
) -> None:
    with pytest.raises(PublicationError, match="A synthetic expectation"):
        refuse(settings_with_results(tmp_path, LANDING, GUARD, ("audit", severity, outcome)))


@pytest.mark.usefixtures("manifest")
def test_a_flag_alone_does_not_stop_publication(tmp_path: Path) -> None:
    refuse(settings_with_results(tmp_path, LANDING, GUARD, ("audit", "warning", "failed")))
