"""Contracts: what each source must look like. One YAML file a source, read into the models below."""

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from warehouse.values import Marks, fold, fold_header
from warehouse.yaml_files import read_yaml

CONTRACTS_DIR = Path(__file__).parent / "contracts"

ColumnType = Literal["text", "integer", "boolean", "printed", "date", "code", "count"]
Confidentiality = Literal["free", "small_cells", "respondent"]
Reader = Literal["cells", "survey_answers", "survey_questions"]
PRINTED_SUFFIX = "_printed"
IS_TOTAL = "is_total"

_ARROW_TYPES: Mapping[str, pa.DataType] = {
    "text": pa.string(),
    "integer": pa.int32(),
    "boolean": pa.bool_(),
    "printed": pa.string(),
    "date": pa.date32(),
    "code": pa.string(),
    "count": pa.int32(),
}
_FORM_TYPES = {"date"}
_WIDTH_TYPES = {"code"}
_THOUSANDS_TYPES = {"printed", "count"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column of a landing file.

    A column of type `printed` is kept as text and read into four more columns: `_numeric`, `_kind`, `_mark`, `_unit`.
    Where a range may stand in it (`is_range_accepted`), `_numeric` is the lower bound and `_upper_numeric` the upper.

    Attributes:
        name: column of the raw table. It always is a known header, and so are the two labels.
        headers: further known headers.
        from_file_name: group of the file name's pattern that the value comes from; such a column stands in no header.
        label_lv: what the steward calls it in Latvian.
        label_en: the same in English.
        description_lv: the description in Latvian, for the steward to read.
        unit: what is counted or measured, for the steward to read.
        form: of dates, how `strptime` reads them. A date as ISO 8601 prints it is always read.
        width: of codes, the number of digits: leading noughts that a spreadsheet lost are put back.
        thousands_mark: `.` or `,` where the source groups thousands by it; the other of the two is its decimal mark.
        required: no cell of it may be blank.
        optional: the whole column may be missing.
    """

    name: str
    description: str
    label_lv: str = ""
    label_en: str = ""
    description_lv: str = ""
    type: ColumnType = "text"
    headers: tuple[str, ...] = ()
    from_file_name: str | None = None
    unit: str | None = None
    form: str | None = None
    width: int | None = Field(default=None, ge=1, le=32)
    thousands_mark: Literal[".", ","] | None = None
    required: bool = False
    optional: bool = False
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

    @model_validator(mode="after")
    def _settings_fit_the_type(self) -> "Column":
        for setting, value, types in (
            ("form", self.form, _FORM_TYPES),
            ("width", self.width, _WIDTH_TYPES),
            ("thousands_mark", self.thousands_mark, _THOUSANDS_TYPES),
        ):
            if value is not None and self.type not in types:
                raise ValueError(f"column {self.name} has a {setting}: its type must be {' or '.join(sorted(types))}")
        if self.type == "code" and self.width is None:
            raise ValueError(f"column {self.name} is of type code: it needs a width")
        if self.type not in {"text", "code"} and self.pattern is not None:
            raise ValueError(f"column {self.name} has a pattern: its type must be text or code")
        return self

    @model_validator(mode="after")
    def _a_column_stands_in_the_header_or_in_the_file_name(self) -> "Column":
        if self.from_file_name and (self.headers or self.optional):
            raise ValueError(f"column {self.name} comes from the file name: it has no headers and is not optional")
        return self

    @model_validator(mode="after")
    def _the_pattern_is_a_regular_expression(self) -> "Column":
        if self.pattern is not None:
            _compile(self.pattern, f"pattern of column {self.name}")
        return self

    @property
    def known_headers(self) -> tuple[str, ...]:
        """Headers that mean this column: its name, its labels and its variants, as they are written."""
        if self.from_file_name:
            return ()
        return tuple(dict.fromkeys(text for text in (self.name, self.label_lv, self.label_en, *self.headers) if text))

    def label(self, language: str) -> str:
        """Return what the steward calls it, in `lv` or `en`; its name if it has no label."""
        return (self.label_lv if language == "lv" else self.label_en) or self.name

    def told(self, language: str) -> str:
        """Return its description in `lv` or `en`."""
        return self.description_lv if language == "lv" else self.description

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


class TotalRows(_Strict):
    """Which rows are totals: those with one of the values in the column, folded as headers are.

    They are accepted and marked `is_total`; no key and no required cell is asked of them, and a word in the place of
    a code or number is no error in the column that tells them.
    """

    column: str
    values: tuple[str, ...] = Field(min_length=1)


class Contract(_Strict):
    """What the landing files of one table must look like, and the raw table they become.

    Attributes:
        files: patterns of the file's stem (whole stem, case ignored). Named groups feed columns `from_file_name`.
        confidentiality: `free`, `small_cells` (true counts of few people) or `respondent` (one row a person). Only
            of free tables values may be shown outside of the build file.
        school_year: the column that gives the file's school year: one itself, or a date that lies in it.
        total_rows: which rows are totals of others.
        ignored_headers: headers that are known and not loaded.
        reader: how a file is read: its cells under the columns of the contract, or by the mapping beside it
            (`survey_export.py`).
        files_of: table of the source whose files are read for this one too; it has none of its own.
    """

    source: str
    table: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    source_label_lv: str = ""
    source_label_en: str = ""
    label_lv: str = ""
    label_en: str = ""
    files: tuple[str, ...] = ()
    confidentiality: Confidentiality = "free"
    school_year: str | None = None
    total_rows: TotalRows | None = None
    ignored_headers: tuple[str, ...] = ()
    reader: Reader = "cells"
    files_of: str | None = None

    @model_validator(mode="after")
    def _only_readers_of_mappings_share_files(self) -> "Contract":
        if (self.files_of is not None) != (self.reader == "survey_questions"):
            raise ValueError(f"{self.source}.{self.table}: files_of goes with the reader survey_questions")
        return self

    @model_validator(mode="after")
    def _key_columns_exist(self) -> "Contract":
        if unknown := set(self.key) - {column.name for column in self.columns}:
            raise ValueError(f"{self.source}.{self.table}: key columns not in the contract: {sorted(unknown)}")
        return self

    @model_validator(mode="after")
    def _named_columns_exist(self) -> "Contract":
        names = {column.name: column for column in self.columns}
        if len(names) < len(self.columns):
            raise ValueError(f"{self.source}.{self.table}: two columns have one name")
        for setting, name in (
            ("school_year", self.school_year),
            ("total_rows", self.total_rows.column if self.total_rows else None),
        ):
            if name is not None and name not in names:
                raise ValueError(f"{self.source}.{self.table}: {setting} names no column: {name}")
        if self.school_year and names[self.school_year].type not in {"text", "date"}:
            raise ValueError(f"{self.source}.{self.table}: school_year must name a column of type text or date")
        if self.total_rows and (IS_TOTAL in names or names[self.total_rows.column].from_file_name):
            raise ValueError(
                f"{self.source}.{self.table}: total_rows need a column of the file, and {IS_TOTAL} is theirs"
            )
        return self

    @model_validator(mode="after")
    def _no_header_means_two_columns(self) -> "Contract":
        meanings: dict[str, str] = {fold_header(header): "(ignored)" for header in self.ignored_headers}
        for column in self.columns:
            for header in column.known_headers:
                if (other := meanings.setdefault(fold_header(header), column.name)) != column.name:
                    raise ValueError(
                        f"{self.source}.{self.table}: the header {header!r} means both {other} and {column.name}"
                    )
        return self

    @model_validator(mode="after")
    def _patterns_name_what_columns_take_from_them(self) -> "Contract":
        wanted = {column.from_file_name for column in self.columns if column.from_file_name}
        if wanted and not self.files:
            raise ValueError(f"{self.source}.{self.table}: columns come from the file name, but files has no pattern")
        for pattern in self.files:
            groups = _compile(pattern, f"files of {self.source}.{self.table}").groupindex
            if missing := wanted - set(groups):
                raise ValueError(f"{self.source}.{self.table}: pattern {pattern} lacks the groups {sorted(missing)}")
        return self

    @property
    def file_name(self) -> Path:
        """Path of the landing file below a strategy's folder, as it is called where no pattern is given."""
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
                self._compact(arrow_field)
                for arrow_field in (
                    pa.field("strategy_code", pa.string()),
                    *(field for column in self.columns for field in column.fields()),
                    *([pa.field(IS_TOTAL, pa.bool_())] if self.total_rows else []),
                    *PROVENANCE,
                )
            ]
        )

    def _compact(self, arrow_field: pa.Field) -> pa.Field:
        # Millions of answers have a few codes and come from a few files: each text is kept once. DuckDB reads texts.
        if self.reader == "survey_answers" and pa.types.is_string(arrow_field.type):
            return pa.field(arrow_field.name, pa.dictionary(pa.int16(), pa.string()))
        return arrow_field

    @property
    def header_columns(self) -> tuple[Column, ...]:
        """Columns that stand in the file itself."""
        return tuple(column for column in self.columns if not column.from_file_name)

    @property
    def header_meanings(self) -> Mapping[str, str]:
        """Folded header → name of the column it means."""
        return {fold_header(header): column.name for column in self.header_columns for header in column.known_headers}

    def label(self, language: str) -> str:
        """Return what the steward calls the table, in `lv` or `en`; its name if it has no label."""
        return (self.label_lv if language == "lv" else self.label_en) or self.table

    @property
    def takes_any_name(self) -> bool:
        """Whether a file of its source may have any name, so that a name alone tells nothing."""
        return any(re.fullmatch(pattern, _NO_NAME, re.IGNORECASE) for pattern in self.files)

    def captured_from(self, stem: str) -> Mapping[str, str] | None:
        """Return the named groups of a file's stem, None if the name is not one of this table's files."""
        if self.files_of:
            return None
        for pattern in self.files or (re.escape(self.table),):
            if match := re.compile(pattern, re.IGNORECASE).fullmatch(stem):
                return {name: text or "" for name, text in match.groupdict().items()}
        return None


