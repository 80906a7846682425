"""Starts runs that count open clocks anew, finds their next ticket, and says how far they are."""

from sqlalchemy import Select, distinct, func, select

from portal.errors import NotFound
from portal.extensions import db
from portal.sla.calendars import current_calendar_id
from portal.sla.models import Clock, Recompute

OPEN = ("running", "paused")
SHOWN = 5


def start_calendar(calendar_id: int, started_by: str) -> Recompute:
    """A run over the tickets with a provisional clock that an older version was used for."""
    return _start("calendar", calendar_id, None, started_by)


def start_policy(policy_id: int, started_by: str) -> Recompute:
    """A run that puts every open ticket under a policy version."""
    return _start("policy", current_calendar_id(), policy_id, started_by)


def again(run: Recompute, started_by: str) -> Recompute:
    """The same run from the start: what is done already is left as it is."""
    return _start(run.kind, run.calendar_id, run.policy_id, started_by)


def get(run_id: int) -> Recompute:
    """The run. Raises NotFound."""
    run = db.session.get(Recompute, run_id)
    if run is None:
        raise NotFound("没有找到这次重新计算。")
    return run


def latest(kind: str) -> list[Recompute]:
    """The newest runs of a kind that had anything to do, newest first."""
    query = select(Recompute).where(Recompute.kind == kind, Recompute.total > 0)
    return list(db.session.scalars(query.order_by(Recompute.id.desc()).limit(SHOWN)))


def next_ticket(run: Recompute) -> int | None:
    """The id of the first ticket after the last one that is done; None at the end."""
    query = _tickets(run, select(Clock.ticket_id)).where(Clock.ticket_id > run.after_id)
    return db.session.scalar(query.order_by(Clock.ticket_id).limit(1))


def _start(kind: str, calendar_id: int, policy_id: int | None, started_by: str) -> Recompute:
    run = Recompute(
        kind=kind, calendar_id=calendar_id, policy_id=policy_id, total=0, started_by=started_by
    )
    run.total = db.session.scalar(_tickets(run, select(func.count(distinct(Clock.ticket_id))))) or 0
    db.session.add(run)
    db.session.flush()
    return run


def _tickets(run: Recompute, query: Select) -> Select:
    """Narrows a query on clocks to those the run has to look at."""
    query = query.where(Clock.state.in_(OPEN))
    if run.kind == "calendar":
        return query.where(Clock.provisional, Clock.calendar_id < run.calendar_id)
    return query.where(Clock.policy_id != run.policy_id)
