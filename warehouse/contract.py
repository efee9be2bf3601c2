"""Contracts: what each source must look like. One YAML file a source, read into the models below."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Literal

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, model_validator

from warehouse.values import Marks, fold

CONTRACTS_DIR = Path(__file__).parent / "contracts"

ColumnType = Literal["text", "integer", "boolean", "printed"]
PRINTED_SUFFIX = "_printed"

_ARROW_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "printed": pa.string(),
}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column of a landing file.

    A column of type `printed` is kept as text and read into four more columns: `_numeric`, `_kind`, `_mark`, `_unit`.
    Where a range may stand in it (`is_range_accepted`), `_numeric` is the lower bound and `_upper_numeric` the upper.
    """

    name: str
    description: str
    type: ColumnType = "text"
    required: bool = False
    accepted: tuple[str, ...] = ()
    pattern: str | None = None
    is_range_accepted: bool = False

    @model_validator(mode="after")
    def _printed_columns_are_named_so(self) -> "Column":
        if self.type == "printed" and not self.name.endswith(PRINTED_SUFFIX):
            raise ValueError(f"column {self.name} is of type printed: its name must end in {PRINTED_SUFFIX}")
        return self

    @model_validator(mode="after")
    def _only_printed_columns_hold_ranges(self) -> "Column":
        if self.is_range_accepted and self.type != "printed":
            raise ValueError(f"column {self.name} accepts ranges: its type must be printed")
        return self

    def fields(self) -> list[pa.Field]:
        """Return the Arrow fields this column becomes in the raw table."""
        own = pa.field(self.name, _ARROW_TYPES[self.type])
        if self.type != "printed":
            return [own]
        stem = self.name.removesuffix(PRINTED_SUFFIX)
        upper = [pa.field(f"{stem}_upper_numeric", pa.float64())] if self.is_range_accepted else []
        return [
            own,
            pa.field(f"{stem}_numeric", pa.float64()),
            *upper,
            pa.field(f"{stem}_kind", pa.string()),
            pa.field(f"{stem}_mark", pa.string()),
            pa.field(f"{stem}_unit", pa.string()),
        ]


class Contract(_Strict):
    """What one landing file must look like, and the raw table it becomes."""

    source: str
    table: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @model_validator(mode="after")
    def _key_columns_exist(self) -> "Contract":
        if unknown := set(self.key) - {column.name for column in self.columns}:
            raise ValueError(f"{self.source}.{self.table}: key columns not in the contract: {sorted(unknown)}")
        return self

    @property
    def file_name(self) -> Path:
        """Path of the landing file below a strategy's folder."""
        return Path(self.source) / f"{self.table}.csv"

    @property
    def raw_table(self) -> str:
        """Name of the table in schema raw."""
        return f"{self.source}__{self.table}"

    @property
    def schema(self) -> pa.Schema:
        """Arrow schema of the accepted rows, provenance columns last."""
        return pa.schema(
            [
                pa.field("strategy_code", pa.string()),
                *(field for column in self.columns for field in column.fields()),
                *PROVENANCE,
            ]
        )


PROVENANCE = (
    pa.field("_source_file", pa.string()),
    pa.field("_source_sha256", pa.string()),
    pa.field("_row_number", pa.int32()),
    pa.field("_loaded_at", pa.timestamp("us")),
    pa.field("_vintage", pa.date32()),
)


class _TableFile(_Strict):
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...] = Field(min_length=1)


class _SourceFile(_Strict):
    description: str
    tables: dict[str, _TableFile]


@cache
def load_contracts(directory: Path = CONTRACTS_DIR) -> tuple[Contract, ...]:
    """Read all contracts, in the order of file and table names.

    Raises:
        pydantic.ValidationError: a contract file is malformed (names the file's field).
    """
    contracts: list[Contract] = []
    for path in sorted(directory.glob("*.yml")):
        if path.name == MARKS_FILE:
            continue
        source = _SourceFile.model_validate(yaml.safe_load(path.read_text("utf-8")))
        contracts += [
            Contract(source=path.stem, table=name, grain=table.grain, key=table.key, columns=table.columns)
            for name, table in source.tables.items()
        ]
    return tuple(contracts)


MARKS_FILE = "marks.yml"


@cache
def load_marks(directory: Path = CONTRACTS_DIR) -> Marks:
    """Read the vocabulary of marks: folded text → mark code."""
    texts: dict[str, list[str]] = yaml.safe_load((directory / MARKS_FILE).read_text("utf-8"))
    return {fold(text): code for code, variants in texts.items() for text in variants}