# A pattern that takes even this as a name takes any.
_NO_NAME = "x9"
PROVENANCE = (
    pa.field("_source_file", pa.string()),
    pa.field("_source_sha256", pa.string()),
    pa.field("_row_number", pa.int32()),
    pa.field("_loaded_at", pa.timestamp("us")),
    pa.field("_vintage", pa.date32()),
    pa.field("_superseded_on", pa.date32()),
)


def _compile(pattern: str, where: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as error:
        raise ValueError(f"{where} is no regular expression: {pattern} ({error})") from error


class _TableFile(_Strict):
    label_lv: str
    label_en: str
    grain: str
    key: tuple[str, ...]
    columns: tuple[Column, ...] = Field(min_length=1)
    files: tuple[str, ...] = ()
    confidentiality: Confidentiality = "free"
    school_year: str | None = None
    total_rows: TotalRows | None = None
    ignored_headers: tuple[str, ...] = ()
    reader: Reader = "cells"
    files_of: str | None = None

    @model_validator(mode="after")
    def _columns_speak_both_languages(self) -> "_TableFile":
        lacking = [
            f"{column.name} lacks {text}"
            for column in self.columns
            for text in ("label_lv", "label_en", "description", "description_lv")
            if not getattr(column, text).strip()
        ]
        if lacking:
            raise ValueError(f"what the steward reads of a column stands in both languages: {'; '.join(lacking)}")
        return self


class _SourceFile(_Strict):
    description: str
    label_lv: str
    label_en: str
    tables: dict[str, _TableFile]

    def contracts(self, source: str) -> Iterator[Contract]:
        for name, table in self.tables.items():
            settings: dict[str, Any] = {field: getattr(table, field) for field in _TableFile.model_fields}
            yield Contract(
                source=source, table=name, source_label_lv=self.label_lv, source_label_en=self.label_en, **settings
            )


class ContractError(Exception):
    """A contract file is malformed; says which."""


@cache
def load_contracts(directory: Path = CONTRACTS_DIR) -> tuple[Contract, ...]:
    """Read all contracts, in the order of file and table names.

    Raises:
        ContractError: a contract file is malformed (names the file and its field).
    """
    contracts: list[Contract] = []
    for path in sorted(directory.glob("*.yml")):
        if path.name == MARKS_FILE:
            continue
        try:
            source = _SourceFile.model_validate(read_yaml(path))
            contracts += source.contracts(path.stem)
        except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
            raise ContractError(f"{path.name} is malformed: {error}") from error
    return tuple(contracts)


def contract_for(contracts: Iterable[Contract], source: str, stem: str) -> tuple[Contract, Mapping[str, str]] | None:
    """Find the contract that a file of a source belongs to by its stem, with the groups of its name."""
    for contract in contracts:
        if contract.source == source and (captured := contract.captured_from(stem)) is not None:
            return contract, captured
    return None


MARKS_FILE = "marks.yml"


@cache
def load_marks(directory: Path = CONTRACTS_DIR) -> Marks:
    """Read the vocabulary of marks: folded text → mark code."""
    texts: dict[str, list[str]] = read_yaml(directory / MARKS_FILE)
    return {fold(text): code for code, variants in texts.items() for text in variants}
