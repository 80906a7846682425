"""Writes pairings and leave."""

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute

from portal.auth.models import User
from portal.auth.roles import Role
from portal.directory import queries
from portal.directory.changes import Editor, record
from portal.directory.models import Enterprise, Leave, Pairing
from portal.errors import Invalid, NotFound
from portal.extensions import db
from portal.outbox import service as outbox
from portal.routing.rules import stand_in


def pair(
    editor: Editor,
    enterprise_id: int,
    owner_id: int,
    deputy_id: int | None,
    starts_on: date,
    today: date,
) -> Pairing:
    """Gives a firm its standing cadre from the local day `starts_on` on.

    The pairing before ends the day before; one that began the same day never held a day and is
    replaced. Raises Invalid, NotFound.
    """
    _ensure_cadre(owner_id, "owner_id")
    if deputy_id is not None:
        _ensure_cadre(deputy_id, "deputy_id")
    if owner_id == deputy_id:
        raise Invalid("代理人不能是包联干部本人，请另选一人。", "deputy_id")
    if starts_on < today:
        raise Invalid("开始日期不能早于今天。", "starts_on")
    _lock(Enterprise.id, enterprise_id)
    _end_before(editor, enterprise_id, starts_on)
    pairing = Pairing(
        enterprise_id=enterprise_id, owner_id=owner_id, deputy_id=deputy_id, starts_on=starts_on
    )
    db.session.add(pairing)
    db.session.flush()
    record(editor, "enterprise", enterprise_id, {}, _pairing(pairing))
    return pairing


def _end_before(editor: Editor, enterprise_id: int, starts_on: date) -> None:
    """Ends the firm's pairing the day before; one of the same day goes. Raises Invalid."""
    query = select(Pairing).where(
        Pairing.enterprise_id == enterprise_id,
        (Pairing.ends_on.is_(None)) | (Pairing.ends_on >= starts_on),
    )
    for old in db.session.scalars(query):
        if old.starts_on > starts_on:
            raise Invalid(
                "这家企业已有从 %(day)s 开始的包联，请填写更晚的日期。",
                "starts_on",
                day=old.starts_on.isoformat(),
            )
        before = _pairing(old)
        if old.starts_on == starts_on:
            db.session.delete(old)
            record(editor, "enterprise", enterprise_id, before, {})
        else:
            old.ends_on = starts_on - timedelta(days=1)
            record(editor, "enterprise", enterprise_id, before, _pairing(old))
    db.session.flush()


def _pairing(pairing: Pairing) -> dict[str, Any]:
    """A pairing as the history keeps it."""
    days = {"starts_on": pairing.starts_on, "ends_on": pairing.ends_on}
    deputy = pairing.deputy.name if pairing.deputy is not None else None
    return {"pairing": {"name": pairing.owner.name, "deputy": deputy, **days}}


def get_pairing(pairing_id: int) -> Pairing:
    """The pairing. Raises NotFound."""
    pairing = db.session.get(Pairing, pairing_id)
    if pairing is None:
        raise NotFound("没有找到这条包联。")
    return pairing


def end_pairing(editor: Editor, pairing_id: int, today: date) -> Enterprise:
    """Ends a pairing with the local day `today`; one that has not begun is taken back."""
    pairing = get_pairing(pairing_id)
    firm, before = pairing.enterprise, _pairing(pairing)
    if pairing.starts_on > today:
        db.session.delete(pairing)
        record(editor, "enterprise", firm.id, before, {})
    elif pairing.ends_on is None or pairing.ends_on > today:
        pairing.ends_on = today
        record(editor, "enterprise", firm.id, before, _pairing(pairing))
    return firm


