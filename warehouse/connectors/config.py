"""`connectors.yml` of a strategy: from which portals its files are fetched. Without it nothing is fetched."""

import re
from pathlib import Path
from typing import Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from warehouse.connectors.http import Limits
from warehouse.landing import CONNECTORS_FILE
from warehouse.yaml_files import read_yaml

# A source is a folder: nothing else may be meant by its name.
_SOURCE_NAME = r"[a-z][a-z0-9_]*"
_STEM = r"[A-Za-z0-9][A-Za-z0-9_\-]*"


class ConnectorConfigError(Exception):
    """A `connectors.yml` is not in order; the message names the file and the place."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class CkanDataset(_Strict):
    """Files of a CKAN dataset, or one of its resources alone.

    Attributes:
        dataset: its name or id.
        files: regex on the stem of the resources' file names, full match, case ignored.
        resource: id of a resource, in place of the two.
        as_of: regex that finds year, month and day in the stem, if they stand there.
        as_table: fetch the rows of the portal's own table (datastore) instead of the file.
        stem: name of the landing file; else that of the resource's file.
    """

    dataset: str | None = Field(default=None, min_length=1)
    files: str | None = None
    resource: str | None = Field(default=None, min_length=1)
    as_of: str | None = None
    as_table: bool = False
    stem: str | None = Field(default=None, pattern=f"^{_STEM}$")

    @field_validator("files", "as_of")
    @classmethod
    def _is_a_regex(cls, pattern: str | None) -> str | None:
        if pattern is not None:
            re.compile(pattern)
        return pattern

    @field_validator("as_of")
    @classmethod
    def _names_a_day(cls, pattern: str | None) -> str | None:
        if pattern is not None and set(re.compile(pattern).groupindex) != {"year", "month", "day"}:
            raise ValueError("as_of needs the named groups year, month and day")
        return pattern

    @model_validator(mode="after")
    def _names_files_or_a_resource(self) -> "CkanDataset":
        named = (self.dataset is not None, self.files is not None, self.resource is not None)
        if named not in {(True, True, False), (False, False, True)}:
            raise ValueError("name a dataset and its files, or a resource")
        return self

    @property
    def name(self) -> str:
        """What is asked for."""
        return self.dataset or self.resource or ""


class PxwebTable(_Strict):
    """One query of a PxWeb table.

    Attributes:
        table: its path below the address.
        stem: name of the landing file.
        query: variable → its selection; empty: all values of all variables.
    """

    table: str = Field(min_length=1)
    stem: str = Field(pattern=f"^{_STEM}$")
    query: dict[str, "Selection"] = Field(default_factory=dict)


class Selection(_Strict):
    """Which values of a variable are asked for."""

    filter: Literal["item", "all", "top", "agg", "vs"] | str = "item"
    values: tuple[str, ...] = Field(min_length=1)


class _Connector(_Strict):
    source: str = Field(pattern=f"^{_SOURCE_NAME}$")
    address: str = Field(pattern=r"^https?://[^\s/]+")
    limits: Limits = Limits()
    publisher: str | None = None
    licence: str | None = None


class CkanConnector(_Connector):
    """A CKAN portal: its address ends in `/api/3/action`."""

    kind: Literal["ckan"]
    datasets: tuple[CkanDataset, ...] = Field(min_length=1)
    page_rows: int = Field(default=10_000, ge=1, le=32_000)
    max_rows: int = Field(default=1_000_000, ge=1)


class PxwebConnector(_Connector):
    """A statistical database that speaks PxWeb."""

    kind: Literal["pxweb"]
    tables: tuple[PxwebTable, ...] = Field(min_length=1)
    max_cells: int = Field(default=100_000, ge=1)


Connector = Annotated[CkanConnector | PxwebConnector, Field(discriminator="kind")]


class _ConnectorsFile(_Strict):
    connectors: tuple[Connector, ...]

    @model_validator(mode="after")
    def _one_connector_a_source(self) -> "_ConnectorsFile":
        sources = [connector.source for connector in self.connectors]
        if len(set(sources)) < len(sources):
            raise ValueError("each source may have one connector only")
        return self


def read_connectors(strategy_folder: Path) -> tuple[CkanConnector | PxwebConnector, ...]:
    """Return the connectors of a strategy, none if it has no `connectors.yml`.

    Raises:
        ConnectorConfigError: the file is malformed.
    """
    path = strategy_folder / CONNECTORS_FILE
    if not path.is_file():
        return ()
    try:
        content: Any = read_yaml(path)
        return _ConnectorsFile.model_validate(content).connectors
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValidationError, re.error) as error:
        raise ConnectorConfigError(f"{path} is not in order: {error}") from error
