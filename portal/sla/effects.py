"""What a timer does when it fires: one effect for each level of each clock (domain.md §2, §3)."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from portal.auth.roles import SYSTEM, Role
from portal.sla import ladder
from portal.sla.models import Clock, Timer
from portal.sla.service import Clocks
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket
from portal.tickets.service import applicant, confirmation, elevate, handle, order
from portal.tickets.service.move import Ask, record, tell

# Who is told where the policy of the clock no longer names the level.
_USUAL = {"warn": ("cadre",), "due": ("cadre", "reviewer")}


@dataclass(frozen=True)
class Firing:
    """A due timer of a clock on its locked ticket, and the lower levels that it makes pointless.

    `slot`: when an escalation that arises `now` is told (UTC).
    """

    ticket: Ticket
    clock: Clock
    timer: Timer
    lower: tuple[Timer, ...]
    now: datetime
    slot: datetime

    @property
    def ask(self) -> Ask:
        """The wish of the system on this ticket, now."""
        return Ask(SYSTEM, self.ticket.id, self.now)

    def skip(self) -> None:
        """Notes that there was nothing to do."""
        self.timer.state, self.timer.fired_at = "skipped", None


def is_notice(one: Firing) -> bool:
    """Whether the effect only records and tells, and leaves the ticket as it is."""
    return _effect(one) is _escalate


def take(one: Firing) -> None:
    """The effect of a timer; what it cannot do, it marks as skipped."""
    _effect(one)(one)


def _effect(one: Firing) -> "Effect":
    level = one.timer.level
    return EFFECTS.get((one.clock.kind, level)) or LEVELS.get(level, _escalate)


def _sign(one: Firing) -> None:
    handle.sign(one.ask)


def _lapse_info(one: Firing) -> None:
    applicant.lapse_info(one.ticket.id, one.now)


def _lapse_confirmation(one: Firing) -> None:
    confirmation.lapse_confirmation(one.ticket.id, one.now)


def _remind(one: Firing) -> None:
    clock, level, ticket = one.clock, one.timer.level, one.ticket
    record(one.ask, ticket, Action.REMIND, public=True, clock=clock.kind, level=level)
    kind = "ask_info" if clock.kind == "supply" else "remind"
    due = clock.due_at.isoformat()
    key = f"{level}:{clock.id}:{due}"
    tell(ticket, kind, one.now, users=[ticket.applicant_id], key=key, due=due)


def _escalate(one: Firing) -> None:
    """Yellow and red tell whom the policy's level names, in their working hours."""
    ticket, clock = one.ticket, one.clock
    action = Action.BREACH if one.now > clock.due_at else Action.WARN
    due = clock.due_at.isoformat()
    record(one.ask, ticket, action, public=False, clock=clock.kind, due=due)
    readers = _readers(one)
    people = {"cadre": ticket.assignee_id, "applicant": ticket.applicant_id}
    users = [people[who] for who in readers if who in people]
    roles = [Role(who) for who in readers if who not in people]
    for role in roles or [None]:
        # The key holds the due value: a moved due warns again, the same one never (lessons.md 11).
        tell(
            ticket,
            action,
            one.now,
            users=users,
            role=role,
            department_id=ticket.department_id if role is Role.REVIEWER else None,
            key=f"{one.timer.level}:{clock.id}:{due}:{role or ''}",
            slot=one.slot,
            clock=clock.kind,
            due=due,
        )
        users = []


def _readers(one: Firing) -> list[str]:
    """The roles that a level is told to; where nobody holds the ticket, the dispatcher."""
    ticket, clock, level = one.ticket, one.clock, one.timer.level
    rule = Clocks(ticket, one.now, fresh=True).rule(clock.policy_id, clock.kind)
    named = next((each.who for each in rule.levels if each.name == level), None) if rule else None
    readers = _USUAL.get(level, ("cadre",)) if named is None else named
    if ticket.assignee_id is None:
        readers = tuple("dispatcher" if r in ("cadre", "reviewer") else r for r in readers)
    return list(dict.fromkeys(readers))


def _order(one: Firing) -> None:
    if not order.open_by_itself(one.ticket, one.clock.kind, one.now):
        one.skip()


def _elevate(one: Firing) -> None:
    if one.ticket.elevated_at is not None:
        one.skip()
        return
    elevate.elevate(one.ask, "overdue", one.clock.kind)


Effect = Callable[[Firing], None]
LEVELS: dict[str, Effect] = {ladder.ORDER: _order, ladder.ELEVATE: _elevate}
EFFECTS: dict[tuple[str, str], Effect] = {
    ("sign", "due"): _sign,
    ("supply", "due"): _lapse_info,
    ("supply", "warn"): _remind,
    ("confirm", "due"): _lapse_confirmation,
    ("confirm", "remind_1"): _remind,
    ("confirm", "remind_2"): _remind,
}
