"""A running portal, and a strategy folder that names it."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.connectors.portal import Portal, serve

STRATEGY = "synthetic-strategy"
FAST = {
    "seconds_between_requests": 0,
    "first_pause_seconds": 0,
    "attempts": 2,
    "read_seconds": 1,
    "max_bytes": 100_000,
}


@pytest.fixture
def portal() -> Iterator[Portal]:
    with serve() as running:
        yield running


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., Path]:
    """Write a strategy's connectors.yml and return the landing folder."""

    def write(*connectors: Mapping[str, Any]) -> Path:
        landing = tmp_path / "landing"
        (landing / STRATEGY).mkdir(parents=True, exist_ok=True)
        complete = [{"limits": FAST} | dict(connector) for connector in connectors]
        (landing / STRATEGY / "connectors.yml").write_text(yaml.safe_dump({"connectors": complete}), "utf-8")
        return landing

    return write
