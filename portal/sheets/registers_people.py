"""Accounts of staff, what cadres know, and their leave, as sheets."""

import secrets
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Select, or_, select

from portal.auth import role_requests, sessions
from portal.auth.factor_models import RoleRequest
from portal.auth.hashing import HASHER
from portal.auth.models import User
from portal.auth.roles import DEPARTMENT_ROLES, STAFF_ROLES, Actor, Role
from portal.auth.sessions import End
from portal.db import utcnow
from portal.directory.changes import Editor
from portal.directory.models import Category, Department, Leave, Skill
from portal.errors import Invalid
from portal.extensions import db
from portal.outbox import service as outbox
from portal.routing.rules import stand_in
from portal.sheets.columns import Values
from portal.sheets.lookups import Names, People, among
from portal.sheets.planning import Key
from portal.sheets.registers import Register


def _look_for(cadre_ids: Iterable[int], now: datetime) -> None:
    """Makes the relay look who waits in the units of these cadres: they may take more now."""
    query = select(User.department_id).where(
        User.id.in_(cadre_ids), User.role == Role.CADRE, User.department_id.is_not(None)
    )
    for department_id in db.session.scalars(query.distinct().order_by(User.department_id)):
        outbox.put(outbox.VACANCY, {"department_id": department_id}, now)


class Staff(Register):
    """Accounts of cadres, reviewers, dispatchers, supervisors and leaders.

    Administrators, auditors and firms' applicants are not among them, and a file grants no role: a
    new account waits for the security administrator, a line that changes a role is wrong
    (三员分立).
    """

    kind, model = "staff", User
    noun = "user"

    def __init__(self, today: date) -> None:
        super().__init__(today)
        self._hash = ""

    def look_up(self, keys: Sequence[Key] | None) -> None:
        self.departments = Names(Department)
        self.taken: set[str] = set()
        self.asked: dict[int, RoleRequest] = {}
        if keys is not None:
            names = among(User.username, [key[0] for key in keys])
            waits = User.role == Role.NONE, RoleRequest.state == "asked"
            asked = select(RoleRequest).join(User, User.id == RoleRequest.user_id)
            asked = asked.where(names, *waits, RoleRequest.role.in_(STAFF_ROLES))
            self.asked = {row.user_id: row for row in db.session.scalars(asked)}
            query = select(User.username).where(names, ~self._ours())
            self.taken = set(db.session.scalars(query))

    def _ours(self) -> ColumnElement[bool]:
        """Staff, and those who wait for a role of staff."""
        return or_(User.role.in_(STAFF_ROLES), User.id.in_(list(self.asked)))

    def stored(self, keys: Sequence[Key]) -> Select[Any]:
        names = among(User.username, [key[0] for key in keys])
        return select(User).where(names, self._ours())

    def everything(self) -> Select[Any]:
        return select(User).where(User.role.in_(STAFF_ROLES)).order_by(User.id)

    def values(self, item: User) -> Values:
        holder = self.asked.get(item.id, item)  # who waits is shown with what is asked
        return {
            "username": item.username,
            "name": item.name,
            "role": holder.role,
            "department": self.departments.name(holder.department_id),
            "phone": item.phone,
            "capacity": item.capacity,
            "active": item.active,
        }

    def columns(self, after: Values) -> dict[str, Any]:
        columns = dict(after)
        columns["department_id"] = self.departments.id(columns.pop("department"))
        item = self.items.get((after["username"],))
        if item is None or item.role == Role.NONE:
            columns |= {"role": Role.NONE, "department_id": None}
        return columns

    def history(self, item: User, values: Values) -> tuple[int, Values]:
        waits = {"role": Role.NONE, "department": None} if item.role == Role.NONE else {}
        return item.id, {**values, **waits}

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        if key[0] in self.taken:
            raise Invalid("这个用户名属于企业或管理账号，不能通过导入修改。", "username")
        if before and after["role"] != before["role"]:
            raise Invalid("角色由安全管理员授予或变更，请保持原来的角色。", "role")
        unit, was = after["department"], before["department"] if before else None
        if after["role"] not in DEPARTMENT_ROLES and unit is not None:
            raise Invalid("这个角色不属于承办单位，请把所在单位留空。", "department")
        if after["role"] in DEPARTMENT_ROLES and unit is None:
            raise Invalid("助企干部和分管负责人必须填写所在单位。", "department")
        self.departments.check(unit, was, "department")

    def write(self, key: Key, after: Values) -> Any:
        """Stopping an account, or another role, ends its sessions."""
        item = self.items.get(key)
        if item is not None and item.active and not after["active"]:
            sessions.end_all(item.id, End.STOPPED, utcnow())
        elif item is not None and item.role != after["role"]:
            sessions.end_all(item.id, End.ROLE, utcnow())
        return super().write(key, after)

    def finish(self, by: Actor, now: datetime) -> None:
        """New accounts ask for their role; a cadre with another capacity may have room."""
        for item, before, after in self.also:
            if not before:
                unit = self.departments.id(after["department"])
                role_requests.put(Editor(by.id, now), item, Role(after["role"]), unit)
        _look_for([item.id for item, _before, _after in self.also], now)
        outbox.put(outbox.RECUSE, {}, now)  # what is sealed against a unit somebody came to

    def create(self, columns: dict[str, Any]) -> User:
        """An account nobody can sign in to: the hash is of a secret that is thrown away, until an
        administrator gives a one-time password."""
        self._hash = self._hash or HASHER.hash(secrets.token_urlsafe(32))
        return User(**columns, password_hash=self._hash, must_change_password=True)


