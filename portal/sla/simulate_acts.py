"""What the people of the simulated year can do to a ticket now: one verb each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random

from portal.auth.roles import Actor
from portal.tickets.lifecycle import Outcome, Status
from portal.tickets.models import Ticket
from portal.tickets.service import (
    applicant,
    assign,
    confirmation,
    extension,
    handle,
    review,
    triage,
)
from portal.tickets.service.move import Ask

S = Status
Choice = tuple[str, Callable[[], object] | None]
"""The action's word and the verb; no verb is to wait."""


@dataclass(frozen=True)
class People:
    """Who plays, and what about: category ids, and the department they are dispatched to."""

    firm: Actor
    reviewer: Actor
    dispatcher: Actor
    supervisor: Actor
    leader: Actor
    department_id: int
    categories: tuple[int, ...]


def choices(people: People, ticket: Ticket, now: datetime, rng: Random) -> Iterator[Choice]:
    """Everything that somebody may do at `now`; `rng` makes the rare things rare."""
    firm = Ask(people.firm, ticket.id, now)
    dispatcher = Ask(people.dispatcher, ticket.id, now)
    if ticket.status != S.CLOSED:
        yield "wait", None
    if ticket.status == S.TRIAGE:
        unit = people.department_id
        yield "dispatch", lambda: assign.dispatch(dispatcher, unit, None, "归口")
        yield "ask_info", lambda: handle.ask_info(dispatcher, "请补充合同")
    elif ticket.status == S.NEEDS_INFO:
        yield "supply_info", lambda: applicant.supply_info(firm, "合同见附件")
    elif ticket.status == S.AWAITING_CONFIRMATION:
        yield "confirm", lambda: confirmation.confirm(firm, 5)
        yield "dispute", lambda: confirmation.dispute(firm, 1, "没有解决")
    elif ticket.status == S.IN_REVIEW:
        reviewer = Ask(people.reviewer, ticket.id, now)
        yield "approve", lambda: review.approve(reviewer)
        yield "send_back", lambda: review.send_back(reviewer, "写清楚")
    elif ticket.reopen_until and now <= ticket.reopen_until and ticket.outcome == Outcome.SOLVED:
        yield "wait", None
        if ticket.round < 3:
            yield "reopen", lambda: confirmation.reopen(firm, "又出现了")
    if ticket.assignee is not None and ticket.status != S.CLOSED:
        yield from _handling(people, ticket, now, rng)


def _handling(people: People, ticket: Ticket, now: datetime, rng: Random) -> Iterator[Choice]:
    """What the cadre who holds the ticket, or a supervisor beside, can do."""
    holder = ticket.assignee
    cadre = Ask(holder.actor, ticket.id, now) if holder else Ask(people.firm, ticket.id, now)
    supervisor = Ask(people.supervisor, ticket.id, now)
    if ticket.status == S.ASSIGNED:
        yield "sign", lambda: handle.sign(cadre)
    if ticket.status == S.IN_PROGRESS:
        yield "ask_info", lambda: handle.ask_info(cadre, "请补充材料")
        yield "note", lambda: handle.note(cadre, "已核实")
        yield "resolve", lambda: handle.resolve(cadre, Outcome.SOLVED, "已解决", "")
    if ticket.status in (S.ASSIGNED, S.IN_PROGRESS, S.NEEDS_INFO):
        yield "record_contact", lambda: handle.record_contact(cadre, "phone", "已联系")
        yield "reply", lambda: handle.reply(cadre, "正在协调")
    if ticket.order_pending:
        yield "answer_order", lambda: handle.answer_order(cadre, "已整改")
    elif rng.random() < 0.1:
        yield "supervise", lambda: triage.supervise(supervisor, "请说明")
    if rng.random() < 0.05:
        yield "terminate", lambda: triage.terminate(supervisor, "不再办理")
    if ticket.status == S.IN_PROGRESS and not ticket.extension_pending:
        days = rng.randint(1, 5)
        why = "several_units", "需要会商"
        yield "ask_extension", lambda: extension.ask_extension(cadre, days, *why)
    elif ticket.extension_pending and ticket.status in (S.IN_PROGRESS, S.NEEDS_INFO):
        ruler = Ask(people.leader, ticket.id, now)
        yield "grant_extension", lambda: extension.grant_extension(ruler, "同意")
