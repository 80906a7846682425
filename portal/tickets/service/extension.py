"""Extension 延期: asked by the cadre before the due, granted once, a second time by a leader."""

from portal.errors import N_, Invalid, InvalidTransition
from portal.sla.calendars import calendar_of
from portal.sla.models import Clock
from portal.sla.service import Clocks
from portal.sla.worktime import Calendar
from portal.tickets import petition_rules as rules
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.service import petition
from portal.tickets.service.move import Ask, begin, record, tell


def ask_extension(ask: Ask, days: int, reason_code: str, reason: str) -> Ticket:
    """Asks to move the resolve due by `days` working days (domain.md §3).

    The firm reads the reason once it is granted. Raises InvalidTransition when no extension is
    possible any more, Invalid for a number of days beyond the cap or an unknown reason.
    """
    ticket = begin(ask, Action.ASK_EXTENSION)
    clock = resolve_clock(Clocks(ticket, ask.now))
    promise = promise_of(clock)
    calendar = calendar_of(clock.calendar_id) if clock else None
    if calendar is None or promise is None or clock is None:
        sentence = N_("这件诉求没有正在计算的办结时限，不需要延期。")
        raise InvalidTransition(ticket.status, Action.ASK_EXTENSION, sentence)
    if sentence := rules.no_extension(calendar, promise, ticket.extended, ask.now):
        raise InvalidTransition(ticket.status, Action.ASK_EXTENSION, sentence)
    _ensure_days(calendar, promise, days)
    wanted = rules.extended_due(calendar, clock.due_at, days)
    petition.put(
        *(ask, ticket, Action.ASK_EXTENSION, "extension", reason_code, reason),
        granted=ticket.extended,
        said={"days": days, "wanted": wanted.isoformat()},
        days=days,
        clock_id=clock.id,
        department_id=ticket.department_id,
    )
    return ticket


def grant_extension(ask: Ask, text: str, petition_id: int | None = None) -> Ticket:
    """Moves the due; `original_due_at` stays, the timers are armed anew, the firm is told why.

    Raises Invalid when the cap leaves less than what was asked, Stale for another petition.
    """
    ticket = begin(ask, Action.GRANT_EXTENSION)
    row = petition.decide(ask, ticket, "extension", "granted", text, petition_id)
    clocks = Clocks(ticket, ask.now)
    clock = resolve_clock(clocks)
    promise = promise_of(clock)
    if clock is None or promise is None or clock.id != row.clock_id or row.days is None:
        sentence = N_("申请延期的办结时限已经结束。")
        raise InvalidTransition(ticket.status, Action.GRANT_EXTENSION, sentence)
    _ensure_days(calendar_of(clock.calendar_id), promise, row.days)
    row.due_before = clock.due_at
    clocks.extend(clock, row.days)
    row.due_after = clock.due_at
    ticket.extended += 1
    record(
        ask,
        ticket,
        Action.GRANT_EXTENSION,
        reason_code=row.reason_code,
        text=row.reason,
        days=row.days,
        due=clock.due_at.isoformat(),
        answer=text,
    )
    stamp, due = f"{ticket.id}:{row.id}", clock.due_at.isoformat()
    kind = "extension_granted"
    tell(ticket, kind, ask.now, users=[row.asked_by_id], key=f"{kind}:{stamp}", due=due)
    tell(ticket, "extended", ask.now, users=[ticket.applicant_id], key=f"extended:{stamp}", due=due)
    return ticket


def refuse_extension(ask: Ask, text: str, petition_id: int | None = None) -> Ticket:
    """The due stays as it is; who asked is told why."""
    ticket = begin(ask, Action.REFUSE_EXTENSION)
    row = petition.decide(ask, ticket, "extension", "refused", text, petition_id)
    record(ask, ticket, Action.REFUSE_EXTENSION, public=False, text=text)
    tell(ticket, "extension_refused", ask.now, users=[row.asked_by_id])
    return ticket


def resolve_clock(clocks: Clocks) -> Clock | None:
    """The ticket's open resolve clock."""
    return next((clock for clock in clocks.open if clock.kind == "resolve"), None)


def promise_of(clock: Clock | None) -> rules.Promise | None:
    """What the rules need of a clock."""
    if clock is None:
        return None
    return rules.Promise(clock.target, clock.started_at, clock.due_at, clock.original_due_at)


def _ensure_days(calendar: Calendar, promise: rules.Promise, days: int) -> None:
    if refused := rules.bad_days(calendar, promise, days):
        raise Invalid(*refused)
