"""Reads cases of the open page: what everybody sees, and the staff's lists beside the originals."""

from collections.abc import Callable

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import contains_eager, joinedload

from portal.auth.models import User
from portal.directory.models import EnterpriseContact
from portal.errors import NotFound
from portal.extensions import db
from portal.paging import Cursor, Page, fetch
from portal.publish.masking import Secrets, told
from portal.publish.models import PublishedCase, PublishedCaseStep
from portal.tickets.lifecycle import Channel, Confirmation, Outcome
from portal.tickets.models import Ticket

SHOWN = 12
# Solved, and the firm has said so; a ticket that is handled again is not, so its case is not shown.
_SOLVED = and_(
    Ticket.sealed.is_(False),
    Ticket.outcome == Outcome.SOLVED,
    Ticket.channel != Channel.IMPORT,
    or_(
        Ticket.confirmation == Confirmation.CONFIRMED,
        and_(
            Ticket.confirmation == Confirmation.CALL_BACK,
            Ticket.call_back_solved.is_(True),
        ),
    ),
)


def publishable(ticket: Ticket) -> bool:
    """Whether the ticket is closed as solved with the firm's yes, handled here, and not sealed."""
    if ticket.sealed:
        return False
    yes = ticket.confirmation == Confirmation.CONFIRMED or (
        ticket.confirmation == Confirmation.CALL_BACK and bool(ticket.call_back_solved)
    )
    return ticket.outcome == Outcome.SOLVED and yes and ticket.channel != Channel.IMPORT


def secrets_of(ticket: Ticket) -> Secrets:
    """The words that would say which firm it was, or who; two statements."""
    firm = ticket.enterprise
    contacts = db.session.execute(
        select(EnterpriseContact.name, EnterpriseContact.phone).where(
            EnterpriseContact.enterprise_id == firm.id
        )
    ).all()
    own = (User.enterprise_id == firm.id) | (User.id == ticket.assignee_id)
    accounts = db.session.execute(select(User.name, User.phone).where(own)).all()
    named = [(ticket.contact_name, ticket.contact_phone), (firm.contact_name, firm.contact_phone)]
    people = [*named, *(tuple(row) for row in contacts), *(tuple(row) for row in accounts)]
    return Secrets.of(
        (firm.name, firm.short_name),
        (name for name, _phone in people),
        (ticket.number, firm.uscc, *(phone for _name, phone in people)),
    )


def shown() -> list[PublishedCase]:
    """The cases on the open page, the newest first, each with its ticket's category."""
    query = (
        select(PublishedCase)
        .join(PublishedCase.ticket)
        .join(Ticket.category)
        .where(PublishedCase.published_at.is_not(None), _SOLVED)
        .options(contains_eager(PublishedCase.ticket).contains_eager(Ticket.category))
        .order_by(PublishedCase.published_at.desc(), PublishedCase.id.desc())
        .limit(SHOWN)
    )
    return list(db.session.scalars(query))


def cases(cursor: Cursor | None, address: Callable[..., str]) -> Page[PublishedCase]:
    """All cases, those prepared last first."""
    query = select(PublishedCase).options(
        joinedload(PublishedCase.ticket).joinedload(Ticket.enterprise),
        joinedload(PublishedCase.prepared_by),
        joinedload(PublishedCase.checked_by),
    )
    key, row_id = PublishedCase.prepared_at, PublishedCase.id
    return fetch(query, key, row_id, cursor, address, descending=True)


def case_of(ticket: Ticket) -> PublishedCase | None:
    """The ticket's case, if it has one."""
    return db.session.scalar(select(PublishedCase).where(PublishedCase.ticket_id == ticket.id))


def get(case_id: int) -> PublishedCase:
    """One case with its ticket and firm. Raises NotFound."""
    query = select(PublishedCase).where(PublishedCase.id == case_id)
    case = db.session.scalar(
        query.options(
            joinedload(PublishedCase.ticket).joinedload(Ticket.enterprise),
            joinedload(PublishedCase.ticket).joinedload(Ticket.category),
            joinedload(PublishedCase.prepared_by),
            joinedload(PublishedCase.checked_by),
        )
    )
    if case is None:
        raise NotFound("没有找到这个案例。")
    return case


def steps(case: PublishedCase) -> list[PublishedCaseStep]:
    """Who did what to a case, oldest first."""
    query = select(PublishedCaseStep).where(PublishedCaseStep.case_id == case.id)
    return list(db.session.scalars(query.order_by(PublishedCaseStep.id)))


def told_in(case: PublishedCase) -> tuple[str, ...]:
    """The known words that a case tells; a firm may have got a new contact since."""
    secrets = secrets_of(case.ticket)
    return told("\n".join((case.title, case.problem, case.answer)), secrets)
