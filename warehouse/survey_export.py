"""Answers of single respondents, as survey tools export them → `raw.responses__answer`, a row a respondent and item.

The unit that is read, accepted or quarantined is the answer: a cell of the export. A cell without an answer is
accepted as one that was not given; a text that the scale does not know is quarantined, and its row keeps its other
answers. A row whose group is not known is quarantined with all its answers.

All is done by column: each distinct text is looked at once, however many cells it stands in.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.arrow import empty_table, to_table
from warehouse.contract import Contract
from warehouse.detection import Expected
from warehouse.limits import load_limits
from warehouse.messages import message
from warehouse.readers import LandingFile, ReadResult, file_content, provenance
from warehouse.rejection import FileRejectedError, Rejection, closest
from warehouse.sheets import Cells, read_cells
from warehouse.survey_mapping import (
    GroupColumn,
    Item,
    LongForm,
    Scale,
    SurveyMapping,
    SurveyRegistry,
    read_mapping,
    read_registry,
)
from warehouse.values import fold_header

# So many faulty cells are named one by one. Where the mapping forgets an answer that thousands gave, the rest of them
# is told in one sentence; all are counted.
NAMED_CELLS = 1000

_UNKNOWN = -1
_BLANK = -2


def read_export(
    file: LandingFile,
    contract: Contract,
    loaded_at: datetime | None = None,
    *,
    registry: SurveyRegistry | None = None,
    scales: Mapping[str, Scale] | None = None,
) -> ReadResult:
    """Read an export by its mapping: the answers, or what the mapping says of each item and group.

    A bad cell, row, file or mapping is a result, not an exception.

    Args:
        file: the export.
        contract: contract of the table `answer` or `question` of source `responses`: its reader tells which is read.
        loaded_at: moment of loading, naive UTC; now if not given.
        registry: registered surveys; those of the seeds if not given.
        scales: answer scales; those of `answer_scales.yml` if not given.

    Raises:
        OSError: the file is not there or may not be read.
    """
    result = ReadResult(file, "", empty_table(contract.schema))
    try:
        content = file_content(file, load_limits(), result)
        mapping = read_mapping(file, registry or read_registry(), scales)
        result.mapping_sha256 = mapping.sha256
        if contract.reader == "survey_questions":
            parts = [_questions(mapping, contract.schema)]
            result.rows_read = parts[0].num_rows
        else:
            parts = _answers(mapping, content, result)
    except FileRejectedError as rejected:
        result.rejections = rejected.rejections
        result.is_rejected_whole = True
        return result
    about = provenance(file, result.sha256, loaded_at)
    parts = [_with_provenance(part, about, contract.schema) for part in parts]
    result.accepted = pa.concat_tables([empty_table(contract.schema), *parts])
    return result


def _answers(mapping: SurveyMapping, content: bytes, result: ReadResult) -> list[pa.Table]:
    """Return the accepted answers, a table an item, and note in the result what was read and what not accepted.

    Raises:
        FileRejectedError: the export cannot be read, or its header does not fit the mapping.
    """
    name = result.file.name
    cells = read_cells(name, content, load_limits(), _expected(mapping))
    result.detection = cells.detection
    reading = (_Long if mapping.document.long else _Wide)(name, mapping, cells)
    answers = reading.read()
    result.rows_read = reading.answer_count
    result.rejections = sorted(reading.rejections, key=lambda rejection: rejection.row_number)
    return answers


def _questions(mapping: SurveyMapping, schema: pa.Schema) -> pa.Table:
    """Return what a mapping says of each item and group, in the columns of the schema that it fills."""
    pairs = [(item, group) for item in mapping.items for group in item.groups]
    rows = [
        {
            "survey_code": item.survey,
            "item_code": item.code,
            "group_code": group,
            "population_count": mapping.population_of(group),
            "scale_code": item.scale_code,
            "scale_lv": item.scale.labels(item.scale.answers, "lv"),
            "scale_en": item.scale.labels(item.scale.answers, "en"),
            "positive_answers_lv": _counted(item, "lv"),
            "positive_answers_en": _counted(item, "en"),
            "_row_number": number,
        }
        for number, (item, group) in enumerate(pairs, 1)
    ]
    return to_table(rows, pa.schema([schema.field(name) for name in rows[0]]))


def _counted(item: Item, language: str) -> str:
    """Return the answers that count as positive, and those that are not counted."""
    positive = item.scale.labels(item.positive, language)
    left_out = item.scale.labels(item.left_out, language)
    return message("answers_counted", language, positive=positive, left_out=left_out) if left_out else positive


def _expected(mapping: SurveyMapping) -> Expected:
    """Return the headers that an export must have, and those that are known and not read."""
    document = mapping.document
    meanings: dict[str, str] = {}
    if isinstance(document.group, GroupColumn):
        meanings[fold_header(document.group.header)] = document.group.header
    if document.long:
        meanings |= {fold_header(header): header for header in document.long.model_dump().values()}
    else:
        meanings |= {fold_header(header): item.headers[0] for item in mapping.items for header in item.headers}
    return Expected(meanings, frozenset(meanings.values()), frozenset(map(fold_header, document.ignored)))


@dataclass(slots=True)
class _Reading:
    """One export read by its mapping."""

    name: str
    mapping: SurveyMapping
    cells: Cells
    rejections: list[Rejection] = field(default_factory=list)
    answer_count: int = 0
    unnamed: dict[tuple[str, str, str], list[int]] = field(default_factory=dict)

    def read(self) -> list[pa.Table]:
        """Return the accepted answers, a table an item.

        Raises:
            FileRejectedError: the header does not fit the mapping.
        """
        wanted = dict(self.wanted())
        if isinstance(self.mapping.document.group, GroupColumn):
            wanted["group"] = (self.mapping.document.group.header,)
        positions = self.positions(wanted)
        self.reject_misfits()
        tables = self.tables(positions, self.groups(positions))
        self.tell_the_rest()
        return tables

    def wanted(self) -> Mapping[str, Sequence[str]]:
        """Return the columns to be read beside the group's, and the headers that each may have."""
        raise NotImplementedError

    def tables(self, positions: Mapping[str, int], group_of_row: pa.Array) -> list[pa.Table]:
        """Count the answers and return the accepted ones, a table an item.

        Args:
            positions: where each wanted column stands.
            group_of_row: of each row the number of its group, `_UNKNOWN` where it has none.
        """
        raise NotImplementedError

    # --- Headers ---

    def positions(self, wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
        """Return where each wanted column stands, told by its headers.

        Raises:
            FileRejectedError: a column is missing, stands twice, or is one that the mapping does not know.
        """
        header = self.cells.header
        row = self.cells.detection.header_row
        sheet = self.cells.detection.sheet
        meanings = {fold_header(text): key for key, texts in wanted.items() for text in texts}
        ignored = set(map(fold_header, self.mapping.document.ignored))
        found: dict[str, int] = {}
        rejections: list[Rejection] = []
        unknown: list[str] = []
        for position, text in enumerate(header):
            folded = fold_header(text)
            key = meanings.get(folded)
            if key is None:
                if folded and folded not in ignored:
                    unknown.append(text)
            elif key in found:
                both = f"{header[found[key]]} | {text}"
                rejections.append(Rejection(self.name, row, text, both, "duplicate_column", "", sheet=sheet))
            else:
                found[key] = position
        known = [text for texts in wanted.values() for text in texts]
        for key, texts in wanted.items():
            if key not in found:
                hint = closest(texts[0], unknown)
                rejections.append(Rejection(self.name, row, texts[0], "", "missing_column", hint, sheet=sheet))
        rejections += [
            Rejection(self.name, row, text, text, "mapping_unmapped_column", closest(text, known), sheet=sheet)
            for text in unknown
        ]
        if rejections:
            raise FileRejectedError(*rejections)
        return found

    # --- Cells ---

    def texts(self, position: int) -> tuple[list[str], pa.Array]:
        """Return the distinct texts of a column, and for each row which of them stands in it."""
        column = self.cells.columns[position]
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        return column.dictionary.to_pylist(), column.indices

    def groups(self, positions: Mapping[str, int]) -> pa.Array:
        """Return for each row the number of its group, `_UNKNOWN` where it has none."""
        groups = self.mapping.document.groups
        if "group" not in positions:
            return pa.repeat(pa.scalar(0, pa.int16()), len(self.cells.row_numbers))
        texts, codes = self.texts(positions["group"])
        numbers = [
            groups.index(meaning) if (meaning := self.mapping.group_meanings.get(fold_header(text))) else _UNKNOWN
            for text in texts
        ]
        group_of_row = pa.array(numbers, pa.int16()).take(codes)
        for row in pc.indices_nonzero(pc.equal(group_of_row, _UNKNOWN)).to_pylist():
            text = texts[codes[row].as_py()]
            known = (
                self.mapping.document.group.answers if isinstance(self.mapping.document.group, GroupColumn) else {}
            )
            self.reject(row, self.cells.header[positions["group"]], text, "unknown_group", closest(text, list(known)))
        return group_of_row

    def accepted(  # noqa: PLR0913, PLR0917 - the answers of an item and all that is known of their rows
        self,
        item: Item,
        position: int,
        rows: pa.Array | None,
        is_due: pa.Array,
        group_of_row: pa.Array,
        respondent_of_row: pa.Array,
    ) -> pa.Table:
        """Return the accepted answers to an item, and note those that are not sound.

        Args:
            item: the item.
            position: column of the answers.
            rows: rows that hold answers to the item; None: all of them do.
            is_due: of each of these rows whether its answer is still to be judged: nothing else is wrong with it.
            group_of_row: of each of these rows the number of its group.
            respondent_of_row: of each of these rows the number of the respondent.
        """
        is_accepted, answer, is_positive = self.judged(item, position, rows, is_due, group_of_row)
        known_group = pc.if_else(pc.greater_equal(group_of_row, 0), group_of_row, pa.scalar(None, pa.int16()))
        groups = pa.array(self.mapping.document.groups, pa.string())
        table = pa.table(
            {
                "survey_code": _constant(item.survey, len(is_due)),
                "item_code": _constant(item.code, len(is_due)),
                "group_code": pa.DictionaryArray.from_arrays(known_group, groups),
                "respondent_no": respondent_of_row,
                "answer_code": answer,
                "is_positive": is_positive,
                "_row_number": self.cells.row_numbers if rows is None else self.cells.row_numbers.take(rows),
            }
        )
        return table if pc.all(is_accepted).as_py() is not False else table.filter(is_accepted)

    def judged(
        self, item: Item, position: int, rows: pa.Array | None, is_due: pa.Array, group_of_row: pa.Array
    ) -> tuple[pa.Array, pa.Array, pa.Array]:
        """Judge the answers to an item, see `accepted`, and note those that are not sound.

        Returns:
            Of each of these rows whether its answer is accepted, the answer (dictionary), and whether it is positive.
        """
        texts, codes = self.texts(position)
        if rows is not None:
            codes = codes.take(rows)
        answers = list(item.scale.answers)
        numbers = []
        for text in texts:
            folded = fold_header(text)
            meaning = item.meanings.get(folded)
            numbers.append(answers.index(meaning) if meaning else _UNKNOWN if folded else _BLANK)
        number_of_row = pa.array(numbers, pa.int16()).take(codes)
        groups = self.mapping.document.groups
        asked = pa.array([groups.index(group) for group in item.groups], pa.int16())
        not_asked = pc.and_(pc.invert(pc.is_in(group_of_row, asked)), pc.not_equal(number_of_row, _BLANK))
        unknown = pc.equal(number_of_row, _UNKNOWN)
        hint = "; ".join(item.scale.labels([answer], "lv") for answer in answers)
        for rule, is_wrong, expected in (
            ("not_asked", not_asked, ", ".join(item.groups)),
            ("unknown_answer", pc.and_not(unknown, not_asked), hint),
        ):
            for place in pc.indices_nonzero(pc.and_(is_wrong, is_due)).to_pylist():
                row = place if rows is None else rows[place].as_py()
                self.reject(row, item.headers[0], texts[codes[place].as_py()], rule, expected)
        answer = pc.if_else(pc.greater_equal(number_of_row, 0), number_of_row, pa.scalar(None, pa.int16()))
        is_positive = pa.array([item.is_positive(code) for code in answers], pa.bool_()).take(answer)
        return (
            pc.and_not(is_due, pc.or_(not_asked, unknown)),
            pa.DictionaryArray.from_arrays(answer, pa.array(answers, pa.string())),
            is_positive,
        )

    # --- What was not accepted ---

    def reject(self, row: int, column: str, value: str, rule: str, expected: str) -> None:
        """Note why a cell or row was not accepted."""
        if len(self.rejections) >= NAMED_CELLS:
            self.unnamed.setdefault((column, value, rule), []).append(row)
            return
        texts = [self._text(position, row) for position in range(len(self.cells.header))]
        row_json = json.dumps(dict(zip(self.cells.header, texts, strict=True)), ensure_ascii=False)
        number = self.cells.row_numbers[row].as_py()
        sheet = self.cells.detection.sheet
        self.rejections.append(Rejection(self.name, number, column, value, rule, expected, row_json, sheet))

    def tell_the_rest(self) -> None:
        """Tell of the cells that were too many to be named one by one."""
        for (column, value, _), rows in self.unnamed.items():
            number = self.cells.row_numbers[rows[0]].as_py()
            rejection = Rejection(self.name, number, column, value, "more_of_the_same", str(len(rows)))
            self.rejections.append(rejection)

    def reject_misfits(self) -> None:
        """Note the rows that have more or fewer cells than the header."""
        width = str(len(self.cells.header))
        for number, texts in self.cells.misfits:
            row_json = json.dumps(list(texts), ensure_ascii=False)
            self.rejections.append(Rejection(self.name, number, "", str(len(texts)), "wrong_width", width, row_json))

    def _text(self, position: int, row: int) -> str:
        return str(self.cells.columns[position][row].as_py())

    def without_faults(self, is_due: pa.Array, position: int) -> pa.Array:
        """Take out the rows whose cell in a column is itself at fault, e.g. an error of a formula, and note them."""
        if not self.cells.faults:
            return is_due
        row_of = {number: row for row, number in enumerate(self.cells.row_numbers.to_pylist())}
        due = is_due.to_pylist()
        for (number, place), fault in self.cells.faults.items():
            row = row_of.get(number)
            if place == position and row is not None and due[row]:
                due[row] = False
                self.reject(row, self.cells.header[position], self._text(position, row), fault.rule, fault.expected)
        return pa.array(due, pa.bool_())


class _Wide(_Reading):
    """One row a respondent, one column a question."""

    def wanted(self) -> Mapping[str, Sequence[str]]:
        return {f"{item.survey}/{item.code}": item.headers for item in self.mapping.items}

    def tables(self, positions: Mapping[str, int], group_of_row: pa.Array) -> list[pa.Table]:
        self.answer_count = self.cells.row_count * len(self.mapping.items)
        has_group = pc.greater_equal(group_of_row, 0)
        tables = []
        for item in self.mapping.items:
            position = positions[f"{item.survey}/{item.code}"]
            is_due = self.without_faults(has_group, position)
            tables.append(self.accepted(item, position, None, is_due, group_of_row, self.cells.row_numbers))
        return tables


class _Long(_Reading):
    """One row a respondent and question."""

    @property
    def headers(self) -> LongForm:
        """Headers of the export."""
        if self.mapping.document.long is None:
            raise ValueError("the mapping is not of long form")
        return self.mapping.document.long

    def wanted(self) -> Mapping[str, Sequence[str]]:
        return {key: (header,) for key, header in self.headers.model_dump().items()}

    def tables(self, positions: Mapping[str, int], group_of_row: pa.Array) -> list[pa.Table]:
        question_of_row = self._questions(positions["question"])
        is_ignored = pc.equal(question_of_row, _BLANK)
        self.answer_count = self.cells.row_count - (pc.sum(is_ignored).as_py() or 0)
        respondents, respondent_of_row = self.texts(positions["respondent"])
        is_named = pa.array([bool(text.strip()) for text in respondents], pa.bool_()).take(respondent_of_row)
        is_due = pc.and_(pc.greater_equal(question_of_row, 0), pc.greater_equal(group_of_row, 0))
        for row in pc.indices_nonzero(pc.and_not(is_due, is_named)).to_pylist():
            self.reject(row, self.headers.respondent, "", "required", "")
        is_due = pc.and_(is_due, is_named)
        for position in positions.values():
            is_due = self.without_faults(is_due, position)
        is_due = self._first_answers(is_due, question_of_row, respondent_of_row, self.headers.question)
        respondent_no = pc.add(respondent_of_row, 1).cast(pa.int32())
        tables = []
        for number, item in enumerate(self.mapping.items):
            own = pc.indices_nonzero(pc.and_(is_due, pc.equal(question_of_row, number)))
            everyone = pa.repeat(pa.scalar(True), len(own))
            group, respondent = group_of_row.take(own), respondent_no.take(own)
            tables.append(self.accepted(item, positions["answer"], own, everyone, group, respondent))
        return tables

    def _questions(self, position: int) -> pa.Array:
        """Return for each row the number of its item; `_BLANK`: its question is ignored, `_UNKNOWN`: not known."""
        meanings = {
            fold_header(text): number for number, item in enumerate(self.mapping.items) for text in item.headers
        }
        meanings |= {fold_header(text): _BLANK for text in self.mapping.document.ignored}
        texts, codes = self.texts(position)
        numbers = pa.array([meanings.get(fold_header(text), _UNKNOWN) for text in texts], pa.int16()).take(codes)
        known = [text for item in self.mapping.items for text in item.headers]
        for row in pc.indices_nonzero(pc.equal(numbers, _UNKNOWN)).to_pylist():
            text = texts[codes[row].as_py()]
            self.reject(row, self.cells.header[position], text, "unknown_question", closest(text, known))
        return numbers

    def _first_answers(
        self, sound: pa.Array, question_of_row: pa.Array, respondent_of_row: pa.Array, column: str
    ) -> pa.Array:
        """Keep of each respondent's answers to an item the first; the others are quarantined."""
        key = pc.add(
            pc.multiply(respondent_of_row.cast(pa.int64()), len(self.mapping.items)), question_of_row.cast(pa.int64())
        )
        rows = pa.table({"key": key, "row": pa.array(range(len(key)), pa.int64())}).filter(sound)
        first = rows.group_by("key").aggregate([("row", "min")])
        if first.num_rows == rows.num_rows:
            return sound
        first_row = dict(zip(first["key"].to_pylist(), first["row_min"].to_pylist(), strict=True))
        repeated = pc.and_(
            sound, pc.invert(pc.is_in(pa.array(range(len(key)), pa.int64()), first["row_min"].combine_chunks()))
        )
        for row in pc.indices_nonzero(repeated).to_pylist():
            earlier = self.cells.row_numbers[first_row[key[row].as_py()]].as_py()
            self.reject(
                row, column, self.mapping.items[question_of_row[row].as_py()].code, "duplicate_key", str(earlier)
            )
        return pc.and_(sound, pc.invert(repeated))


def _constant(text: str, length: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(pa.repeat(pa.scalar(0, pa.int16()), length), pa.array([text], pa.string()))


def _with_provenance(answers: pa.Table, provenance: Mapping[str, Any], schema: pa.Schema) -> pa.Table:
    length = answers.num_rows
    return pa.Table.from_arrays(
        [
            answers.column(column.name)
            if column.name in answers.column_names
            else _constant(provenance[column.name], length)
            if pa.types.is_dictionary(column.type)
            else pa.repeat(pa.scalar(provenance[column.name], column.type), length)
            for column in schema
        ],
        schema=schema,
    )
