"""Filing on behalf and the firm's word: all or none, once, by account or by link."""

from dataclasses import replace
from datetime import timedelta
from threading import Thread

import pytest
from flask import Flask
from sqlalchemy import func, select

from portal.auth.roles import Actor, Role
from portal.db import transaction
from portal.directory.models import Pairing
from portal.errors import Invalid, InvalidTransition, NotFound, Repeated
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox import relay
from portal.outbox.models import Message
from portal.outbox.service import VOUCH_DUE
from portal.sla.calendars import current_calendar
from portal.sla.models import Clock
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.queries import get_visible
from portal.tickets.reasons import VouchAnswer
from portal.tickets.service import confirmation, vouch
from portal.tickets.service.move import Ask
from portal.visits.models import VisitItem, VouchLink
from portal.visits.service import filing, link
from tests.factories import MONDAY, Town, make_enterprise, make_user
from tests.service.stages import Play
from tests.visiting import DAY, HEARD, filed, pair, recorded, words


def notices(actor: Actor) -> list[str]:
    query = select(Notice.kind).where(Notice.user_id == actor.id).order_by(Notice.id)
    return list(db.session.scalars(query))


def event(ticket_id: int) -> TicketEvent:
    query = select(TicketEvent).where(TicketEvent.ticket_id == ticket_id)
    return db.session.scalars(query.order_by(TicketEvent.seq.desc())).first() or TicketEvent()


def test_problems_become_tickets_whose_clocks_run_at_once(town: Town) -> None:
    pair(town)
    ids, tokens = filed(town, 2)
    assert (len(ids), len(tokens)) == (2, 2)
    for ticket_id in ids:
        ticket = db.session.get_one(Ticket, ticket_id)
        assert (ticket.channel, ticket.applicant_id, ticket.vouch_pending) == ("cadre", None, True)
        assert (ticket.filed_by_id, ticket.status) == (town.cadre.id, "assigned")
        running = select(Clock.kind).where(Clock.ticket_id == ticket_id, Clock.state == "running")
        assert {"sign", "contact", "resolve"} <= set(db.session.scalars(running))
    items = db.session.scalars(select(VisitItem).order_by(VisitItem.position))
    assert [item.ticket_id for item in items] == ids
    # Nobody of the firm has taken the tickets up: all its accounts are told, of the routing too.
    assert sorted(notices(town.firm)) == ["accepted", "accepted", "vouch", "vouch"]
    assert notices(town.other) == []


def test_all_tickets_or_none_and_each_item_once(town: Town) -> None:
    pair(town)
    one = recorded(town)
    first, second = one.items
    with transaction():
        filing.file(town.cadre, one.id, {first.id: words(town)}, "a", MONDAY)
    with pytest.raises(Repeated), transaction():
        filing.file(town.cadre, one.id, {first.id: words(town)}, "a", MONDAY)
    both = {second.id: words(town), first.id: words(town)}
    with pytest.raises(Invalid, match="SQ20260302-000001"), transaction():
        filing.file(town.cadre, one.id, both, "b", MONDAY)
    with pytest.raises(Invalid), transaction():
        filing.file(town.cadre, one.id, {}, "c", MONDAY)
    with pytest.raises(NotFound), transaction():
        filing.file(town.cadre2, one.id, {second.id: words(town)}, "d", MONDAY)
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 1


