"""The landing zone: a folder a strategy, a folder a source, and `source.yml` that says where the files come from."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from warehouse.contract import Contract
from warehouse.readers import LandingFile

SOURCE_FILE = "source.yml"


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


@dataclass(frozen=True, slots=True)
class Strategy:
    """One strategy's folder of the landing zone."""

    code: str
    folder: Path
    document: SourceDocument

    def landing_file(self, contract: Contract) -> LandingFile | None:
        """Return the file of a contract, None if the authority handed none in."""
        path = self.folder / contract.file_name
        if not path.is_file():
            return None
        name = (Path(self.code) / contract.file_name).as_posix()
        return LandingFile(path, name, self.code, self.document.received_on)


def find_strategies(landing: Path) -> list[Strategy]:
    """Find the strategies that the landing zone holds, by code.

    Raises:
        LandingError: there is none, or a `source.yml` is missing or malformed.
    """
    folders = sorted(path for path in landing.iterdir() if path.is_dir()) if landing.is_dir() else []
    if not folders:
        raise LandingError(
            f"{landing}: no strategy folder found. Put each strategy's files into a folder of its own there."
        )
    return [Strategy(folder.name, folder, _read_document(folder / SOURCE_FILE)) for folder in folders]


def _read_document(path: Path) -> SourceDocument:
    try:
        return SourceDocument.model_validate(yaml.safe_load(path.read_text("utf-8")))
    except FileNotFoundError as error:
        raise LandingError(f"{path} is missing: say there where the files of this folder come from.") from error
    except (ValidationError, yaml.YAMLError, UnicodeDecodeError) as error:
        raise LandingError(f"{path} is malformed: {error}") from error
