"""How a survey tool's export is to be read: the mapping handed in beside it, and the answer scales it names.

A mapping says which header is which item, what the answers mean and which of them are positive, who was asked, in
which wave and by which version of the questionnaire, and how large each group is. It is judged as a whole before a
single answer is read: against its own rules, the scales (`answer_scales.yml`) and the surveys that are registered.
"""

import csv
import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from warehouse.rejection import FileRejectedError, Rejection, closest
from warehouse.values import fold_header
from warehouse.yaml_files import read_yaml

if TYPE_CHECKING:
    from warehouse.readers import LandingFile

MAPPING_SUFFIX = ".mapping.yml"
SCALES_FILE = Path(__file__).with_name("answer_scales.yml")
SEEDS_DIR = Path(__file__).parent.parent / "dbt_project" / "seeds"
# A mapping has some hundred lines. Beyond this it is no mapping.
MAX_BYTES = 1 << 20


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Answer(_Strict):
    """One answer of a scale: its labels, and further texts that mean it."""

    lv: str
    en: str
    texts: list[str] = Field(default_factory=list)


class Scale(_Strict):
    """An answer scale: code of an answer → the answer, from most to least."""

    label_lv: str
    label_en: str
    answers: dict[str, Answer] = Field(min_length=2)

    def labels(self, codes: Iterable[str], language: str) -> str:
        """Return the labels of answers in `lv` or `en`, in the order of the scale."""
        wanted = set(codes)
        return "; ".join(
            answer.lv if language == "lv" else answer.en for code, answer in self.answers.items() if code in wanted
        )

    def meanings(self) -> dict[str, str]:
        """Return folded text → code of the answer that it means."""
        return {
            fold_header(text): code
            for code, answer in self.answers.items()
            for text in (answer.lv, answer.en, *answer.texts)
        }


@cache
def load_scales(path: Path = SCALES_FILE) -> Mapping[str, Scale]:
    """Read the answer scales."""
    return {code: Scale.model_validate(scale) for code, scale in read_yaml(path).items()}


class GroupColumn(_Strict):
    """The column that tells the group of a respondent, and which of its texts means which group."""

    header: str
    answers: dict[str, str] = Field(min_length=1)


class LongForm(_Strict):
    """Headers of an export in long form: one row a respondent and question."""

    respondent: str
    question: str
    answer: str


class Questions(_Strict):
    """Items that share a scale and the set of answers that count as positive.

    Attributes:
        survey: survey, or part of the wave, that asked them.
        scale: scale they are answered on.
        positive: answers that count as positive.
        left_out: answers that are not counted at all. Any other is counted, and is not positive.
        answers: further texts of this export → answer, e.g. a number.
        items: item → header or headers (long form: text or texts of the question) that mean it.
        groups: groups that were asked; all of the mapping if not given.
    """

    survey: str
    scale: str
    positive: list[str] = Field(min_length=1)
    left_out: list[str] = Field(default_factory=list)
    answers: dict[str, str] = Field(default_factory=dict)
    items: dict[str, str | list[str]] = Field(min_length=1)
    groups: list[str] = Field(default_factory=list)

    def headers_of(self, item: str) -> list[str]:
        """Return the headers that mean an item."""
        headers = self.items[item]
        return [headers] if isinstance(headers, str) else headers


class MappingFile(_Strict):
    """One mapping file.

    Attributes:
        wave: survey whose respondents these are, as registered in survey.csv.
        period: its period, once more: a mapping copied from last year is found out by it.
        instrument_version: version of the questionnaire, once more.
        form: one column a question, or one row a question.
        weight: answers are not weighted.
        group: group of all respondents, or the column that tells it.
        population: group → number of people in the whole group, or `unknown`.
        questions: what was asked.
        long: headers of an export in long form.
        ignored: headers (long form: also texts of questions) that are known and not read.
    """

    wave: str
    period: str
    instrument_version: str | None = None
    form: Literal["wide", "long"]
    weight: Literal["none"]
    group: str | GroupColumn
    population: dict[str, Annotated[str, Field(pattern=r"^([1-9]\d{0,8}|unknown)$")]] = Field(min_length=1)
    questions: list[Questions] = Field(min_length=1)
    long: LongForm | None = None
    ignored: list[str] = Field(default_factory=list)

    @property
    def groups(self) -> list[str]:
        """Groups that were asked, in the order of the mapping."""
        return [self.group] if isinstance(self.group, str) else list(dict.fromkeys(self.group.answers.values()))


