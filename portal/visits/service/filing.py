"""Filing on behalf 代填: problems heard on a visit become tickets, all of them or none."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select

from portal.auth.roles import Actor
from portal.errors import Invalid, NotFound, Repeated
from portal.extensions import db
from portal.tickets.lifecycle import Channel
from portal.tickets.models import Ticket
from portal.tickets.service.move import tell
from portal.tickets.service.submit import Wording, submit
from portal.visits.models import Visit, VisitItem
from portal.visits.rules import ItemKind
from portal.visits.service.link import issue


def file(
    actor: Actor, visit_id: int, wordings: Mapping[int, Wording], key: str, now: datetime
) -> dict[str, str]:
    """One ticket for each item (id → words); ticket number → the token of its vouch link.

    The firm must be paired with the actor on the local day of `now`. The same `key` twice raises
    Repeated; an item that is a ticket already raises Invalid with the number of that ticket.
    """
    visit = _locked(actor, visit_id)
    items = {item.id: item for item in visit.items if item.kind == ItemKind.PROBLEM}
    if not wordings or not wordings.keys() <= items.keys():
        raise Invalid("请至少选择一个问题。")
    _ensure_unfiled([items[item_id] for item_id in wordings], key)
    tokens = {}
    for item_id, wording in wordings.items():
        ticket = submit(
            *(actor, wording, now),
            enterprise_id=visit.enterprise_id,
            channel=Channel.CADRE,
            submit_key=f"{key}:{item_id}",
        )
        db.session.flush()
        items[item_id].ticket_id = ticket.id
        items[item_id].category_id = wording.category_id
        tell(ticket, "vouch", now, users=[None], key=f"vouch:{ticket.id}")
        tokens[ticket.number] = issue(actor, ticket, now)
    visit.version += 1
    visit.changed_at = now
    return tokens


def _locked(actor: Actor, visit_id: int) -> Visit:
    query = select(Visit).where(Visit.id == visit_id, Visit.cadre_id == actor.id)
    visit = db.session.scalar(
        query.with_for_update(of=Visit).execution_options(populate_existing=True)
    )
    if visit is None or visit.recorded_at is None:
        raise NotFound("没有找到这次走访。")
    db.session.refresh(visit, ["items"])
    return visit


def _ensure_unfiled(items: list[VisitItem], key: str) -> None:
    filed = {item.ticket_id: item for item in items if item.ticket_id is not None}
    if not filed:
        return
    query = select(Ticket.number, Ticket.submit_key, Ticket.id).where(Ticket.id.in_(filed))
    for number, submit_key, ticket_id in db.session.execute(query):
        if submit_key == f"{key}:{filed[ticket_id].id}":
            raise Repeated()
        raise Invalid("这个问题已经转为诉求 %(number)s，请去掉它再提交。", number=number)
