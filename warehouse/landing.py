"""The landing zone: a folder a strategy, a folder a source, and in it files, each with the day it was handed in.

    <strategy>/source.yml                            where the strategy's files come from, and when they were received
    <strategy>/connectors.yml                        which portals files are fetched from
    <strategy>/<source>/<file>                       received on the day that source.yml tells
    <strategy>/<source>/<YYYY-MM-DD>/<file>          handed in on that day: new, or in place of an earlier one
    <strategy>/<source>/[<day>/]<stem>.origin.yml    where this one file comes from, if source.yml does not tell
    <strategy>/<source>/[<day>/]<stem>.mapping.yml   how a survey file is to be read; alone under a later day: how the
                                                     export handed in before is to be read from that day on

Nothing is read here but names and origins: `readers.py` reads the files. Whatever lies in the zone is found, refused
with a reason, or ignored by name; nothing is passed over without a word.
"""

import hashlib
import os
import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.contract import Contract
from warehouse.readers import LandingFile
from warehouse.rejection import Rejection, closest
from warehouse.survey_mapping import MAPPING_SUFFIX, mapping_path

SOURCE_FILE = "source.yml"
CONNECTORS_FILE = "connectors.yml"
ORIGIN_SUFFIX = ".origin.yml"
SIDECAR_SUFFIXES = (ORIGIN_SUFFIX, MAPPING_SUFFIX)

# What systems and programs leave in folders: locks of open workbooks, thumbnails, downloads that are under way.
_NO_FILES_OF_OURS = re.compile(
    r"\..*|~.*|.*~|thumbs\.db|desktop\.ini|.*\.(tmp|part|partial|crdownload)", re.IGNORECASE
)
# What tells the form of a file and not its content: a.csv, a.xlsx and a.csv.zip are one file handed in differently.
_FORM_SUFFIXES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".zip"})
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class LandingError(Exception):
    """The landing zone itself is not in order: nothing can be loaded."""


class SourceDocument(BaseModel):
    """Origin of the files of one strategy, as `source.yml` tells it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    document_code: str
    title_lv: str
    title_en: str
    author: str
    commissioned_by: str
    contract: str
    text_sha256: str
    form: str
    rights: str
    received_on: date


class Origin(BaseModel):
    """Origin of one file, as the sidecar beside it tells. What a client keeps there for itself is left alone."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    publisher: str | None = None
    title: str | None = None
    licence: str | None = None
    url: str | None = None
    as_of_on: date | None = None
    retrieved_at: datetime | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy's folder of the landing zone."""

    code: str
    folder: Path
    document: SourceDocument


