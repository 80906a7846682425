"""What `flask check` asks, as data: each row names what is unsafe, in two languages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

# Looks at the settings (and at the database, in an application context): None when all is well,
# else a detail such as a path, which may be empty. Never a secret: it is printed.
Look = Callable[[Mapping[str, Any]], str | None]


class Severity(StrEnum):
    """An error is a way in; a warning is a wall less."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True)
class Check:
    """One row. `id` is what an operator greps for and never changes."""

    id: str
    severity: Severity
    chinese: str
    english: str
    look: Look


@dataclass(frozen=True)
class Finding:
    """What a check found; `detail` is where or how much."""

    id: str
    severity: Severity
    chinese: str
    english: str
    detail: str
