"""Names, codes and usernames to ids and back, read once for a whole file or export."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from sqlalchemy import Text, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.elements import ColumnElement

from portal.auth.models import User
from portal.auth.roles import STAFF_ROLES, Role
from portal.directory.models import Category, Chain, Department, Enterprise, Region
from portal.errors import Invalid
from portal.extensions import db

Named = type[Region] | type[Chain] | type[Category] | type[Department]


def among(column: Any, values: Iterable[Any], kind: Any = Text) -> ColumnElement[bool]:
    """`column` is one of `values`, sent as one array however many they are."""
    return column == literal(list(values), ARRAY(kind())).any_()


class Names:
    """The rows of a plain list: by name and by id, and which are in use."""

    def __init__(self, model: Named) -> None:
        rows = db.session.execute(select(model.id, model.name, model.active)).all()
        self.ids: dict[str, int] = {name: row_id for row_id, name, _ in rows}
        self.names: dict[int, str] = {row_id: name for row_id, name, _ in rows}
        self.stopped: set[str] = {name for _, name, active in rows if not active}

    def name(self, row_id: int | None) -> str | None:
        """The name of an id."""
        return None if row_id is None else self.names[row_id]

    def id(self, name: str | None) -> int | None:
        """The id of a name that `check` has let through."""
        return None if name is None else self.ids[name]

    def check(self, name: str | None, was: str | None, column: str) -> None:
        """Raises Invalid for a name that is not there, or that is no longer to be chosen."""
        if name is None or name == was:
            return
        if name not in self.ids:
            near = get_close_matches(name, self.ids, 1, 0.5)
            if near:
                raise Invalid("没有“%(name)s”，是不是“%(near)s”？", column, name=name, near=near[0])
            raise Invalid("没有“%(name)s”，请先建好，或改成已有的名称。", column, name=name)
        if name in self.stopped:
            raise Invalid("“%(name)s”已停用，请另选一个。", column, name=name)


@dataclass(frozen=True)
class Person:
    """An account as other registers name it."""

    id: int
    username: str
    name: str
    role: str
    active: bool


class People:
    """The members of staff by username and id."""

    def __init__(self) -> None:
        query = select(User.id, User.username, User.name, User.role, User.active)
        rows = db.session.execute(query.where(User.role.in_(STAFF_ROLES)))
        people = [Person(*row) for row in rows]
        self.by_username = {person.username: person for person in people}
        self.by_id = {person.id: person for person in people}

    def username(self, user_id: int | None) -> str | None:
        """The username of an id; of somebody who is staff no longer, their id."""
        if user_id is None:
            return None
        person = self.by_id.get(user_id)
        return person.username if person else f"#{user_id}"

    def name(self, user_id: int) -> str:
        """The name of an id."""
        person = self.by_id.get(user_id)
        return person.name if person else ""

    def called(self, username: str | None) -> str | None:
        """The name of the person of a username."""
        person = self.by_username.get(username or "")
        return person.name if person else username

    def id(self, username: str | None) -> int | None:
        """The id of a username that was let through."""
        if username is None:
            return None
        if username.startswith("#"):
            return int(username[1:])
        return self.by_username[username].id

    def check(
        self, username: str | None, was: str | None, column: str, roles: tuple[Role, ...]
    ) -> None:
        """Raises Invalid for a username of nobody in use with one of `roles`."""
        if username is None or username == was:
            return
        person = self.by_username.get(username)
        if person is None:
            raise Invalid("没有用户名为“%(name)s”的工作人员。", column, name=username)
        if not person.active:
            raise Invalid("“%(name)s”的账号已停用，请另选一人。", column, name=username)
        if person.role not in roles:
            if roles == (Role.CADRE,):
                raise Invalid("“%(name)s”不是助企干部，请另选一人。", column, name=username)
            raise Invalid("“%(name)s”不是督办员或领导，请另选一人。", column, name=username)


class Firms:
    """The firms that a file names, by credit code; all of them for an export."""

    def __init__(self, codes: Iterable[str] | None) -> None:
        query = select(Enterprise.id, Enterprise.uscc, Enterprise.name)
        if codes is not None:
            query = query.where(among(Enterprise.uscc, set(codes)))
        rows = db.session.execute(query).all()
        self.ids: dict[str, int] = {code: row_id for row_id, code, _ in rows}
        self.codes: dict[int, str] = {row_id: code for row_id, code, _ in rows}
        self.names: dict[int, str] = {row_id: name for row_id, _, name in rows}

    def check(self, code: str) -> None:
        """Raises Invalid for a code of no registered firm."""
        if code not in self.ids:
            raise Invalid("没有信用代码为“%(code)s”的企业，请先导入企业。", "uscc", code=code)
