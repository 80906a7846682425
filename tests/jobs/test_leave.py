"""Leave with a set clock: offered at the opening, taken in one step, given back, each once."""

from collections import Counter
from datetime import date, datetime

import pytest
from sqlalchemy import select

from portal.auth.models import User
from portal.db import transaction
from portal.directory import service as directory
from portal.directory.changes import Editor
from portal.directory.models import Leave
from portal.errors import Conflict, Invalid, NotFound
from portal.extensions import db
from portal.notify.messages import words
from portal.notify.models import Notice
from portal.outbox import relay
from portal.sla.sweep import sweep, waiting
from portal.tickets import handover_queries
from portal.tickets.handover_models import Handover, HandoverItem
from portal.tickets.models import TicketEvent
from portal.tickets.queries import get_visible
from portal.tickets.service import assign, confirmation, handover, review
from tests.factories import MONDAY, Town
from tests.service.stages import Play, local, shown, signed

TUESDAY, FRIDAY = date(2026, 3, 3), date(2026, 3, 6)
OPENING = local("2026-03-03 08:30")
EDITOR = Editor(None, MONDAY)


def away(
    cadre: int | None,
    deputy: int | None,
    first: date = TUESDAY,
    last: date = FRIDAY,
    *,
    give_back: bool = True,
) -> int:
    """Leave noted by the administrator; its id."""
    with transaction():
        return directory.add_leave(EDITOR, cadre or 0, deputy, first, last, give_back=give_back).id


def hand_over(
    town: Town, number: int = 2, *, give_back: bool = True
) -> tuple[list[Play], Handover]:
    """Tickets of the cadre 李明, offered to 孙强 on Tuesday at the opening."""
    held = held_by_cadre(town, number)
    away(town.cadre.id, town.cadre2.id, give_back=give_back)
    assert sweep(OPENING).leaves == 1
    return held, db.session.scalars(select(Handover)).one()


def held_by_cadre(town: Town, number: int) -> list[Play]:
    """So many signed tickets of 李明."""
    held = []
    for _ in range(number):
        play = signed(town)
        if play.who.id != town.cadre.id:
            play.do(assign.reassign, town.supervisor, town.cadre.id, "统筹").sign()
        held.append(play)
    return held


def take(town: Town, row: Handover, plays: list[Play], who: str = "cadre2", at: datetime = OPENING):
    with transaction():
        ids = [play.ticket_id for play in plays]
        return handover.take(town.people[who], row.id, ids, at)


def states() -> Counter[str]:
    db.session.rollback()
    return Counter(db.session.scalars(select(HandoverItem.state)))


def test_the_list_is_offered_at_the_opening_of_the_first_day_and_once(town: Town) -> None:
    held = held_by_cadre(town, 2)
    away(town.cadre.id, town.cadre2.id)
    early = local("2026-03-03 08:29")
    assert sweep(early).leaves == 0
    assert waiting(OPENING)
    assert sweep(OPENING).leaves == 1
    assert sweep(OPENING).leaves == 0
    row = db.session.scalars(select(Handover)).one()
    assert (row.cadre_id, row.deputy_id) == (town.cadre.id, town.cadre2.id)
    assert states() == {"offered": 2}
    for play in held:
        assert play.ticket.assignee_id == town.cadre.id
        assert play.event().action == "offer"
        assert play.event().payload["reasons"] == ["李明3月3日至3月6日请假", "待孙强接手"]
    relay.drain(lambda: OPENING)
    notice = db.session.scalars(select(Notice).where(Notice.kind == "handover")).one()
    assert (notice.user_id, words(notice)) == (town.cadre2.id, "请接手李明请假期间的 2 件诉求。")


def test_leave_that_begins_on_a_saturday_is_handed_over_on_monday(town: Town) -> None:
    held_by_cadre(town, 1)
    away(town.cadre.id, town.cadre2.id, date(2026, 3, 7), date(2026, 3, 10))
    assert not handover_due(local("2026-03-07 12:00"))
    assert sweep(local("2026-03-08 20:00")).leaves == 0
    assert sweep(local("2026-03-09 08:30")).leaves == 1


def handover_due(now: datetime) -> bool:
    return sweep(now).leaves > 0


