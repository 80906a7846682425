"""Looks at the figures behind thresholds: opens, raises and closes alerts, each told once."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.auth.models import User
from portal.auth.roles import OVERSIGHT_ROLES
from portal.extensions import db
from portal.kpi.figures import Measure
from portal.kpi.periods import Period, local_day
from portal.kpi.queries import Directory
from portal.outbox import service as outbox
from portal.sla import ladder
from portal.sla.calendars import current_calendar
from portal.supervision import bounds, readings
from portal.supervision.bounds import RANK, Bounds, Level
from portal.supervision.models import Alert, Threshold


@dataclass(frozen=True)
class Look:
    """One figure of one member at one look; `days`: what it was counted over."""

    member: str
    name: str
    measure: Measure
    days: Period
    now: datetime


def claim(now: datetime) -> Threshold | None:
    """The threshold that has waited longest for its look, locked; None when none is due."""
    query = (
        select(Threshold)
        .where(Threshold.due_at <= now)
        .order_by(Threshold.due_at, Threshold.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return db.session.scalar(query)


def waiting(now: datetime) -> bool:
    """Whether a threshold is due: one probe of a partial index."""
    query = select(Threshold.id).where(Threshold.due_at <= now).limit(1)
    return db.session.scalar(query) is not None


def look(threshold: Threshold, known: Directory, now: datetime) -> int:
    """Looks at a claimed threshold; how many alerts it told of.

    However many looks were missed, there is one: what holds now counts. The next is due at the
    next full hour.
    """
    days = bounds.days_of(threshold.span, local_day(now))
    place = threshold.dimension, threshold.member
    found = readings.read(threshold.figure, *place, days, now, known)
    opened = {alert.member: alert for alert in _open(threshold)}
    told = 0
    for member, measure in sorted(found.items()):
        name = readings.names(threshold.dimension, known).get(_row(member), member)
        one = Look(member, name, measure, days, now)
        told += _judge(threshold, one, opened.pop(member, None))
    for alert in opened.values():  # a member without a ticket
        close(alert, "few", now)
    threshold.due_at = bounds.next_look(now)
    return told


def close_all(threshold: Threshold, why: str, now: datetime) -> None:
    """Ends the alerts of a threshold that was changed or taken away."""
    for alert in _open(threshold):
        close(alert, why, now)


def close(alert: Alert, why: str, now: datetime) -> None:
    """Ends an alert; `why`: normal, few, better, worse or changed."""
    alert.closed_at, alert.closed_why = now, why
    db.session.flush()


def bounds_of(threshold: Threshold) -> Bounds:
    """The bounds as the pure rules take them."""
    return Bounds(threshold.worse, threshold.yellow, threshold.red, threshold.minimum)


def _row(member: str) -> int:
    return int(member) if member.isdigit() else -1


def _open(threshold: Threshold) -> list[Alert]:
    query = select(Alert).where(Alert.threshold_id == threshold.id, Alert.closed_at.is_(None))
    return list(db.session.scalars(query.order_by(Alert.id)))


def _judge(threshold: Threshold, one: Look, alert: Alert | None) -> bool:
    """Moves the alert of one member to where its figure is; whether anybody is told."""
    level = bounds.level_of(one.measure, bounds_of(threshold))
    if alert is not None and alert.level == level:
        _note(alert, one)
        return False
    generation = None
    if alert is not None:
        why = "few" if bounds.few(one.measure, bounds_of(threshold)) else "normal"
        if level is not None:
            why = "worse" if RANK[level] > RANK[_level(alert)] else "better"
        close(alert, why, one.now)
        generation = alert.generation
    return level is not None and _raise(threshold, one, level, generation)


def _level(alert: Alert) -> Level:
    return "red" if alert.level == "red" else "yellow"


def _raise(threshold: Threshold, one: Look, level: Level, generation: int | None) -> bool:
    """Opens the entry of a level, told only where this stay has not been so bad before."""
    past = _past(threshold, one.member)
    if generation is None:
        generation = _generation(past, one.now)
    stay = [alert for alert in past if alert.generation == generation]
    row = {
        "threshold_id": threshold.id,
        "member": one.member,
        "member_name": one.name,
        "level": level,
        "generation": generation,
        "bound": bounds_of(threshold).of(level),
        "opened_at": one.now,
        **_counted(one),
    }
    added = (
        insert(Alert)
        .values(row)
        .on_conflict_do_nothing(index_elements=["threshold_id", "member", "level", "generation"])
    )
    alert_id = db.session.scalar(added.returning(Alert.id))
    if alert_id is None:
        [again] = [alert for alert in stay if alert.level == level]
        again.closed_at = again.closed_why = None
        again.bound = row["bound"]
        _note(again, one)
        return False
    if any(RANK[_level(alert)] > RANK[level] for alert in stay):
        return False
    _tell(threshold, one, level, alert_id)
    return True


def _past(threshold: Threshold, member: str) -> list[Alert]:
    """The alerts of the newest stay of a member."""
    query = select(Alert).where(Alert.threshold_id == threshold.id, Alert.member == member)
    rows = list(db.session.scalars(query.order_by(Alert.generation.desc(), Alert.id).limit(2)))
    return [alert for alert in rows if alert.generation == rows[0].generation]


def _generation(past: list[Alert], now: datetime) -> int:
    """The same stay where it ended the same day, else the next one."""
    if not past:
        return 1
    ended = max(alert.closed_at for alert in past if alert.closed_at is not None)
    changed = any(alert.closed_why == "changed" for alert in past)
    return past[0].generation + (changed or not bounds.same_stay(ended, now))


def _note(alert: Alert, one: Look) -> None:
    for name, value in _counted(one).items():
        setattr(alert, name, value)


def _counted(one: Look) -> Mapping[str, Any]:
    return {
        "first": one.days.first,
        "last": one.days.last,
        "n": one.measure.n,
        "d": one.measure.d,
        "value": bounds.value_of(one.measure) or 0.0,
        "seen_at": one.now,
    }


def _tell(threshold: Threshold, one: Look, level: Level, alert_id: int) -> None:
    """One notice to each supervisor and leader, in working hours; the key makes it one."""
    query = select(User.id).where(User.role.in_(OVERSIGHT_ROLES), User.active).order_by(User.id)
    payload = {
        "ticket_id": None,
        "kind": f"alert_{level}",
        "users": list(db.session.scalars(query)),
        "role": None,
        "department_id": None,
        "params": {"figure": threshold.figure, "name": one.name},
    }
    at = ladder.slot(current_calendar(), one.now)
    outbox.put(outbox.NOTIFY, payload, one.now, f"alert:{alert_id}", at=at)
