"""A solved case's way to the open page: prepared, looked at by a second person, taken back."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from portal.auth.roles import Actor
from portal.errors import Conflict, Invalid, NotAllowed, NotFound
from portal.extensions import db
from portal.publish.masking import Secrets, told
from portal.publish.models import PublishedCase, PublishedCaseStep
from portal.publish.queries import publishable, secrets_of
from portal.tickets.models import Ticket

TEXTS = ("title", "problem", "answer")


def prepare(actor: Actor, ticket: Ticket, texts: Mapping[str, str], now: datetime) -> PublishedCase:
    """The redacted words of a solved ticket, to be looked at by somebody else.

    `texts`: title, problem, answer. Raises Conflict for a ticket that is not solved with the
    firm's yes or has a case already, Invalid (the field's name) for words that tell who it was.
    """
    if not publishable(ticket):
        raise Conflict("只有企业确认已解决的诉求才能公开。")
    if db.session.scalar(select(PublishedCase.id).where(PublishedCase.ticket_id == ticket.id)):
        raise Conflict("这件诉求已经整理过公开案例。")
    _check(texts, secrets_of(ticket))
    case = PublishedCase(
        ticket_id=ticket.id, **_only(texts), prepared_by_id=actor.id or 0, prepared_at=now
    )
    db.session.add(case)
    db.session.flush()
    _note(case, "prepare", actor, now)
    return case


def revise(
    actor: Actor, case_id: int, version: int, texts: Mapping[str, str], now: datetime
) -> PublishedCase:
    """Other words; it leaves the open page until somebody else has looked at them.

    `version`: the one that the actor has seen. Raises Conflict where there is a newer one.
    """
    case = _locked(case_id, version)
    _check(texts, secrets_of(case.ticket))
    for name, text in _only(texts).items():
        setattr(case, name, text)
    case.prepared_by_id, case.prepared_at = actor.id or 0, now
    _unpublish(case, "waiting")
    case.version += 1
    _note(case, "revise", actor, now)
    return case


def publish(actor: Actor, case_id: int, version: int, now: datetime) -> PublishedCase:
    """Shows the words to everybody. Raises NotAllowed for whoever wrote them, Conflict."""
    case = _locked(case_id, version)
    if case.prepared_by_id == actor.id:
        raise NotAllowed("要由另一个人复核后发布。")
    if case.state != "waiting" or not publishable(case.ticket):
        raise Conflict("这个案例现在不能发布。")
    _check({name: getattr(case, name) for name in TEXTS}, secrets_of(case.ticket))
    case.state, case.checked_by_id, case.published_at = "published", actor.id, now
    _note(case, "publish", actor, now)
    return case


def withdraw(actor: Actor, case_id: int, now: datetime) -> PublishedCase:
    """Takes a case back at once, whatever its version; done twice it is done once."""
    case = _get(case_id)
    if case.state != "withdrawn":
        _unpublish(case, "withdrawn")
        _note(case, "withdraw", actor, now)
    return case


def _only(texts: Mapping[str, str]) -> dict[str, str]:
    return {name: texts[name] for name in TEXTS}


def _check(texts: Mapping[str, str], secrets: Secrets) -> None:
    """Raises Invalid for the first text that still names the firm or a person."""
    for name in TEXTS:
        if found := told(texts[name], secrets):
            raise Invalid("里面还有“%(word)s”，请去掉或换个说法。", name, word=found[0])


def _get(case_id: int) -> PublishedCase:
    case = db.session.get(PublishedCase, case_id, with_for_update=True)
    if case is None:
        raise NotFound("没有找到这个案例。")
    return case


def _locked(case_id: int, version: int) -> PublishedCase:
    case = _get(case_id)
    if case.version != version:
        raise Conflict("这个案例刚刚被修改过，请看过最新的内容再操作。")
    return case


def _unpublish(case: PublishedCase, state: str) -> None:
    case.state, case.checked_by_id, case.published_at = state, None, None


def _note(case: PublishedCase, action: str, actor: Actor, now: datetime) -> None:
    texts: dict[str, Any] = {name: getattr(case, name) for name in TEXTS}
    db.session.add(
        PublishedCaseStep(
            case_id=case.id,
            action=action,
            version=case.version,
            actor_id=actor.id,
            actor_name=actor.name,
            at=now,
            texts=texts,
        )
    )
