"""The dbt project that was parsed when it was prepared stands in for the project only as long as nothing changed."""

import pickle
from dataclasses import replace
from typing import Any

import pytest

from orchestration.settings import Settings


@pytest.fixture
def settings() -> Settings:
    return Settings.from_environment()


@pytest.mark.usefixtures("manifest")
def test_a_prepared_project_is_not_parsed_again(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    from orchestration import dbt_process  # noqa: PLC0415 - seconds of import

    monkeypatch.setattr(dbt_process, "_parse", lambda _: pytest.fail("parsed again"))
    project = dbt_process._parsed_project.__wrapped__(settings)
    assert any(node.name == "fct_observation" for node in project.nodes.values())


@pytest.mark.usefixtures("manifest")
@pytest.mark.parametrize("case", ["changed", "other database", "other code"])
def test_anything_else_is_parsed(settings: Settings, monkeypatch: pytest.MonkeyPatch, case: str) -> None:
    from orchestration import dbt_process  # noqa: PLC0415 - seconds of import

    parsed: Any = object()
    monkeypatch.setattr(dbt_process, "_parse", lambda _: parsed)
    if case == "changed":
        monkeypatch.setattr(dbt_process, "is_prepared", lambda _: False)
    elif case == "other database":
        # dbt writes the name of the database into every node.
        settings = replace(settings, build_file=settings.build_file.with_name("other.duckdb"))
    else:
        # Software was exchanged under the same lock file: what was kept may not even be readable.
        def unreadable(_: bytes) -> object:
            raise pickle.UnpicklingError

        monkeypatch.setattr(dbt_process.pickle, "loads", unreadable)
    assert dbt_process._parsed_project.__wrapped__(settings) is parsed
