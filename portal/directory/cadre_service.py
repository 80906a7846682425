"""Writes what a cadre can take: the categories they know and how much they hold at once."""

from collections.abc import Iterable

from sqlalchemy import delete, select

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory.changes import Editor, record
from portal.directory.models import Category, Skill
from portal.errors import Invalid
from portal.extensions import db
from portal.outbox import service as outbox


def set_abilities(
    editor: Editor, cadre_id: int, category_ids: Iterable[int], capacity: int | None
) -> User:
    """A cadre's skills (none: takes every category) and capacity (None: no limit).

    A change makes the relay look at once who waits for a place in the cadre's unit.
    Raises Invalid for somebody who is no cadre, and for a category that is not in use.
    """
    query = select(User).where(User.id == cadre_id).with_for_update(of=User)
    cadre = db.session.scalar(query)
    if cadre is None or cadre.role != Role.CADRE:
        raise Invalid("请选择一名在用的助企干部。")
    if capacity is not None and capacity < 1:
        raise Invalid("容量应是 1 以上的整数，不限时留空。", "capacity")
    wanted = set(category_ids)
    before = skills_of(cadre_id)
    offered = select(Category.id).where(Category.id.in_(wanted), Category.active)
    if not wanted <= {*db.session.scalars(offered), *before}:
        raise Invalid("请从列表中选择类别。", "skills")
    gone = set(before) - wanted
    db.session.execute(delete(Skill).where(Skill.cadre_id == cadre_id, Skill.category_id.in_(gone)))
    db.session.add_all(
        Skill(cadre_id=cadre_id, category_id=one) for one in sorted(wanted - set(before))
    )
    db.session.flush()
    old = {"skills": list(before.values()), "capacity": cadre.capacity}
    cadre.capacity = capacity
    new = {"skills": list(skills_of(cadre_id).values()), "capacity": capacity}
    record(editor, "user", cadre_id, old, new)
    if old != new:
        outbox.put(outbox.VACANCY, {"department_id": cadre.department_id}, editor.at)
    return cadre


def skills_of(cadre_id: int) -> dict[int, str]:
    """The categories that are noted for a cadre, id → name."""
    query = (
        select(Category.id, Category.name)
        .join(Skill, Skill.category_id == Category.id)
        .where(Skill.cadre_id == cadre_id)
    )
    return dict(db.session.execute(query.order_by(Category.position, Category.id)).all())
