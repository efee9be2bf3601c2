"""The methodology registry: versions of methods, declared breaks, decisions on flags; read, judged whole, written.

A registry is a value: `append` and `replace` return a new one. Only `write` touches the files, once everything in
them has been found in order. So a change is judged before it is made, by the rules that the build judges by.
"""

import csv
import hashlib
import io
import math
import os
import re
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as with_fields
from datetime import date
from functools import cache
from pathlib import Path
from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from warehouse.plain_csv import HEADER_ROW, csv_rows
from warehouse.rejection import FileRejectedError, Rejection, closest
from warehouse.yaml_files import read_yaml

SCHEMA_FILE = Path(__file__).with_suffix(".yml")
VERSIONS = "methodology_version.csv"
DECLARATIONS = "break_declaration.csv"
DECISIONS = "flag_decision.csv"
SERIES = "series.csv"
CONVERTING_BRIDGES = frozenset({"ratio", "difference"})

Cells = Mapping[str, str]
Value = str | int | float | bool | date | None

# As a key is written: 01 and 1 would be two texts and one version.
_INTEGER = re.compile(r"0|[1-9][0-9]{0,8}")
_NUMBER = re.compile(r"[+\-]?[0-9.]+(?:[eE][+\-]?[0-9]+)?")
_PERIOD = re.compile(r"([0-9]{4})(?:/([0-9]{4}))?")
# Series of the other facts (macros/keys.sql): which of them there are, only the data tell.
_OTHER_SERIES = re.compile(r"[^/]+/(?:survey|enrolment|institution)/.+")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Column(_Strict):
    """One column of a registry file; `defines_measure` says that it is part of the definition."""

    name: str
    type: Literal["text", "integer", "number", "boolean", "date", "period"] = "text"
    required: bool = False
    accepted: tuple[str, ...] = ()
    code_list: str | None = None
    defines_measure: bool = False
    meaning_lv: str
    meaning_en: str

    def meaning(self, language: str) -> str:
        """Return what the column means, in `lv` or `en`."""
        return self.meaning_lv if language == "lv" else self.meaning_en


