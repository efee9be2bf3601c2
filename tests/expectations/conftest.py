"""Great Expectations, imported once for the tests that need it."""

from typing import TYPE_CHECKING

import pytest

from expectations.guard import new_context, warm_up

if TYPE_CHECKING:
    from great_expectations.data_context.data_context.abstract_data_context import AbstractDataContext


@pytest.fixture(scope="session", autouse=True)
def _great_expectations() -> None:
    warm_up()


@pytest.fixture
def context() -> "AbstractDataContext":
    """An empty context in memory."""
    return new_context()