@dataclass(frozen=True, slots=True)
class RegisteredSurvey:
    """A survey or part of one, as survey.csv knows it."""

    strategy_code: str
    wave: str
    period: str
    instrument_version: str | None


@dataclass(frozen=True, slots=True)
class SurveyRegistry:
    """Surveys, items and groups that are registered.

    Attributes:
        surveys: code → survey.
        items: (survey, item).
        groups: codes of the groups.
    """

    surveys: Mapping[str, RegisteredSurvey]
    items: frozenset[tuple[str, str]]
    groups: frozenset[str]

    def items_of(self, survey: str) -> list[str]:
        """Return the items of a survey."""
        return sorted(item for code, item in self.items if code == survey)


def read_registry(seeds_dir: Path = SEEDS_DIR) -> SurveyRegistry:
    """Read the registered surveys from the seeds."""
    folder = seeds_dir / "strategy"
    return SurveyRegistry(
        {
            row["survey_code"]: RegisteredSurvey(
                row["strategy_code"],
                row["part_of_survey_code"] or row["survey_code"],
                row["period_label"],
                row["instrument_version"] or None,
            )
            for row in _rows(folder / "survey.csv")
        },
        frozenset((row["survey_code"], row["item_code"]) for row in _rows(folder / "survey_item.csv")),
        frozenset(row["group_code"] for row in _rows(folder / "stakeholder_group.csv")),
    )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


@dataclass(frozen=True, slots=True)
class Item:
    """One mapped item.

    Attributes:
        survey: survey, or part of the wave, that asked it.
        code: the item.
        headers: headers (long form: texts of the question) that mean it.
        scale_code: its scale.
        scale: the same.
        positive: answers that count as positive.
        left_out: answers that are not counted.
        meanings: folded text → answer.
        groups: groups that were asked it.
    """

    survey: str
    code: str
    headers: tuple[str, ...]
    scale_code: str
    scale: Scale
    positive: frozenset[str]
    left_out: frozenset[str]
    meanings: Mapping[str, str]
    groups: tuple[str, ...]

    def is_positive(self, answer: str) -> bool | None:
        """Whether an answer counts as positive; None if it is not counted."""
        return None if answer in self.left_out else answer in self.positive


@dataclass(frozen=True, slots=True)
class SurveyMapping:
    """A mapping that was found in order.

    Attributes:
        document: the mapping as it was written.
        items: its items, in its order.
        group_meanings: folded text of the group column → group; empty where all are of one group.
        sha256: SHA-256 of the bytes that were read.
    """

    document: MappingFile
    items: tuple[Item, ...]
    group_meanings: Mapping[str, str]
    sha256: str

    def population_of(self, group: str) -> int | None:
        """Return the number of people in a group, None if it is not known."""
        size = self.document.population[group]
        return None if size == "unknown" else int(size)


