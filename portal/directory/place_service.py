"""Writes departments, regions and chains; units form a tree, a chain has its chief."""

from dataclasses import dataclass

from sqlalchemy import func, select, text

from portal.auth.models import User
from portal.auth.roles import OVERSIGHT_ROLES
from portal.directory.changes import Editor, added, noted
from portal.directory.models import Chain, Department, Region
from portal.errors import N_, Invalid, NotFound
from portal.extensions import db
from portal.outbox import service as outbox
from portal.routing.models import DispatchRule, Rulebook
from portal.uniqueness import unique

Place = Region | Chain | Department
PLACES: dict[str, type[Region] | type[Chain] | type[Department]] = {
    "departments": Department,
    "regions": Region,
    "chains": Chain,
}
UNIQUE_NAMES = {
    "departments": "uq_department_name",
    "regions": "uq_region_name",
    "chains": "uq_chain_name",
}
_LOCK = 7_101_014  # one writer of the tree at a time: two moves together could make a loop


@dataclass(frozen=True)
class PlaceFields:
    """What an administrator decides; `phone` and `parent_id` of units, `chief_id` of chains."""

    name: str
    position: int
    phone: str | None = None
    parent_id: int | None = None
    chief_id: int | None = None


def get_place(kind: str, place_id: int) -> Place:
    """The department, region or chain. Raises NotFound."""
    place = db.session.get(PLACES[kind], place_id)
    if place is None:
        raise NotFound("没有找到这一条。")
    return place


def save_place(editor: Editor, kind: str, place_id: int | None, fields: PlaceFields) -> Place:
    """Creates a department, region or chain (no id), or changes one. Raises Invalid, NotFound."""
    if kind == "departments":
        _ensure_tree(place_id, fields.parent_id)
    if kind == "chains" and fields.chief_id is not None:
        _ensure_chief(fields.chief_id)
    with unique({UNIQUE_NAMES[kind]: (N_("这个名称已经有了，请换一个。"), "name")}):
        if place_id is None:
            place: Place = PLACES[kind]()
            _fill(place, fields)
            db.session.add(place)
            added(editor, place)
        else:
            place = get_place(kind, place_id)
            with noted(editor, place):
                _fill(place, fields)
            if kind == "departments":
                outbox.put(outbox.RECUSE, {}, editor.at)  # who is above or below has changed
    return place


def _fill(place: Place, fields: PlaceFields) -> None:
    place.name, place.position = fields.name, fields.position
    if isinstance(place, Department):
        place.phone, place.parent_id = fields.phone, fields.parent_id
    if isinstance(place, Chain):
        place.chief_id = fields.chief_id


def _ensure_tree(place_id: int | None, parent_id: int | None) -> None:
    """The unit above exists and is not below this one."""
    if parent_id is None:
        return
    db.session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    parents = dict(db.session.execute(select(Department.id, Department.parent_id)).all())
    if parent_id not in parents:
        raise Invalid("请从列表中选择上级单位。", "parent_id")
    above: int | None = parent_id
    for _step in range(len(parents) + 1):
        if above is None:
            return
        if above == place_id:
            raise Invalid("上级单位不能是本单位，也不能是它的下级单位，请另选一个。", "parent_id")
        above = parents.get(above)
    raise Invalid("上级单位之间已经形成循环，请先修正它们。", "parent_id")


def _ensure_chief(user_id: int) -> None:
    user = db.session.get(User, user_id)
    if user is None or not user.active or user.role not in OVERSIGHT_ROLES:
        raise Invalid("链长应是一名在用的督办员或领导，请从列表中选择。", "chief_id")


def set_place_active(editor: Editor, kind: str, place_id: int, active: bool) -> Place:
    """Takes a row out of the lists to choose from, or back in. Raises Invalid, NotFound.

    A department that rules still name, or that still has people or units below, stays active;
    one whose unit above is out of use stays so.
    """
    place = get_place(kind, place_id)
    if isinstance(place, Department):
        if not active:
            _ensure_unused(place_id)
        elif place.parent is not None and not place.parent.active:
            raise Invalid("上级单位“%(name)s”已停用，请先启用它。", name=place.parent.name)
    with noted(editor, place):
        place.active = active
    return place


def _ensure_unused(department_id: int) -> None:
    named = (
        select(func.count())
        .join_from(DispatchRule, Rulebook)
        .where(DispatchRule.department_id == department_id, Rulebook.state == "in_force")
    )
    if count := db.session.scalar(named):
        raise Invalid("还有 %(n)d 条派单规则指向这个单位，请先停用那些规则。", n=count)
    staff = select(func.count()).where(User.department_id == department_id, User.active)
    if count := db.session.scalar(staff):
        raise Invalid("这个单位还有 %(n)d 个在用账号，请先停用或调整单位。", n=count)
    below = select(func.count()).where(Department.parent_id == department_id, Department.active)
    if count := db.session.scalar(below):
        raise Invalid("这个单位还有 %(n)d 个在用的下级单位，请先停用或调整它们。", n=count)
