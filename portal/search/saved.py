"""Searches that a person has named, to come back to: kept, listed, dropped."""

from collections.abc import Mapping
from datetime import datetime
from urllib.parse import urlencode

from sqlalchemy import func, select

from portal.auth.roles import Actor
from portal.errors import Invalid, NotFound
from portal.extensions import db
from portal.search.models import SavedView

MOST = 12  # views of one person


def views(actor: Actor) -> list[SavedView]:
    """The actor's views, oldest first."""
    query = select(SavedView).where(SavedView.user_id == actor.id).order_by(SavedView.id)
    return list(db.session.scalars(query))


def save(actor: Actor, name: str, address: Mapping[str, str], now: datetime) -> SavedView:
    """Keeps a search under a name; a name used before stands for the new one from now on.

    `address`: the values of a valid search form. Raises Invalid for one view too many, or none.
    """
    if not address:
        raise Invalid("请先搜索或筛选，再保存。", "name")
    mine = select(SavedView).where(SavedView.user_id == actor.id)
    view = db.session.scalar(mine.where(SavedView.name == name))
    if view is None:
        count = db.session.scalar(select(func.count()).select_from(mine.subquery())) or 0
        if count >= MOST:
            raise Invalid("最多保存 %(n)d 个筛选，请先删除不用的。", "name", n=MOST)
        view = SavedView(user_id=actor.id or 0, name=name)
        db.session.add(view)
    view.query, view.created_at = urlencode(address), now
    db.session.flush()
    return view


def drop(actor: Actor, view_id: int) -> None:
    """Deletes one of the actor's views. Raises NotFound for any other."""
    view = db.session.get(SavedView, view_id)
    if view is None or view.user_id != actor.id:
        raise NotFound("没有找到这个筛选。")
    db.session.delete(view)
