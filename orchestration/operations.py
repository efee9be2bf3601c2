"""How an installation is kept: retention, alerts, patience. `operations.yml` beside this, or a copy of it."""

import os
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from warehouse.alerts import AlertSettings
from warehouse.snapshot import Retention
from warehouse.yaml_files import read_yaml

OPERATIONS_VARIABLE = "MERAUKLA_OPERATIONS_FILE"
_DEFAULTS_FILE = Path(__file__).with_name("operations.yml")


class OperationsError(Exception):
    """The file with the settings is not in order; the message names the place and the remedy."""


class RetentionSettings(BaseModel):
    """How many snapshots are kept: see `warehouse.snapshot.Retention`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    latest: Annotated[int, Field(ge=1)]
    nights: Annotated[int, Field(ge=0)]
    month_ends: Annotated[int, Field(ge=0)]
    year_ends: Annotated[int, Field(ge=0)] | None

    def as_retention(self) -> Retention:
        """Return it as the store knows it."""
        return Retention(self.latest, self.nights, self.month_ends, self.year_ends)


class Operations(BaseModel):
    """All settings of `operations.yml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    time_zone: str
    late_after_hours: Annotated[float, Field(gt=0)]
    lock_wait_seconds: Annotated[float, Field(ge=0)]
    publish_memory_limit: str | None
    history_days: Annotated[int, Field(ge=1)]
    retention: RetentionSettings
    alerts: AlertSettings

    @field_validator("time_zone")
    @classmethod
    def _is_known(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("no time zone is called so, expected for example Europe/Riga") from error
        return name

    @property
    def zone(self) -> ZoneInfo:
        """The time zone."""
        return ZoneInfo(self.time_zone)

    @property
    def late_after(self) -> timedelta:
        """How old what is published may be."""
        return timedelta(hours=self.late_after_hours)


def load_operations() -> Operations:
    """Read the settings of this installation.

    Raises:
        OperationsError: the file named in MERAUKLA_OPERATIONS_FILE is missing or not in order.
    """
    return _load(os.environ.get(OPERATIONS_VARIABLE))


@cache
def _load(own_file: str | None) -> Operations:
    settings: dict[str, Any] = read_yaml(_DEFAULTS_FILE)
    if not own_file:
        return Operations.model_validate(settings)
    try:
        own = read_yaml(Path(own_file)) or {}
        if not isinstance(own, dict):
            raise OperationsError(f"{own_file} ({OPERATIONS_VARIABLE}) is no list of settings: name: value")
        return Operations.model_validate(_merged(settings, own))
    except (OSError, yaml.YAMLError) as error:
        raise OperationsError(f"{own_file} ({OPERATIONS_VARIABLE}) cannot be read: {error}") from error
    except ValidationError as error:
        findings = "; ".join(
            f"{'.'.join(map(str, one['loc']))}: {one['msg']} (it is {one.get('input')!r})" for one in error.errors()
        )
        raise OperationsError(
            f"{own_file} ({OPERATIONS_VARIABLE}) is not in order: {findings}. The settings are explained in "
            f"{_DEFAULTS_FILE}"
        ) from error


def _merged(settings: dict[str, Any], own: dict[str, Any]) -> dict[str, Any]:
    return settings | {
        name: _merged(settings[name], value)
        if isinstance(value, dict) and isinstance(settings.get(name), dict)
        else value
        for name, value in own.items()
    }