@dataclass(frozen=True, slots=True)
class FoundFile:
    """A file that a contract knows."""

    file: LandingFile
    contract: Contract
    origin: Origin | None = None

    @property
    def lineage(self) -> tuple[str, str, str]:
        """What a corrected file shares with its predecessor: strategy, table and stem; the form may be another."""
        return self.file.strategy_code, self.contract.raw_table, stem_of(self.file.path.name)


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that is quarantined whole before it is read.

    Attributes:
        name: path below the landing folder.
        path: where it lies.
        strategy_code: strategy in whose folder it lies.
        source: folder it lies in; empty for a file beside the source folders.
        vintage: when it was handed in.
        rejection: why it is refused.
        contract: the contract that it was meant for, if that is known.
        sha256: SHA-256 of its bytes; None where they are not ours to read.
    """

    name: str
    path: Path
    strategy_code: str
    source: str
    vintage: date
    rejection: Rejection
    contract: Contract | None = None
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class LoneMapping:
    """A mapping without an export beside it: its name below the landing folder, where it lies, whose it is."""

    name: str
    path: Path
    strategy_code: str
    source: str
    vintage: date


@dataclass(slots=True)
class LandingZone:
    """All that lies in the landing zone, in the order of names.

    Attributes:
        strategies: the strategies.
        found: files that a contract knows.
        refused: files that are quarantined whole.
        ignored: names of what other programs left there.
        lone_mappings: mappings that were handed in without their export.
    """

    strategies: list[Strategy]
    found: list[FoundFile] = field(default_factory=list)
    refused: list[RefusedFile] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)
    lone_mappings: list[LoneMapping] = field(default_factory=list)

    def files_of(self, contract: Contract) -> list[FoundFile]:
        """Return the files of one contract, in the order of names."""
        return [found for found in self.found if found.contract == contract]

    def export_of(self, mapping: str, strategy_code: str, until: date) -> FoundFile | None:
        """Return the export that a mapping handed in by itself is meant for: the latest of its name, until a day."""
        stem = stem_of(mapping[: -len(MAPPING_SUFFIX)])
        exports = [
            found
            for found in self.found
            if found.contract.reader == "survey_answers"
            and found.file.strategy_code == strategy_code
            and stem_of(found.file.path.name) == stem
            and found.file.vintage <= until
        ]
        return max(exports, key=lambda found: found.file.vintage, default=None)


def find_strategies(landing: Path) -> list[Strategy]:
    """Find the strategies that the landing zone holds, by code.

    Raises:
        LandingError: there is none, or a `source.yml` is missing or malformed.
    """
    entries = _entries(landing) if landing.is_dir() else []
    folders = [entry for entry in entries if entry.is_dir() and not _NO_FILES_OF_OURS.fullmatch(entry.name)]
    if not folders:
        raise LandingError(
            f"{landing}: no strategy folder found. Put each strategy's files into a folder of its own there."
        )
    return [Strategy(shown_name(entry.name), Path(entry.path), _read_document(Path(entry.path))) for entry in folders]


def find_files(landing: Path, contracts: Sequence[Contract]) -> LandingZone:
    """Find all files of the landing zone and the contracts they belong to.

    Args:
        landing: the landing folder.
        contracts: what is expected.

    Raises:
        LandingError: there is no strategy, or a `source.yml` is missing or malformed.
    """
    zone = LandingZone(find_strategies(landing))
    for strategy in zone.strategies:
        _Finder(landing.resolve(), strategy, contracts, zone).find()
    _refuse_rivals(zone)
    _read_anew(zone)
    zone.found.sort(key=lambda found: (found.file.name, found.file.vintage))
    zone.refused.sort(key=lambda refused: refused.name)
    return zone


def landing_paths(landing: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name below the landing folder, path) of all that a run may depend on, in the order of names.

    What is ignored is left out, and so is what lies elsewhere: of a link out of the zone only its name matters.
    """
    root = landing.resolve()
    folders = [root]
    found: list[tuple[str, Path]] = []
    while folders:
        for entry in _entries(folders.pop()):
            if _NO_FILES_OF_OURS.fullmatch(entry.name):
                continue
            if entry.is_dir(follow_symlinks=False):
                folders.append(Path(entry.path))
            else:
                found.append((Path(entry.path).relative_to(root).as_posix(), Path(entry.path)))
    return iter(sorted(found))


def file_sha256(path: Path, root: Path) -> str | None:
    """Return the SHA-256 of a file's bytes, read piece by piece; None if they do not lie below the root."""
    if not _is_own_file(path, root) or not os.access(path, os.R_OK):
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def shown_name(text: str) -> str:
    """Return a file name as it may be printed and stored: composed, without control characters and broken bytes."""
    composed = unicodedata.normalize("NFC", text).encode("utf-8", "backslashreplace").decode()
    return "".join(
        letter if unicodedata.category(letter) not in {"Cc", "Cf", "Zl", "Zp"} else f"\\u{ord(letter):04x}"
        for letter in composed
    )


def stem_of(name: str) -> str:
    """Return a file's stem without the endings that tell its form, letters folded: what names its content."""
    path = Path(unicodedata.normalize("NFC", name))
    while path.suffix.casefold() in _FORM_SUFFIXES:
        path = path.with_suffix("")
    return path.name.casefold()


def superseded_on(files: Iterable[FoundFile]) -> dict[str, date | None]:
    """Tell when each file was replaced by a later one of its lineage.

    Args:
        files: the files that could be read. One that could not replaces nothing: the last good one stays in force.

    Returns:
        Name of each file → vintage of the one that replaced it, None if it is current.
    """
    lineages: dict[tuple[str, str, str], list[FoundFile]] = defaultdict(list)
    for found in files:
        lineages[found.lineage].append(found)
    return {
        found.file.name: min(
            (other.file.vintage for other in lineage if other.file.vintage > found.file.vintage), default=None
        )
        for lineage in lineages.values()
        for found in lineage
    }


