"""Writes the directory: departments, regions, chains, categories, pairings and leave."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory import queries
from portal.directory.models import Category, Chain, Department, Enterprise, Leave, Pairing, Region
from portal.errors import N_, Invalid, NotFound
from portal.extensions import db
from portal.routing.models import DispatchRule, Rulebook
from portal.routing.rules import stand_in
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


@dataclass(frozen=True)
class CategoryFields:
    """What an administrator decides of a category; see directory.models.Category."""

    name: str
    template: str
    needs_review: bool
    by_pairing: bool
    complex: bool
    consult: bool
    position: int


def get_place(kind: str, place_id: int) -> Place:
    """The department, region or chain. Raises NotFound."""
    place = db.session.get(PLACES[kind], place_id)
    if place is None:
        raise NotFound("没有找到这一条。")
    return place


def save_place(
    kind: str, place_id: int | None, name: str, position: int, phone: str | None = None
) -> Place:
    """Creates a department, region or chain (no id), or changes one. Raises Invalid, NotFound."""
    model = PLACES[kind]
    with unique({UNIQUE_NAMES[kind]: (N_("这个名称已经有了，请换一个。"), "name")}):
        if place_id is None:
            place: Place = model(name=name, position=position)
            db.session.add(place)
        else:
            place = get_place(kind, place_id)
            place.name, place.position = name, position
        if isinstance(place, Department):
            place.phone = phone
    return place


def set_place_active(kind: str, place_id: int, active: bool) -> Place:
    """Takes a row out of the lists to choose from, or back in. Raises Invalid, NotFound.

    A department that rules still name, or that still has people, stays active.
    """
    place = get_place(kind, place_id)
    if kind == "departments" and not active:
        _ensure_unused(place_id)
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


def get_category(category_id: int) -> Category:
    """The category. Raises NotFound."""
    category = db.session.get(Category, category_id)
    if category is None:
        raise NotFound("没有找到这个类别。")
    return category


def save_category(category_id: int | None, fields: CategoryFields) -> Category:
    """Creates a category (no id) or changes one; running clocks keep their target."""
    with unique({"uq_category_name": (N_("这个类别名称已经有了，请换一个。"), "name")}):
        if category_id is None:
            category = Category(**vars(fields))
            db.session.add(category)
        else:
            category = get_category(category_id)
            for name, value in vars(fields).items():
                setattr(category, name, value)
    return category


def set_category_active(category_id: int, active: bool) -> Category:
    """Takes a category out of the submit form, or back in. Raises NotFound."""
    category = get_category(category_id)
    category.active = active
    return category


def pair(
    enterprise_id: int, owner_id: int, deputy_id: int | None, starts_on: date, today: date
) -> Pairing:
    """Gives a firm its standing cadre from the local day `starts_on` on.

    The pairing before ends the day before; one that began the same day never held a day and is
    replaced. Raises Invalid, NotFound.
    """
    _ensure_cadre(owner_id, "owner_id")
    if deputy_id is not None:
        _ensure_cadre(deputy_id, "deputy_id")
    if owner_id == deputy_id:
        raise Invalid("代理人不能是包联干部本人，请另选一人。", "deputy_id")
    if starts_on < today:
        raise Invalid("开始日期不能早于今天。", "starts_on")
    _lock(Enterprise.id, enterprise_id)
    query = select(Pairing).where(
        Pairing.enterprise_id == enterprise_id,
        (Pairing.ends_on.is_(None)) | (Pairing.ends_on >= starts_on),
    )
    for old in db.session.scalars(query):
        if old.starts_on > starts_on:
            raise Invalid(
                "这家企业已有从 %(day)s 开始的包联，请填写更晚的日期。",
                "starts_on",
                day=old.starts_on.isoformat(),
            )
        if old.starts_on == starts_on:
            db.session.delete(old)
        else:
            old.ends_on = starts_on - timedelta(days=1)
    db.session.flush()
    pairing = Pairing(
        enterprise_id=enterprise_id, owner_id=owner_id, deputy_id=deputy_id, starts_on=starts_on
    )
    db.session.add(pairing)
    db.session.flush()
    return pairing


def get_pairing(pairing_id: int) -> Pairing:
    """The pairing. Raises NotFound."""
    pairing = db.session.get(Pairing, pairing_id)
    if pairing is None:
        raise NotFound("没有找到这条包联。")
    return pairing


def end_pairing(pairing_id: int, today: date) -> Enterprise:
    """Ends a pairing with the local day `today`; one that has not begun is taken back."""
    pairing = get_pairing(pairing_id)
    firm = pairing.enterprise
    if pairing.starts_on > today:
        db.session.delete(pairing)
    elif pairing.ends_on is None or pairing.ends_on > today:
        pairing.ends_on = today
    return firm


def add_leave(cadre_id: int, deputy_id: int | None, starts_on: date, ends_on: date) -> Leave:
    """Notes that a cadre is away on local days, and who stands in.

    Raises Invalid for dates in the wrong order, for leave that overlaps other leave of the cadre,
    and for deputies that would stand in for each other in a circle (lessons.md 26).
    """
    _ensure_cadre(cadre_id, None)
    if ends_on < starts_on:
        raise Invalid("结束日期不能早于开始日期。", "ends_on")
    if deputy_id is not None:
        _ensure_cadre(deputy_id, "deputy_id")
    if deputy_id == cadre_id:
        raise Invalid("代理人不能是请假人本人，请另选一人。", "deputy_id")
    _lock(User.id, cadre_id)
    others = queries.leaves_between(starts_on, ends_on)
    if any(leave.cadre_id == cadre_id for leave in others):
        raise Invalid("这段时间已有请假记录，请先撤销原来的记录。", "starts_on")
    for day in {starts_on, *(max(leave.starts_on, starts_on) for leave in others)}:
        away = {o.cadre_id: o.deputy_id for o in others if o.starts_on <= day <= o.ends_on}
        # Whoever stands in for the deputy must not be the one who goes.
        if deputy_id is not None and stand_in(deputy_id, away) == cadre_id:
            raise Invalid(
                "代理人在 %(day)s 也请假，而且又由请假人代理，形成循环，请另选一人。",
                "deputy_id",
                day=day.isoformat(),
            )
    leave = Leave(cadre_id=cadre_id, deputy_id=deputy_id, starts_on=starts_on, ends_on=ends_on)
    db.session.add(leave)
    db.session.flush()
    return leave


def remove_leave(cadre_id: int, leave_id: int, today: date) -> None:
    """Takes leave back: what has not begun goes, what runs ended yesterday, what is over stays."""
    leave = db.session.get(Leave, leave_id)
    if leave is None or leave.cadre_id != cadre_id:
        raise NotFound("没有找到这条请假记录。")
    if leave.starts_on >= today:
        db.session.delete(leave)
    elif leave.ends_on >= today:
        leave.ends_on = today - timedelta(days=1)


def _ensure_cadre(user_id: int, field: str | None) -> None:
    user = db.session.get(User, user_id)
    if user is None or user.role != Role.CADRE or not user.active:
        raise Invalid("请选择一名在用的助企干部。", field)


def _lock(column: InstrumentedAttribute[int], row_id: int) -> None:
    """Holds a row until the transaction ends, so that two administrators write in turn."""
    query = select(column).where(column == row_id).with_for_update()
    if db.session.scalar(query) is None:
        raise NotFound("没有找到这一条。")
