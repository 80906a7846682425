"""The rest of the ladder: orders by themselves, elevation, orders' own clock (domain.md §3)."""

from sqlalchemy import func, select

from portal.extensions import db
from portal.sla.models import Timer
from portal.sla.sweep import sweep
from portal.tickets.order_models import Order
from portal.tickets.service import applicant, confirmation, handle, triage
from tests.factories import Town
from tests.service.stages import Play, shown, signed


def orders(play: Play) -> list[Order]:
    db.session.rollback()
    query = select(Order).where(Order.ticket_id == play.ticket_id)
    return list(db.session.scalars(query.order_by(Order.id)))


def answered(town: Town) -> Play:
    """A ticket whose cadre has answered the firm; resolve is due on 2026-03-23 17:30."""
    return signed(town).do(handle.reply, town.cadre, "正在协调")


def test_red_for_two_working_days_opens_an_order_by_itself(town: Town) -> None:
    play = answered(town)
    sweep(play.later(to="2026-03-25 17:30").now)
    assert orders(play) == []
    sweep(play.later(1).now)
    (order,) = orders(play)
    assert (order.issued_by_id, shown(order.due_at)) == (None, "2026-03-27 17:30")
    event = play.event()
    assert (event.action, event.actor_role, event.public) == ("supervise", "system", False)
    assert play.ticket.order_pending
    assert play.told("supervised") == ["cadre"]


def test_an_order_that_waits_is_never_doubled(town: Town) -> None:
    play = answered(town).later(to="2026-03-24 09:00")
    play.do(triage.supervise, town.supervisor, "请说明进展")
    sweep(play.later(to="2026-03-25 17:31").now)
    assert len(orders(play)) == 1
    query = select(Timer.state).where(
        Timer.level == "order", Timer.clock_id == play.clock("resolve").id
    )
    assert db.session.scalars(query).one() == "skipped"


def test_red_for_five_working_days_goes_to_the_leader_once(town: Town) -> None:
    play = answered(town)
    sweep(play.later(to="2026-03-30 17:31").now)
    sweep(play.now)
    assert play.ticket.elevated_at == play.now
    assert play.events().count("elevate") == 1
    assert play.told("elevated") == ["leader"]
    assert orders(play) == []  # the highest missed level alone


def test_the_second_dispute_elevates_at_once(town: Town) -> None:
    play = signed(town).resolve().approve()
    play.do(confirmation.dispute, town.firm, 1, "银行没有续贷")
    assert play.ticket.elevated_at is None
    play.resolve().approve().do(confirmation.dispute, town.firm, 1, "还是没有")
    assert play.ticket.elevated_at == play.now
    event = play.event()
    assert (event.action, event.payload["why"]) == ("elevate", "disputes")


def test_an_order_warns_and_breaches_to_its_issuer_and_a_late_answer_shows(town: Town) -> None:
    play = signed(town).do(triage.supervise, town.supervisor, "请说明进展")
    play.do(handle.reply, town.cadre, "正在协调")
    sweep(play.later(to="2026-03-03 17:31").now)
    assert play.told("order_warn") == ["cadre", "supervisor"]
    sweep(play.later(to="2026-03-04 17:30").now)
    assert play.told("order_late") == []  # the due itself is in time
    for _ in range(2):
        sweep(play.later(1).now)
    assert play.told("order_late") == ["cadre", "supervisor"]
    play.do(handle.answer_order, town.cadre, "本周办结")
    assert play.event().payload["late"] is True
    sweep(play.later(to="2026-03-10 09:00").now)
    assert play.told("order_late") == ["cadre", "supervisor"]


def test_an_answered_order_is_never_looked_at_again(town: Town) -> None:
    play = signed(town).do(triage.supervise, town.supervisor, "请说明进展")
    play.later(5).do(handle.answer_order, town.cadre, "本周办结")
    assert "late" not in play.event().payload
    assert sweep(play.later(to="2026-03-04 17:31").now).orders == 0


def test_a_moved_due_and_a_rearmed_clock_fire_no_level_twice(town: Town) -> None:
    """lessons.md 1: (clock, level, generation) fires once; what fired is not armed again."""
    play = answered(town)
    sweep(play.later(to="2026-03-30 17:31").now)
    play.later(to="2026-03-31 09:00").do(handle.ask_info, town.cadre, "请补充")
    play.later(60).do(applicant.supply_info, town.firm, "已补充")
    sweep(play.later(to="2026-04-01 10:00").now)
    query = select(func.count()).where(
        Timer.clock_id == play.clock("resolve").id, Timer.state == "fired"
    )
    assert db.session.scalar(query) == 1
    assert play.events().count("elevate") == 1