@dataclass(frozen=True, slots=True)
class _Finder:
    """Walks through one strategy's folder."""

    root: Path
    strategy: Strategy
    contracts: Sequence[Contract]
    zone: LandingZone

    def find(self) -> None:
        for entry in self._kept(self.strategy.folder):
            if entry.is_dir(follow_symlinks=False):
                self._find_in_source(entry.name, Path(entry.path), self.strategy.document.received_on)
            elif not _is_own_file(Path(entry.path), self.root):
                self._refuse(Path(entry.path), "", None, "no_file_of_its_own", "")
            elif entry.name not in {SOURCE_FILE, CONNECTORS_FILE}:
                self._refuse(Path(entry.path), "", None, "misplaced_file", self._sources())

    def _find_in_source(self, source: str, folder: Path, vintage: date, *, is_dated: bool = False) -> None:
        entries = list(self._kept(folder))
        stems = {stem_of(entry.name) for entry in entries if not _sidecar_stem(entry.name)}
        origins = {
            _sidecar_stem(entry.name): Path(entry.path)
            for entry in entries
            if entry.name.casefold().endswith(ORIGIN_SUFFIX)
        }
        for entry in entries:
            path = Path(entry.path)
            if entry.is_dir(follow_symlinks=False):
                if (day := _day(entry.name)) and not is_dated:
                    self._find_in_source(source, path, day, is_dated=True)
                else:
                    self._refuse_folder(source, path)
            elif not _is_own_file(path, self.root):
                self._refuse(path, source, vintage, "no_file_of_its_own", "")
            elif stem := _sidecar_stem(entry.name):
                if stem in stems:
                    continue
                if is_mapping(entry.name) and is_dated:
                    mapping = LoneMapping(self._name(path), path, self.strategy.code, source, vintage)
                    self.zone.lone_mappings.append(mapping)
                else:
                    self._refuse(path, source, vintage, "sidecar_without_file", "")
            else:
                self._match(source, path, vintage, origins.get(stem_of(entry.name)))

    def _match(self, source: str, path: Path, vintage: date, sidecar: Path | None) -> None:
        own = [contract for contract in self.contracts if contract.source == source]
        stem = stem_of(path.name)
        matches = [(contract, groups) for contract in own if (groups := contract.captured_from(stem)) is not None]
        if len(matches) != 1:
            rule = "ambiguous_file" if matches else "unknown_file" if own else "unknown_source"
            self._refuse(path, source, vintage, rule, self._hint(stem, source, own, [found for found, _ in matches]))
            return
        ((contract, captured),) = matches
        try:
            origin = _read_origin(sidecar) if sidecar and _is_own_file(sidecar, self.root) else None
        except LandingError as error:
            self._refuse(path, source, vintage, "malformed_origin", str(error), contract)
            return
        if origin and origin.sha256 and origin.sha256 != file_sha256(path, self.root):
            self._refuse(path, source, vintage, "other_than_its_origin", origin.sha256, contract)
            return
        if contract.reader != "cells":
            mapping = mapping_path(path)
            if mapping.is_symlink() and not _is_own_file(mapping, self.root):
                self._refuse(path, source, vintage, "mapping_missing", "", contract, shown_name(mapping.name))
                return
        file = LandingFile(path, self._name(path), self.strategy.code, vintage, captured)
        self.zone.found.append(FoundFile(file, contract, origin))

    def _hint(self, stem: str, source: str, own: Sequence[Contract], matches: Sequence[Contract]) -> str:
        if matches:
            return ", ".join(contract.table for contract in matches)
        if not own:
            return closest(source, self._source_names()) or self._sources()
        tables = [contract.table for contract in own]
        return closest(stem, tables) or ", ".join(
            " | ".join(contract.files) if contract.files else contract.table for contract in own
        )

    def _source_names(self) -> list[str]:
        return sorted({contract.source for contract in self.contracts})

    def _sources(self) -> str:
        return ", ".join(self._source_names())

    def _refuse_folder(self, source: str, folder: Path) -> None:
        """Refuse all that lies in a folder whose name is no day: nothing tells when it was handed in."""
        for entry in self._kept(folder):
            if entry.is_dir(follow_symlinks=False):
                self._refuse_folder(source, Path(entry.path))
            else:
                self._refuse(Path(entry.path), source, None, "folder_without_day", shown_name(folder.name))

    def _refuse(  # noqa: PLR0913, PLR0917 - what is told of a file that is not read
        self,
        path: Path,
        source: str,
        vintage: date | None,
        rule: str,
        expected: str,
        contract: Contract | None = None,
        value: str = "",
    ) -> None:
        name = self._name(path)
        self.zone.refused.append(
            RefusedFile(
                name,
                path,
                self.strategy.code,
                shown_name(source),
                vintage or self.strategy.document.received_on,
                Rejection(name, 0, "", value or shown_name(source or path.name), rule, expected),
                contract,
                file_sha256(path, self.root),
            )
        )

    def _kept(self, folder: Path) -> Iterator["os.DirEntry[str]"]:
        try:
            entries = _entries(folder)
        except OSError as error:
            self._refuse(folder, folder.name, None, "unreadable_file", error.strerror or type(error).__name__)
            return
        for entry in entries:
            if _NO_FILES_OF_OURS.fullmatch(entry.name):
                self.zone.ignored.append(self._name(Path(entry.path)))
            else:
                yield entry

    def _name(self, path: Path) -> str:
        return "/".join(
            shown_name(part) for part in (self.strategy.code, *path.relative_to(self.strategy.folder).parts)
        )


