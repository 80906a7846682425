"""The one writer of who changed what of the directory: old, new, actor and time."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from portal import masks
from portal.auth.models import User
from portal.directory.models import (
    Category,
    Chain,
    Department,
    DirectoryChange,
    Enterprise,
    Region,
)
from portal.extensions import Base, db

# A firm's people: the log says that these were changed, and no more than a mask of what they were.
_HIDDEN: dict[str, Callable[[str], str]] = {
    "contact_name": masks.name,
    "contact_phone": masks.phone,
    "phone": masks.phone,
}
_CONTACT = {"name": masks.name, "phone": masks.phone}
IMPORT = "import"  # beside the new values: the import that wrote them
Row = Enterprise | Department | Region | Chain | Category | User
# The fields of a row that are kept as they are, by noun; `_NAMED` are kept as the other row's name.
_FIELDS: dict[str, tuple[str, ...]] = {
    "enterprise": (
        *("uscc", "name", "short_name", "industry", "size"),
        *("contact_name", "contact_phone"),
    ),
    "department": ("name", "phone", "position", "active"),
    "region": ("name", "position", "active"),
    "chain": ("name", "position", "active"),
    "category": (
        *("name", "template", "needs_review", "by_pairing", "complex", "consult"),
        *("position", "active"),
    ),
    "user": ("username", "name", "phone", "role", "capacity", "active", "firm_admin"),
}
_NAMED: dict[str, dict[str, tuple[str, type[Base]]]] = {
    "enterprise": {"region": ("region_id", Region), "chain": ("chain_id", Chain)},
    "department": {"parent": ("parent_id", Department)},
    "chain": {"chief": ("chief_id", User)},
    "category": {"parent": ("parent_id", Category)},
    "user": {"department": ("department_id", Department), "firm": ("enterprise_id", Enterprise)},
}


@dataclass(frozen=True)
class Editor:
    """Who changes the directory, and when (UTC); no id is the system or an operator's command."""

    id: int | None
    at: datetime


def noun_of(row: Row) -> str:
    """The word that changes of such a row are kept under."""
    return "user" if isinstance(row, User) else type(row).__name__.lower()


def picture(row: Row) -> dict[str, Any]:
    """The fields of a row that a person decides, as plain values; other rows by their name."""
    noun = noun_of(row)
    shown = {name: getattr(row, name) for name in _FIELDS[noun]}
    for name, (column, model) in _NAMED.get(noun, {}).items():
        other_id = getattr(row, column)
        other = db.session.get(model, other_id) if other_id is not None else None
        shown[name] = getattr(other, "name", None)
    return shown


def record(
    editor: Editor,
    noun: str,
    row_id: int,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *,
    firms: bool = False,
) -> None:
    """Writes the fields that differ; nothing when none does. Days are kept in ISO 8601.

    `old` empty: something was added; `new` empty: something was taken away. `firms`: the row is
    the account of a firm's person, whose name is masked as well.
    """
    before, after = _plain(old), _plain(new)
    differ = {name for name in {*before, *after} if before.get(name) != after.get(name)}
    if not differ:
        return
    change = DirectoryChange(
        noun=noun,
        row_id=row_id,
        actor_id=editor.id,
        at=editor.at,
        old={name: _told(noun, name, before[name], firms) for name in differ if name in before},
        new={name: _told(noun, name, after[name], firms) for name in differ if name in after},
    )
    db.session.add(change)


@contextmanager
def noted(editor: Editor, row: Row) -> Iterator[None]:
    """Records what the block changes of a stored row."""
    before = picture(row)
    yield
    db.session.flush()
    record(editor, noun_of(row), row.id, before, picture(row), firms=_firms(row))


def added(editor: Editor, row: Row) -> None:
    """Records a new row, which is flushed first."""
    db.session.flush()
    record(editor, noun_of(row), row.id, {}, picture(row), firms=_firms(row))


def _firms(row: Row) -> bool:
    return isinstance(row, User) and row.enterprise_id is not None


def _told(noun: str, name: str, value: Any, firms: bool) -> Any:
    """A value as the log keeps it; a unit's own telephone is nobody's."""
    if name == "contact" and isinstance(value, Mapping):
        return {part: _CONTACT.get(part, str)(text) for part, text in value.items()}
    if firms and name in ("name", "username"):
        return masks.name(value)
    if name in _HIDDEN and noun != "department" and isinstance(value, str):
        return _HIDDEN[name](value)
    return value


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Values as JSON holds them; what is empty is left out."""
    kept = {name: value for name, value in values.items() if value not in (None, "", [], {})}
    return {name: _json(value) for name, value in kept.items()}


def _json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return _plain(value)
    return str(value) if isinstance(value, str) else value