class FileSchema(_Strict):
    """What one registry file must look like; an optional one may be missing."""

    name: str
    grain_lv: str
    grain_en: str
    optional: bool = False
    key: tuple[str, ...]
    columns: tuple[Column, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _key_columns_exist(self) -> Self:
        if unknown := set(self.key) - {column.name for column in self.columns}:
            raise ValueError(f"{self.name}: key columns not in the schema: {sorted(unknown)}")
        return self

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in their order."""
        return tuple(column.name for column in self.columns)

    def column(self, name: str) -> Column:
        """Return a column by its name."""
        return next(column for column in self.columns if column.name == name)


@cache
def load_schema(path: Path = SCHEMA_FILE) -> Mapping[str, FileSchema]:
    """Read the schema: file name → what it must look like.

    Raises:
        pydantic.ValidationError: the schema itself is malformed (names the field).
    """
    files = read_yaml(path)
    return {name: FileSchema.model_validate({"name": name, **content}) for name, content in files.items()}


def defining_columns() -> tuple[str, ...]:
    """Return the columns that define a measure, in the order that the hash runs over them."""
    return tuple(column.name for column in load_schema()[VERSIONS].columns if column.defines_measure)


def definition_hash(version: Cells) -> str:
    """Hash the definition of a methodology version, as the macro `definition_hash` does in SQL.

    Returns:
        MD5 in hexadecimal. A missing field and an empty one are the same: not stated.
    """
    definition = "|".join(version.get(name, "") for name in defining_columns())
    return hashlib.md5(definition.encode(), usedforsecurity=False).hexdigest()


def series_key(strategy_code: str, indicator_no: str, breakdown: str) -> str:
    """Return the key of a series, as the macro `series_key` does in SQL."""
    return f"{strategy_code}/{indicator_no.zfill(2)}/{breakdown}"


def next_period(period: str) -> str:
    """Return the period after a school year (2024/2025) or a calendar year (2024)."""
    return _shifted(period, 1)


def previous_period(period: str) -> str:
    """Return the period before a school year (2024/2025) or a calendar year (2024)."""
    return _shifted(period, -1)


def is_period(text: str) -> bool:
    """Whether a text is a school year (2024/2025) or a calendar year (2024)."""
    match = _PERIOD.fullmatch(text)
    return match is not None and (match[2] is None or int(match[2]) == int(match[1]) + 1)


def _shifted(period: str, years: int) -> str:
    return "/".join(str(int(year) + years) for year in period.split("/"))


def _lies_within(period: str, first: str, last: str) -> bool:
    # Periods of two kinds (2024/2025 and 2024) have no order that could be relied on.
    of_one_kind = all(len(period) == len(end) for end in (first, last) if end)
    return of_one_kind and (not first or first <= period) and (not last or period <= last)


class RegistryError(Exception):
    """The registry is not in order, or a change would bring it out of order: nothing is built and nothing written."""

    def __init__(self, rejections: Sequence[Rejection]) -> None:
        self.rejections = tuple(rejections)
        super().__init__("\n".join(self.messages("en")))

    def messages(self, language: str) -> list[str]:
        """Return what the steward reads, one message a finding, in `lv` or `en`."""
        return [rejection.message(language) for rejection in self.rejections]


@dataclass(frozen=True, slots=True)
class _Row:
    """A row with the text it has in its file; a row that is new or changed has no text yet."""

    cells: Cells
    text: str | None = None


@dataclass(frozen=True, slots=True)
class _File:
    schema: FileSchema
    path: Path
    content: bytes | None
    header: tuple[str, ...]
    rows: tuple[_Row, ...]
    unreadable: tuple[Rejection, ...] = ()

    @property
    def name(self) -> str:
        """How the steward knows the file."""
        return f"seeds/{self.path.parent.name}/{self.path.name}"

    def to_bytes(self) -> bytes:
        """Return the file's content; a row that was not changed keeps its text byte for byte."""
        header = _records(self.content)[0] if self.content else _csv_line(self.header)
        texts = [
            row.text if row.text is not None else _csv_line([row.cells.get(name, "") for name in self.header])
            for row in self.rows
        ]
        *inner, last = header, *texts
        # The last line of a file may lack its end; it needs one as soon as another line follows.
        return "".join([*(text if text.endswith(("\n", "\r")) else f"{text}\n" for text in inner), last]).encode()


@dataclass(frozen=True, slots=True)
class Registry:
    """The registry files of one folder of seeds, read at one moment.

    Attributes:
        files: file name (`break_declaration.csv`) → the file.
        code_lists: code list (`bridge`) → its codes.
        series: series key → its row in series.csv.
    """

    files: Mapping[str, _File]
    code_lists: Mapping[str, tuple[str, ...]]
    series: Mapping[str, int]

    def rows(self, file: str) -> list[tuple[int, Cells]]:
        """Return (row number, cells by column) of a file's readable rows. The header is row 1."""
        return [(number, row.cells) for number, row in enumerate(self.files[file].rows, HEADER_ROW + 1) if row.cells]

    def versions(self, series: str) -> list[tuple[int, Cells]]:
        """Return (row number, cells) of a series' methodology versions, in their order."""
        own = [entry for entry in self.rows(VERSIONS) if _series_of(entry[1]) == series]
        return sorted(own, key=lambda entry: entry[1]["version_no"].zfill(9))

    def declarations(self, series: str) -> list[tuple[int, Cells]]:
        """Return (row number, cells) of a series' break declarations, as they stand in the file."""
        return [entry for entry in self.rows(DECLARATIONS) if entry[1]["series_key"] == series]

    def append(self, file: str, values: Mapping[str, Value], after: int | None = None) -> "Registry":
        """Return the registry with one row more, at the end of a file or after one of its rows.

        Raises:
            KeyError: the file or a column is not in the schema.
        """
        rows = list(self.files[file].rows)
        position = len(rows) if after is None else after - HEADER_ROW
        schema = self.files[file].schema
        rows.insert(position, _Row(dict.fromkeys(schema.column_names, "") | _to_cells(schema, values)))
        return self._with_rows(file, rows)

    def replace(self, file: str, row_number: int, values: Mapping[str, Value]) -> "Registry":
        """Return the registry with other values in a row; a column that is not named keeps its own.

        Raises:
            KeyError: the file or a column is not in the schema.
        """
        rows = list(self.files[file].rows)
        position = row_number - HEADER_ROW - 1
        rows[position] = _Row({**rows[position].cells, **_to_cells(self.files[file].schema, values)})
        return self._with_rows(file, rows)

    def declare_break(self, values: Mapping[str, Value]) -> "Registry":
        """Return the registry with one declaration more, after the others of its series if there are any."""
        own = [number for number, _ in self.declarations(str(values["series_key"]))]
        return self.append(DECLARATIONS, values, after=max(own, default=None))

    def _with_rows(self, file: str, rows: Sequence[_Row]) -> "Registry":
        return with_fields(self, files={**self.files, file: with_fields(self.files[file], rows=tuple(rows))})

    def accepted(self, column: Column) -> tuple[str, ...]:
        """Return the values that may stand in a column; none if any may."""
        if column.type == "boolean":
            return ("true", "false")
        return self.code_lists[column.code_list] if column.code_list else column.accepted

    def cell_faults(self, column: Column, text: str) -> list[tuple[str, str]]:
        """Return (rule, what is expected) for a cell that breaks one."""
        accepted = self.accepted(column)
        fault: tuple[str, str] | None = None
        if text != text.strip():
            fault = ("untrimmed", "")
        elif not text:
            fault = ("required", "") if column.required else None
        elif accepted and text not in accepted:
            fault = ("not_accepted", ", ".join(accepted))
        elif column.type == "integer" and not _INTEGER.fullmatch(text):
            fault = ("not_an_integer", "")
        elif column.type == "number" and not _is_finite(text):
            fault = ("not_a_number", "")
        elif column.type == "date" and not _is_date(text):
            fault = ("wrong_form", "2026-01-31")
        elif column.type == "period" and not is_period(text):
            fault = ("wrong_form", "2024/2025, 2024")
        return [fault] if fault else []

    def validate(self) -> list[Rejection]:
        """Return everything that is not in order, by file and row; nothing if all is well."""
        return list(_Validation(self).findings())

    def write(self) -> list[Path]:
        """Write the files that differ from what was read: all of them, or none if anything is not in order.

        Returns:
            The files written.

        Raises:
            RegistryError: the registry is not in order, or a file was changed by somebody else meanwhile.
            OSError: a file cannot be written.
        """
        changed = [file for file in self.files.values() if file.rows and file.to_bytes() != file.content]
        rejections = self.validate() or [
            Rejection(file.name, 0, "", "", "changed_meanwhile", "")
            for file in changed
            if _content(file.path) != file.content
        ]
        if rejections:
            raise RegistryError(rejections)
        prepared: list[tuple[Path, Path]] = []
        try:
            prepared += ((_write_beside(file.path, file.to_bytes()), file.path) for file in changed)
            for temporary, path in prepared:
                os.replace(temporary, path)  # noqa: PTH105 - the name says what it does: one atomic switch a file
        finally:
            for temporary, _ in prepared:
                temporary.unlink(missing_ok=True)
        return [file.path for file in changed]


def read_registry(seeds_dir: Path) -> Registry:
    """Read the registry, its code lists and its series from a folder of seeds. What is wrong is told by `validate`.

    Raises:
        OSError: a code list or series.csv is missing or may not be read.
    """
    schema = load_schema()
    lists = {column.code_list for file in schema.values() for column in file.columns if column.code_list}
    return Registry(
        files={name: _read_file(seeds_dir / "strategy" / name, file) for name, file in schema.items()},
        code_lists={name: _codes(seeds_dir / "code_list" / f"{name}.csv", f"{name}_code") for name in sorted(lists)},
        series={
            series_key(cells["strategy_code"], cells["indicator_no"], cells["breakdown"]): number
            for number, cells in enumerate(_plain_rows(seeds_dir / "strategy" / SERIES), HEADER_ROW + 1)
        },
    )


def check_registry(seeds_dir: Path) -> None:
    """Refuse a registry that is not in order.

    Raises:
        RegistryError: with everything that was found.
    """
    if rejections := read_registry(seeds_dir).validate():
        raise RegistryError(rejections)


def _read_file(path: Path, schema: FileSchema) -> _File:
    content = _content(path)
    file = _File(schema, path, content, schema.column_names, ())
    if content is None:
        missing = () if schema.optional else (Rejection(file.name, 0, "", "", "missing_file", ""),)
        return with_fields(file, unreadable=missing)
    try:
        cells_of_row = dict(csv_rows(file.name, schema.column_names, content))
    except FileRejectedError as rejected:
        return with_fields(file, unreadable=tuple(rejected.rejections))
    texts = _records(content)
    wrong_width = [
        Rejection(file.name, number, "", cells["_width"], "wrong_width", str(len(schema.columns)))
        for number, cells in cells_of_row.items()
        if "_cells" in cells
    ]
    rows = [
        _Row({} if "_cells" in cells_of_row.get(number, {}) else cells_of_row.get(number, {}), text)
        for number, text in enumerate(texts[HEADER_ROW:], HEADER_ROW + 1)
    ]
    header = next(csv.reader(io.StringIO(texts[0].removeprefix("\ufeff"), newline="")))
    return with_fields(file, header=tuple(header), rows=tuple(rows), unreadable=tuple(wrong_width))


def _records(content: bytes) -> list[str]:
    """Cut a CSV file into the texts of its records, the header first, each with the end of line that it has."""
    lines = list(io.StringIO(content.decode(), newline=""))
    reader = csv.reader(lines)
    texts: list[str] = []
    start = 0
    for _ in reader:
        texts.append("".join(lines[start : reader.line_num]))
        start = reader.line_num
    return texts


def _csv_line(cells: Sequence[str]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line, lineterminator="\n").writerow(cells)
    return line.getvalue()


def _to_cells(schema: FileSchema, values: Mapping[str, Value]) -> dict[str, str]:
    if unknown := set(values) - set(schema.column_names):
        raise KeyError(f"{schema.name} has no columns {sorted(unknown)}")
    return {name: _to_text(value) for name, value in values.items()}


def _to_text(value: Value) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case _:
            return str(value)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _plain_rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def _codes(path: Path, column: str) -> tuple[str, ...]:
    return tuple(cells[column] for cells in _plain_rows(path))


def _write_beside(path: Path, content: bytes) -> Path:
    """Write a file's new content beside it, all the way to the disk, with the mode of the file it will replace."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    return temporary


def _series_of(version: Cells) -> str:
    return series_key(version["strategy_code"], version["indicator_no"], version["breakdown"])


class _Validation:
    """All rules of the registry. Those across rows judge rows whose cells are in order: one fault, one message."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._faulty_rows: set[tuple[str, int]] = set()

    def findings(self) -> Iterator[Rejection]:
        """Yield what is not in order, by file and row."""
        cells = {name: list(self._cell_findings(file)) for name, file in self._registry.files.items()}
        across = {VERSIONS: list(self._version_findings()), DECLARATIONS: list(self._declaration_findings())}
        for name, found in cells.items():
            yield from sorted([*found, *across.get(name, [])], key=lambda finding: finding.row_number)

    def _cell_findings(self, file: _File) -> Iterator[Rejection]:
        yield from file.unreadable
        first_row_of_key: dict[tuple[str, ...], int] = {}
        for number, cells in self._registry.rows(file.schema.name):
            faults = [
                Rejection(file.name, number, column.name, cells.get(column.name, ""), rule, expected)
                for column in file.schema.columns
                for rule, expected in self._registry.cell_faults(column, cells.get(column.name, ""))
            ]
            if file.schema.name == VERSIONS and not cells["definition_hash"]:
                # Empty is what a row written by hand has: the message brings the hash that nobody can work out.
                own = [fault for fault in faults if fault.column_name != "definition_hash"]
                hash_ = definition_hash(cells)
                faults = [*own, Rejection(file.name, number, "definition_hash", "", "not_sealed", hash_)]
            if not faults:
                key = tuple(cells.get(name, "") for name in file.schema.key)
                first = first_row_of_key.setdefault(key, number)
                if first != number:
                    names = ", ".join(file.schema.key)
                    faults = [Rejection(file.name, number, names, ", ".join(key), "duplicate_key", str(first))]
            if faults:
                self._faulty_rows.add((file.schema.name, number))
            yield from faults

    def _sound(self, file: str) -> list[tuple[int, Cells]]:
        return [entry for entry in self._registry.rows(file) if (file, entry[0]) not in self._faulty_rows]

    def _version_findings(self) -> Iterator[Rejection]:
        file = self._registry.files[VERSIONS]
        for number, version in self._sound(VERSIONS):
            if _series_of(version) not in self._registry.series:
                hint = closest(_series_of(version), list(self._registry.series))
                columns = "strategy_code, indicator_no, breakdown"
                yield Rejection(file.name, number, columns, _series_of(version), "unknown_series", hint)
            if version["definition_hash"] != (computed := definition_hash(version)):
                name = f"{_series_of(version)}/v{version['version_no']}"
                yield Rejection(file.name, number, "definition_hash", name, "definition_changed", computed)
        if file.unreadable:
            # Which versions there are is not known before all rows can be read.
            return
        versions_of_series: dict[str, list[tuple[int, Cells]]] = defaultdict(list)
        for number, version in self._registry.rows(VERSIONS):
            versions_of_series[_series_of(version)].append((number, version))
        for versions in versions_of_series.values():
            if not any((VERSIONS, number) in self._faulty_rows for number, _ in versions):
                yield from self._chain_findings(file.name, versions)
        for key, number in self._registry.series.items():
            if key not in versions_of_series:
                yield Rejection(f"seeds/strategy/{SERIES}", number, "breakdown", key, "no_version", "")

    def _chain_findings(self, name: str, versions: Sequence[tuple[int, Cells]]) -> Iterator[Rejection]:
        """Judge the versions of one series as a chain: numbers, validity, and a declared break where they differ."""
        chain = sorted(versions, key=lambda entry: int(entry[1]["version_no"]))
        previous: Cells | None = None
        for position, (number, version) in enumerate(chain, 1):
            valid_from, valid_to = version["valid_from"], version["valid_to"]
            if int(version["version_no"]) != position:
                yield Rejection(name, number, "version_no", version["version_no"], "version_number", str(position))
                return
            if valid_from and valid_to and not _lies_within(valid_from, "", valid_to):
                yield Rejection(name, number, "valid_from", valid_from, "validity_reversed", valid_to)
            if previous is None and valid_from:
                yield Rejection(name, number, "valid_from", valid_from, "validity_start", "")
            if previous and previous["valid_to"] and valid_from != (expected := next_period(previous["valid_to"])):
                yield Rejection(name, number, "valid_from", valid_from, "validity_gap", expected)
            if position == len(chain) and valid_to:
                yield Rejection(name, number, "valid_to", valid_to, "validity_end", "")
            if position < len(chain) and not valid_to:
                follows = chain[position][1]["valid_from"]
                expected = previous_period(follows) if follows else ""
                yield Rejection(name, number, "valid_to", valid_to, "validity_open", expected)
            if (
                previous
                and definition_hash(previous) != definition_hash(version)
                and not self._may_be_declared(version)
            ):
                key = f"{_series_of(version)}/v{version['version_no']}"
                yield Rejection(name, number, "version_no", key, "break_not_declared", previous["version_no"])
            previous = version

    def _may_be_declared(self, later: Cells) -> bool:
        """Whether a break before a version is declared, or stands in a row that cannot be read."""
        return bool(self._registry.files[DECLARATIONS].unreadable) or any(
            declaration["to_version_no"] == later["version_no"]
            for _, declaration in self._registry.declarations(_series_of(later))
        )

    def _declaration_findings(self) -> Iterator[Rejection]:
        file = self._registry.files[DECLARATIONS]
        if self._registry.files[VERSIONS].unreadable:
            return
        first_row_of_break: dict[tuple[str, str], int] = {}
        for number, declaration in self._sound(DECLARATIONS):
            faults = [*self._place_faults(declaration), *_bridge_faults(declaration)]
            if not faults:
                place = (declaration["series_key"], self._first_period(declaration))
                first = first_row_of_break.setdefault(place, number)
                if first != number:
                    faults = [("first_period", place[1], "duplicate_break", str(first))]
            for column, value, rule, expected in faults:
                yield Rejection(file.name, number, column, value, rule, expected)

    def _place_faults(self, declaration: Cells) -> Iterator[tuple[str, str, str, str]]:
        """Yield (column, value, rule, expected) for a declaration that does not lie where a break can lie."""
        key, first_period = declaration["series_key"], declaration["first_period"]
        if key not in self._registry.series and not _OTHER_SERIES.fullmatch(key):
            yield "series_key", key, "unknown_series", closest(key, list(self._registry.series))
            return
        if not key.startswith(f"{declaration['strategy_code']}/"):
            yield "strategy_code", declaration["strategy_code"], "other_strategy", key
        ends = ("from_version_no", "to_version_no")
        named = [end for end in ends if declaration[end]]
        if not named:
            if not first_period:
                yield "first_period", "", "break_without_place", ""
            return
        if len(named) < len(ends):
            (empty,) = set(ends) - set(named)
            yield empty, "", "half_a_step", ""
            return
        if len(self._sound_versions(key)) < len(self._registry.versions(key)):
            # Which versions there are is not known before their own faults are mended.
            return
        versions = {int(version["version_no"]): version for _, version in self._sound_versions(key)}
        known = ", ".join(str(number) for number in sorted(versions))
        unknown = [end for end in ends if int(declaration[end]) not in versions]
        for end in unknown:
            yield end, declaration[end], "unknown_version", known
        if unknown:
            return
        earlier, later = (int(declaration[end]) for end in ends)
        if later != earlier + 1:
            yield "to_version_no", str(later), "not_neighbours", str(earlier + 1)
            return
        valid_from, valid_to = versions[later]["valid_from"], versions[later]["valid_to"]
        if first_period and not _lies_within(first_period, valid_from, valid_to):
            yield "first_period", first_period, "period_outside", f"{valid_from}–{valid_to or '…'}"

    def _sound_versions(self, key: str) -> list[tuple[int, Cells]]:
        return [entry for entry in self._sound(VERSIONS) if _series_of(entry[1]) == key]

    def _first_period(self, declaration: Cells) -> str:
        """Return the first period affected: the one declared, else the first of the version after the break."""
        later = [
            version["valid_from"]
            for _, version in self._sound_versions(declaration["series_key"])
            if version["version_no"] == declaration["to_version_no"]
        ]
        return declaration["first_period"] or "".join(later)


def _bridge_faults(declaration: Cells) -> Iterator[tuple[str, str, str, str]]:
    """Yield (column, value, rule, expected) for a bridge without its factor, or a factor without its bridge."""
    bridge, factor = declaration["bridge_code"], declaration["bridge_factor"]
    if bridge in CONVERTING_BRIDGES:
        if not factor:
            yield "bridge_factor", "", "factor_missing", bridge
        elif bridge == "ratio" and float(factor) == 0:
            yield "bridge_factor", factor, "factor_zero", ""
        if not declaration["to_version_no"]:
            yield "bridge_code", bridge, "bridge_without_versions", ""
    elif factor:
        yield "bridge_factor", factor, "factor_not_wanted", bridge


def _is_finite(text: str) -> bool:
    try:
        # float() would also take 1_000 and digits of other scripts.
        return _NUMBER.fullmatch(text) is not None and math.isfinite(float(text))
    except ValueError:
        return False


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
