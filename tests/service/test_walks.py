"""Random days of a ticket: whatever people and sweeps do, the facts on the rows fit together."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from sqlalchemy import select

from portal.auth.roles import Actor
from portal.db import transaction
from portal.errors import PortalError
from portal.extensions import db
from portal.sla.calendars import current_calendar
from portal.sla.models import Clock, Pause, Timer
from portal.sla.sweep import sweep
from portal.tickets.lifecycle import Action, Outcome, Status, targets
from portal.tickets.models import TicketEvent
from portal.tickets.order_models import Order
from portal.tickets.petition_models import Petition
from portal.tickets.service import (
    applicant,
    assign,
    confirmation,
    exclusion,
    extension,
    handle,
    hold,
    review,
    triage,
)
from portal.tickets.service.move import Ask
from tests.factories import Town
from tests.service.stages import Play, file

STEPS = 40
TRIES = 4  # so that most steps do something
Deed = tuple[Callable[..., Any], str, tuple[Any, ...]]


def deeds(town: Town) -> list[Deed]:
    """All that people can try; "holder" is whoever the ticket is assigned to."""
    finance, labour = town.departments["finance"], town.departments["labour"]
    return [
        (handle.sign, "holder", ()),
        (handle.record_contact, "holder", ("phone", "已联系")),
        (handle.reply, "holder", ("正在协调",)),
        (handle.note, "holder", ("已核实",)),
        (handle.ask_info, "holder", ("请补充合同",)),
        (handle.ask_info, "dispatcher", ("请写明地点",)),
        (handle.resolve, "holder", (Outcome.SOLVED, "已协调", "已签批")),
        (handle.resolve, "holder", (Outcome.EXPLAINED, "政策不允许", "已说明")),
        (handle.ask_return, "holder", ("not_ours", "不归我们管")),
        (handle.answer_order, "holder", ("本周办结",)),
        (applicant.supply_info, "firm", ("合同见附件",)),
        (applicant.comment, "firm", ("补充一点",)),
        (applicant.urge, "firm", ()),
        (applicant.withdraw, "firm", ("不办了",)),
        (confirmation.confirm, "firm", (4,)),
        (confirmation.dispute, "firm", (2, "没有解决")),
        (confirmation.reopen, "firm", ("又出问题了",)),
        (confirmation.call_back, "supervisor", (False, "没有解决")),
        (confirmation.call_back, "leader", (True, "已解决")),
        (review.approve, "reviewer", ()),
        (review.send_back, "reviewer", ("缺少依据",)),
        (assign.dispatch, "dispatcher", (finance, None, "归口")),
        (assign.dispatch, "dispatcher", (labour, None, "归口")),
        (assign.reassign, "supervisor", (town.labour.id, "统筹")),
        (assign.reassign, "supervisor", (town.cadre2.id, "统筹")),
        (triage.grant_return, "dispatcher", ("同意",)),
        (triage.refuse_return, "dispatcher", ("不同意",)),
        (triage.supervise, "supervisor", ("请说明进展",)),
        (triage.terminate, "supervisor", ("无法继续",)),
        (triage.transfer, "dispatcher", ("市信访局", "属信访事项")),
        (triage.reject, "dispatcher", ("court", "人民法院", "已在诉讼中")),
    ]


def pleas(town: Town) -> list[Deed]:
    """All that can be asked and ruled beside the handling."""
    finance = town.departments["finance"]
    return [
        (extension.ask_extension, "holder", (3, "approval", "等待批复")),
        (extension.grant_extension, "leader", ("同意",)),
        (extension.refuse_extension, "supervisor", ("抓紧办",)),
        (ask_hold, "holder", ()),
        (hold.hold, "supervisor", ("同意",)),
        (hold.refuse_hold, "supervisor", ("继续办理",)),
        (hold.resume, "holder", ()),
        (exclusion.ask_exclusion, "supervisor", ("in_court", "已立案")),
        (exclusion.grant_exclusion, "leader", ("属实",)),
        (assign.redirect, "supervisor", (finance, None, "统筹")),
    ]


def ask_hold(ask: Ask) -> None:
    """A hold for ten working days, with a report half way."""
    calendar = current_calendar()
    end, report = (calendar.add_days(ask.now, n).astimezone(calendar.zone).date() for n in (10, 5))
    hold.ask_hold(ask, "funds", "资金未到位", end, report, ask.actor.id or 0)


# Endings that leave nothing more to try are rare, so that walks are long.
RARE = {"withdraw", "terminate", "transfer", "reject"}


@pytest.mark.parametrize("seed", range(12))
def test_whatever_happens_the_facts_fit_together(town: Town, seed: int) -> None:
    rng = Random(seed)
    play = file(town, category=rng.choice(["融资", "用工社保", "用地用房"]))
    choices = deeds(town) + pleas(town)
    weights = [1 if verb.__name__ in RARE else 12 for verb, _, _ in choices]
    for _ in range(STEPS):
        play.now += timedelta(minutes=rng.choice([0, 1, 7, 60, 240, 1440, 4000]))
        happening = rng.random()
        if happening < 0.15:
            assert sweep(play.now).failed == 0
        elif happening < 0.3:
            play.relay()
        else:
            any(tried(play, deed) for deed in rng.choices(choices, weights, k=TRIES))
        check(play)
    assert len(play.events()) > 2


def tried(play: Play, deed: Deed) -> bool:
    """Whether the deed was let through; a refusal must change nothing."""
    verb, name, arguments = deed
    before = play.ticket.event_count
    actor = holder(play) if name == "holder" else getattr(play.town, name)
    try:
        with transaction():
            verb(play.ask(actor, seen=play.ticket.version), *arguments)
    except PortalError:
        assert play.ticket.event_count == before
        return False
    return True


def holder(play: Play) -> Actor:
    return play.who if play.ticket.assignee_id else play.town.cadre


def check(play: Play) -> None:
    ticket = play.ticket
    clocks = db.session.scalars(select(Clock).where(Clock.ticket_id == ticket.id)).all()
    armed = set(db.session.scalars(select(Timer.clock_id).where(Timer.state == "armed")))
    state = {clock.id: clock.state for clock in clocks}
    assert all(state[clock_id] == "running" for clock_id in armed)
    paused = db.session.scalar(select(Pause.id).where(Pause.ended_at.is_(None)))
    assert (paused is not None) == (ticket.status == "needs_info")
    if ticket.status != "needs_info":
        assert "paused" not in state.values()
    if ticket.status == "closed":
        assert not {"running", "paused"} & set(state.values())
        assert ticket.next_due_at is None
    else:
        running = [clock.due_at for clock in clocks if clock.state == "running"]
        assert ticket.next_due_at == min(running, default=None)
        assert running
    for clock in clocks:
        assert clock.original_due_at <= clock.due_at
        assert clock.started_at <= clock.warn_at <= clock.due_at
    check_events(play)
    check_questions(play)


def check_events(play: Play) -> None:
    query = select(TicketEvent).where(TicketEvent.ticket_id == play.ticket_id)
    events = db.session.scalars(query.order_by(TicketEvent.seq)).all()
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len(events) == play.ticket.event_count
    assert events[-1].to_status == play.ticket.status
    for one, following in pairwise(events):
        assert following.from_status == one.to_status
        assert following.at >= one.at
        assert following.version >= one.version
        allowed = targets(Status(one.to_status), Action(following.action))
        assert following.to_status in allowed


def check_questions(play: Play) -> None:
    """The flags on the ticket say what its petitions and orders say."""
    rows = db.session.scalars(select(Petition)).all()
    asked = {row.kind: row for row in rows if row.state == "asked"}
    waiting = Order.answered_at.is_(None), Order.cancelled_at.is_(None)
    orders = db.session.scalars(select(Order).where(*waiting)).all()
    ticket = play.ticket
    assert ticket.return_pending == ("return" in asked)
    assert ticket.extension_pending == ("extension" in asked)
    assert ticket.hold_pending == ("hold" in asked)
    assert (ticket.exclusion_asked_by_id is not None) == ("exclusion" in asked)
    assert ticket.order_pending == bool(orders)
    assert ticket.returned == sum(row.kind == "return" and row.state == "granted" for row in rows)
    assert all(row.act_at is None or row.state in ("asked", "granted") for row in rows)
    running = [row for row in rows if row.state == "granted" and row.act_at is not None]
    assert len(running) == (ticket.status == "on_hold")
    handling = [row for kind, row in asked.items() if kind != "exclusion"]
    assert all(row.department_id == ticket.department_id for row in handling)