def test_the_deputy_takes_all_in_one_step_and_signs_anew(town: Town) -> None:
    held, row = hand_over(town)
    resolve = held[0].clock("resolve").due_at
    assert take(town, row, held) == 2
    assert states() == {"taken": 2}
    for play in held:
        ticket = play.ticket
        assert (ticket.status, ticket.assignee_id) == ("assigned", town.cadre2.id)
        assert play.event().payload["reasons"] == ["孙强接手：李明3月3日至3月6日请假"]
        assert shown(play.clock("sign").due_at) == "2026-03-03 10:30"
    assert held[0].clock("resolve").due_at == resolve
    assert take(town, row, held) == 0


def test_some_are_taken_and_the_rest_stays_in_sight(town: Town) -> None:
    held, row = hand_over(town, 3)
    assert take(town, row, held[:1]) == 1
    for who in ("cadre", "cadre2", "reviewer", "dispatcher"):
        [(found, offered, taken)] = handover_queries.open_handovers(town.people[who])
        assert (found.id, offered, taken) == (row.id, 2, 1)
    for who in ("labour", "supervisor"):
        assert handover_queries.open_handovers(town.people[who]) == []


def test_what_comes_back_during_the_leave_goes_on_the_list(town: Town) -> None:
    """Sent back or disputed, it would lie with somebody who is not there until the leave ends."""
    play = held_by_cadre(town, 1)[0].resolve()
    away(town.cadre.id, town.cadre2.id)
    assert sweep(OPENING).leaves == 1
    row = db.session.scalars(select(Handover)).one()
    assert take(town, row, [play]) == 0
    late = held_by_cadre(town, 1)[0].resolve()
    for one in (play, late):
        one.later(to="2026-03-03 08:30").do(review.send_back, town.reviewer, "请补充答复。")
        relay.drain(lambda: OPENING)
    assert states() == {"offered": 2}
    assert [one.event().action for one in (play, late)] == ["send_back", "offer"]
    told = db.session.scalars(select(Notice).where(Notice.kind == "handover_more")).all()
    assert {(one.user_id, one.ticket_id) for one in told} == {
        (town.cadre2.id, play.ticket_id),
        (town.cadre2.id, late.ticket_id),
    }
    assert take(town, row, [play, late]) == 2
    assert late.ticket.assignee_id == town.cadre2.id


def test_what_comes_back_to_somebody_with_nothing_open_makes_a_list(town: Town) -> None:
    play = held_by_cadre(town, 1)[0].resolve().approve().confirm()
    away(town.cadre.id, None)
    sweep(OPENING)
    assert db.session.scalar(select(Handover)) is None
    play.later(to="2026-03-03 08:30").do(confirmation.reopen, town.firm, "问题又出现了。")
    relay.drain(lambda: OPENING)
    assert states() == {"offered": 1}
    notice = db.session.scalars(select(Notice).where(Notice.kind == "handover_more")).one()
    assert notice.user_id == town.reviewer.id


def test_who_is_not_concerned_does_not_know_of_it(town: Town) -> None:
    held, row = hand_over(town)
    for who in ("labour", "supervisor", "firm", "admin"):
        with pytest.raises(NotFound):
            take(town, row, held, who)
    assert take(town, row, held[:1], "reviewer") == 1
    assert take(town, row, held[1:], "dispatcher") == 1
    assert held[1].ticket.assignee_id == town.cadre2.id


def test_what_is_still_with_the_deputy_comes_back_when_the_leave_is_over(town: Town) -> None:
    held, row = hand_over(town, 4)
    take(town, row, held[:3])
    held[0].later(to="2026-03-04 09:00").sign().resolve()  # waits for the reviewer
    held[1].later(to="2026-03-04 09:00").do(
        assign.reassign, town.supervisor, town.labour.id, "统筹"
    )
    assert sweep(local("2026-03-06 23:59")).leaves == 0
    over = local("2026-03-07 00:00")
    assert waiting(over)
    assert sweep(over).leaves == 1
    assert states() == {"kept": 2, "returned": 1, "left": 1}
    back = held[2]
    assert (back.status, back.ticket.assignee_id) == ("assigned", town.cadre.id)
    assert back.event().payload["reasons"] == ["李明销假，代理人交还"]
    assert shown(back.clock("sign").due_at) == "2026-03-09 10:30"
    assert held[0].ticket.assignee_id == town.cadre2.id
    assert held[1].ticket.assignee_id == town.labour.id
    assert held[3].ticket.assignee_id == town.cadre.id
    assert sweep(over).leaves == 0
    with pytest.raises(Conflict):
        take(town, row, held, at=over)


