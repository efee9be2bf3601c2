"""What the comparability rules must find, and what they must let pass: one module a rule, named after it.

A module has `CASES`, and `TURNS` if the rule has thresholds: for each threshold the same rows judged at the default
and at another value. Series and strategies are synthetic.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from tests.expectations.core_tables import Tables

Expected = Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """Rows of core and the flags that the rule must raise about them, all of them, in their order; none: silent.

    An expected flag says what matters: of its `evidence` likewise, and of `reason_lv` and `reason_en` a part.
    """

    name: str
    tables: Tables
    flags: Sequence[Expected] = ()
    thresholds: Mapping[str, float] = field(default_factory=dict)

    @property
    def must_fire(self) -> bool:
        """Whether the rule must find something."""
        return bool(self.flags)


@dataclass(frozen=True)
class Turn:
    """Rows of core about which another value of a threshold gives another verdict."""

    tables: Tables
    value: float
    fires_at_default: bool = False


def flag(from_period: str | None, to_period: str | None, /, **said: Any) -> Expected:  # noqa: ANN401
    """Return an expected flag; what has no column of its own is expected of the evidence."""
    columns = ("series_key", "kind", "severity", "is_break", "obs_status", "reason_lv", "reason_en")
    return {
        "from_period": from_period,
        "to_period": to_period,
        "evidence": {name: value for name, value in said.items() if name not in columns},
        **{name: value for name, value in said.items() if name in columns},
    }


def cases_of_rules() -> dict[str, ModuleType]:
    """Return the modules by the name of their rule."""
    names = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem != "__init__")
    return {name: import_module(f"{__name__}.{name}") for name in names}
