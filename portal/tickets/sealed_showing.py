"""What the timeline tells of sealed tickets: whose words they are, and what it leaves out."""

from collections.abc import Iterable, Mapping

from portal.auth.roles import DEPARTMENT_ROLES, Actor, Role
from portal.routing.reasons import STANDING
from portal.tickets.lifecycle import Action
from portal.tickets.models import Ticket, TicketEvent
from portal.tickets.sealed_queries import kept_numbers
from portal.wording import firm_name, role_name

# Where an event names another ticket by its number.
_NAMED = ("other", "split_from", "into")


def told(events: Iterable[TicketEvent], actor: Actor) -> list[TicketEvent]:
    """The events without those that name a ticket which is kept from the reader."""
    listed = list(events)
    if not any(event.payload.get(key) for event in listed for key in _NAMED):
        return listed
    kept = kept_numbers(actor)
    return [one for one in listed if not kept & {one.payload.get(key) for key in _NAMED}]


def who(ticket: Ticket, event: TicketEvent, actor: Actor, users: Mapping[int, str]) -> str:
    """The name of whoever acted; a sealed ticket's applicant has none for staff.

    Events hold a firm's people masked: `users` has their names by id.
    """
    if event.actor_role == Role.SYSTEM:
        return role_name(Role.SYSTEM)
    if event.actor_role != Role.APPLICANT:
        return event.actor_name
    if ticket.sealed and actor.role != Role.APPLICANT:
        return firm_name(ticket)
    return users.get(event.actor_id or 0, event.actor_name)


def why(ticket: Ticket, reasons: Iterable[str]) -> list[str]:
    """The reasons of a routing as staff reads them.

    Who a firm's standing cadre is tells whose a sealed ticket is, or nearly: a cadre has few firms.
    """
    return [one for one in reasons if not (ticket.sealed and STANDING in one)]


def untold(event: TicketEvent, actor: Actor) -> bool:
    """Whether the event's words are not for the reader: a reason to look may say whose it is."""
    return event.action == Action.REVEAL and actor.role in DEPARTMENT_ROLES