def test_without_the_wish_it_stays_with_the_deputy(town: Town) -> None:
    held, row = hand_over(town, give_back=False)
    take(town, row, held)
    sweep(local("2026-03-07 00:00"))
    assert states() == {"kept": 2}
    assert held[0].ticket.assignee_id == town.cadre2.id


def test_leave_that_is_shortened_or_taken_back_gives_back_at_once(town: Town) -> None:
    held, row = hand_over(town)
    take(town, row, held)
    leave_id = row.leave_id or 0
    with transaction():
        directory.remove_leave(EDITOR, town.cadre.id or 0, leave_id, date(2026, 3, 5))
    assert sweep(local("2026-03-05 10:00")).leaves == 1
    assert states() == {"returned": 2}
    assert held[0].ticket.assignee_id == town.cadre.id


def test_leave_taken_back_on_its_first_day_ends_the_list(town: Town) -> None:
    held, row = hand_over(town)
    take(town, row, held[:1])
    with transaction():
        directory.remove_leave(EDITOR, town.cadre.id or 0, row.leave_id or 0, TUESDAY)
    assert sweep(local("2026-03-03 11:00")).leaves == 1
    assert states() == {"returned": 1, "left": 1}
    assert held[0].ticket.assignee_id == town.cadre.id


def test_leave_taken_back_before_offers_nothing(town: Town) -> None:
    held_by_cadre(town, 1)
    leave_id = away(town.cadre.id, town.cadre2.id)
    with transaction():
        directory.remove_leave(EDITOR, town.cadre.id or 0, leave_id, date(2026, 3, 2))
    assert sweep(OPENING).leaves == 0
    assert states() == {}


def test_nothing_comes_back_to_somebody_who_is_away_again(town: Town) -> None:
    held, row = hand_over(town)
    take(town, row, held)
    away(town.cadre.id, town.cadre2.id, date(2026, 3, 7), date(2026, 3, 12))
    sweep(local("2026-03-07 00:00"))
    assert states() == {"kept": 2}


def test_the_chain_of_deputies_is_followed_to_its_end(town: Town) -> None:
    held_by_cadre(town, 1)
    away(town.cadre2.id, town.labour.id)
    away(town.cadre.id, town.cadre2.id)
    sweep(OPENING)
    rows = db.session.scalars(select(Handover)).all()
    assert {row.deputy_id for row in rows} == {town.labour.id}


def test_a_deputy_who_goes_passes_on_what_was_not_taken(town: Town) -> None:
    held, row = hand_over(town)
    take(town, row, held[:1])
    away(town.cadre2.id, town.labour.id, date(2026, 3, 4), FRIDAY)
    sweep(local("2026-03-04 08:30"))
    db.session.refresh(row)
    assert row.deputy_id == town.labour.id
    second = db.session.scalars(select(Handover).where(Handover.id != row.id)).one()
    assert (second.cadre_id, second.deputy_id) == (town.cadre2.id, town.labour.id)
    assert take(town, row, held[1:], "labour", local("2026-03-04 09:00")) == 1
    assert held[1].ticket.assignee_id == town.labour.id


def test_without_a_deputy_the_reviewer_hears_of_it(town: Town) -> None:
    held_by_cadre(town, 1)
    away(town.cadre.id, None)
    sweep(OPENING)
    relay.drain(lambda: OPENING)
    readers = select(User.username).join(Notice, Notice.user_id == User.id)
    assert list(db.session.scalars(readers.where(Notice.kind == "handover"))) == ["reviewer"]
    row = db.session.scalars(select(Handover)).one()
    with pytest.raises(Invalid):
        take(town, row, [], "reviewer")


def test_a_late_look_offers_nothing_when_the_leave_is_over(town: Town) -> None:
    held_by_cadre(town, 1)
    away(town.cadre.id, town.cadre2.id)
    sweep(local("2026-03-09 08:30"))
    assert states() == {}
    assert db.session.scalars(select(Leave)).one().offered_at is not None
    offers = select(TicketEvent).where(TicketEvent.action == "offer")
    assert db.session.scalars(offers).all() == []


def test_the_deputy_reads_what_is_offered_and_no_longer(town: Town) -> None:
    held, _row = hand_over(town, 1)
    number = held[0].ticket.number
    assert get_visible(town.cadre2, number).id == held[0].ticket_id
    with pytest.raises(NotFound):
        get_visible(town.labour, number)
    sweep(local("2026-03-07 00:00"))
    with pytest.raises(NotFound):
        get_visible(town.cadre2, number)
