"""Proves after a load that the demonstration is what it says; a mismatch undoes the whole load."""

from collections import Counter
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, or_, select

from portal.demo.plan import ACCEPTED, SOLVED, YEAR
from portal.demo.refused import COUNT
from portal.demo.stage import PlayError
from portal.extensions import db
from portal.notify.models import Notice
from portal.outbox.models import Message
from portal.sla.models import Clock, Timer
from portal.tickets.lifecycle import Status
from portal.tickets.models import Ticket

LOCAL = ZoneInfo("Asia/Shanghai")
FIRST = datetime(YEAR, 1, 1, tzinfo=LOCAL).astimezone(UTC)
AFTER = datetime(YEAR + 1, 1, 1, tzinfo=LOCAL).astimezone(UTC)
# Outcome and what the firm said of the six that are not solved and confirmed.
OTHERS: Counter[tuple[str | None, str | None]] = Counter(
    {
        ("explained", "confirmed"): 1,
        ("explained", "unconfirmed"): 1,
        ("solved", "unconfirmed"): 1,
        ("withdrawn", None): 1,
        ("transferred", None): 1,
        ("terminated", None): 1,
    }
)
# submitted lasts until the relay looks.
QUEUES = frozenset(Status) - {Status.SUBMITTED, Status.CLOSED}
ACCEPTED_IN_YEAR = Ticket.accepted_at >= FIRST, Ticket.accepted_at < AFTER


def others() -> Counter[tuple[str | None, str | None]]:
    """Outcome and confirmation of the accepted requests that are not solved and confirmed."""
    query = select(Ticket.outcome, Ticket.confirmation, Ticket.call_back_solved)
    found: Counter[tuple[str | None, str | None]] = Counter()
    for outcome, said, called in db.session.execute(query.where(*ACCEPTED_IN_YEAR)):
        said_yes = said == "confirmed" or (said == "call_back" and called is True)
        if outcome != "solved" or not said_yes:
            found[outcome, said] += 1
    return found


def check(now: datetime) -> tuple[int, int, int]:
    """How many were accepted and solved in the year, and how many are open today.

    Raises PlayError with every figure that is not as it should be.
    """
    accepted = _count(*ACCEPTED_IN_YEAR)
    rest = others()
    opened = _count(Ticket.status != Status.CLOSED)
    faults = [*_year_faults(accepted, rest), *today_faults(now)]
    if faults:
        raise PlayError("; ".join(faults))
    return accepted, accepted - rest.total(), opened


def _year_faults(accepted: int, rest: Counter[tuple[str | None, str | None]]) -> list[str]:
    in_year = Ticket.submitted_at >= FIRST, Ticket.submitted_at < AFTER
    submitted = _count(*in_year)
    still_open = _count(*in_year, Ticket.status != Status.CLOSED)
    told = db.session.scalar(select(func.count()).select_from(Notice).join(Ticket).where(*in_year))
    faults = []
    if accepted != ACCEPTED:
        faults.append(f"{accepted} accepted, not {ACCEPTED}")
    if rest != OTHERS or accepted - rest.total() != SOLVED:
        faults.append(f"not solved and confirmed: {dict(rest)}")
    if submitted != ACCEPTED + COUNT:
        faults.append(f"{submitted} submitted, not {ACCEPTED + COUNT}")
    if still_open:
        faults.append(f"{still_open} requests of {YEAR} are still open")
    if told:
        faults.append(f"{told} notices of {YEAR} were delivered")
    return faults


def today_faults(now: datetime) -> list[str]:
    """Every queue has work, and nothing is left for the sweep or the relay at `now`."""
    present = set(db.session.scalars(select(Ticket.status).distinct()))
    # What waits for a later instant is told when its readers are at work again.
    left = (Message.state == "pending") & (Message.available_at <= now)
    messages = select(func.count()).select_from(Message)
    pending = db.session.scalar(messages.where(left | (Message.state == "dead")))
    missed = select(func.count()).select_from(Timer)
    missed = missed.where(Timer.state == "armed", Timer.fire_at <= now)
    faults = [f"no ticket is {status}" for status in sorted(QUEUES - present)]
    for words, condition in (
        ("no return is asked", Ticket.return_pending),
        ("no order is open", Ticket.order_pending),
        ("no extension is asked", Ticket.extension_pending),
        ("no hold is asked", Ticket.hold_pending),
        ("no exclusion is asked", Ticket.exclusion_asked_by_id.is_not(None)),
        ("nothing waits for the firm's word", Ticket.vouch_pending),
        ("nothing is overdue", Ticket.next_due_at < now),
    ):
        if not _count(Ticket.status != Status.CLOSED, condition):
            faults.append(words)
    if pending:
        faults.append(f"{pending} messages are left")
    if db.session.scalar(missed):
        faults.append("timers that are due were not fired")
    if stuck := _stuck():
        faults.append(f"{stuck} timers are armed on clocks that do not run")
    return faults


def _stuck() -> int:
    query = select(func.count()).select_from(Timer).join(Timer.clock).join(Clock.ticket)
    idle = or_(Clock.state != "running", Ticket.status == Status.CLOSED)
    return db.session.scalar(query.where(Timer.state == "armed", idle)) or 0


def _count(*conditions) -> int:
    return db.session.scalar(select(func.count()).select_from(Ticket).where(*conditions)) or 0
