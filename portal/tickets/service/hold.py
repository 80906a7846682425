"""Hold 挂账: a promised date, an owner and reports on the way; the clocks run on (domain.md §2)."""

from datetime import date, datetime

from sqlalchemy import select

from portal.auth.models import User
from portal.auth.roles import DEPARTMENT_ROLES, SYSTEM, Role
from portal.errors import Invalid
from portal.extensions import db
from portal.sla.calendars import current_calendar
from portal.tickets import petition_rules as rules
from portal.tickets.lifecycle import Action, Status
from portal.tickets.models import Ticket
from portal.tickets.petition_models import Petition
from portal.tickets.service import petition
from portal.tickets.service.move import Ask, begin, record, tell


def ask_hold(
    ask: Ask, reason_code: str, reason: str, promised_on: date, report_on: date, owner_id: int
) -> Ticket:
    """Asks to hold the ticket until `promised_on`, with a first report on `report_on`.

    `owner_id`: who answers for it, of the ticket's department. Raises Invalid for a date that the
    rules refuse, a wrong owner or an unknown reason.
    """
    ticket = begin(ask, Action.ASK_HOLD)
    _ensure_dates(promised_on, report_on, ask.now)
    owner = db.session.get(User, owner_id)
    if (
        owner is None
        or not owner.active
        or owner.role not in DEPARTMENT_ROLES
        or owner.department_id != ticket.department_id
    ):
        raise Invalid("请选择本单位的一位在职人员负责。", "owner_id")
    petition.put(
        *(ask, ticket, Action.ASK_HOLD, "hold", reason_code, reason),
        said={"until": promised_on.isoformat(), "owner": owner.name},
        promised_on=promised_on,
        report_on=report_on,
        owner_id=owner_id,
        department_id=ticket.department_id,
    )
    return ticket


def hold(ask: Ask, text: str, petition_id: int | None = None) -> Ticket:
    """Grants the hold: on_hold until the promised date; no clock stands still.

    A report date that has come meanwhile is moved on. Raises Invalid when the promised one has.
    """
    ticket = begin(ask, Action.HOLD)
    row = petition.decide(ask, ticket, "hold", "granted", text, petition_id)
    today, (promised, report) = rules.local_day(current_calendar(), ask.now), _dates(row)
    if promised <= today:
        raise Invalid("承诺恢复办理的日期已到，请不同意，由承办人重新申请。")
    if report <= today:
        row.report_on = rules.next_report(today, promised)
    row.act_at = _next_look(row)
    ticket.held_until = promised  # with the status, or the row would contradict itself
    record(
        ask,
        ticket,
        Action.HOLD,
        reason_code=row.reason_code,
        text=row.reason,
        until=promised.isoformat(),
        answer=text,
    )
    stamp = f"{ticket.id}:{row.id}"
    people = [row.asked_by_id, row.owner_id]
    tell(ticket, "hold_granted", ask.now, users=people, key=f"hold_granted:{stamp}")
    tell(ticket, "held", ask.now, users=[ticket.applicant_id], key=f"held:{stamp}")
    return ticket


def refuse_hold(ask: Ask, text: str, petition_id: int | None = None) -> Ticket:
    """The ticket stays in progress; who asked is told why."""
    ticket = begin(ask, Action.REFUSE_HOLD)
    row = petition.decide(ask, ticket, "hold", "refused", text, petition_id)
    record(ask, ticket, Action.REFUSE_HOLD, public=False, text=text)
    tell(ticket, "hold_refused", ask.now, users=[row.asked_by_id])
    return ticket


def resume(ask: Ask, text: str = "") -> Ticket:
    """Takes the ticket up again: by the cadre at any time, by the system on the promised date."""
    ticket = begin(ask, Action.RESUME)
    running(ticket).act_at = None
    ticket.held_until = None
    record(ask, ticket, Action.RESUME, text=text)
    if ask.actor.role is Role.SYSTEM:
        key = f"hold_over:{ticket.id}:{ticket.event_count}"
        tell(ticket, "hold_over", ask.now, users=[ticket.assignee_id], key=key)
    tell(ticket, "resumed", ask.now, users=[ticket.applicant_id])
    return ticket


def reported(ticket: Ticket, now: datetime) -> None:
    """A public reply on a ticket on hold is its report: the next one is due within 30 days."""
    if ticket.status != Status.ON_HOLD:
        return
    row = running(ticket)
    promised, _ = _dates(row)
    row.report_on = rules.next_report(rules.local_day(current_calendar(), now), promised)
    row.act_at = _next_look(row)


def look(ticket: Ticket, row: Petition, now: datetime) -> None:
    """What the day brings to a running hold: its end, a report to be made, or one not made.

    Only the furthest of them, so that a service that was down tells once. On the report day the
    cadre and the owner are asked, on the next working day the supervisors hear that none came.
    """
    calendar = current_calendar()
    today, (promised, report) = rules.local_day(calendar, now), _dates(row)
    if now >= rules.opening(calendar, promised):
        resume(Ask(SYSTEM, ticket.id, now))
        return
    stamp = f"{row.id}:{report}"
    late = today > rules.local_day(calendar, rules.opening(calendar, report))
    action = Action.BREACH if late else Action.REMIND
    record(Ask(SYSTEM, ticket.id, now), ticket, action, public=False, clock="report")
    if late:
        tell(ticket, "report_late", now, role=Role.SUPERVISOR, key=f"report_late:{stamp}")
        row.report_on = rules.next_report(today, promised)
        row.act_at = _next_look(row)
        return
    people = [ticket.assignee_id, row.owner_id]
    tell(ticket, "report", now, users=people, key=f"report:{stamp}")
    following = rules.opening(calendar, rules.next_day(calendar, now))
    row.act_at = min(following, rules.opening(calendar, promised))


def running(ticket: Ticket) -> Petition:
    """The granted hold that a ticket on hold stands under."""
    query = select(Petition).where(
        Petition.ticket_id == ticket.id, Petition.kind == "hold", Petition.state == "granted"
    )
    return db.session.scalars(query.order_by(Petition.id.desc()).limit(1)).one()


def _next_look(row: Petition) -> datetime:
    calendar = current_calendar()
    return min(rules.opening(calendar, day) for day in _dates(row))


def _dates(row: Petition) -> tuple[date, date]:
    if row.promised_on is None or row.report_on is None:
        raise ValueError(f"Petition {row.id} is no hold.")
    return row.promised_on, row.report_on


def _ensure_dates(promised: date, report: date, now: datetime) -> None:
    if refused := rules.bad_hold(current_calendar(), promised, report, now):
        raise Invalid(*refused)
