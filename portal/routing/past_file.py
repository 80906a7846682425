"""Reads past tickets from a CSV or XLSX file for a replay, every column by its name."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.directory.models import Category, Chain, Department, Region
from portal.extensions import db
from portal.routing.replay import Past
from portal.routing.rules import RouteFacts
from portal.tickets.importer_files import Row, read_rows

LOCAL = ZoneInfo("Asia/Shanghai")
_FIRST = datetime.min.replace(tzinfo=UTC)
NEEDED = ("category", "region")
OPTIONAL = ("chain", "urgency", "department", "submitted_at", "closed_at")
# What a Chinese header calls them.
ALIASES = {
    "诉求类别": "category",
    "类别": "category",
    "县市区": "region",
    "区域": "region",
    "产业链": "chain",
    "紧急程度": "urgency",
    "承办单位": "department",
    "提交时间": "submitted_at",
    "办结时间": "closed_at",
}
URGENCIES = {"": "normal", "一般": "normal", "紧急": "urgent", "特急": "critical"}
URGENCIES |= {code: code for code in ("normal", "urgent", "critical")}


@dataclass
class FileOfPast:
    """The tickets of a file that can be replayed, and what kept the others out, counted."""

    tickets: list[Past] = field(default_factory=list)
    problems: Counter[str] = field(default_factory=Counter)


def read_past(path: Path) -> FileOfPast:
    """The rows of a file as past tickets, in the order of their times where they have them.

    Columns by name, in English or Chinese: category and region; if wanted chain, urgency,
    department, submitted_at and closed_at (ISO 8601, local without an offset). A row with a name
    that the directory lacks is left out and counted. Raises Invalid for a file without those
    columns.
    """
    rows = read_rows(path, NEEDED, OPTIONAL, ALIASES)
    names, found = _Names.read(), FileOfPast()
    for row in rows:
        try:
            found.tickets.append(names.past(row))
        except _Unknown as unknown:
            found.problems[str(unknown)] += 1
    if all(one.at is not None for one in found.tickets):
        found.tickets.sort(key=lambda one: one.at or _FIRST)
    return found


class _Unknown(Exception):
    """A cell that means nothing here; says so in a sentence."""


@dataclass(frozen=True)
class _Names:
    """The directory by name, inactive rows too, since the past is full of them."""

    categories: Mapping[str, tuple[int, int | None]]
    regions: Mapping[str, int]
    chains: Mapping[str, int]
    departments: Mapping[str, int]

    @classmethod
    def read(cls) -> "_Names":
        kinds = db.session.execute(select(Category.name, Category.id, Category.parent_id))
        return cls(
            {name: (row_id, parent_id) for name, row_id, parent_id in kinds},
            *(
                dict(db.session.execute(select(model.name, model.id)).all())
                for model in (Region, Chain, Department)
            ),
        )

    def past(self, row: Row) -> Past:
        """One row. Raises _Unknown."""
        if row.problem is not None:
            raise _Unknown(row.problem)
        cells = row.cells
        category = cells["category"]
        if category not in self.categories:
            raise _Unknown(f"没有名为“{category}”的诉求类别")
        category_id, parent_id = self.categories[category]
        urgency = cells.get("urgency", "")
        if urgency not in URGENCIES:
            raise _Unknown(f"没有名为“{urgency}”的紧急程度")
        chain, department = cells.get("chain"), cells.get("department")
        facts = RouteFacts(
            category_id,
            _known(self.regions, cells["region"], "县市区"),
            _known(self.chains, chain, "产业链") if chain else None,
            URGENCIES[urgency],
            parent_id,
        )
        desk = _known(self.departments, department, "承办单位") if department else None
        at, until = _instant(cells.get("submitted_at")), _instant(cells.get("closed_at"))
        return Past(facts, desk, None, at, until)


def _known(names: Mapping[str, int], name: str, what: str) -> int:
    if name not in names:
        raise _Unknown(f"没有名为“{name}”的{what}")
    return names[name]


def _instant(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise _Unknown(f"“{text}”不是日期和时间") from None
    return (instant if instant.tzinfo else instant.replace(tzinfo=LOCAL)).astimezone(UTC)
