"""What a steward reads: one catalogue, `messages.yml`, in Latvian and English."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

from warehouse.yaml_files import read_yaml

MESSAGES_FILE = Path(__file__).parent / "messages.yml"


@cache
def _catalogue() -> Mapping[str, Mapping[str, str]]:
    catalogue: Mapping[str, Mapping[str, str]] = read_yaml(MESSAGES_FILE)
    return catalogue


def message(name: str, language: str, **facts: object) -> str:
    """Return a message of the catalogue in `lv` or `en`, with its facts in their places."""
    return _catalogue()[name][language].format(**facts)
