"""Writes the category tree: two levels, each with its template, review and kind of clocks."""

from dataclasses import dataclass

from sqlalchemy import func, select

from portal.directory.changes import Editor, added, noted
from portal.directory.models import Category
from portal.errors import N_, Invalid, NotFound
from portal.extensions import db
from portal.uniqueness import unique


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
    parent_id: int | None = None


def get_category(category_id: int) -> Category:
    """The category. Raises NotFound."""
    category = db.session.get(Category, category_id)
    if category is None:
        raise NotFound("没有找到这个类别。")
    return category


def save_category(editor: Editor, category_id: int | None, fields: CategoryFields) -> Category:
    """Creates a category (no id) or changes one; running clocks keep their target.

    Raises Invalid for a name that is taken and for a third level, NotFound.
    """
    if fields.parent_id is not None:
        _ensure_two_levels(category_id, fields.parent_id)
    with unique({"uq_category_name": (N_("这个类别名称已经有了，请换一个。"), "name")}):
        if category_id is None:
            category = Category(**vars(fields))
            db.session.add(category)
            added(editor, category)
        else:
            category = get_category(category_id)
            with noted(editor, category):
                for name, value in vars(fields).items():
                    setattr(category, name, value)
    return category


def _ensure_two_levels(category_id: int | None, parent_id: int) -> None:
    """The parent is in use and of the first level; the category has no kinds of its own."""
    query = select(Category).where(Category.id == parent_id).with_for_update()
    parent = db.session.scalar(query)
    if parent is None or not parent.active or parent.parent_id is not None:
        raise Invalid("请选择一个在用的一级类别作为上级。", "parent_id")
    if category_id is None:
        return
    if category_id == parent_id:
        raise Invalid("上级类别不能是它自己，请另选一个。", "parent_id")
    # Held, so that nobody puts a kind below it at the same instant.
    db.session.execute(select(Category.id).where(Category.id == category_id).with_for_update())
    if kinds(category_id, active=False):
        raise Invalid("这个类别有下级类别，类别最多两级，它不能再归入别的类别。", "parent_id")


def kinds(category_id: int, *, active: bool) -> int:
    """How many categories stand below one; `active`: only those in use."""
    query = select(func.count()).where(Category.parent_id == category_id)
    return db.session.scalar(query.where(Category.active) if active else query) or 0


def set_category_active(editor: Editor, category_id: int, active: bool) -> Category:
    """Takes a category out of the submit form, or back in. Raises Invalid, NotFound.

    One with kinds in use stays in use; a kind of a category out of use stays out of use.
    """
    category = get_category(category_id)
    if not active and (count := kinds(category_id, active=True)):
        raise Invalid("这个类别还有 %(n)d 个在用的下级类别，请先停用它们。", n=count)
    if active and category.parent is not None and not category.parent.active:
        raise Invalid("上级类别“%(name)s”已停用，请先启用它。", name=category.parent.name)
    with noted(editor, category):
        category.active = active
    return category
