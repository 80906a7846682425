"""What pages show of similar tickets: the score in words, and what two texts have in common."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from portal.auth.roles import STAFF_ROLES, Actor, Role
from portal.problems import queries
from portal.problems.models import Problem, ProblemDelivery
from portal.problems.similarity import VERY_ALIKE, in_common
from portal.tickets.models import Ticket
from portal.wording import STATUSES

SNIPPET = 90  # characters of a description that are shown
Pieces = list[tuple[str, bool]]


@dataclass(frozen=True)
class SimilarView:
    """A similar ticket as a page shows it; titles and texts in pieces (text, in common)."""

    number: str
    url: str
    title: Pieces
    text: Pieces
    words: str
    ticket: Ticket
    same_firm: bool = False


def own_views(actor: Actor, title: str, description: str) -> list[SimilarView]:
    """The firm's own open tickets that are like what it types."""
    return views(queries.own_similar(actor, title, description)[: queries.SHOWN])


def similar_views(actor: Actor, ticket: Ticket) -> list[SimilarView]:
    """The tickets most like this one that the reader may see."""
    found = queries.similar_to(actor, ticket)
    return [_view(one, one.ticket.enterprise_id == ticket.enterprise_id) for one in found]


def views(found: Iterable[queries.Similar]) -> list[SimilarView]:
    """Similar tickets as a page shows them."""
    return [_view(one) for one in found]


def refusals(found: Iterable[tuple[ProblemDelivery, Ticket]]) -> list[tuple[str, Ticket]]:
    """Why an answer could not be given to each of these tickets, in words."""
    return [(_why(delivery.reason or ""), ticket) for delivery, ticket in found]


def _why(reason: str) -> str:
    if reason in STATUSES:
        return _("当时是“%(status)s”，不能答复。", status=STATUSES[reason])
    return _(reason)


def _view(one: queries.Similar, same_firm: bool = False) -> SimilarView:
    ticket = one.ticket
    return SimilarView(
        number=ticket.number,
        url=url_for("tickets.show", number=ticket.number),
        title=marked(ticket.title, one.shared),
        text=snippet(ticket.description, one.shared),
        words=_("非常相似") if one.score >= VERY_ALIKE else _("相似"),
        ticket=ticket,
        same_firm=same_firm,
    )


def marked(text: str, shared: Iterable[int]) -> Pieces:
    """The text cut where common words begin and end."""
    pieces, at = [], 0
    for start, end in in_common(text, shared):
        if start > at:
            pieces.append((text[at:start], False))
        pieces.append((text[start:end], True))
        at = end
    if at < len(text):
        pieces.append((text[at:], False))
    return pieces


def snippet(text: str, shared: Iterable[int]) -> Pieces:
    """The stretch of the text with the most in common, marked; “…” where it is cut."""
    plain = " ".join(text.split())
    found = in_common(plain, shared)
    best, start = -1, 0
    for begin, _end in found:
        held = sum(end - left for left, end in found if begin <= left < begin + SNIPPET)
        if held > best:
            best, start = held, begin
    start = max(0, min(start - SNIPPET // 6, len(plain) - SNIPPET))
    pieces = marked(plain[start : start + SNIPPET], shared)
    before = [("…", False)] if start else []
    after = [("…", False)] if start + SNIPPET < len(plain) else []
    return [*before, *pieces, *after]


def _opens(actor: Actor, problem: Problem, ticket: Ticket) -> bool:
    """Whether the reader can open the problem's own page (problem_queries.visible_problems)."""
    if actor.role is Role.CADRE:
        return actor.id in (problem.owner_id, ticket.assignee_id)
    return actor.role in STAFF_ROLES


def together(ticket: Ticket, actor: Actor) -> dict[str, Any]:
    """What the ticket page says of tickets that belong with it; two statements.

    The firm reads of a common problem only where several others have it: nobody is singled out.
    """
    firm = actor.role is Role.APPLICANT
    found = queries.problem_of(ticket)
    problem, firms = found or (None, 0)
    if firm and firms < queries.TOLD_FROM:
        problem = None
    return {
        "linked": queries.links_of(actor, ticket),
        "problem": problem,
        "problem_firms": firms,
        "opens_problem": problem is not None and _opens(actor, problem, ticket),
        "look_for_others": actor.role in STAFF_ROLES and not ticket.sealed,
    }
