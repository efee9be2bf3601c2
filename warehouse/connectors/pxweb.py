"""PxWeb: a query of a statistical table, answered in json-stat2, becomes a long table: one row a cell."""

from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any

from pydantic import Field, model_validator

from warehouse.connectors.ckan import to_csv
from warehouse.connectors.config import PxwebTable
from warehouse.connectors.document import Known, parse
from warehouse.connectors.errors import FetchError
from warehouse.connectors.http import Client, Request

COLUMNS = (
    "table_code",
    "table_label",
    "cell_key",
    "cell_label",
    "period_code",
    "value_printed",
    "status_code",
    "updated_at",
)


class _Category(Known):
    # A list in order, or a position for each code; it may be missing where there is one code only.
    index: list[str] | dict[str, int] | None = None
    label: dict[str, str] = Field(default_factory=dict)

    @property
    def codes(self) -> list[str]:
        """Codes in the order of the cells."""
        if self.index is None:
            return list(self.label)
        return self.index if isinstance(self.index, list) else sorted(self.index, key=self.index.__getitem__)


class _Dimension(Known):
    label: str | None = None
    category: _Category


class _Role(Known):
    time: list[str] = Field(default_factory=list)


class JsonStat(Known):
    """A json-stat2 dataset: the cells of a cube in row-major order."""

    id: list[str]
    size: list[int]
    dimension: dict[str, _Dimension]
    # All cells in order, or only those that are not empty, by their position.
    value: list[float | None] | dict[int, float | None]
    status: list[str | None] | dict[int, str] | str | None = None
    label: str = ""
    source: str | None = None
    updated: str | None = None
    role: _Role = _Role()

    @model_validator(mode="after")
    def _cells_fill_the_cube(self) -> "JsonStat":
        codes = [len(self.dimension[name].category.codes) for name in self.id if name in self.dimension]
        if codes != self.size:
            raise ValueError(f"dimensions have {codes} codes, size says {self.size}")
        cells = prod(self.size)
        if isinstance(self.value, list) and len(self.value) != cells:
            raise ValueError(f"{len(self.value)} values for {cells} cells")
        if isinstance(self.value, dict) and any(not 0 <= position < cells for position in self.value):
            raise ValueError(f"a value outside the {cells} cells")
        return self

    def status_of(self, position: int) -> str | None:
        """Return the status of a cell, if it has one."""
        match self.status:
            case dict():
                return self.status.get(position)
            case list():
                return self.status[position] if position < len(self.status) else None
            case _:
                return self.status

    def value_of(self, position: int) -> float | None:
        """Return the number of a cell; None where there is none."""
        return self.value.get(position) if isinstance(self.value, dict) else self.value[position]


class Pxweb:
    """One statistical database."""

    def __init__(self, client: Client, address: str, max_cells: int) -> None:
        self._client = client
        self._address = address.rstrip("/")
        self._max_cells = max_cells

    def table(self, config: PxwebTable) -> tuple[JsonStat, bytes]:
        """Ask for a table and return what was answered, and its cells as CSV.

        The size is asked first: a query above the database's limit of cells would be refused, or fill the memory.

        Raises:
            FetchError: the query has too many cells, or the answer is no json-stat2.
        """
        address = f"{self._address}/{config.table.strip('/')}"
        cells = self._count_cells(address, config)
        if cells > self._max_cells:
            raise FetchError("fetch_too_many_cells", address, value=cells, expected=self._max_cells)
        query = [{"code": code, "selection": selection.model_dump()} for code, selection in config.query.items()]
        document = self._client.get_json(
            Request(address, body={"query": query, "response": {"format": "json-stat2"}})
        )
        cube = parse(JsonStat, document, address)
        table_code = config.table.strip("/").rpartition("/")[2]
        return cube, to_csv(COLUMNS, _rows(cube, table_code))

    def _count_cells(self, address: str, config: PxwebTable) -> int:
        described = parse(_Metadata, self._client.get_json(Request(address)), address)
        known = {variable.code: variable for variable in described.variables}
        if unknown := sorted(set(config.query) - set(known)):
            raise FetchError("fetch_unknown_variable", address, value=", ".join(unknown), expected=", ".join(known))
        return prod(_selected(variable, config) for variable in described.variables)


class _Variable(Known):
    code: str
    values: list[str]


class _Metadata(Known):
    variables: list[_Variable]


def _selected(variable: _Variable, config: PxwebTable) -> int:
    selection = config.query.get(variable.code)
    if selection is None or selection.filter == "all":
        return len(variable.values)
    if selection.filter == "top":
        return min(int(selection.values[0]), len(variable.values))
    return len(selection.values)


def _rows(cube: JsonStat, table_code: str) -> Iterator[list[Any]]:
    """Yield the cells in the order of `COLUMNS`."""
    dimensions = [cube.dimension[name] for name in cube.id]
    time_name = cube.role.time[0] if cube.role.time else None
    for position, codes in enumerate(product(*(dimension.category.codes for dimension in dimensions))):
        by_name = dict(zip(cube.id, codes, strict=True))
        labels = [
            f"{dimension.label or name}: {dimension.category.label.get(code, code)}"
            for (name, code), dimension in zip(by_name.items(), dimensions, strict=True)
        ]
        yield [
            table_code,
            cube.label,
            "/".join(f"{name}={code}" for name, code in by_name.items()),
            "; ".join(labels),
            by_name.get(time_name) if time_name else None,
            _number(cube.value_of(position)),
            cube.status_of(position),
            cube.updated,
        ]


def _number(value: float | None) -> str | None:
    """Write a number as people do: 12, not 12.0."""
    if value is None:
        return None
    return str(int(value)) if value == int(value) else repr(value)
