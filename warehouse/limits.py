"""Limits of what one file may ask of the machine, from `limits.yml`."""

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

from warehouse.rejection import FileRejectedError, Rejection
from warehouse.yaml_files import read_yaml

LIMITS_FILE = Path(__file__).with_suffix(".yml")


@dataclass(frozen=True, slots=True)
class Limits:
    """What `limits.yml` allows: bytes, counts and seconds."""

    file_bytes: int
    unpacked_bytes: int
    unpacked_free_bytes: int
    unpacked_ratio: int
    archive_members: int
    rows: int
    columns: int
    sheet_cells: int
    cell_characters: int
    seconds: int
    processor_seconds: int
    memory_bytes: int

    def __post_init__(self) -> None:
        for limit in fields(self):
            value = getattr(self, limit.name)
            if type(value) is not int or value < 1:
                raise ValueError(f"{LIMITS_FILE.name}: {limit.name} must be a whole number above 0, not {value!r}")


@cache
def load_limits() -> Limits:
    """Read the limits.

    Raises:
        ValueError: one is no number.
        TypeError: one is missing or unknown.
    """
    return Limits(**read_yaml(LIMITS_FILE))


def beyond(name: str, rule: str, limit: int) -> FileRejectedError:
    """Return the error of a file that is beyond a limit.

    Args:
        name: how users know the file.
        rule: name of the message.
        limit: what is allowed.
    """
    return FileRejectedError(Rejection(name, 0, "", "", rule, f"{limit:,}".replace(",", "\u202f")))