def add_leave(
    editor: Editor,
    cadre_id: int,
    deputy_id: int | None,
    starts_on: date,
    ends_on: date,
    *,
    give_back: bool = False,
) -> Leave:
    """Notes that a cadre is away on local days, and who stands in.

    `give_back`: what the deputy takes over comes back afterwards.
    Raises Invalid for dates in the wrong order, for leave that overlaps other leave of the cadre,
    and for deputies that would stand in for each other in a circle (lessons.md 26).
    """
    _ensure_leave(cadre_id, deputy_id, starts_on, ends_on)
    writer = None if editor.id is None else db.session.get(User, editor.id)
    leave = Leave(
        cadre_id=cadre_id,
        deputy_id=deputy_id,
        starts_on=starts_on,
        ends_on=ends_on,
        give_back=give_back,
        noted_by=None if writer is None else writer.name,
        noted_at=editor.at,
    )
    db.session.add(leave)
    db.session.flush()
    record(editor, "user", cadre_id, {}, _leave(leave))
    return leave


def _ensure_leave(cadre_id: int, deputy_id: int | None, starts_on: date, ends_on: date) -> None:
    _ensure_cadre(cadre_id, None)
    if ends_on < starts_on:
        raise Invalid("结束日期不能早于开始日期。", "ends_on")
    if deputy_id is not None:
        _ensure_cadre(deputy_id, "deputy_id")
    if deputy_id == cadre_id:
        raise Invalid("代理人不能是请假人本人，请另选一人。", "deputy_id")
    _lock(User.id, cadre_id)
    others = queries.leaves_between(starts_on, ends_on)
    if any(leave.cadre_id == cadre_id for leave in others):
        raise Invalid("这段时间已有请假记录，请先撤销原来的记录。", "starts_on")
    if deputy_id is not None:
        _ensure_no_circle(cadre_id, deputy_id, starts_on, others)


def _ensure_no_circle(cadre_id: int, deputy_id: int, starts_on: date, others: list[Leave]) -> None:
    """Whoever stands in for the deputy on some day must not be the one who goes."""
    for day in {starts_on, *(max(leave.starts_on, starts_on) for leave in others)}:
        away = {o.cadre_id: o.deputy_id for o in others if o.starts_on <= day <= o.ends_on}
        if stand_in(deputy_id, away) == cadre_id:
            raise Invalid(
                "代理人在 %(day)s 也请假，而且又由请假人代理，形成循环，请另选一人。",
                "deputy_id",
                day=day.isoformat(),
            )


def _leave(leave: Leave) -> dict[str, Any]:
    """Leave as the history keeps it."""
    deputy = leave.deputy.name if leave.deputy is not None else None
    return {"leave": {"deputy": deputy, "starts_on": leave.starts_on, "ends_on": leave.ends_on}}


def get_leave_of(department_id: int | None, leave_id: int) -> Leave:
    """Leave of a cadre of the unit. Raises NotFound."""
    leave = db.session.get(Leave, leave_id)
    if leave is None or department_id is None or leave.cadre.department_id != department_id:
        raise NotFound("没有找到这条请假记录。")
    return leave


def remove_leave(editor: Editor, cadre_id: int, leave_id: int, today: date) -> None:
    """Takes leave back: what has not begun goes, what runs ended yesterday, what is over stays."""
    leave = db.session.get(Leave, leave_id)
    if leave is None or leave.cadre_id != cadre_id:
        raise NotFound("没有找到这条请假记录。")
    before = _leave(leave)
    if leave.starts_on >= today:
        db.session.delete(leave)
        record(editor, "user", cadre_id, before, {})
    elif leave.ends_on >= today:
        leave.ends_on = today - timedelta(days=1)
        record(editor, "user", cadre_id, before, _leave(leave))
    if leave.starts_on <= today:  # present again: whoever waits for a place may have one now
        outbox.put(outbox.VACANCY, {"department_id": leave.cadre.department_id}, editor.at)


def _ensure_cadre(user_id: int, field: str | None) -> None:
    user = db.session.get(User, user_id)
    if user is None or user.role != Role.CADRE or not user.active:
        raise Invalid("请选择一名在用的助企干部。", field)


def _lock(column: InstrumentedAttribute[int], row_id: int) -> None:
    """Holds a row until the transaction ends, so that two administrators write in turn."""
    query = select(column).where(column == row_id).with_for_update()
    if db.session.scalar(query) is None:
        raise NotFound("没有找到这一条。")