def _read_anew(zone: LandingZone) -> None:
    """Let a mapping that was handed in by itself be the one that its export is read by from that day on.

    The export goes by the path that it would have beside the mapping: whether it is handed in once more or not, the
    same is read.
    """
    for mapping in sorted(zone.lone_mappings, key=lambda mapping: mapping.vintage):
        export = zone.export_of(mapping.path.name, mapping.strategy_code, mapping.vintage)
        if export and export.contract.source != mapping.source:
            export = None
        if export and export.file.vintage < mapping.vintage:
            name = f"{mapping.name.rpartition('/')[0]}/{shown_name(export.file.path.name)}"
            file = replace(export.file, name=name, vintage=mapping.vintage, mapping=mapping.path)
            zone.found.append(replace(export, file=file))
            continue
        rule, expected = ("handed_in_twice", export.file.name) if export else ("sidecar_without_file", "")
        told = str(mapping.vintage) if export else mapping.source
        zone.refused.append(
            RefusedFile(
                mapping.name,
                mapping.path,
                mapping.strategy_code,
                shown_name(mapping.source),
                mapping.vintage,
                Rejection(mapping.name, 0, "", shown_name(told), rule, expected),
                sha256=file_sha256(mapping.path, mapping.path.parent),
            )
        )


def is_mapping(name: str) -> bool:
    """Tell whether a file name is that of a mapping."""
    return name.casefold().endswith(MAPPING_SUFFIX)


def _refuse_rivals(zone: LandingZone) -> None:
    """Refuse files of one lineage and day: nothing tells which of them holds."""
    rivals: dict[tuple[object, ...], list[FoundFile]] = defaultdict(list)
    for found in zone.found:
        rivals[*found.lineage, found.file.vintage].append(found)
    for files in rivals.values():
        for found in files if len(files) > 1 else ():
            others = ", ".join(sorted(other.file.name for other in files if other is not found))
            file = found.file
            zone.found.remove(found)
            zone.refused.append(
                RefusedFile(
                    file.name,
                    file.path,
                    file.strategy_code,
                    found.contract.source,
                    file.vintage,
                    Rejection(file.name, 0, "", str(file.vintage), "handed_in_twice", others),
                    found.contract,
                    file_sha256(file.path, file.path.parent),
                )
            )


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    with os.scandir(folder) as entries:
        return sorted(entries, key=lambda entry: entry.name)


def _is_own_file(path: Path, root: Path) -> bool:
    """Whether it is a regular file that lies below the root, links followed: anything else is not ours to read."""
    return path.is_file() and path.resolve().is_relative_to(root.resolve())


def _day(name: str) -> date | None:
    try:
        return date.fromisoformat(name) if _DAY.fullmatch(name) else None
    except ValueError:
        return None


def _sidecar_stem(name: str) -> str:
    """Return the folded stem of the file that a sidecar belongs to; empty if the name is no sidecar's."""
    for suffix in SIDECAR_SUFFIXES:
        if name.casefold().endswith(suffix):
            return stem_of(name[: -len(suffix)])
    return ""


def _read_document(folder: Path) -> SourceDocument:
    path = folder / SOURCE_FILE
    try:
        return SourceDocument.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise LandingError(f"{path} is missing: say there where the files of this folder come from.") from error
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise LandingError(f"{path} is malformed: {error}") from error


def _read_origin(path: Path) -> Origin:
    try:
        return Origin.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except (OSError, ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        told = (
            "; ".join(f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors())
            if isinstance(error, ValidationError)
            else str(error)
        )
        raise LandingError(f"{path.name}: {told}") from error
