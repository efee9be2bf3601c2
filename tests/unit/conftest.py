"""A synthetic contract and a reader of synthetic files: nothing here is a fact."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from warehouse.contract import Column, Contract, load_marks
from warehouse.readers import LandingFile, ReadResult, read_landing_file

ReadBytes = Callable[[bytes], ReadResult]


@pytest.fixture(scope="session")
def synthetic_contract() -> Contract:
    """One column of each type and rule."""
    return Contract(
        source="synthetic_source",
        table="synthetic_table",
        grain="One row a synthetic number and name.",
        key=("item_no", "item_name"),
        columns=(
            Column(name="item_no", type="integer", required=True, description="Synthetic."),
            Column(name="item_name", required=True, description="Synthetic."),
            Column(name="colour", accepted=("red", "green"), description="Synthetic."),
            Column(name="school_year", pattern=r"\d{4}/\d{4}", description="Synthetic."),
            Column(name="is_new", type="boolean", description="Synthetic."),
            Column(name="value_printed", type="printed", description="Synthetic."),
            Column(name="learner_count", type="count", optional=True, description="Synthetic."),
            Column(name="register_no", type="code", width=10, optional=True, description="Synthetic."),
            Column(name="opened_on", type="date", form="%d.%m.%Y", optional=True, description="Synthetic."),
        ),
    )


@pytest.fixture(scope="session")
def read_bytes(synthetic_contract: Contract, tmp_path_factory: pytest.TempPathFactory) -> ReadBytes:
    """Read bytes as a file of the synthetic contract."""
    path: Path = tmp_path_factory.mktemp("synthetic_landing") / "synthetic_table.csv"
    file = LandingFile(
        path, "synthetic-strategy/synthetic_source/synthetic_table.csv", "synthetic-strategy", date(2026, 1, 31)
    )

    def read(content: bytes) -> ReadResult:
        path.write_bytes(content)
        return read_landing_file(file, synthetic_contract, load_marks())

    return read
