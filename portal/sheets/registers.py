"""A register between its rows and their values as files show them; the plain places.

One object lives for one file or one chunk of it: it reads in bulk what the lines need, answers
the planning (planning.State), and writes.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from typing import Any, ClassVar

from sqlalchemy import Select, func, select

from portal.auth.models import User
from portal.auth.roles import Actor, Role
from portal.directory.models import Category, Chain, Department, Region
from portal.errors import Invalid
from portal.extensions import db
from portal.outbox import service as outbox
from portal.routing import queries
from portal.sheets.columns import Values
from portal.sheets.kinds import SHEETS, Sheet
from portal.sheets.lookups import Names, People
from portal.sheets.planning import Key, Planned, parents_first

BATCH = 500


class Register:
    """Base of all: finds rows by key, compares values, writes them."""

    kind: ClassVar[str]
    model: ClassVar[Any]
    # The word that changes are kept under (directory.changes); None: kept elsewhere.
    noun: ClassVar[str | None] = None

    def __init__(self, today: date) -> None:
        """`today`: the local day, against which dates are judged."""
        self.today = today
        self.items: dict[Key, Any] = {}
        self.known: dict[Key, Values] = {}
        # Rows that a line changed besides its own, with their values before.
        self.also: list[tuple[Any, Values, Values]] = []

    @property
    def sheet(self) -> Sheet:
        """The columns."""
        return SHEETS[self.kind]

    def load(self, keys: Sequence[Key], *, lock: bool) -> None:
        """Reads the rows that `keys` name, and what is needed to judge them.

        `lock`: holds the rows until the transaction ends.
        """
        self.look_up(keys)
        query = self.stored(keys).order_by(self.model.id)
        if lock:
            query = query.with_for_update(of=self.model)
        for item in db.session.scalars(query):
            values = self.values(item)
            key = tuple(values[name] for name in self.sheet.keys)
            self.items[key], self.known[key] = item, values

    def look_up(self, keys: Sequence[Key] | None) -> None:
        """Reads names and codes; None: of everything, for an export."""

    def stored(self, keys: Sequence[Key]) -> Select[Any]:
        """The rows that may be those of `keys`; more is allowed, and all by default."""
        return select(self.model)

    def everything(self) -> Select[Any]:
        """All rows in the order of an export."""
        return select(self.model).order_by(self.model.id)

    def export(self) -> Iterator[Values]:
        """All rows as values, a batch in memory at a time."""
        self.look_up(None)
        query = self.everything().execution_options(yield_per=BATCH)
        for item in db.session.scalars(query):
            yield self.values(item)

    def count(self) -> int:
        """How many rows an export has."""
        rows = self.everything().order_by(None).subquery()
        return db.session.scalar(select(func.count()).select_from(rows)) or 0

    def values(self, item: Any) -> Values:
        """A row as files show it: names instead of ids."""
        return {name: getattr(item, name) for name in self.sheet.by_key}

    def columns(self, after: Values) -> dict[str, Any]:
        """Values as the table stores them: ids instead of names."""
        return dict(after)

    def order(self, plan: Sequence[Planned]) -> list[Planned]:
        """The lines in the order in which they can be applied."""
        return list(plan)

    def find(self, key: Key) -> Values | None:
        """See planning.State."""
        return self.known.get(key)

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        """See planning.State."""

    def keep(self, key: Key, after: Values) -> None:
        """See planning.State."""
        self.known[key] = after

    def settle(self, plan: Sequence[Planned]) -> None:
        """Looks at all lines together once each has been planned."""

    def write(self, key: Key, after: Values) -> Any:
        """Creates or changes the row; a later flush sends it."""
        item, columns = self.items.get(key), self.columns(after)
        if item is None:
            item = self.create(columns)
            db.session.add(item)
            self.items[key] = item
            return item
        for name, value in columns.items():
            if getattr(item, name) != value:
                setattr(item, name, value)
        return item

    def history(self, item: Any, values: Values) -> tuple[int, Values]:
        """The row whose history tells of it, and the fields as the history keeps them."""
        return item.id, values

    def finish(self, by: Actor, now: datetime) -> None:
        """What has to happen once all lines of a chunk are written; `by` confirmed them."""

    def create(self, columns: dict[str, Any]) -> Any:
        """A new row."""
        return self.model(**columns)


class NamedPlaces(Register):
    """Short lists whose rows are named by their name; all of them are read."""

    def everything(self) -> Select[Any]:
        return select(self.model).order_by(self.model.position, self.model.id)


class Regions(NamedPlaces):
    """Counties and zones."""

    kind, model = "regions", Region
    noun = "region"


class Chains(NamedPlaces):
    """Industrial chains with their chiefs."""

    kind, model = "chains", Chain
    noun = "chain"

    def look_up(self, keys: Sequence[Key] | None) -> None:
        self.people = People()

    def values(self, item: Chain) -> Values:
        chief = self.people.username(item.chief_id)
        return {
            "name": item.name,
            "chief": chief,
            "position": item.position,
            "active": item.active,
        }

    def columns(self, after: Values) -> dict[str, Any]:
        columns = dict(after)
        columns["chief_id"] = self.people.id(columns.pop("chief"))
        return columns

    def history(self, item: Chain, values: Values) -> tuple[int, Values]:
        return item.id, {**values, "chief": self.people.called(values["chief"])}

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        was = before["chief"] if before else None
        self.people.check(after["chief"], was, "chief", (Role.SUPERVISOR, Role.LEADER))


class Trees(NamedPlaces):
    """Short lists whose rows may stand under another row of the list."""

    def look_up(self, keys: Sequence[Key] | None) -> None:
        self.rows = Names(self.model)

    def values(self, item: Any) -> Values:
        columns = (name for name in self.sheet.by_key if name != "parent")
        return {
            **{name: getattr(item, name) for name in columns},
            "parent": self.rows.name(item.parent_id),
        }

    def columns(self, after: Values) -> dict[str, Any]:
        columns = dict(after)
        columns["parent_id"] = self.rows.id(columns.pop("parent"))
        return columns

    def order(self, plan: Sequence[Planned]) -> list[Planned]:
        return parents_first(plan, "parent")

    def export(self) -> Iterator[Values]:
        """Parents before what stands under them, so that a file reads from the top."""
        rows = list(super().export())
        above = {row["name"]: row["parent"] for row in rows}
        yield from sorted(rows, key=lambda row: len(list(_line(row["name"], above))))

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        parent, was = after["parent"], before["parent"] if before else None
        if (parent,) not in self.known:
            self.rows.check(parent, was, "parent")
        if parent is None or parent == was:
            return
        above = {row["name"]: row["parent"] for row in self.known.values()}
        if parent == key[0] or key[0] in _line(parent, above):
            raise Invalid("“%(name)s”就是本行或它的下级，不能作上级。", "parent", name=parent)
        if not self.known[(parent,)]["active"]:
            raise Invalid("“%(name)s”已停用，请另选一个。", "parent", name=parent)

    def write(self, key: Key, after: Values) -> Any:
        item = super().write(key, after)
        if after["name"] not in self.rows.ids:  # the rows under it need its id
            db.session.flush()
            self.rows.ids[after["name"]] = item.id
        return item


class Departments(Trees):
    """Units that answer."""

    kind, model = "departments", Department
    noun = "department"

    def look_up(self, keys: Sequence[Key] | None) -> None:
        super().look_up(keys)
        staffed = select(User.department_id).where(User.active, User.department_id.is_not(None))
        self.ruled = {rule.department_id for rule in queries.active_rules()}
        self.staffed = set(db.session.scalars(staffed.distinct()))

    def finish(self, by: Actor, now: datetime) -> None:
        """Who is above or below may have changed: so may what is sealed against whom."""
        super().finish(by, now)
        outbox.put(outbox.RECUSE, {}, now)

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        super().check(key, after, before)
        if after["active"] or not (before and before["active"]):
            return
        row_id = self.rows.ids.get(after["name"])
        if row_id in self.ruled:
            raise Invalid("还有派单规则指向这个单位，请先停用那些规则。", "active")
        if row_id in self.staffed:
            raise Invalid("这个单位还有在用账号，请先停用或调整单位。", "active")


class Categories(Trees):
    """Categories of requests, two levels."""

    kind, model = "categories", Category
    noun = "category"

    def values(self, item: Category) -> Values:
        values = super().values(item)
        values["template"] = values["template"] or None
        return values

    def columns(self, after: Values) -> dict[str, Any]:
        columns = super().columns(after)
        columns["template"] = columns["template"] or ""
        return columns

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        super().check(key, after, before)
        parent = after["parent"]
        if parent is None:
            return
        if self.known[(parent,)]["parent"] is not None:
            raise Invalid("“%(name)s”自己有上级，类别只有两级。", "parent", name=parent)
        if any(row["parent"] == key[0] for row in self.known.values()):
            raise Invalid("“%(name)s”有下级类别，不能再有上级。", "parent", name=key[0])


def _line(name: str | None, above: dict[str, str | None]) -> Iterable[str]:
    """The row and all that stand above it; ends at a loop."""
    seen: list[str] = []
    while name is not None and name not in seen:
        seen.append(name)
        name = above.get(name)
    return seen