class OfCadres(Register):
    """Rows that belong to a cadre, whom the first cell names."""

    def look_up(self, keys: Sequence[Key] | None) -> None:
        self.people = People()

    def cadre_ids(self, keys: Sequence[Key]) -> list[int]:
        """The ids of those whom `keys` name."""
        found = (self.people.by_username.get(key[0]) for key in keys)
        return [person.id for person in found if person is not None]

    def stored(self, keys: Sequence[Key]) -> Select[Any]:
        ids = self.cadre_ids(keys)
        return select(self.model).where(among(self.model.cadre_id, ids, BigInteger))

    def finish(self, by: Actor, now: datetime) -> None:
        """What a cadre knows, or when they are here, has changed."""
        _look_for([item.cadre_id for item, _before, _after in self.also], now)

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        was = before["username"] if before else None
        self.people.check(key[0], was, "username", (Role.CADRE,))


class Skills(OfCadres):
    """Categories that cadres know."""

    kind, model = "skills", Skill
    noun = "user"

    def look_up(self, keys: Sequence[Key] | None) -> None:
        super().look_up(keys)
        self.categories = Names(Category)

    def values(self, item: Skill) -> Values:
        return {
            "username": self.people.username(item.cadre_id),
            "cadre": self.people.name(item.cadre_id),
            "category": self.categories.name(item.category_id),
        }

    def columns(self, after: Values) -> dict[str, Any]:
        return {
            "cadre_id": self.people.id(after["username"]),
            "category_id": self.categories.id(after["category"]),
        }

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        super().check(key, after, before)
        self.categories.check(after["category"], None, "category")

    def history(self, item: Skill, values: Values) -> tuple[int, Values]:
        return item.cadre_id, {"skills": [values["category"]]}


class Leaves(OfCadres):
    """Days away and who stands in."""

    kind, model = "leave", Leave
    noun = "user"

    def stored(self, keys: Sequence[Key]) -> Select[Any]:
        """All leave from the first day that a line names on: deputies may be away as well."""
        first = min((key[1] for key in keys), default=self.today)
        ids = self.cadre_ids(keys)
        mine = among(Leave.cadre_id, ids, BigInteger)
        return select(Leave).where(or_(mine, Leave.ends_on >= first))

    def values(self, item: Leave) -> Values:
        return {
            "username": self.people.username(item.cadre_id),
            "cadre": self.people.name(item.cadre_id),
            "starts_on": item.starts_on,
            "ends_on": item.ends_on,
            "deputy": self.people.username(item.deputy_id),
        }

    def columns(self, after: Values) -> dict[str, Any]:
        return {
            "cadre_id": self.people.id(after["username"]),
            "deputy_id": self.people.id(after["deputy"]),
            "starts_on": after["starts_on"],
            "ends_on": after["ends_on"],
        }

    def check(self, key: Key, after: Values, before: Values | None) -> None:
        super().check(key, after, before)
        was = before["deputy"] if before else None
        self.people.check(after["deputy"], was, "deputy", (Role.CADRE,))
        if after["ends_on"] < after["starts_on"]:
            raise Invalid("结束日期不能早于开始日期。", "ends_on")
        if after["deputy"] == key[0]:
            raise Invalid("代理人不能是请假人本人，请另选一人。", "deputy")
        others = [
            row
            for other, row in self.known.items()
            if other != key
            and row["starts_on"] <= after["ends_on"]
            and row["ends_on"] >= after["starts_on"]
        ]
        if any(row["username"] == key[0] for row in others):
            raise Invalid("这段时间已有请假记录，请核对日期。", "starts_on")
        self._check_circle(after, others)

    def history(self, item: Leave, values: Values) -> tuple[int, Values]:
        days = {name: values[name] for name in ("starts_on", "ends_on")}
        return item.cadre_id, {"leave": {"deputy": self.people.called(values["deputy"]), **days}}

    def _check_circle(self, after: Values, others: list[Values]) -> None:
        """Whoever stands in for the deputy must not be the one who goes (lessons.md 26)."""
        mine, deputy = self.people.id(after["username"]), self.people.id(after["deputy"])
        if deputy is None:
            return
        first = after["starts_on"]
        for day in {first, *(max(row["starts_on"], first) for row in others)}:
            away = {
                self.people.id(row["username"]) or 0: self.people.id(row["deputy"])
                for row in others
                if row["starts_on"] <= day <= row["ends_on"]
            }
            if stand_in(deputy, away) == mine:
                raise Invalid(
                    "代理人在 %(day)s 也请假，而且又由请假人代理，形成循环，请另选一人。",
                    "deputy",
                    day=day.isoformat(),
                )