def test_two_clicks_at_once_make_one_ticket(town: Town, app: Flask) -> None:
    pair(town)
    one = recorded(town)
    wordings = {one.items[0].id: words(town)}
    answers: list[str] = []

    def click() -> None:
        with app.app_context():
            try:
                with transaction():
                    filing.file(town.cadre, one_id, wordings, "a", MONDAY)
                answers.append("done")
            except Repeated:
                answers.append("repeated")

    one_id = one.id
    db.session.rollback()
    threads = [Thread(target=click) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["done", "repeated"]
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 1


def test_after_the_pairing_ended_nothing_is_filed(town: Town) -> None:
    pair(town)
    one = recorded(town)
    wordings = {one.items[0].id: words(town)}
    with transaction():
        pairing = db.session.scalars(select(Pairing)).one()
        pairing.ends_on = DAY
    tomorrow = MONDAY + timedelta(days=1)
    with pytest.raises(NotFound), transaction():
        filing.file(town.cadre, one.id, wordings, "a", tomorrow)
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 0


def test_the_firm_vouches_by_link_once(town: Town) -> None:
    pair(town)
    [ticket_id], [token] = filed(town)
    with transaction():
        link.answer(token, VouchAnswer.TRUE, "", "请尽快。", MONDAY)
    ticket = db.session.get_one(Ticket, ticket_id)
    assert (ticket.vouch_pending, ticket.status, ticket.applicant_id) == (False, "assigned", None)
    said = event(ticket_id)
    assert (said.action, said.actor_id, said.actor_role) == ("vouch", None, "applicant")
    assert said.payload == {"corrected": False, "by_link": True, "text": "请尽快。"}
    with pytest.raises(Repeated), transaction():
        link.answer(token, VouchAnswer.NOT_OURS, "", "", MONDAY)
    assert db.session.get_one(Ticket, ticket_id).status == "assigned"
    relay.drain(lambda: MONDAY)
    assert "vouched" in notices(town.cadre)


def test_the_firm_corrects_the_words_and_the_first_ones_stay(town: Town) -> None:
    pair(town)
    [ticket_id], [token] = filed(town)
    version = db.session.get_one(Ticket, ticket_id).version
    for same in ("太短", HEARD[0].text):
        with pytest.raises(Invalid), transaction():
            link.answer(token, VouchAnswer.CORRECTED, same, "", MONDAY)
    with transaction():
        link.answer(token, VouchAnswer.CORRECTED, "贷款四月才到期，共五百万元。", "", MONDAY)
    ticket = db.session.get_one(Ticket, ticket_id)
    assert (ticket.description, ticket.version) == ("贷款四月才到期，共五百万元。", version + 1)
    query = select(TicketEvent.payload).where(TicketEvent.ticket_id == ticket_id)
    submitted = db.session.scalars(query.order_by(TicketEvent.seq)).first() or {}
    assert submitted["words"] == HEARD[0].text


def test_what_the_firm_never_asked_for_is_withdrawn(town: Town) -> None:
    pair(town)
    [ticket_id], [token] = filed(town)
    with transaction():
        link.answer(token, VouchAnswer.NOT_OURS, "", "我们没有贷款。", MONDAY)
    ticket = db.session.get_one(Ticket, ticket_id)
    assert (ticket.status, ticket.outcome, ticket.vouch_pending) == ("closed", "withdrawn", False)
    said = event(ticket_id)
    assert (said.action, said.payload["disowned"]) == ("withdraw", True)
    running = select(Clock.id).where(Clock.ticket_id == ticket_id, Clock.state == "running")
    assert list(db.session.scalars(running)) == []
    relay.drain(lambda: MONDAY)
    assert "disowned" in notices(town.cadre)


def test_who_of_the_firm_vouches_is_its_applicant(town: Town) -> None:
    pair(town)
    [ticket_id], [token] = filed(town)
    with transaction():
        vouch.answer(Ask(town.firm, ticket_id, MONDAY), VouchAnswer.TRUE, "", "")
    assert db.session.get_one(Ticket, ticket_id).applicant_id == town.firm.id
    with pytest.raises(NotFound):  # the link has nothing left to ask
        link.find(token, MONDAY)
    with pytest.raises(InvalidTransition), transaction():
        vouch.answer(Ask(town.firm, ticket_id, MONDAY), VouchAnswer.NOT_OURS, "", "")


def test_an_account_made_later_sees_and_confirms_what_was_filed(town: Town) -> None:
    with transaction() as session:
        firm = make_enterprise("无账号机械有限公司", town.region_id).id
        session.add(Pairing(enterprise_id=firm, owner_id=town.cadre.id, starts_on=DAY))
    [ticket_id], _tokens = filed(replace(town, enterprise_id=firm))
    with transaction():
        late = make_user("late", Role.APPLICANT, "后来人", enterprise_id=firm).actor
    number = db.session.get_one(Ticket, ticket_id).number
    assert get_visible(late, number).id == ticket_id
    with pytest.raises(NotFound):
        get_visible(town.firm, number)
    Play(town, ticket_id, MONDAY).to_confirmation().do(confirmation.confirm, late, 5, "")
    ticket = db.session.get_one(Ticket, ticket_id)
    assert (ticket.confirmation, ticket.vouch_pending) == ("confirmed", False)


def test_without_an_account_a_supervisor_calls_back(town: Town) -> None:
    with transaction() as session:
        firm = make_enterprise("无账号机械有限公司", town.region_id).id
        session.add(Pairing(enterprise_id=firm, owner_id=town.cadre.id, starts_on=DAY))
    [ticket_id], _tokens = filed(replace(town, enterprise_id=firm))
    play = Play(town, ticket_id, MONDAY).to_confirmation()
    with transaction():
        confirmation.lapse_confirmation(ticket_id, MONDAY)
    play.do(confirmation.call_back, town.supervisor, True, "电话确认已解决")
    assert play.ticket.call_back_solved is True


def test_a_link_is_stored_as_its_hash_ends_and_is_replaced(town: Town) -> None:
    pair(town)
    [ticket_id], [token] = filed(town)
    row = db.session.scalars(select(VouchLink)).one()
    assert token not in (row.token_hash, row.answer)
    assert len(token) >= 43
    last = row.expires_at
    assert link.find(token, last).ticket_id == ticket_id
    for wrong in (token[:-1], token.swapcase(), "", row.token_hash):
        with pytest.raises(NotFound):
            link.find(wrong, MONDAY)
    with pytest.raises(NotFound), transaction():
        link.answer(token, VouchAnswer.TRUE, "", "", last + timedelta(seconds=1))
    number = db.session.get_one(Ticket, ticket_id).number
    with pytest.raises(NotFound), transaction():
        link.renew(town.cadre2, number, MONDAY)
    with transaction():
        second = link.renew(town.cadre, number, MONDAY)
    with pytest.raises(NotFound):
        link.find(token, MONDAY)
    assert link.find(second, MONDAY).ticket_id == ticket_id


def test_an_unanswered_link_is_called_to_mind_once_in_working_hours(town: Town) -> None:
    pair(town)
    [ticket_id], [token] = filed(town)
    first = db.session.scalars(select(VouchLink)).one()
    number = db.session.get_one(Ticket, ticket_id).number
    with transaction():
        second = link.renew(town.cadre, number, MONDAY + timedelta(days=1))
    third = db.session.scalars(select(VouchLink).order_by(VouchLink.id.desc())).first()
    assert third is not None
    query = select(Message).where(Message.kind == VOUCH_DUE).order_by(Message.id)
    old, new = db.session.scalars(query)
    assert first.expires_at > old.available_at and third.expires_at > new.available_at
    assert current_calendar().next_open(new.available_at) == new.available_at
    relay.drain(lambda: old.available_at)  # a link that is void needs nobody
    assert "vouch_unanswered" not in notices(town.cadre)
    for _ in range(2):
        relay.drain(lambda: new.available_at)
        assert notices(town.cadre).count("vouch_unanswered") == 1
        assert notices(town.firm).count("vouch_due") == 1
    with transaction():
        link.answer(second, VouchAnswer.TRUE, "", "", new.available_at)
        assert not link.remind(third.id, new.available_at)
    with pytest.raises(NotFound):
        link.find(token, MONDAY)
