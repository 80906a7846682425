"""The index is written with the text itself, and written anew it is the same."""

from sqlalchemy import select, text

from portal.extensions import db
from portal.search import service
from portal.search.models import TicketText
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, confirmation, handle, triage
from tests.factories import Town
from tests.service.stages import assigned, signed


def stored(ticket_id: int) -> tuple:
    db.session.rollback()
    names = ("head", "body", "replies", "inner", "grams")
    query = text(
        f"SELECT {', '.join(f'{chr(34)}{n}{chr(34)}' for n in names)} FROM ticket_text"
        " WHERE ticket_id = :id"
    )
    return tuple(db.session.execute(query, {"id": ticket_id}).one())


def test_each_text_stands_where_its_readers_may_find_it(town: Town) -> None:
    play = signed(town)
    play.do(handle.note, play.who, "内部的话").do(handle.reply, play.who, "公开的话")
    row = db.session.get_one(TicketText, play.ticket_id)
    assert row.head.split("\n")[:2] == ["流动资金不足", play.ticket.number.lower()]
    assert "鲁西轴承有限公司" in row.head
    assert row.body == "贷款到期后银行不再续贷,急需过桥资金。"
    assert (row.replies, row.inner) == ("公开的话", "内部的话")


def test_a_resolution_is_the_firms_to_find_once_it_is_approved(town: Town) -> None:
    play = signed(town).resolve()
    row = db.session.get_one(TicketText, play.ticket_id)
    assert row.replies == "" and "已协调银行续贷。" in row.inner and "行长已签批" in row.inner
    play.approve()
    db.session.refresh(row)
    assert row.replies == "已协调银行续贷。"


def test_what_the_verbs_wrote_is_what_a_rebuild_writes(town: Town) -> None:
    play = signed(town)
    play.do(triage.supervise, town.supervisor, "请说明\n进展")
    play.do(applicant.comment, town.firm, "还有一点")
    play.resolve().approve().do(confirmation.dispute, town.firm, 1, "没有解决")
    play.do(handle.reply, play.who, "再次协调")
    other = assigned(town)
    before = [stored(one.ticket_id) for one in (play, other)]
    ids = list(db.session.scalars(select(Ticket.id)))
    db.session.execute(text("DELETE FROM ticket_text"))
    service.index(ids)
    db.session.commit()
    assert [stored(one.ticket_id) for one in (play, other)] == before


def test_a_ticket_that_waits_for_the_filling_is_changed_without_it(town: Town) -> None:
    play = signed(town)
    db.session.execute(text("DELETE FROM ticket_text"))
    db.session.commit()
    play.do(handle.reply, play.who, "公开的话")
    assert db.session.scalar(select(TicketText)) is None
    service.index([play.ticket_id])
    assert db.session.get_one(TicketText, play.ticket_id).replies == "公开的话"