def mapping_path(export: Path) -> Path:
    """Return where the mapping of an export lies: beside it, under its name without what tells its form."""
    stem = export.name
    while (suffix := Path(stem).suffix.casefold()) in {".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".zip"}:
        stem = stem[: -len(suffix)]
    wanted = (stem + MAPPING_SUFFIX).casefold()
    beside = (path for path in export.parent.iterdir() if path.name.casefold() == wanted)
    return min(beside, default=export.with_name(stem + MAPPING_SUFFIX))


def mapping_of(export: "LandingFile") -> Path:
    """Return the mapping that an export is read by: the one handed in for it, else the one beside it."""
    return export.mapping or mapping_path(export.path)


def read_mapping(
    export: "LandingFile", registry: SurveyRegistry, scales: Mapping[str, Scale] | None = None
) -> SurveyMapping:
    """Read and judge the mapping of an export.

    Args:
        export: the export.
        registry: the registered surveys.
        scales: the answer scales; those of `answer_scales.yml` if not given.

    Raises:
        FileRejectedError: it is missing, malformed, or contradicts itself or what is registered. Names all findings.
    """
    path = mapping_of(export)
    shown = f"{export.name.rpartition('/')[0]}/{path.name}".lstrip("/")
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        raise FileRejectedError(Rejection(export.name, 0, "", path.name, "mapping_missing", ""))
    content = path.read_bytes()
    try:
        document = MappingFile.model_validate(yaml.load(content.decode(), _PlainLoader))  # noqa: S506 - only texts
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        told = " ".join(str(error).split())
        raise FileRejectedError(Rejection(shown, 0, "", "", "mapping_unreadable", told)) from error
    except ValidationError as error:
        raise FileRejectedError(*_form_faults(shown, error)) from error
    sha256 = hashlib.sha256(content).hexdigest()
    return _Judge(shown, export.strategy_code, document, registry, scales or load_scales(), sha256).judged()


class _PlainLoader(yaml.BaseLoader):
    """YAML without what makes one text mean another: 1.10 and yes stay texts, keys that stand twice are an error.

    References (*) are one too: they can make a small file a large one.
    """

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:  # noqa: ANN401 - yaml's own
        if self.check_event(yaml.AliasEvent):
            event = self.get_event()  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "a reference (*) stands here", event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: set[str] = set()
        for key, _ in node.value:
            if key.value in keys:
                raise yaml.constructor.ConstructorError(None, None, f"{key.value} stands twice", key.start_mark)
            keys.add(key.value)
        return super().construct_mapping(node, deep)


def _form_faults(shown: str, error: ValidationError) -> Iterator[Rejection]:
    for fault in error.errors():
        place = " → ".join(
            str(part + 1) if isinstance(part, int) else str(part)
            for part in fault["loc"]
            # Of a union pydantic names the model it tried.
            if part not in {"GroupColumn", "str", "list[str]", "[key]"}
        )
        match fault["type"]:
            case "missing":
                yield Rejection(shown, 0, place, "", "mapping_key_missing", "")
            case "extra_forbidden":
                own = str(fault["loc"][-1])
                known = [
                    name for model in (MappingFile, Questions, GroupColumn, LongForm) for name in model.model_fields
                ]
                yield Rejection(shown, 0, place, own, "mapping_key_unknown", closest(own, known))
            case _:
                yield Rejection(shown, 0, place, str(fault["input"])[:200], "mapping_value", fault["msg"])


@dataclass(slots=True)
class _Judge:
    """Judges a mapping of sound form: finds everything that is wrong with it at once."""

    shown: str
    strategy_code: str
    document: MappingFile
    registry: SurveyRegistry
    scales: Mapping[str, Scale]
    sha256: str

    def judged(self) -> SurveyMapping:
        """Return the mapping.

        Raises:
            FileRejectedError: it contradicts itself or what is registered.
        """
        rejections = [*self._wave(), *self._groups(), *self._questions()]
        if not rejections:
            rejections = [*self._headers(), *self._items()]
        if rejections:
            raise FileRejectedError(*rejections)
        group = self.document.group
        meanings = {} if isinstance(group, str) else {fold_header(text): code for text, code in group.answers.items()}
        return SurveyMapping(self.document, tuple(self._mapped()), meanings, self.sha256)

    def _fault(self, place: str, value: str, rule: str, expected: str) -> Rejection:
        return Rejection(self.shown, 0, place, value, rule, expected)

    def _unknown(self, place: str, value: str, known: Iterable[str]) -> Rejection:
        names = sorted(known)
        return self._fault(place, value, "mapping_code_unknown", closest(value, names) or ", ".join(names))

    def _wave(self) -> Iterator[Rejection]:
        document = self.document
        own = {code for code, survey in self.registry.surveys.items() if survey.strategy_code == self.strategy_code}
        if document.wave not in own:
            yield self._unknown("wave", document.wave, own)
            return
        wave = self.registry.surveys[document.wave]
        if document.period != wave.period:
            yield self._fault("period", document.period, "mapping_differs", wave.period)
        parts = {questions.survey for questions in document.questions}
        versions = {self.registry.surveys[part].instrument_version for part in parts if part in own}
        if versions and versions != {document.instrument_version}:
            told = ", ".join(sorted(version or "–" for version in versions))
            yield self._fault("instrument_version", document.instrument_version or "–", "mapping_differs", told)
        for number, questions in enumerate(document.questions, 1):
            if questions.survey not in own:
                yield self._unknown(f"questions → {number} → survey", questions.survey, own)
            elif self.registry.surveys[questions.survey].wave != document.wave:
                yield self._fault(
                    f"questions → {number} → survey", questions.survey, "mapping_not_of_wave", document.wave
                )
        if (document.form == "long") != (document.long is not None):
            yield self._fault("long", document.form, "mapping_form", "")

    def _groups(self) -> Iterator[Rejection]:
        document = self.document
        for group in document.groups:
            if group not in self.registry.groups:
                yield self._unknown("group", group, self.registry.groups)
            if group not in document.population:
                yield self._fault("population", group, "mapping_without_population", "")
        for group in document.population:
            if group not in document.groups:
                yield self._unknown("population", group, document.groups)
        if isinstance(document.group, GroupColumn):
            yield from self._ambiguous("group → answers", document.group.answers.items())

    def _questions(self) -> Iterator[Rejection]:
        for number, questions in enumerate(self.document.questions, 1):
            place = f"questions → {number}"
            if questions.scale not in self.scales:
                yield self._unknown(f"{place} → scale", questions.scale, self.scales)
                continue
            answers = self.scales[questions.scale].answers
            for key, codes in (
                ("positive", questions.positive),
                ("left_out", questions.left_out),
                ("answers", questions.answers.values()),
            ):
                for code in codes:
                    if code not in answers:
                        yield self._unknown(f"{place} → {key}", code, answers)
            if both := sorted(set(questions.positive) & set(questions.left_out)):
                yield self._fault(f"{place} → left_out", ", ".join(both), "mapping_both", "positive")
            if set(answers) <= {*questions.positive, *questions.left_out}:
                yield self._fault(f"{place} → positive", ", ".join(questions.positive), "mapping_all_positive", "")
            for group in questions.groups:
                if group not in self.document.groups:
                    yield self._unknown(f"{place} → groups", group, self.document.groups)
            texts = self.scales[questions.scale].meanings()
            own = [(text, code) for text, code in questions.answers.items() if text.strip()]
            yield from self._ambiguous(f"{place} → answers", [*texts.items(), *own])
            items = self.registry.items_of(questions.survey)
            for item in questions.items:
                if items and item not in items:
                    yield self._unknown(f"{place} → items", item, items)
                elif not items:
                    yield self._fault(f"{place} → items", item, "mapping_no_items", questions.survey)

    def _ambiguous(self, place: str, pairs: Iterable[tuple[str, str]]) -> Iterator[Rejection]:
        meanings: dict[str, str] = {}
        for text, code in pairs:
            if (other := meanings.setdefault(fold_header(text), code)) != code:
                yield self._fault(place, text, "mapping_ambiguous", f"{other}, {code}")

    def _headers(self) -> Iterator[Rejection]:
        """Find headers that mean two things; in long form questions are no headers, but must differ as well."""
        document = self.document
        columns: list[tuple[str, str]] = []
        if isinstance(document.group, GroupColumn):
            columns.append((document.group.header, "group"))
        if document.long:
            columns += [(header, key) for key, header in document.long.model_dump().items()]
        ignored = [(header, "ignored") for header in document.ignored]
        questions = [(header, f"{item.survey} {item.code}") for item in self._mapped() for header in item.headers]
        if document.long:
            yield from self._ambiguous("long", [*columns, *ignored])
            yield from self._ambiguous("questions", [*questions, *ignored])
        else:
            yield from self._ambiguous("questions", [*columns, *questions, *ignored])

    def _items(self) -> Iterator[Rejection]:
        seen: set[tuple[str, str]] = set()
        for item in self._mapped():
            if (item.survey, item.code) in seen:
                yield self._fault("questions", f"{item.survey} {item.code}", "mapping_item_twice", "")
            if not all(header.strip() for header in item.headers) or not item.headers:
                yield self._fault("questions", item.code, "mapping_value", "header")
            seen.add((item.survey, item.code))

    def _mapped(self) -> Iterator[Item]:
        for questions in self.document.questions:
            scale = self.scales[questions.scale]
            meanings = scale.meanings() | {fold_header(text): code for text, code in questions.answers.items()}
            for item in questions.items:
                yield Item(
                    questions.survey,
                    item,
                    tuple(questions.headers_of(item)),
                    questions.scale,
                    scale,
                    frozenset(questions.positive),
                    frozenset(questions.left_out),
                    meanings,
                    tuple(questions.groups or self.document.groups),
                )
