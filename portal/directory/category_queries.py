"""The two levels of categories: for lists and figures a first one stands for its kinds."""

from sqlalchemy import select

from portal.directory.models import Category
from portal.extensions import db


def with_kinds(category_id: int) -> frozenset[int]:
    """A category and its kinds, those out of use too; one statement."""
    kinds = db.session.scalars(select(Category.id).where(Category.parent_id == category_id))
    return frozenset({category_id, *kinds})


def above() -> dict[int, int]:
    """The category of the first level that each kind belongs to; one statement."""
    query = select(Category.id, Category.parent_id).where(Category.parent_id.is_not(None))
    return {kind: parent for kind, parent in db.session.execute(query) if parent is not None}
