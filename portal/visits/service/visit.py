"""A cadre's visits: plan, reschedule, cancel, record, edit within a day, correct afterwards."""

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select

from portal.auth.roles import Actor
from portal.directory import paired
from portal.directory.models import Enterprise
from portal.errors import N_, Invalid, NotFound, Repeated
from portal.extensions import db
from portal.visits import rules
from portal.visits.models import Visit, VisitCorrection, VisitItem
from portal.visits.rules import ItemKind, Record, VisitState

LOCAL = ZoneInfo("Asia/Shanghai")
CHANGED = N_("这条走访刚刚在另一个页面改过，请先查看最新内容，再决定怎么改。")


def local_day(now: datetime) -> date:
    """The local day of an instant."""
    return now.astimezone(LOCAL).date()


def plan(
    actor: Actor, enterprise_id: int, day: date, purpose: str, key: str, now: datetime
) -> Visit:
    """Plans a visit of a paired firm on a local `day`; the same `key` twice raises Repeated.

    Raises NotFound for a firm that is not the cadre's today, Invalid for a day that cannot be.
    """
    rules.ensure_plan(day, local_day(now))
    return _enter(actor, enterprise_id, key, now, lambda visit: None, day=day, purpose=purpose)


def record(actor: Actor, enterprise_id: int, what: Record, key: str, now: datetime) -> Visit:
    """Writes down a visit that was not planned. Raises as `plan` does."""
    rules.ensure_record(what, local_day(now))
    fields = {"day": what.day, "state": VisitState.DONE, "recorded_at": now}
    return _enter(actor, enterprise_id, key, now, lambda visit: _write(visit, what), **fields)


def reschedule(
    actor: Actor, visit_id: int, day: date, purpose: str, seen: int | None, now: datetime
) -> Visit:
    """Moves a planned visit to another local day."""
    visit = _own(actor, visit_id, VisitState.PLANNED, seen)
    rules.ensure_plan(day, local_day(now))
    visit.day, visit.purpose = day, purpose
    return _changed(visit, now)


def cancel(actor: Actor, visit_id: int, now: datetime) -> Visit:
    """Takes a planned visit back; its row stays."""
    visit = _own(actor, visit_id, VisitState.PLANNED, None)
    visit.state = VisitState.CANCELLED
    return _changed(visit, now)


def keep(actor: Actor, visit_id: int, what: Record, seen: int | None, now: datetime) -> Visit:
    """Writes down what came of a planned visit."""
    rules.ensure_record(what, local_day(now))
    visit = _own(actor, visit_id, VisitState.PLANNED, seen)
    _ensure_paired(actor, visit.enterprise_id, now)
    visit.state, visit.recorded_at = VisitState.DONE, now
    _write(visit, what)
    return _changed(visit, now)


def edit(actor: Actor, visit_id: int, what: Record, seen: int | None, now: datetime) -> Visit:
    """Changes the own record within a day of its first writing; what is a ticket stays.

    Raises Invalid afterwards: then a correction is appended.
    """
    rules.ensure_record(what, local_day(now))
    visit = _own(actor, visit_id, VisitState.DONE, seen)
    if not rules.editable(visit.recorded_at, now):
        raise Invalid("登记超过一天，不能再修改，请追加更正。")
    _write(visit, what)
    return _changed(visit, now)


def correct(actor: Actor, visit_id: int, text: str, key: str, now: datetime) -> VisitCorrection:
    """Appends a correction to the own record; the record itself stays as it was."""
    visit = _own(actor, visit_id, VisitState.DONE, None)
    found = select(VisitCorrection.id).where(
        VisitCorrection.visit_id == visit.id, VisitCorrection.key == key
    )
    if db.session.scalar(found) is not None:
        raise Repeated()
    correction = VisitCorrection(
        visit_id=visit.id, author_id=actor.id or 0, at=now, text=text, key=key
    )
    db.session.add(correction)
    return correction


def _enter(
    actor: Actor,
    enterprise_id: int,
    key: str,
    now: datetime,
    write: Callable[[Visit], None],
    **fields: object,
) -> Visit:
    """A new row, once for each key: a second sending waits for the first and raises Repeated."""
    db.session.execute(
        select(Enterprise.id).where(Enterprise.id == enterprise_id).with_for_update(key_share=True)
    )
    _ensure_paired(actor, enterprise_id, now)
    found = select(Visit.id).where(Visit.cadre_id == actor.id, Visit.key == key)
    if db.session.scalar(found) is not None:
        raise Repeated()
    known = {"state": VisitState.PLANNED, "purpose": "", "created_at": now, "changed_at": now}
    visit = Visit(
        enterprise_id=enterprise_id,
        cadre_id=actor.id or 0,
        department_id=actor.department_id or 0,
        key=key,
        **{**known, **fields},
    )
    db.session.add(visit)
    write(visit)
    db.session.flush()
    return visit


def _own(actor: Actor, visit_id: int, state: VisitState, seen: int | None) -> Visit:
    """The actor's own visit, locked. Raises NotFound; Invalid when another page was quicker."""
    query = select(Visit).where(Visit.id == visit_id, Visit.cadre_id == actor.id)
    visit = db.session.scalar(
        query.with_for_update(of=Visit).execution_options(populate_existing=True)
    )
    if visit is None:
        raise NotFound("没有找到这次走访。")
    if visit.state != state or (seen is not None and seen != visit.version):
        raise Invalid(CHANGED)
    return visit


def _write(visit: Visit, what: Record) -> None:
    """The words of a record; an item that has become a ticket stays where it is."""
    visit.day, visit.met, visit.companions = what.day, what.met, what.companions
    kept = [item for item in visit.items if item.ticket_id is not None]
    for item in visit.items:
        if item.ticket_id is None:
            db.session.delete(item)
    heard = [
        VisitItem(kind=ItemKind.PROBLEM, text=one.text, category_id=one.category_id, position=place)
        for place, one in enumerate(what.heard, len(kept) + 1)
    ]
    if not heard and not kept:
        heard = [VisitItem(kind=ItemKind.NONE, text="", position=1)]
    visit.items = [*kept, *heard]


def _changed(visit: Visit, now: datetime) -> Visit:
    visit.version += 1
    visit.changed_at = now
    db.session.flush()
    return visit


def _ensure_paired(actor: Actor, enterprise_id: int, now: datetime) -> None:
    if not paired.is_paired(actor.id, enterprise_id, local_day(now)):
        raise NotFound("没有找到这家企业，或它不是您包联的企业。")
